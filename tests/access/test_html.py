"""The page: one file that needs nothing else, runs nothing of a configuration, and fits, large or small."""

import re
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from egc.compiler.access.html import page
from egc.compiler.diagnostics import Report
from tests.access.conftest import SHOP, Access
from tests.access.views import of
from tests.needs import needs

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{7*7}}"
QUOTED = "'" + HOSTILE.replace("'", "''") + "'"
EVIL = SHOP.replace("prices:", f"? {QUOTED}\n  :", 1).replace("[prices]", f"[{QUOTED}]")


class Elements(HTMLParser):
    """Counts elements and gathers attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]


def digest(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def test_hostile_names_are_text() -> None:
    plain, evil = Elements(page(of(SHOP), Report())), Elements(page(of(EVIL), Report()))
    assert evil.names.count("script") == 1
    assert evil.names == plain.names
    assert HOSTILE.split("<img")[0] not in page(of(EVIL), Report())
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page(of(EVIL), Report())


def test_the_page_needs_nothing_else() -> None:
    text = page(of(SHOP), Report())
    found = Elements(text)
    assert {"link", "img", "iframe", "form", "object", "base"}.isdisjoint(found.names)
    names = {name for name, _ in found.attributes}
    assert {"src", "style", "srcset", "action"}.isdisjoint(names)
    assert not any(name.startswith("on") for name in names)
    assert all(value.startswith("#") for name, value in found.attributes if name == "href")
    assert "@import" not in text
    assert "url(" not in text


def test_the_policy_allows_its_own_style_and_script_and_nothing_else() -> None:
    text = page(of(SHOP), Report())
    (style,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    (script,) = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    policy = next(value for name, value in Elements(text).attributes if value.startswith("default-src"))
    assert policy == (
        f"default-src 'none'; style-src {digest(style)}; script-src {digest(script)}; base-uri 'none'; "
        "form-action 'none'"
    )


def test_the_page_says_what_is_open_first_and_what_it_was_made_of() -> None:
    view = of(SHOP)
    text = page(view, Report())
    assert re.search(r'<li class="first open"><b>1</b>\s+class of requests reaches a service without', text)
    assert view.digest in text
    assert text.index("without authentication") < text.index("<h2>Map</h2>")


def test_expectations_that_do_not_hold_are_on_the_page(access: Access) -> None:
    result = access("--format", "html", expect="access:\n  - expect: nothing reaches catalogue\n")
    assert "Expectations that do not hold" in result.out
    assert "AC101 expectation-broken" in result.out
    assert "Expectations that do not hold" not in access("--format", "html").out


def many(count: int) -> str:
    """A configuration with so many endpoints, some with very long names."""
    lines = ["http: {port: 8080}", "apiEndpoints:"]
    names = [f"team-{n % 9}-resource-{n}{'-of-a-long-name' * (n % 50 == 0)}" for n in range(count)]
    lines += [f"  {name}: {{paths: ['/{n}/*'], methods: [GET, OPTIONS]}}" for n, name in enumerate(names)]
    lines += ["serviceEndpoints:", *(f"  service-{n}: {{url: 'http://localhost:{3000 + n}'}}" for n in range(9))]
    lines += ["policies: [key-auth, proxy]", "pipelines:"]
    for n, name in enumerate(names):
        lines += [f"  pipeline-{n}:", f"    apiEndpoints: [{name}]", "    policies:"]
        lines += ["      - key-auth:"] if n % 7 else []
        lines += [f"      - proxy: {{action: {{serviceEndpoint: service-{n % 9}}}}}"]
    return "\n".join(lines) + "\n"


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[webdriver.Chrome]:
    """Headless Chromium with a profile of its own."""
    needs("chromium", "chromedriver")
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    arguments = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
    for argument in (*arguments, f"--user-data-dir={tmp_path / 'profile'}"):
        options.add_argument(argument)
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService("/usr/bin/chromedriver"))
    driver.set_page_load_timeout(30)
    yield driver
    driver.quit()


def shown(browser: webdriver.Chrome, gateway: str, directory: Path, width: int = 1300) -> None:
    """Open the page of a configuration."""
    file = directory / "access.html"
    file.write_text(page(of(gateway), Report()), encoding="utf-8")
    browser.set_window_size(width, 900)
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    browser.get(file.as_uri())


def log(browser: Any) -> str:
    """What the console of the browser says since this was asked last."""
    return "".join(entry["message"] for entry in browser.get_log("browser"))


def visible_rows(browser: webdriver.Chrome) -> int:
    return sum(row.is_displayed() for row in browser.find_elements(By.CSS_SELECTOR, ".rows tbody tr"))


@pytest.mark.slow
def test_nothing_of_a_configuration_runs_in_a_browser(browser: webdriver.Chrome, tmp_path: Path) -> None:
    shown(browser, EVIL, tmp_path)
    assert log(browser) == ""
    assert HOSTILE in browser.find_element(By.CSS_SELECTOR, ".rows").text
    image = "<img src=http://127.0.0.1:9/x onerror=x()>"
    browser.execute_script("document.body.insertAdjacentHTML('beforeend', arguments[0])", image)
    WebDriverWait(browser, 10).until(lambda one: "violates" in log(one))


@pytest.mark.slow
def test_rows_can_be_filtered(browser: webdriver.Chrome, tmp_path: Path) -> None:
    shown(browser, SHOP, tmp_path)
    assert visible_rows(browser) == 6
    browser.find_element(By.ID, "filter").send_keys("BILLING admin")
    assert visible_rows(browser) == 1
    assert browser.find_element(By.ID, "count").text == "1 of 6"
    browser.find_element(By.ID, "filter").send_keys(Keys.CONTROL, "a", Keys.NULL, Keys.BACKSPACE)
    browser.find_element(By.ID, "only-open").click()
    (row,) = (one for one in browser.find_elements(By.CSS_SELECTOR, ".rows tbody tr") if one.is_displayed())
    assert "/prices" in row.text


@pytest.mark.slow
def test_without_scripts_all_is_there_but_the_filter_of_words(browser: webdriver.Chrome, tmp_path: Path) -> None:
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    shown(browser, SHOP, tmp_path)
    assert not browser.find_element(By.ID, "filter").is_displayed()
    browser.find_element(By.ID, "only-open").click()
    assert visible_rows(browser) == 1


@pytest.mark.slow
@pytest.mark.parametrize("width", [1300, 390])
def test_300_endpoints_fit_on_the_page(browser: webdriver.Chrome, tmp_path: Path, width: int) -> None:
    shown(browser, many(300), tmp_path, width)
    assert browser.execute_script("const e = document.documentElement; return e.scrollWidth - e.clientWidth") <= 0
    overlong = browser.execute_script(
        "return [...document.querySelectorAll('.frame g')].filter(g => {"
        " const box = g.querySelector('rect').getBBox();"
        " return [...g.querySelectorAll('text')].some(t => { const b = t.getBBox();"
        " return b.x + b.width > box.x + box.width || b.y < box.y - 1 || b.y + b.height > box.y + box.height + 1; })"
        "}).map(g => g.textContent)"
    )
    assert overlong == []
    assert browser.execute_script("return document.querySelectorAll('.frame a').length") == 300
