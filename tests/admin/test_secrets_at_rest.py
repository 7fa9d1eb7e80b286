"""No secret can be read from the store's files, nor from what the API shows later (P28, N27)."""

from pathlib import Path
from typing import Any

import pytest

from egc.runtime.store.sqlite import SQLiteStore
from tests.admin.conftest import EVE
from tests.admin.house import House
from tests.redis_servers import RedisServer

MARK = "MARKED-SECRET-"


def test_no_secret_is_in_any_file_nor_shown_again(house: House, shop: Any, request: pytest.FixtureRequest) -> None:
    secrets = []
    for consumer in ("eve", "shop"):
        for type_, key in (
            ("basic-auth", "password"),
            ("oauth2", "secret"),
            ("key-auth", "keySecret"),
            ("jwt", "keySecret"),
        ):
            chosen = f"{MARK}{consumer}-{type_}"
            body = {"consumerId": consumer, "type": type_}
            made = house.made("/credentials", {**body, "credential": {key: chosen}})
            if type_ in ("key-auth", "jwt"):
                made = house.made("/credentials", body)
                secrets.append(made[key])
            else:
                house.put(f"/credentials/{type_}/{made['id']}/status", {"status": False})
                secrets.append(house.made("/credentials", body)[key])
            secrets.append(chosen)
    house.made("/users", {**EVE, "username": "bob", "password": MARK + "property"})
    secrets.append(MARK + "property")

    shown = house.get("/credentials").text + house.get("/users").text + house.get("/apps").text
    if isinstance(house.store, SQLiteStore):
        files = list(house.directory.iterdir())
        assert any(path.name == "egc.db-wal" for path in files)
    else:
        files = [dumped(request.getfixturevalue("redis"))]
    for secret in secrets:
        assert secret not in shown
        for path in files:
            assert secret.encode() not in path.read_bytes(), path.name


def dumped(server: RedisServer) -> Path:
    """All that a Redis server keeps, as a file of plain text."""
    assert server.ask("CONFIG", "SET", "rdbcompression", "no") == b"+OK\r\n"
    assert server.ask("SAVE") == b"+OK\r\n"
    path = server.directory / "dump.rdb"
    assert b"firstname" in path.read_bytes()
    return path


def test_nor_in_the_files_after_closing(tmp_path: Path) -> None:
    with House(tmp_path / "data") as house:
        house.made("/users", EVE)
        made = house.made("/credentials", {"consumerId": "eve", "type": "oauth2"})
        house.made("/credentials", {"consumerId": "eve", "type": "basic-auth", "credential": {"password": MARK}})
    for path in (tmp_path / "data").iterdir():
        content = path.read_bytes()
        assert MARK.encode() not in content
        assert made["secret"].encode() not in content
