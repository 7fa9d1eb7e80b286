"""The configuration changed over the Admin API of `egc run`: C139-C150, D11, N31, N32, N39."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.callers import Caller, ask, get
from tests.cli.reloading import Reloading, edit, gateway

pytestmark = pytest.mark.slow

CONFIG = """\
# mine
http: {port: $HTTP, hostname: 127.0.0.1}
admin: {port: $ADMIN, host: 127.0.0.1}
apiEndpoints:
  all: {host: '*', paths: '/'}   # everything
serviceEndpoints: {}
policies: [terminate]
pipelines:
  p:
    apiEndpoints: [all]
    policies:
      - terminate:
          action:
            statusCode: 200  # fine
            message: ${WORD:-before}
"""

TAKEN = "serving the new configuration after"


def pipeline(message: str, **more: Any) -> dict[str, Any]:
    """The pipeline `p` with another message."""
    return {
        "apiEndpoints": ["all"],
        "policies": [{"terminate": {"action": {"statusCode": 200, "message": message}}}],
        **more,
    }


BEFORE = pipeline("${WORD:-before}")


class Admin:
    """Asks the Admin API of a gateway over one connection, as long as that lasts."""

    def __init__(self, running: Reloading) -> None:
        self._url = f"http://127.0.0.1:{running.ports['ADMIN']}"
        self._session = requests.Session()

    def __call__(self, method: str, path: str, body: Any = None, **more: Any) -> requests.Response:
        return self._session.request(method, self._url + path, json=body, timeout=60, **more)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reloading]:
    """A gateway that the tests of this file change one after the other."""
    with gateway(tmp_path_factory.mktemp("edits"), CONFIG) as started:
        yield started


@pytest.fixture
def admin(running: Reloading) -> Admin:
    """Its Admin API, once the configuration is as at the beginning."""
    text = written(running)
    edit(running, CONFIG)
    if written(running) != text:
        running.until(lambda: shown(running) == [{"all": {"host": "*", "paths": "/"}}, {"p": BEFORE}, ["terminate"]])
    return Admin(running)


def shown(running: Reloading) -> list[Any]:
    """The configuration that is served."""
    admin = Admin(running)
    return [admin("GET", path).json() for path in ("/api-endpoints", "/pipelines", "/policies")]


def written(running: Reloading) -> str:
    """The configuration's file."""
    return (running.config / "gateway.config.yml").read_text()


def answer(running: Reloading, path: str = "/") -> str:
    """What the gateway answers to a new connection."""
    return ask(running.port, get(path)).body.decode()


def test_a_change_is_served_when_it_is_answered(running: Reloading, admin: Admin) -> None:
    """C139, C140, D11: 201 for what is new, 204 for what was there; the next request sees it; the rest stays."""
    before = written(running)
    assert admin("PUT", "/api-endpoints/new", [{"host": "*", "paths": ["/new"]}]).status_code == 201
    assert admin("GET", "/api-endpoints/new").json() == [{"host": "*", "paths": ["/new"]}]
    assert admin("PUT", "/pipelines/q", pipeline("${WORD:-new}", apiEndpoints=["new"])).status_code == 201
    assert answer(running, "/new") == "new"
    changed = admin("PUT", "/pipelines/p", pipeline("after"))
    assert (changed.status_code, changed.content, changed.headers.get("Content-Type")) == (204, b"", None)
    assert answer(running) == "after"
    assert before.replace("${WORD:-before}", "after") in written(running).replace(
        "  new:\n    - host: '*'\n      paths:\n        - /new\n", ""
    )
    assert admin("DELETE", "/pipelines/q").status_code == 204
    assert admin("GET", "/pipelines/q").status_code == 404
    assert ask(running.port, get("/new")).status == 404
    assert admin("DELETE", "/pipelines/q").status_code == 404
    assert admin("DELETE", "/api-endpoints/new").status_code == 204
    assert written(running) == before.replace("${WORD:-before}", "after")


def test_policies_are_listed_and_are_so_no_more(running: Reloading, admin: Admin) -> None:
    """C142, C143: idempotent, and nothing is built where nothing changes."""
    before = written(running)
    for _ in range(2):
        assert admin("PUT", "/policies/cors").json() == {"status": "ok"}
        assert admin("GET", "/policies").json() == ["terminate", "cors"]
    assert written(running) == before.replace("[terminate]", "[terminate, cors]")
    times = running.output().count(TAKEN)
    assert admin("DELETE", "/policies/nosuch").status_code == 204
    assert admin("PUT", "/pipelines/p", BEFORE).status_code == 204
    assert running.output().count(TAKEN) == times
    assert admin("DELETE", "/policies/cors").status_code == 204
    assert written(running) == before


REFUSED = {
    "a pipeline without policies": ("PUT", "/pipelines/p", {"apiEndpoints": ["all"]}, "#/pipelines/p"),
    "a parameter of the wrong type": (
        "PUT",
        "/pipelines/p",
        {"apiEndpoints": ["all"], "policies": [{"terminate": [{"action": {"statusCode": "no"}}]}]},
        "#/pipelines/p/policies/0/terminate/0/action/statusCode",
    ),
    "a policy that is none": ("PUT", "/policies/nosuch", None, "#/policies/1"),
    "a policy that is in use": ("DELETE", "/policies/terminate", None, "#/pipelines/p/policies/0/terminate"),
    "a service without URL": ("PUT", "/service-endpoints/s", {"address": "x"}, "#/serviceEndpoints/s"),
    "a step of a policy that is not listed": (
        "PUT",
        "/pipelines/p",
        {"apiEndpoints": ["all"], "policies": [{"nosuch": None}]},
        "#/pipelines/p/policies/0/nosuch",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_would_be_wrong_is_refused_and_changes_nothing(running: Reloading, admin: Admin, name: str) -> None:
    """422 with the field (C142, C143, C148, C151, N31, N39): the file and what is served stay."""
    before, answered = written(running), answer(running)
    method, path, body, pointer = REFUSED[name]
    refused = admin(method, path, body)
    assert (refused.status_code, refused.headers["Content-Type"]) == (422, "application/problem+json")
    problem = refused.json()
    assert problem["errors"][0]["pointer"] == pointer
    assert problem["detail"] == f"Nothing was changed: {problem['errors'][0]['detail']}."
    assert written(running) == before
    assert answer(running) == answered
    as_text = admin(method, path, body, headers={"Accept": "text/plain"})
    assert (as_text.status_code, as_text.text) == (422, problem["detail"])


@pytest.mark.parametrize("content", [None, b"", b"{", b'"text"', b"1"])
def test_an_entity_needs_a_body(running: Reloading, admin: Admin, content: bytes | None) -> None:
    """N39: an empty one would make an endpoint that takes everything."""
    headers = {"Content-Type": "application/json"} if content is not None else {}
    before = written(running)
    assert admin("PUT", "/api-endpoints/x", data=content, headers=headers).status_code == 400
    assert written(running) == before


def test_a_name_holds_no_variable(running: Reloading, admin: Admin) -> None:
    """409: it would be another name when the file is read."""
    refused = admin("PUT", "/api-endpoints/%24%7BX%7D", {"host": "*"})
    assert refused.status_code == 409
    assert "cannot hold a variable" in refused.text


def test_a_file_that_is_wrong_can_be_mended(running: Reloading, admin: Admin) -> None:
    """What somebody wrote is wrong: another change is refused with that, the one that mends it is taken."""
    times = running.output().count("still serving what was built at")
    edit(running, CONFIG.replace("[terminate]", "[terminate, nosuch]"))
    running.says("still serving what was built at", times + 1)
    refused = admin("PUT", "/pipelines/p", pipeline("after"))
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "#/policies/1")
    assert admin("DELETE", "/policies/nosuch").status_code == 204
    assert admin("PUT", "/pipelines/p", pipeline("mended")).status_code == 204
    assert answer(running) == "mended"
    edit(running, "pipelines: [")
    running.says("still serving what was built at", times + 3)
    refused = admin("PUT", "/policies/cors")
    assert (refused.status_code, written(running)) == (422, "pipelines: [")
    assert refused.json()["errors"][0]["file"].startswith("gateway.config.yml:")


def test_many_at_once_are_made_one_after_the_other(running: Reloading, admin: Admin) -> None:
    """C147: none is lost, and the file never holds a half of one."""
    answers: list[int] = []

    def put(number: int) -> None:
        answers.append(Admin(running)("PUT", f"/api-endpoints/n{number}", {"paths": f"/n{number}"}).status_code)

    threads = [threading.Thread(target=put, args=(number,)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [201] * 5
    assert sorted(admin("GET", "/api-endpoints").json()) == ["all", *(f"n{number}" for number in range(5))]
    assert written(running).count("  n") == 5


def test_without_watching_nothing_is_changed(tmp_path: Path) -> None:
    """409 in one sentence (C150); reading works."""
    with gateway(tmp_path, CONFIG, "--no-watch") as running:
        admin = Admin(running)
        running.until(lambda: answer(running) == "before")
        assert admin("GET", "/policies").json() == ["terminate"]
        for refused in (
            admin("PUT", "/policies/cors"),
            admin("DELETE", "/pipelines/p"),
            admin("PUT", "/pipelines/p", {}),
        ):
            assert refused.status_code == 409
            assert "cannot be changed here: this gateway is compiled" in refused.text
        assert "terminate, cors" not in written(running)


def test_workers_ask_one_after_the_other(tmp_path: Path) -> None:
    """Any of several may be asked; all of them serve the change."""
    with gateway(tmp_path, CONFIG, "--workers", "2") as running:
        assert Admin(running)("PUT", "/pipelines/p", pipeline("after")).status_code == 204
        assert {answer(running) for _ in range(20)} == {"after"}


def test_a_request_in_flight_is_finished_by_the_build_that_took_it(running: Reloading, admin: Admin) -> None:
    """As where a file changes (D53)."""
    with Caller(running.port) as caller:
        caller.send(get("/", "Content-Length: 2", method="POST"))
        assert admin("PUT", "/pipelines/p", pipeline("after")).status_code == 204
        assert caller.send(b"ok").final().body == b"before"
    assert answer(running) == "after"
