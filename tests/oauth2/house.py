"""An authorization server with its real store, and the browsers and clients that use it."""

import asyncio
import hashlib
import re
import time
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from html import unescape
from pathlib import Path
from typing import Any, Self, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit

import falcon.asgi
from falcon.testing import ASGIConductor, Result

from egc.runtime.oauth2 import AuthorizationServer
from egc.runtime.oauth2.secrets import PasswordHasher, new_secret, new_uuid, stored_digest
from egc.runtime.store import Application, Credential, Json, Store, User
from egc.runtime.store.sqlite import SQLiteStore

ALL_GRANTS = ("authorization_code", "implicit", "password", "client_credentials", "refresh_token")
PASSWORD = "bacon"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
CALLBACK = "https://app.test/cb"

T = TypeVar("T")
Pairs = Mapping[str, str] | Sequence[tuple[str, str]]


@cache
def hashed(password: str) -> str:
    """The Argon2id hash of a password, made once a run."""
    hasher = PasswordHasher()
    try:
        return asyncio.run(hasher.hash(password))
    finally:
        hasher.close()


@dataclass
class Client:
    """A registered application and its secret."""

    id: str
    secret: str | None

    @property
    def basic(self) -> dict[str, str]:
        """The header of HTTP Basic."""
        return {"Authorization": basic(self.id, self.secret or "")}

    @property
    def form(self) -> dict[str, str]:
        """The fields that authenticate it in a body."""
        return {"client_id": self.id} | ({} if self.secret is None else {"client_secret": self.secret})


def basic(name: str, secret: str) -> str:
    """The value of an Authorization header."""
    return "Basic " + b64encode(f"{name}:{secret}".encode()).decode()


class House:
    """The server under test. `now` is its clock; moving it ages everything. `stores` opens its store once more."""

    def __init__(self, directory: Path, *, stores: Callable[[], Store] | None = None, **settings: Any) -> None:
        self.now = time.time()
        self.directory = directory
        self.stores = stores or partial(SQLiteStore, directory)
        self.store: Store = self.stores()
        options: dict[str, Any] = {
            "grants": ALL_GRANTS,
            "access_ttl": 7200.0,
            "refresh_ttl": 7200.0,
            "code_ttl": 300.0,
            "clock": lambda: self.now,
        }
        self.server = AuthorizationServer(self.store, **options | settings)
        self.app: falcon.asgi.App[falcon.asgi.Request, falcon.asgi.Response] = falcon.asgi.App()
        self.server.mount(self.app)
        self._runner = asyncio.Runner()
        self._conductor = ASGIConductor(self.app)
        self._number = 0

    def __enter__(self) -> Self:
        self.run(self._open())
        return self

    def __exit__(self, *_: object) -> None:
        self.run(self._close())
        self._runner.close()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the server's loop."""
        return self._runner.run(work)

    async def _open(self) -> None:
        await self.store.open()
        await self.server.open()
        await self._conductor.__aenter__()

    async def _close(self) -> None:
        await self._conductor.__aexit__(None, None, None)
        await self.server.close()
        await self.store.close()

    # Who there is

    def user(self, username: str | None = None, password: str | None = PASSWORD, **properties: Json) -> User:
        """A user, with a password unless it is None."""
        self._number += 1
        user = User(new_uuid(), username or f"val{self._number}", True, self.now, self.now, properties)
        self.run(self.store.create_user(user))
        if password is not None:
            self.run(self.store.create_credential(self._credential("basic-auth", user.id, hashed(password), None)))
        return user

    def client(
        self,
        *uris: str,
        scopes: Sequence[str] = (),
        public: bool = False,
        secret: str | None = None,
        credential: bool = True,
        name: str | None = None,
        owner: User | None = None,
    ) -> Client:
        """An application with an oauth2 credential: a generated secret, or the chosen one given."""
        self._number += 1
        properties: dict[str, Json] = {"name": f"app{self._number}" if name is None else name}
        if len(uris) == 1:
            properties["redirectUri"] = uris[0]
        elif uris:
            properties["redirectUris"] = list(uris)
        if public:
            properties["clientType"] = "public"
        owner = owner or self.user(password=None)
        app = Application(new_uuid(), owner.id, True, self.now, self.now, properties)
        self.run(self.store.create_application(app))
        if scopes:
            missing = sorted(set(scopes) - set(self.run(self.store.list_scopes())))
            if missing:
                self.run(self.store.create_scopes(missing))
        text = new_secret() if secret is None else secret
        stored = stored_digest(text) if secret is None else hashed(text)
        if credential:
            self.run(self.store.create_credential(self._credential("oauth2", app.id, stored, tuple(scopes))))
        return Client(app.id, None if public else text)

    def _credential(self, kind: Any, consumer: str, secret: str, scopes: tuple[str, ...] | None) -> Credential:
        return Credential(kind, consumer, consumer, True, self.now, self.now, secret, scopes)

    # What they do

    def browser(self, **options: Any) -> "Browser":
        """A browser with an empty cookie jar."""
        return Browser(self, **options)

    def logged_in(self, user: User | None = None, **options: Any) -> "Browser":
        """A browser in which the user has logged in."""
        browser = self.browser(**options)
        user = user or self.user()
        assert browser.post("/login", {"username": user.username, "password": PASSWORD}).status_code == 302
        return browser

    async def send(self, method: str, path: str, **options: Any) -> Result:
        """One request."""
        result: Result = await self._conductor.simulate_request(method, path, **options)
        return result

    def request(self, method: str, path: str, **options: Any) -> Result:
        """One request, waited for."""
        return self.run(self.send(method, path, **options))

    async def post_form(
        self, path: str, form: Pairs, headers: Mapping[str, str] | None = None, **options: Any
    ) -> Result:
        """One form post."""
        sent = {"Content-Type": "application/x-www-form-urlencoded", **(headers or {})}
        return await self.send("POST", path, body=urlencode(form), headers=sent, **options)

    def token(self, client: Client | None, form: Pairs, **options: Any) -> Result:
        """A token request, with the client in the body."""
        pairs = list(form.items() if isinstance(form, Mapping) else form)
        return self.run(
            self.post_form("/oauth2/token", pairs + list((client.form if client else {}).items()), **options)
        )

    def code(self, client: Client, browser: "Browser | None" = None, **query: str) -> str:
        """A fresh authorization code of a user who allowed it."""
        browser = browser or self.logged_in()
        answer = answered(browser.allow(client, response_type="code", **query))
        assert "code" in answer, answer
        return answer["code"]

    def tokens(self, client: Client, **query: str) -> dict[str, Any]:
        """The tokens of a complete code flow with PKCE."""
        query = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"} | query
        code = self.code(client, None, **query)
        form = {"grant_type": "authorization_code", "code": code, "code_verifier": VERIFIER}
        if "redirect_uri" in query:
            form["redirect_uri"] = query["redirect_uri"]
        result = self.token(client, form)
        assert result.status_code == 200, result.text
        return dict(result.json)

    def is_live(self, access_token: str) -> bool:
        """Whether the access token opens anything."""
        return self.run(self.store.authenticate(access_token.partition("|")[0])) is not None


@dataclass
class Browser:
    """Keeps cookies, follows nothing, and says what a browser says about where a form came from."""

    house: House
    scheme: str = "http"
    host: str = "gateway.test"
    address: str = "192.0.2.1"
    cookies: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, query: str | Pairs = "", headers: Mapping[str, str] | None = None) -> Result:
        """GET `path` with a query, given as text or as pairs."""
        text = query if isinstance(query, str) else urlencode(query)
        return self._send("GET", path, query_string=text, headers=dict(headers or {}))

    def post(self, path: str, form: Pairs, headers: Mapping[str, str] | None = None) -> Result:
        """POST a form as a page of the gateway would."""
        sent = {"Origin": f"{self.scheme}://{self.host}", "Sec-Fetch-Site": "same-origin", **(headers or {})}
        sent = {name: value for name, value in sent.items() if value != ""}
        sent["Content-Type"] = "application/x-www-form-urlencoded"
        return self._send("POST", path, body=urlencode(form), headers=sent)

    def ask(self, client: Client, **query: str) -> Result:
        """The authorization request of `client`."""
        return self.get("/oauth2/authorize", {"response_type": "code", "client_id": client.id, **query})

    def allow(self, client: Client, **query: str) -> Result:
        """Ask, and press Allow."""
        return self.decide(self.ask(client, **query), decision="allow")

    def decide(self, page: Result, **fields: str) -> Result:
        """Send the form of a consent page."""
        assert page.status_code == 200, (page.status_code, page.headers.get("location"), page.text)
        return self.post("/oauth2/authorize/decision", {"transaction_id": transaction(page), **fields})

    def _send(self, method: str, path: str, headers: dict[str, str], **options: Any) -> Result:
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        result = self.house.request(
            method, path, headers=headers, protocol=self.scheme, host=self.host, remote_addr=self.address, **options
        )
        for name, value in result.headers.items():
            if name.lower() == "set-cookie":
                self._keep(value)
        for cookie in result.cookies.values():
            if cookie.max_age == 0:
                self.cookies.pop(cookie.name, None)
            else:
                self.cookies[cookie.name] = cookie.value
        return result

    def _keep(self, header: str) -> None:
        name, _, rest = header.partition("=")
        if "Max-Age=0" in rest:
            self.cookies.pop(name, None)
        else:
            self.cookies[name] = rest.partition(";")[0]


def transaction(page: Result) -> str:
    """The transaction of a consent page."""
    found = re.search(r'name="transaction_id"[^>]*value="([^"]+)"', page.text)
    assert found is not None
    return unescape(found[1])


def answered(result: Result) -> dict[str, str]:
    """What a redirect tells the client, from the query or the fragment of its Location."""
    assert result.status_code == 302, (result.status_code, result.text)
    parts = urlsplit(result.headers["location"])
    pairs = parse_qsl(parts.fragment or parts.query, keep_blank_values=True, strict_parsing=True)
    assert len(dict(pairs)) == len(pairs), "a parameter came twice"
    return dict(pairs)
