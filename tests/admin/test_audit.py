"""The audit log: who changed what, once each, without secrets, bounded."""

import fcntl
import json
from pathlib import Path
from typing import Any

import pytest

from egc.runtime.admin import audit
from egc.runtime.oauth2.secrets import stored_digest
from egc.runtime.store import StoreError, Token
from tests.admin.conftest import EVE
from tests.admin.house import House

KEY = stored_digest("the-key")
BEARER = {"Authorization": "Bearer the-key"}


def lines(directory: Path) -> list[Any]:
    """What has been written."""
    file = directory / audit.FILE
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def told(house: House, directory: Path, method: str, path: str, body: Any = None) -> Any:
    """The lines that a request adds."""
    before = len(lines(directory))
    house.run(house.ask(method, path, body))
    return [line["audit"] for line in lines(directory)[before:]]


def test_a_change_is_told_with_its_key_address_method_and_path(tmp_path: Path) -> None:
    with House(tmp_path / "data", key_digest=KEY, audit=tmp_path / "log") as house:
        user = house.run(house.ask("POST", "/users", {**EVE, "isActive": True}, headers=BEARER)).json
    (line,) = lines(tmp_path / "log")
    assert line.pop("time").endswith("Z")
    assert line == {
        "audit": {"kind": "user", "id": user["id"], "members": ["username", "firstname", "lastname"]},
        "key": KEY.removeprefix("sha256:")[:8],
        "client": "127.0.0.1",
        "method": "POST",
        "path": "/users",
    }


def test_each_kind_of_change_is_told(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with House(tmp_path / "data", audit=log) as house:
        user = house.made("/users", EVE)["id"]
        app = house.made("/apps", {"userId": "eve", "name": "shop"})["id"]
        given = {"kind": "app", "id": app, "owner": user}
        assert told(house, log, "PUT", "/apps/shop", {"name": "shop2"}) == [{**given, "members": ["name"]}]
        off = {"members": ["isActive"], "isActive": False}
        assert told(house, log, "PUT", "/apps/shop2/status", {"status": False}) == [{**given, **off}]
        assert told(house, log, "PUT", "/users/eve/status", {"status": False}) == [{"kind": "user", "id": user, **off}]
        assert told(house, log, "POST", "/scopes", {"scopes": ["a", "b"]}) == [{"kind": "scope", "id": "a b"}]
        body = {"consumerId": "eve", "type": "basic-auth", "credential": {"password": "pw", "scopes": ["a"]}}
        mine = {"kind": "credential", "id": f"basic-auth/{user}", "owner": user}
        kept = {"members": ["password", "scopes"], "scopes": ["a"]}
        assert told(house, log, "POST", "/credentials", body) == [{**mine, **kept}]
        path = f"/credentials/basic-auth/{user}"
        both = {"members": ["scopes"], "scopes": ["b", "a"]}
        assert told(house, log, "PUT", f"{path}/scopes/b") == [{**mine, **both}]
        new = {"members": ["password", "revokeTokens"], "revokeTokens": False}
        assert told(house, log, "PUT", f"{path}/secret", {"password": "pw2"}) == [{**mine, **new}]
        assert told(house, log, "DELETE", path) == [mine]
        assert told(house, log, "DELETE", "/tokens?consumer=eve") == [{"kind": "token", "id": "*", "owner": user}]
        assert told(house, log, "DELETE", "/apps/shop2") == [given]
        assert told(house, log, "DELETE", "/users/eve") == [{"kind": "user", "id": user}]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/users", None),
        ("POST", "/users", {"username": "x"}),
        ("POST", "/users", EVE),
        ("PUT", "/users/none", {"email": "e@x.test"}),
        ("DELETE", "/apps/none", None),
        ("PUT", "/pipelines/x", {}),
        ("DELETE", "/credentials/key-auth/none", None),
        ("POST", "/nothing", {}),
    ],
)
def test_what_changes_nothing_is_not_told(tmp_path: Path, method: str, path: str, body: Any) -> None:
    with House(tmp_path / "data", audit=tmp_path / "log") as house:
        house.made("/users", EVE)
        assert told(house, tmp_path / "log", method, path, body) == []


def test_no_secret_is_told(tmp_path: Path) -> None:
    with House(tmp_path / "data", audit=tmp_path / "log") as house:
        house.made("/users", {**EVE, "password": "hidden-1", "pin": "hidden-2"})
        user = house.get("/users/eve").json["id"]
        app = house.made("/apps", {"userId": "eve", "name": "shop"})["id"]
        for kind, key in (("basic-auth", "password"), ("oauth2", "secret"), ("key-auth", "keySecret")):
            credential = {key: "hidden-3", "note": "hidden-4"}
            made = house.made("/credentials", {"consumerId": user, "type": kind, "credential": credential})
            house.put(f"/credentials/{kind}/{made['id']}/secret", {key: "hidden-5"})
        token = Token("t1", b"d" * 32, "access", app, None, (), "client_credentials", "f1", 1.0, 9e9)
        house.run(house.store.save_tokens([token]))
        assert house.delete("//tokens/t1%7Chidden-6").status_code == 200
        written = (tmp_path / "log" / audit.FILE).read_text()
        assert written.count("\n") == 9
        assert "hidden" not in written
        assert '"path":"//tokens/t1"' in written


def test_the_last_changes_are_read_over_the_api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "LARGEST", 2000)
    with House(tmp_path / "data", audit=tmp_path / "log") as house:
        assert house.get("/audit").json == {"entries": []}
        for number in range(30):
            house.put(f"/scopes/s{number}")
        entries = house.get("/audit?count=5").json["entries"]
        assert [entry["audit"]["id"] for entry in entries] == [f"s{number}" for number in range(25, 30)]
        assert house.get("/audit?count=none").status_code == 400
        assert house.run(house.ask("HEAD", "/audit")).status_code == 200


def test_a_full_file_is_turned_and_old_ones_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "LARGEST", 500)
    with House(tmp_path / "data", audit=tmp_path / "log") as house:
        for number in range(60):
            house.put(f"/scopes/s{number}")
    files = sorted((tmp_path / "log").iterdir())
    assert [file.name for file in files] == [audit.FILE, *(f"{audit.FILE}.{age}" for age in range(1, 5))]
    assert all(file.stat().st_size <= 500 and file.stat().st_mode & 0o777 == 0o600 for file in files)
    written = [json.loads(line)["audit"]["id"] for file in (*files[:0:-1], files[0]) for line in file.open()]
    assert written == [f"s{number}" for number in range(60 - len(written), 60)]


def test_where_it_cannot_be_written_the_log_says_so_and_changes_are_made(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "log").write_text("in the way")
    with House(tmp_path / "data", audit=tmp_path / "log") as house:
        house.made("/users", EVE)
        house.put("/scopes/s")
    assert sum("told in the access log only" in record.message for record in caplog.records) == 1


def test_a_worker_that_is_stopped_holds_nobody_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "_LOCK_PAUSE", 0.0)
    with House(tmp_path / "data", audit=tmp_path / "log") as house:
        house.put("/scopes/one")
        with (tmp_path / "log" / audit.FILE).open() as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            house.put("/scopes/two")
        assert [line["audit"]["id"] for line in lines(tmp_path / "log")] == ["one", "two"]


@pytest.mark.parametrize(("method", "tail"), [("PUT", "/secret"), ("DELETE", "")])
def test_a_change_is_told_though_what_follows_it_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str, tail: str
) -> None:
    async def fails(_user: str) -> int:
        raise StoreError("gone")

    with House(tmp_path / "data", audit=tmp_path / "log") as house:
        house.made("/users", EVE)
        made = house.made("/credentials", {"consumerId": "eve", "type": "basic-auth"})
        monkeypatch.setattr(house.store, "end_sessions", fails)
        path = f"/credentials/basic-auth/{made['id']}"
        result = house.run(house.ask(method, path + tail))
        assert (result.status_code, result.headers["retry-after"]) == (503, "5")
        assert f'"id":"basic-auth/{made["id"]}"' in (tmp_path / "log" / audit.FILE).read_text().splitlines()[-1]
        assert '"method":"' + method in (tmp_path / "log" / audit.FILE).read_text().splitlines()[-1]
