"""A rehearsal does what the gateway would do, and nothing else."""

import asyncio
import hashlib
import os
import socket
import sys
import time
from pathlib import Path

import pytest

from egc.runtime.oauth2.secrets import new_uuid
from egc.runtime.rehearsal import Asked, Began, NoSuchCaller, Ran, Stub
from egc.runtime.rehearsal.snapshot import copy
from egc.runtime.store import Application, Credential, StoreError, User
from egc.runtime.store.sqlite import SQLiteStore
from tests.rehearsal.house import ask, house

BACKEND = "http://backend.example"


def outcomes(happened: object) -> list[str]:
    events = getattr(happened, "events", [])
    return [event.outcome for event in events if isinstance(event, Ran)]


def filled(directory: Path) -> Path:
    """A store with a user, an application and a key."""

    async def fill() -> None:
        store = SQLiteStore(directory)
        await store.open()
        now = time.time()
        ann = User(new_uuid(), "ann", True, now, now)
        await store.create_user(ann)
        web = Application(new_uuid(), ann.id, True, now, now, {"name": "web"})
        await store.create_application(web)
        await store.create_scopes(("read",))
        await store.create_credential(Credential("oauth2", web.id, web.id, True, now, now, "sha256:00", ("read",)))
        await store.create_credential(Credential("key-auth", "k1", web.id, True, now, now, "sha256:00"))
        await store.close()

    asyncio.run(fill())
    return directory


def digests(directory: Path) -> dict[str, tuple[str, int]]:
    """What every file holds, and when it was last changed."""
    return {
        path.name: (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
        for path in sorted(directory.iterdir())
    }


def test_a_caller_without_a_token_is_refused_and_with_one_gets_through(tmp_path: Path) -> None:
    with house(tmp_path) as rehearsal:
        refused = ask(rehearsal, "GET /orders/7")
        assert (refused.status, refused.reason, outcomes(refused), refused.sent) == (401, "no_token", ["refused"], ())
        passed = ask(rehearsal, "GET /orders/7?x=1", caller="app:web", scopes=("read",))
        assert (passed.status, passed.body, passed.service) == (200, b"ok", "backend")
        assert [sent.url for sent in passed.sent] == [f"{BACKEND}/base/7?x=1"]
        names = [name for name, _ in passed.sent[0].headers]
        assert "eg-consumer-id" in names
        assert "authorization" not in names


def test_a_caller_without_the_scopes_of_the_endpoint_is_refused(tmp_path: Path) -> None:
    with house(tmp_path) as rehearsal:
        assert ask(rehearsal, "GET /orders/7", caller="app:web").reason == "bad_token"


@pytest.mark.parametrize("who", ["app:web", "user:ann", "key:k1"])
@pytest.mark.parametrize("place", ["/keys", "/people"])
def test_credentials_are_made_up_for_what_asks(tmp_path: Path, who: str, place: str) -> None:
    with house(tmp_path) as rehearsal:
        happened = ask(rehearsal, f"GET {place}", caller=who)
        fits = who != "key:k1" or place == "/keys"
        assert (happened.status, happened.unasked) == ((200, False) if fits else (401, True))


def test_a_caller_whom_nobody_asks_for_is_told(tmp_path: Path) -> None:
    with house(tmp_path) as rehearsal:
        happened = ask(rehearsal, "GET http://shop.example/shop", caller="app:web")
        assert (happened.status, happened.unasked) == (200, True)


def test_events_name_routes_conditions_and_steps_in_order(tmp_path: Path) -> None:
    with house(tmp_path) as rehearsal:
        events = ask(rehearsal, "POST http://shop.example/shop").events
        assert [type(event) for event in events] == [Began, Asked, Ran]
        condition, step = events[1:]
        assert isinstance(condition, Asked)
        assert isinstance(step, Ran)
        assert (condition.held, step.outcome, step.status) == (True, "answered", 405)


def test_a_limit_counts_without_waiting_and_forgets(tmp_path: Path) -> None:
    with house(tmp_path) as rehearsal:
        statuses = [ask(rehearsal, "GET /counted") for _ in range(3)]
        assert [one.status for one in statuses] == [200, 200, 429]
        assert next(event.delay for event in statuses[1].events if isinstance(event, Ran)) == 60
        rehearsal.forget()
        assert ask(rehearsal, "GET /counted").status == 200


def test_looking_for_who_is_asked_counts_nothing(tmp_path: Path) -> None:
    with house(tmp_path) as rehearsal:
        assert [ask(rehearsal, "GET /counted", caller="app:web").status for _ in range(3)] == [200, 200, 429]


def test_stubs_answer_and_the_response_is_transformed(tmp_path: Path) -> None:
    stub = Stub(201, (("content-type", "application/json"), ("x-a", "b")), b'{"a": 1}')
    with house(tmp_path, services={"backend": stub}) as rehearsal:
        happened = ask(rehearsal, "GET /scripted")
        assert (happened.status, happened.body, happened.header("X-A")) == (201, b'{"a":1,"seen":true}', "b")
        assert happened.notes == ["log: seen GET"]


@pytest.mark.parametrize(("failure", "status"), [("refused", 502), ("timeout", 504), ("reset", 502)])
def test_a_service_that_fails(tmp_path: Path, failure: str, status: int) -> None:
    stub = Stub(failure=failure)  # type: ignore[arg-type]  # parametrized
    with house(tmp_path, services={"backend": stub}) as rehearsal:
        assert ask(rehearsal, "GET /scripted").status == status


def test_a_request_body_reaches_the_stub(tmp_path: Path) -> None:
    from egc.compiler.cli._rehearsing import read_request

    with house(tmp_path) as rehearsal:
        happened = rehearsal.ask(read_request("POST /scripted", body='{"a": 1}'))
        assert happened.sent[0].body == b'{"a": 1}'


INTROSPECTED = """
http: {port: 8080}
apiEndpoints: {api: {host: '*', paths: '/*', scopes: [read]}}
serviceEndpoints: {backend: {url: 'http://backend.example'}}
policies: [%s, proxy]
pipelines:
  api:
    apiEndpoints: [api]
    policies:
      - %s: {action: {%s}}
      - proxy: {action: {serviceEndpoint: backend}}
"""
INTROSPECTION = INTROSPECTED % (
    "oauth2-introspect",
    "oauth2-introspect",
    "endpoint: 'https://idp.example/introspect', authorization_value: Basic abc",
)
JWKS = INTROSPECTED % ("jwt", "jwt", "jwksUri: 'https://idp.example/keys', checkCredentialExistence: false")
JWT = INTROSPECTED % ("jwt", "jwt", "secretOrPublicKey: '${JWT_SECRET}', audience: us, issuer: them")


def test_introspection_has_no_network_but_what_is_said_of_it(tmp_path: Path) -> None:
    with house(tmp_path, INTROSPECTION) as rehearsal:
        happened = ask(rehearsal, "GET /", "Authorization: Bearer x")
        assert happened.status == 401
        assert "no network in a rehearsal: nobody answers for https://idp.example:443" in happened.notes
        assert ask(rehearsal, "GET /", caller="app:web", scopes=("read",)).status == 200
        assert ask(rehearsal, "GET /", caller="app:web").status == 401
    answer = Stub(200, (("content-type", "application/json"),), b'{"active": true, "scope": "read"}')
    with house(tmp_path, INTROSPECTION, urls={"https://idp.example/introspect": answer}) as rehearsal:
        happened = ask(rehearsal, "GET /", "Authorization: Bearer x")
        assert happened.status == 200
        assert [sent.url for sent in happened.fetched] == ["https://idp.example/introspect"]


@pytest.mark.parametrize("text", [JWKS, JWT])
def test_a_signed_token_is_made_up_whatever_the_key(tmp_path: Path, text: str) -> None:
    with house(tmp_path, text) as rehearsal:
        assert ask(rehearsal, "GET /", caller="user:ann", scopes=("read",)).status == 200
        assert ask(rehearsal, "GET /", caller="user:ann").status == 401
        assert ask(rehearsal, "GET /", "Authorization: Bearer a.b.c").status == 401


TWO_PROOFS = """
http: {port: 8080}
apiEndpoints: {api: {host: '*', paths: '/*'}}
serviceEndpoints: {backend: {url: 'http://backend.example'}}
policies: [basic-auth, key-auth, proxy]
pipelines:
  api:
    apiEndpoints: [api]
    policies:
      - basic-auth:
      - key-auth: {action: {apiKeyHeader: x-key}}
      - proxy: {action: {serviceEndpoint: backend}}
"""


def test_a_caller_shows_who_it_is_to_every_step_that_refuses(tmp_path: Path) -> None:
    with house(tmp_path, TWO_PROOFS) as rehearsal:
        assert ask(rehearsal, "GET /", caller="user:ann").status == 200


@pytest.mark.parametrize("url", ["http://far.example/a", "https://far.example/a"])
def test_an_intermediate_proxy_is_a_stub_too(tmp_path: Path, url: str) -> None:
    environ = {"BACKEND_URL": url, "http_proxy": "http://proxy.example:3128"}
    with house(tmp_path, environ=environ) as rehearsal:
        happened = ask(rehearsal, "GET /scripted")
        assert (happened.status, [sent.url for sent in happened.sent]) == (200, [f"{url}/scripted"])


def test_the_real_store_is_copied_and_untouched(tmp_path: Path) -> None:
    store = filled(tmp_path / "data")
    before = digests(store)
    with house(tmp_path / "config", store=store) as rehearsal:
        assert ask(rehearsal, "GET /orders/7", caller="app:web").status == 200
        assert ask(rehearsal, "GET /keys", caller="key:k1").status == 200
        assert ask(rehearsal, "GET /people", caller="user:ann").status == 200
        rehearsal.forget()
        assert ask(rehearsal, "GET /orders/7", caller="app:web").status == 200
    assert digests(store) == before


def test_only_who_is_in_a_real_store_can_call(tmp_path: Path) -> None:
    store = filled(tmp_path / "data")
    with house(tmp_path / "config", store=store) as rehearsal:
        with pytest.raises(NoSuchCaller, match="no application `wbe`") as caught:
            ask(rehearsal, "GET /orders/7", caller="app:wbe")
        assert caught.value.known == ("web",)
        with pytest.raises(NoSuchCaller, match="no key `k2`"):
            ask(rehearsal, "GET /keys", caller="key:k2")


def test_a_store_in_use_is_copied_with_what_its_log_holds(tmp_path: Path) -> None:
    data = filled(tmp_path / "data")

    async def use() -> None:
        store = SQLiteStore(data)
        await store.open()
        now = time.time()
        await store.create_user(User(new_uuid(), "late", True, now, now))
        assert (data / "egc.db-wal").stat().st_size > 0
        await asyncio.to_thread(copy, data, tmp_path / "copy")
        await store.close()
        copied = SQLiteStore(tmp_path / "copy")
        await copied.open()
        assert await copied.find_user("late") is not None
        await copied.close()

    asyncio.run(use())


def test_a_damaged_store_is_a_sentence(tmp_path: Path) -> None:
    data = filled(tmp_path / "data")
    with (data / "egc.db").open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 8192)
    with pytest.raises(StoreError, match=r"egc\.db (is damaged|cannot be read)"):
        copy(data, tmp_path / "copy")


_seen: list[str] = []
_watching = False


def _note(event: str, arguments: tuple[object, ...]) -> None:
    if _watching and event in ("socket.connect", "socket.bind", "socket.getaddrinfo", "socket.sendto"):
        _seen.append(event)
    if _watching and event == "socket.__new__" and arguments[1] != socket.AF_UNIX:
        _seen.append(f"{event} {arguments[1]}")


def test_no_socket_is_opened_and_nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    global _watching
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", None)
    before = dict(os.environ)
    sys.addaudithook(_note)
    _watching = True
    try:
        with house(tmp_path / "config") as rehearsal:
            for request in ("GET /orders/7", "GET /scripted", "GET /counted", "GET /people", "GET /none"):
                ask(rehearsal, request, caller="app:web", scopes=("read",))
            assert list((tmp_path / "tmp").iterdir())
    finally:
        _watching = False
    assert _seen == []
    assert list((tmp_path / "tmp").iterdir()) == []
    assert [path.name for path in (tmp_path / "config").iterdir()] == ["gateway.config.yml"]
    assert dict(os.environ) == before


def test_code_that_reaches_for_the_network_gets_an_error() -> None:
    from egc.runtime.rehearsal.network import offline

    with offline(), socket.socket() as sock, pytest.raises(ConnectionRefusedError, match="no network"):
        sock.connect(("127.0.0.1", 9))
    with socket.socket() as sock, pytest.raises(ConnectionRefusedError) as caught:
        sock.connect(("127.0.0.1", 9))
    assert "rehearsal" not in str(caught.value)


def test_what_a_gateway_cannot_start_without_is_a_sentence(tmp_path: Path) -> None:
    from egc.compiler.cli import EnvironmentFailure

    with (
        pytest.raises(EnvironmentFailure, match="would not start: jwt: secretOrPublicKeyFile"),
        house(tmp_path, JWT.replace("secretOrPublicKey: '${JWT_SECRET}'", "secretOrPublicKeyFile: none.pem")),
    ):
        pass
