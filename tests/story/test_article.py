"""The article, from `Unauthorized` to a token that opens /ip, in a real browser."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit

import pytest
import trustme
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from tests.needs import needs
from tests.running import free_port
from tests.story.conftest import Article, project

pytestmark = pytest.mark.slow


def authorize_url(public: str, app: str, redirect_uri: str, **more: str) -> str:
    """What the article has the reader type into the address bar."""
    query = {"response_type": "token", "client_id": app, "redirect_uri": redirect_uri, **more}
    return f"{public}/oauth2/authorize?{urlencode(query, quote_via=quote)}"


def log_in(browser: webdriver.Chrome, password: str = "bacon") -> None:
    """Fill in the login form and send it with the keyboard."""
    browser.find_element(By.NAME, "username").send_keys("val")
    field = browser.find_element(By.NAME, "password")
    field.send_keys(password)
    field.submit()


def press(browser: webdriver.Chrome, button: str) -> None:
    """Press *Allow* or *Cancel* on the consent page."""
    WebDriverWait(browser, 10).until(lambda b: b.find_elements(By.ID, button))
    browser.find_element(By.ID, button).click()


def wait_for(browser: webdriver.Chrome, word: str) -> str:
    """The address once it holds `word`."""
    WebDriverWait(browser, 10).until(lambda b: word in b.current_url)
    return browser.current_url


def browser_log(browser: webdriver.Chrome, kind: Literal["performance", "browser"]) -> list[str]:
    """What the browser noted since the last call: its network events, or what it told its console."""
    read: Callable[[str], list[dict[str, str]]] = browser.get_log
    return [entry["message"] for entry in read(kind)]


def test_token_in_the_address_bar_opens_ip(article: Article, browser: webdriver.Chrome) -> None:
    assert article.ip(None).status_code == 401
    redirect_uri = f"{article.public}/ip"
    browser.get(authorize_url(article.public, article.app(redirect_uri), redirect_uri))
    assert urlsplit(browser.current_url).path == "/login"
    log_in(browser)
    press(browser, "allow")
    address = wait_for(browser, "access_token=")
    assert "Unauthorized" in browser.page_source
    token = unquote(parse_qs(urlsplit(address).fragment)["access_token"][0])
    assert article.ip(token).json() == {"origin": "127.0.0.1"}
    assert article.ip(None).status_code == 401
    assert article.ip(token[:-1] + ("0" if token[-1] != "0" else "1")).status_code == 401


def test_cancel_denies(article: Article, browser: webdriver.Chrome) -> None:
    redirect_uri = f"{article.public}/ip"
    browser.get(authorize_url(article.public, article.app(redirect_uri), redirect_uri, state="s1"))
    log_in(browser)
    press(browser, "deny")
    fragment = parse_qs(urlsplit(wait_for(browser, "error=")).fragment)
    assert fragment["error"] == ["access_denied"]
    assert fragment["state"] == ["s1"]


def test_consent_names_app_and_a_wrong_password_is_told(article: Article, browser: webdriver.Chrome) -> None:
    redirect_uri = f"{article.public}/ip"
    browser.get(authorize_url(article.public, article.app(redirect_uri, name="Photo <b>book</b>"), redirect_uri))
    log_in(browser, password="beacon")
    assert urlsplit(browser.current_url).path == "/login"
    assert "wrong" in browser.find_element(By.TAG_NAME, "body").text.lower()
    log_in(browser)
    WebDriverWait(browser, 10).until(lambda b: b.find_elements(By.ID, "allow"))
    assert "Photo <b>book</b>" in browser.find_element(By.TAG_NAME, "body").text


def test_app_on_another_origin(article: Article, browser: webdriver.Chrome, site: int) -> None:
    redirect_uri = f"http://127.0.0.1:{site}/callback?keep=1"
    browser.get(authorize_url(article.public, article.app(redirect_uri), redirect_uri))
    log_in(browser)
    press(browser, "allow")
    address = urlsplit(wait_for(browser, "access_token="))
    assert (address.port, address.path, address.query) == (site, "/callback", "keep=1")
    assert article.ip(unquote(parse_qs(address.fragment)["access_token"][0])).status_code == 200


def test_app_with_a_custom_scheme(article: Article, browser: webdriver.Chrome) -> None:
    redirect_uri = "com.example.photos:/callback"
    browser.get(authorize_url(article.public, article.app(redirect_uri), redirect_uri))
    log_in(browser)
    browser_log(browser, "performance")
    press(browser, "allow")
    seen: list[str] = []

    def sent_to_the_app(b: webdriver.Chrome) -> bool:
        seen.extend(browser_log(b, "performance"))
        return any("com.example.photos:/callback#access_token=" in message for message in seen)

    WebDriverWait(browser, 10).until(sent_to_the_app)
    assert not [message for message in browser_log(browser, "browser") if "Content Security Policy" in message]


@pytest.fixture
def behind_tls(tmp_path: Path, site: int) -> Iterator[Article]:
    """The article's gateway behind an nginx that ends TLS and is a trusted proxy."""
    needs("nginx")
    authority = trustme.CA()
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "localhost.pem"))
    port = free_port()
    with project(tmp_path, site, trusted="trustedProxies: ['127.0.0.1/32', '::1/128']") as running:
        (tmp_path / "nginx.conf").write_text(
            f"""
daemon off; master_process off; pid {tmp_path}/nginx.pid; error_log {tmp_path}/nginx.err;
events {{ }}
http {{ access_log off; client_body_temp_path {tmp_path}/body; proxy_temp_path {tmp_path}/proxy;
  fastcgi_temp_path {tmp_path}/f; uwsgi_temp_path {tmp_path}/u; scgi_temp_path {tmp_path}/s;
  server {{ listen 127.0.0.1:{port} ssl; ssl_certificate {tmp_path}/localhost.pem;
    ssl_certificate_key {tmp_path}/localhost.pem;
    location / {{ proxy_pass http://127.0.0.1:{running.port}; proxy_http_version 1.1;
      proxy_set_header Host $http_host; proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Proto https; }} }} }}
"""
        )
        edge = subprocess.Popen(["nginx", "-c", str(tmp_path / "nginx.conf")])
        article = Article(running)
        article.public = f"https://localhost:{port}"
        try:
            yield article
        finally:
            edge.terminate()
            edge.wait()


def test_behind_a_tls_ending_proxy(behind_tls: Article, browser: webdriver.Chrome) -> None:
    redirect_uri = f"{behind_tls.public}/ip"
    browser.get(authorize_url(behind_tls.public, behind_tls.app(redirect_uri), redirect_uri))
    log_in(browser)
    cookies = browser.get_cookies()
    assert cookies
    assert all(cookie["secure"] and cookie["httpOnly"] and cookie["name"].startswith("__Host-") for cookie in cookies)
    press(browser, "allow")
    token = unquote(parse_qs(urlsplit(wait_for(browser, "access_token=")).fragment)["access_token"][0])
    behind_tls.public = f"http://localhost:{behind_tls.running.port}"
    assert behind_tls.ip(token).status_code == 200
