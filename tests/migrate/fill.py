"""Fills an Express Gateway through its own Admin API and endpoints, and asks it what opens it then."""

import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import requests
from requests.adapters import HTTPAdapter
from requests.auth import HTTPBasicAuth

from tests.migrate.express_gateway import ExpressGateway, RedisServer

AT_A_TIME = 8
REDIRECT = "http://127.0.0.1:1/cb"

Kind = Literal["token", "scoped", "refresh", "key", "password", "secret"]

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class Held:
    """Something that somebody holds, and whether Express Gateway lets him in by it.

    `value` is a token, `keyId:keySecret`, `name:password` or `client_id:client_secret`; a refresh token has its
    client behind a blank.
    """

    kind: Kind
    value: str
    works: bool
    why: str = ""


class Filler:
    """Makes users, apps, credentials and tokens.

    Arguments:
        gateway: where.
        server: its Redis, for what no request can bring about: a token whose time is over.
    """

    def __init__(self, gateway: ExpressGateway, server: RedisServer) -> None:
        self._gateway = gateway
        self._server = server
        self._http = requests.Session()
        self._http.mount("http://", HTTPAdapter(pool_maxsize=AT_A_TIME))
        self.held: list[tuple[Kind, str, str]] = []

    def fill(self, users: int) -> None:
        """Make `users` users, two apps each, all types of credentials, and tokens by every grant."""
        self._post("/scopes", {"scopes": ["read", "write"]})
        names = [f"user{number}" for number in range(users)]
        ids = self._each(self._user, names)
        apps = self._each(self._app, [(name, which) for name in names for which in range(2)])
        self._each(self._tokens, [(app, names[number // 2], number) for number, app in enumerate(apps)])
        for number in range(min(5, users)):
            self._login(names[number], apps[2 * number], "code")
            self._login(names[number], apps[2 * number], "token")
        self._shut(names, ids, apps)

    def _user(self, name: str) -> str:
        number = int(name.removeprefix("user"))
        user = {"username": name, "firstname": f"Fïrst {number}", "lastname": "Last", "email": f"{name}@example.com"}
        user_id: str = self._post("/users", user)["id"]
        password = f"pass wörd-{number}"
        self._credential(name, "basic-auth", {"password": password})
        self.held.append(("password", f"{name}:{password}", "a user's password"))
        key: dict[str, Any] = {"scopes": ["read"]} if number % 2 else {}
        if number % 10 == 3:
            key = {"keyId": f"chosen-{number}", "keySecret": f"chosen secret {number}"}
        made = self._credential(name, "key-auth", key)
        self.held.append(("key", f"{made['keyId']}:{made['keySecret']}", "a user's key"))
        if number % 5 == 0:
            self._credential(name, "jwt", {})
        return user_id

    def _app(self, what: tuple[str, int]) -> tuple[str, str]:
        name, which = what
        number = int(name.removeprefix("user"))
        app: str = self._post("/apps", {"userId": name, "name": f"app {number}-{which}", "redirectUri": REDIRECT})["id"]
        credential: dict[str, Any] = {"scopes": ["read", "write"]}
        if number % 4 == 1:
            credential["secret"] = f"chosen client secret {number}"
        secret = self._credential(app, "oauth2", credential).get("secret") or credential["secret"]
        self.held.append(("secret", f"{app}:{secret}", "a client secret"))
        if number % 3 == 0:
            made = self._credential(app, "key-auth", {"scopes": ["write"]})
            self.held.append(("key", f"{made['keyId']}:{made['keySecret']}", "an app's key"))
        return app, secret

    def _tokens(self, what: tuple[tuple[str, str], str, int]) -> None:
        app, name, number = what
        for scope in ("read", "write") if number % 2 == 0 else ("read write", "read", "write"):
            token = self._grant(app, grant_type="client_credentials", scope=scope)["access_token"]
            self._hold(token, app, scope)
        if number % 2 == 0:
            password = f"pass wörd-{name.removeprefix('user')}"
            both = self._grant(app, grant_type="password", username=name, password=password, scope="read")
            self._hold(both["access_token"], app, "read")
            self.held.append(("refresh", f"{both['refresh_token']} {app[0]}:{app[1]}", "a refresh token"))

    def _hold(self, token: str, app: tuple[str, str], scope: str) -> None:
        self.held.append(("token", token, f"a token of {app[0]}"))
        self.held.append(("scoped", token, f"{scope} of {app[0]}"))

    def _login(self, name: str, app: tuple[str, str], response_type: str) -> None:
        """The browser's way: log in, allow, and take what comes back."""
        browser = requests.Session()
        query = {"response_type": response_type, "client_id": app[0], "redirect_uri": REDIRECT, "scope": "read"}
        browser.get(f"{self._gateway.url}/oauth2/authorize", params=query, timeout=30)
        form = {"username": name, "password": f"pass wörd-{name.removeprefix('user')}"}
        page = browser.post(f"{self._gateway.url}/login", data=form, timeout=30)
        answer = browser.post(
            f"{self._gateway.url}/oauth2/authorize/decision",
            data={"transaction_id": page.headers["transaction_id"]},
            timeout=30,
            allow_redirects=False,
        )
        location = answer.headers["Location"]
        if response_type == "token":
            token = location.partition("access_token=")[2].partition("&")[0].replace("%7C", "|")
            self._hold(token, app, "read")
            return
        code = location.partition("code=")[2].partition("&")[0]
        both = self._grant(app, grant_type="authorization_code", code=code, redirect_uri=REDIRECT)
        self._hold(both["access_token"], app, "read")
        self.held.append(("refresh", f"{both['refresh_token']} {app[0]}:{app[1]}", "a refresh token of a login"))

    def _shut(self, names: Sequence[str], ids: Sequence[str], apps: Sequence[tuple[str, str]]) -> None:
        """Revoke, deactivate, delete and let expire a tenth of everything, each thing in another tenth."""
        for number, (name, user_id) in enumerate(zip(names, ids, strict=True)):
            app = apps[2 * number + 1][0]
            match number % 20:
                case 4:
                    self._put(f"/users/{name}/status", False)
                case 5:
                    self._put(f"/apps/{app}/status", False)
                case 6:
                    self._put(f"/credentials/basic-auth/{user_id}/status", False)
                    key = next(value for kind, value, _ in self.held if kind == "key" and self._of(value, user_id))
                    self._put(f"/credentials/key-auth/{key.partition(':')[0]}/status", False)
                    self._put(f"/credentials/oauth2/{app}/status", False)
                case 7:
                    self._delete(f"/apps/{app}")
                case 8:
                    self._delete(f"/users/{name}")
                case 9:
                    for kind, value, why in self.held:
                        if kind == "token" and why.endswith(app):
                            self._delete(f"/tokens/{value.partition('|')[0]}")
                case 10:
                    past = int(time.time() * 1000) - 60_000
                    for kind, value, why in self.held:
                        if kind == "token" and why.endswith(app):
                            token = value.partition("|")[0]
                            self._server.client.hset(f"EG-access-token:{token}", "expiresAt", past)
                            self._server.client.hset(f"EG-consumer-access-tokens:{app}", token, past)
                case _:
                    pass

    def _of(self, key: str, owner: str) -> bool:
        return self._server.client.hget(f"EG-key-auth:{key.partition(':')[0]}", "consumerId") == owner

    def ask(self) -> list[Held]:
        """What Express Gateway says to each of the things that were given out."""
        return self._each(
            lambda one: Held(one[0], one[1], answered(self._gateway.url, one[0], one[1], self._http) == 200, one[2]),
            self.held,
        )

    def _credential(self, consumer: str, type_: str, credential: dict[str, Any]) -> dict[str, Any]:
        return self._post("/credentials", {"consumerId": consumer, "type": type_, "credential": credential})

    def _grant(self, app: tuple[str, str], **form: str) -> dict[str, Any]:
        answer = self._http.post(f"{self._gateway.url}/oauth2/token", data=form, auth=basic(*app), timeout=60)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def _post(self, path: str, body: object) -> dict[str, Any]:
        answer = self._http.post(self._gateway.admin + path, json=body, timeout=60)
        assert answer.ok, f"{path}: {answer.status_code} {answer.text}"
        read: dict[str, Any] = answer.json() if answer.content and path != "/scopes" else {}
        return read

    def _put(self, path: str, status: bool) -> None:
        answer = self._http.put(self._gateway.admin + path, json={"status": status}, timeout=60)
        assert answer.ok, f"{path}: {answer.status_code} {answer.text}"

    def _delete(self, path: str) -> None:
        # On a real Redis the deletion of a user with keys may say 500 although the user is gone (C69).
        self._http.delete(self._gateway.admin + path, timeout=60)

    def _each(self, work: Callable[[T], R], things: Iterable[T]) -> list[R]:
        with ThreadPoolExecutor(AT_A_TIME) as crowd:
            return list(crowd.map(work, things))


def basic(name: str, password: str) -> HTTPBasicAuth:
    """Both as UTF-8: requests would write Latin-1."""
    return HTTPBasicAuth(name.encode(), password.encode())


def answered(url: str, kind: Kind, value: str, http: requests.Session) -> int:
    """The status that a gateway with the configuration of `express_gateway` answers to who holds that."""
    if kind in ("token", "scoped"):
        path = "/token" if kind == "token" else "/read"
        return http.get(url + path, headers={"Authorization": f"Bearer {value}"}, timeout=60).status_code
    if kind == "key":
        headers = {"Authorization": f"apikey {value}"}
        return http.get(f"{url}/key", headers=headers, timeout=60).status_code
    form = {"grant_type": "client_credentials"}
    if kind == "refresh":
        token, _, value = value.partition(" ")
        form = {"grant_type": "refresh_token", "refresh_token": token}
    name, _, secret = value.partition(":")
    if kind == "password":
        return http.get(f"{url}/basic", auth=basic(name, secret), timeout=60).status_code
    answer = http.post(f"{url}/oauth2/token", data=form, auth=basic(name, secret), timeout=60)
    return answer.status_code
