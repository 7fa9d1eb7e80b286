"""No secret can be read from the store's files, nor from what the API shows later (P28, N27)."""

from pathlib import Path
from typing import Any

from tests.admin.conftest import EVE
from tests.admin.house import House

MARK = "MARKED-SECRET-"


def test_no_secret_is_in_any_file_nor_shown_again(house: House, shop: Any) -> None:
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
    files = list(house.directory.iterdir())
    assert any(path.name == "egc.db-wal" for path in files)
    for secret in secrets:
        assert secret not in shown
        for path in files:
            assert secret.encode() not in path.read_bytes(), path.name


def test_nor_in_the_files_after_closing(tmp_path: Path) -> None:
    with House(tmp_path / "data") as house:
        house.made("/users", EVE)
        made = house.made("/credentials", {"consumerId": "eve", "type": "oauth2"})
        house.made("/credentials", {"consumerId": "eve", "type": "basic-auth", "credential": {"password": MARK}})
    for path in (tmp_path / "data").iterdir():
        content = path.read_bytes()
        assert MARK.encode() not in content
        assert made["secret"].encode() not in content
