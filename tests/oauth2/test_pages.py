"""The pages: nothing injected, framed, cached or leaked (P33, P38), and usable without a mouse."""

import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import jinja2
import pytest
from falcon.testing import Result

from egc.runtime.oauth2.pages import Pages
from tests.oauth2.house import CALLBACK, House

pytestmark = pytest.mark.slow

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "'><b>",
    "</title><script>",
    "-->",
    "&lt;b&gt;",
    "&#60;b&#62;",
    "{{7*7}}",
    "${7*7}",
    "<%= 7*7 %>",
    "#{7*7}",
    "{0.__class__}",
    "{{config}}",
    "{% raw %}",
    "{{''.__class__.__mro__}}",
    "%7*7%",
    "javascript:alert(1)",
    "a\r\nSet-Cookie: x=1",
    "\u2028<script>",
    "\x00<b>",
    "\uff1cscript\uff1e",
    "\u202egnp.exe",
    "<b>" * 50,
    "';alert(1)//",
    "]]><b>",
    "<!--",
    "<style>*{}</style>",
    "x' onfocus='alert(1)",
]


class Seen(HTMLParser):
    """What a browser would make of a page: its tags with attributes, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def shape(page: Result) -> list[tuple[str, list[str]]]:
    return [(tag, sorted(attributes)) for tag, attributes in Seen(page.text).tags]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_field_becomes_markup_or_is_evaluated(house: House, text: str) -> None:
    plain, hostile = house.user("plain", firstname="plain"), house.user(text, firstname=text)
    calm, wild = house.client(CALLBACK, name="plain"), house.client(CALLBACK, name=text)
    expected = shape(house.logged_in(plain).ask(calm))
    page = house.logged_in(hostile).ask(wild)
    assert shape(page) == expected, "the page has other elements or attributes than a harmless one"
    for tag, attributes in Seen(page.text).tags:
        assert not [name for name in attributes if name.startswith("on")], tag
    assert unescape(page.text).count(text) == 6, "in the title, three times for the app, twice for the user, as it is"

    wrong = house.browser().ask(wild, redirect_uri="https://evil.test/" + text)
    assert wrong.status_code == 400
    assert shape(wrong) == shape(house.browser().ask(calm, redirect_uri="https://evil.test/"))


@pytest.mark.parametrize("text", HOSTILE)
def test_no_parameter_is_reflected(house: House, text: str) -> None:
    app = house.client(CALLBACK)
    page = house.logged_in().ask(app, state=text, nonce=text, login_hint=text)
    assert page.status_code == 200
    assert not [name for name in page.headers if "x=1" in page.headers[name]]
    if "<" in text:
        assert text not in page.text


def test_every_page_carries_the_headers_that_protect_it(house: House) -> None:
    app, browser = house.client("https://app.test:8443/cb"), house.logged_in()
    pages = {
        "login": house.browser().get("/login"),
        "consent": browser.ask(app),
        "error": browser.get("/oauth2/authorize", ""),
        "logout": browser.get("/logout", headers={"Sec-Fetch-Site": "cross-site"}),
    }
    for name, page in pages.items():
        policy = page.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'"), name
        assert policy.endswith("frame-ancestors 'none'; base-uri 'none'"), name
        assert "unsafe" not in policy, name
        assert page.headers["x-frame-options"] == "DENY", name
        assert page.headers["referrer-policy"] == "same-origin", name
        assert page.headers["cache-control"] == "no-store", name
        assert page.headers["x-content-type-options"] == "nosniff", name
    assert "form-action 'self' https://app.test:8443;" in pages["consent"].headers["content-security-policy"]
    assert "form-action 'self';" in pages["login"].headers["content-security-policy"]


def test_the_policy_lets_the_answer_reach_an_app_on_the_device(house: House) -> None:
    app = house.client("com.example.app:/cb", public=True)
    query = {"code_challenge": "x" * 43, "code_challenge_method": "S256"}
    policy = house.logged_in().ask(app, **query).headers["content-security-policy"]
    assert "form-action 'self' com.example.app:;" in policy


def test_answers_to_forms_are_302_and_tell_no_referrer(house: House) -> None:
    browser = house.logged_in()
    for result in (browser.allow(house.client(CALLBACK)), browser.post("/logout", {})):
        assert result.status_code == 302
        assert result.headers["referrer-policy"] == "same-origin"
        assert result.headers["cache-control"] == "no-store"


def test_pages_have_no_scripts_styles_or_resources_from_elsewhere(house: House) -> None:
    browser = house.logged_in()
    for page in (house.browser().get("/login"), browser.ask(house.client(CALLBACK)), browser.get("/oauth2/authorize")):
        for tag, attributes in Seen(page.text).tags:
            assert tag not in ("script", "style", "iframe", "object", "base")
            assert "style" not in attributes
            for name in ("src", "href", "action"):
                assert (attributes.get(name) or "/").startswith("/")


def test_the_consent_page_names_app_user_scopes_and_where_it_leads(house: House) -> None:
    app = house.client("https://photos.test/cb", name="Photo Printer", scopes=["print", "read"])
    page = house.logged_in(house.user("val", firstname="Valeri")).ask(app, scope="read print")
    text = " ".join(Seen(page.text).text.split())
    assert "Photo Printer is requesting access to your account" in text
    assert "Hi Valeri!" in text
    assert "these permissions: print read" in text
    assert "photos.test" in text


def test_fields_are_labelled_and_the_keyboard_meets_them_in_order(house: House) -> None:
    tags = Seen(house.browser().get("/login").text).tags
    assert [attributes.get("lang") for tag, attributes in tags if tag == "html"] == ["en"]
    assert [attributes["for"] for tag, attributes in tags if tag == "label"] == ["username", "password"]
    fields = [attributes for tag, attributes in tags if tag in ("input", "button")]
    assert [field.get("id", field.get("type")) for field in fields] == ["username", "password", "submit"]
    assert [field.get("autocomplete") for field in fields[:2]] == ["username", "current-password"]
    assert not [field for field in fields if "tabindex" in field]
    consent = Seen(house.logged_in().ask(house.client(CALLBACK)).text).tags
    buttons = [attributes for tag, attributes in consent if tag == "button"]
    assert [button.get("id") for button in buttons] == ["allow", "deny", None]
    assert not [button for button in buttons if "autofocus" in button], "nobody allows by a stray Enter"


def test_a_failed_login_is_told_to_a_screen_reader(house: House) -> None:
    browser = house.browser()
    browser.post("/login", {"username": "x", "password": "x"})
    tags = Seen(browser.get("/login").text).tags
    [alert] = [attributes for _, attributes in tags if attributes.get("role") == "alert"]
    inputs = [attributes for tag, attributes in tags if tag == "input"]
    assert [field["aria-describedby"] for field in inputs] == [alert["id"]] * 2


def contrast(one: str, other: str) -> float:
    """WCAG 2.2: relative luminances compared."""

    def luminance(colour: str) -> float:
        parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_colours_can_be_read_in_light_and_dark(house: House) -> None:
    style = house.request("GET", "/oauth2/style.css").text
    schemes = re.findall(r":root \{(.*?)\}", style, re.DOTALL)
    assert len(schemes) == 2
    for scheme in schemes:
        colour = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", scheme))
        for ink, paper in (
            ("ink", "card"),
            ("soft", "card"),
            ("on-accent", "accent"),
            ("alert", "alert-paper"),
            ("accent", "card"),
        ):
            assert contrast(colour[ink], colour[paper]) >= 4.5, (ink, paper)
        assert contrast(colour["field"], colour["card"]) >= 3, "the edge of a field"


def test_the_style_sheet_is_cached_by_its_tag(house: House) -> None:
    first = house.request("GET", "/oauth2/style.css")
    assert first.headers["content-type"] == "text/css; charset=utf-8"
    again = house.request("GET", "/oauth2/style.css", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.text) == (304, "")


def test_templates_of_the_same_name_replace_ours(tmp_path: Path) -> None:
    mine = tmp_path / "templates"
    mine.mkdir()
    (mine / "login.html").write_text(
        '{% extends "layout.html" %}{% block content %}<p>Mine {{ error }}</p>{% endblock %}'
    )
    (mine / "style.css").write_text("p { color: red }")
    with House(tmp_path / "data", templates=str(mine)) as house:
        assert "<p>Mine None</p>" in house.browser().get("/login").text
        assert house.request("GET", "/oauth2/style.css").text == "p { color: red }"
        assert "Allow" in house.logged_in().ask(house.client(CALLBACK)).text


def test_a_template_that_does_not_compile_and_a_directory_that_is_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(NotADirectoryError, match="nowhere"):
        Pages(str(tmp_path / "nowhere")).open()
    (tmp_path / "consent.html").write_text("fine\n{% if %}")
    with pytest.raises(jinja2.TemplateSyntaxError) as caught:
        Pages(str(tmp_path)).open()
    assert (caught.value.filename, caught.value.lineno) == (str(tmp_path / "consent.html"), 2)
