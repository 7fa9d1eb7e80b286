"""Nothing acknowledged is lost: the gateway is killed while it works (P41), and codes are redeemed by a crowd (P24)."""

import os
import secrets
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from tests.running import Running
from tests.story.conftest import Article, project

pytestmark = pytest.mark.slow

KILLS = int(os.environ.get("EGC_KILLS", "5"))
CODES = int(os.environ.get("EGC_CODES", "10"))
CALLERS = 64


class Acknowledged:
    """What callers were told is done."""

    def __init__(self) -> None:
        self.users: list[str] = []
        self.apps: list[str] = []
        self.tokens: list[str] = []


def work(running: Running, client: tuple[str, str], done: Acknowledged, stop: threading.Event) -> None:
    """Make users, apps and tokens until told to stop or the gateway is gone; note what was acknowledged."""
    session = requests.Session()
    try:
        while not stop.is_set():
            name = secrets.token_hex(8)
            user = {"username": name, "firstname": "F", "lastname": "L"}
            if session.post(f"{running.admin}/users", json=user, timeout=10).ok:
                done.users.append(name)
            app = session.post(f"{running.admin}/apps", json={"userId": name, "name": name}, timeout=10)
            if app.ok:
                done.apps.append(app.json()["id"])
            grant = {"grant_type": "client_credentials", "scope": ""}
            token = session.post(f"{running.url}/oauth2/token", data=grant, auth=client, timeout=10)
            if token.ok:
                done.tokens.append(token.json()["access_token"])
    except (requests.RequestException, ValueError):
        return


def test_killed_while_it_works(tmp_path: Path, site: int) -> None:
    running = project(tmp_path, site)
    done = Acknowledged()
    with running:
        article = Article(running)
        app = article.app(f"{article.public}/ip")
        secret = article.post("/credentials", consumerId=app, type="oauth2", credential={})["secret"]
        client = (app, secret)
        grant = {"grant_type": "client_credentials"}
        first = requests.post(f"{running.url}/oauth2/token", data=grant, auth=client, timeout=10).json()["access_token"]
        running.kill()
        for _ in range(KILLS):
            running.start()
            stop = threading.Event()
            crowd = [threading.Thread(target=work, args=(running, client, done, stop)) for _ in range(4)]
            for caller in crowd:
                caller.start()
            time.sleep(0.3 + secrets.randbelow(400) / 1000)
            running.kill()
            stop.set()
            for caller in crowd:
                caller.join()
        running.start()
        assert article.ip(first).status_code == 200
        assert done.users
        assert done.apps
        assert done.tokens
        session = requests.Session()
        lost = [
            name for name in done.users if session.get(f"{running.admin}/users/{name}", timeout=10).status_code != 200
        ]
        lost += [
            app_id
            for app_id in done.apps
            if session.get(f"{running.admin}/apps/{app_id}", timeout=10).status_code != 200
        ]
        lost += [token for token in done.tokens if article.ip(token).status_code != 200]
        assert lost == []


@pytest.fixture
def two_workers(tmp_path: Path, site: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[Article]:
    """The article's gateway with two workers."""
    monkeypatch.setenv("WEB_CONCURRENCY", "2")
    with project(tmp_path, site) as running:
        yield Article(running)


class Browser:
    """A person's browser, without the pictures: a session that logs in once and allows whatever is asked."""

    def __init__(self, article: Article, app: str, redirect_uri: str) -> None:
        self._article = article
        self._query = {"response_type": "code", "client_id": app, "redirect_uri": redirect_uri}
        self._session = requests.Session()

    def code(self) -> str:
        """A fresh authorization code."""
        page = self._session.get(f"{self._article.public}/oauth2/authorize", params=self._query, timeout=10)
        if urlsplit(page.url).path == "/login":
            form = {"username": "val", "password": "bacon"}
            page = self._session.post(f"{self._article.public}/login", data=form, timeout=10)
        transaction = page.text.partition('name="transaction_id" value="')[2].partition('"')[0]
        form = {"transaction_id": transaction, "decision": "allow"}
        answer = self._session.post(
            f"{self._article.public}/oauth2/authorize/decision", data=form, timeout=10, allow_redirects=False
        )
        return parse_qs(urlsplit(answer.headers["Location"]).query)["code"][0]


def test_one_redemption_of_a_code_succeeds(two_workers: Article) -> None:
    redirect_uri = f"{two_workers.public}/ip"
    app = two_workers.app(redirect_uri)
    secret = two_workers.post("/credentials", consumerId=app, type="oauth2", credential={})["secret"]
    browser = Browser(two_workers, app, redirect_uri)

    def redeem(code: str, start: threading.Barrier) -> int:
        start.wait()
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
        return requests.post(
            f"{two_workers.public}/oauth2/token", data=form, auth=(app, secret), timeout=30
        ).status_code

    with ThreadPoolExecutor(CALLERS) as crowd:
        for _ in range(CODES):
            code, start = browser.code(), threading.Barrier(CALLERS)
            statuses = [answer.result() for answer in [crowd.submit(redeem, code, start) for _ in range(CALLERS)]]
            assert statuses.count(200) == 1
            assert set(statuses) <= {200, 400}
