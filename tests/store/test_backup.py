"""Backups: what comes out goes in again, whole or not at all; and whether a store is sound."""

import asyncio
import json
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from egc.compiler.cli import main
from egc.runtime.store import Credential, Store, Token, backup
from egc.runtime.store.sqlite import SQLiteStore
from egc.runtime.store.upkeep import inspect, install, snapshot
from tests.store.conftest import Run
from tests.store.records import APPLICATION, CREDENTIAL, REFRESH, TOKEN, USER, furnish

LATER = time.time() + 1e6
ALIVE: tuple[Token, ...] = (replace(TOKEN, expires_at=LATER), replace(REFRESH, expires_at=LATER))
PASSWORD = Credential("basic-auth", "u1", "u1", False, 13.0, 14.0, "$argon2id$x", ("read",), {})


async def fill(store: Store) -> None:
    """Everything that a backup holds, and an expired token that it does not."""
    await furnish(store)
    await store.create_scopes(("read", "write"))
    await store.create_credential(CREDENTIAL)
    await store.create_credential(PASSWORD)
    await store.save_tokens((*ALIVE, replace(TOKEN, id="old")))


async def everything(store: Store) -> list[backup.Record]:
    """What a backup of it would hold."""
    return [record async for record in backup.records(store, time.time())]


def lines_of(records: list[backup.Record]) -> list[bytes]:
    return [backup.head(1.0), *map(backup.write, records), backup.end(len(records))]


def test_records_come_back_as_they_were(store: Store, run: Run) -> None:
    run(fill(store))
    found = run(everything(store))
    expected: list[backup.Record] = ["read", "write", USER, APPLICATION, PASSWORD, CREDENTIAL, *ALIVE]
    assert sorted(found, key=repr) == sorted(expected, key=repr)
    assert [record for _, record in backup.read(lines_of(found))] == found


def test_a_backup_fills_an_empty_store(another: Callable[[], Store], store: Store, run: Run, tmp_path: Path) -> None:
    run(fill(store))
    empty = SQLiteStore(tmp_path / "empty")
    run(empty.open())
    found = run(everything(store))
    for _, record in backup.read(lines_of(found)):
        run(backup.put(empty, record))
    assert sorted(run(everything(empty)), key=repr) == sorted(found, key=repr)
    run(empty.close())


HEAD, USER_LINE = backup.head(1.0), backup.write(USER)


def changed(**values: object) -> bytes:
    """The line of TOKEN with other values."""
    data = json.loads(backup.write(TOKEN))
    return json.dumps({"token": data["token"] | values}).encode() + b"\n"


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([], "line 1: this is no backup of egc"),
        ([b"{}\n"], "line 1: this is no backup of egc"),
        ([b'{"format":"egc-store","version":2}\n'], "line 1: the backup has version 2; this version of egc reads 1"),
        ([b'{"format":"egc-store","version":"1"}\n'], "line 1: the backup has no version"),
        ([HEAD], "line 2: the backup was cut off"),
        ([HEAD, USER_LINE], "line 3: the backup was cut off"),
        ([HEAD, USER_LINE, backup.end(2)], "line 3: 1 records were read, the backup says it has 2"),
        ([HEAD, backup.end(0), b"{}\n"], "line 3: there is something behind the end"),
        ([HEAD, b"nonsense\n"], "line 2: this is no JSON"),
        ([HEAD, b"[" * 100_000], "line 2: this is no JSON"),
        ([HEAD, b'{"scope":"\\ud800"}'], "line 2: this is no JSON in Unicode"),
        ([HEAD, b'"' + b"x" * backup.LONGEST_LINE], "line 2 is longer than"),
        ([HEAD, b"[]\n"], "line 2: this is no object"),
        ([HEAD, b'{"scope":" "}\n'], "line 2: a scope must be a text"),
        ([HEAD, b'{"people":{}}\n'], "line 2: a record is one of scope, user, application, credential, token"),
        ([HEAD, b'{"user":[]}\n'], "line 2: user must be an object"),
        ([HEAD, b'{"user":{"id":"x"}}\n'], "line 2: user lacks or has too much: created_at, is_active"),
        ([HEAD, changed(id="")], "line 2: id of token must be a text that is not empty"),
        ([HEAD, changed(digest="xx")], "line 2: digest of token must be 64 hexadecimal digits"),
        ([HEAD, changed(expires_at=True)], "line 2: expires_at of token must be a time in seconds"),
        ([HEAD, changed(scopes=None)], "line 2: scopes of token must be a list of texts"),
        ([HEAD, changed(scopes=[7])], "line 2: scopes of token must be a list of texts"),
        ([HEAD, changed(kind="other")], "line 2: kind of token must be access or refresh"),
        (
            [HEAD, backup.write(replace(CREDENTIAL, secret="in clear"))],
            "line 2: secret of credential must be a hash",
        ),
    ],
)
def test_a_wrong_line_is_named(lines: list[bytes], said: str) -> None:
    with pytest.raises(backup.BadBackup) as caught:
        list(backup.read(lines))
    assert said in str(caught.value)


def test_a_backup_says_nothing_of_a_secret_that_is_in_clear() -> None:
    with pytest.raises(backup.BadBackup) as caught:
        list(backup.read([HEAD, backup.write(replace(CREDENTIAL, secret="hidden words"))]))
    assert "hidden" not in str(caught.value)


# ---- The embedded store


def filled(directory: Path) -> Path:
    """A store in `directory` with everything."""

    async def make() -> None:
        store = SQLiteStore(directory)
        await store.open()
        await fill(store)
        await store.close()

    asyncio.run(make())
    return directory


def held(directory: Path) -> list[str]:
    """What is in the store of a directory, as text."""

    async def look() -> list[str]:
        store = SQLiteStore(directory)
        await store.open()
        try:
            return sorted(map(repr, await everything(store)))
        finally:
            await store.close()

    return asyncio.run(look())


def test_a_snapshot_is_the_store_of_one_moment(tmp_path: Path, run: Run) -> None:
    """Also of what is in the log only, while a gateway has the store open."""
    store = SQLiteStore(tmp_path / "data")
    run(store.open())
    run(fill(store))
    snapshot(tmp_path / "data", tmp_path / "copy")
    assert held(tmp_path / "copy") == sorted(map(repr, run(everything(store))))
    run(store.close())


def test_the_commands_take_a_store_from_one_place_to_another(tmp_path: Path) -> None:
    old, new, file = filled(tmp_path / "old"), tmp_path / "new", tmp_path / "backup"
    assert main(["store", "export", "--at", str(old), "-o", str(file)]) == 0
    assert file.stat().st_mode & 0o777 == 0o600
    assert main(["store", "import", "--at", str(new), str(file)]) == 0
    assert held(new) == held(old)


def test_an_import_says_to_programs_what_came(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["store", "export", "--at", str(filled(tmp_path / "old")), "-o", str(tmp_path / "backup")])
    capsys.readouterr()
    assert main(["store", "import", "--json", "--at", str(tmp_path / "new"), str(tmp_path / "backup")]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == {
        "schema_version": 1,
        "store": str(tmp_path / "new"),
        "imported": {"scope": 2, "user": 1, "app": 1, "credential": 2, "token": 2},
    }


def test_a_store_that_holds_something_is_left_alone_unless_asked(tmp_path: Path) -> None:
    old, file = filled(tmp_path / "old"), tmp_path / "backup"
    main(["store", "export", "--at", str(old), "-o", str(file)])
    other = SQLiteStore(tmp_path / "new")

    async def one_user() -> None:
        await other.open()
        await other.create_user(replace(USER, id="u2"))
        await other.close()

    asyncio.run(one_user())
    before = held(tmp_path / "new")
    assert main(["store", "import", "--at", str(tmp_path / "new"), str(file)]) == 2
    assert held(tmp_path / "new") == before
    assert main(["store", "import", "--at", str(tmp_path / "new"), "--replace", str(file)]) == 0
    assert held(tmp_path / "new") == held(old)


@pytest.mark.parametrize("place", [1, -3, -2])
def test_a_backup_with_one_wrong_line_changes_nothing(
    tmp_path: Path, place: int, capsys: pytest.CaptureFixture[str]
) -> None:
    old, file = filled(tmp_path / "old"), tmp_path / "backup"
    main(["store", "export", "--at", str(old), "-o", str(file)])
    lines = file.read_bytes().splitlines(keepends=True)
    # What it belongs to is missing: the line is good, the record has no place.
    lines[place] = backup.write(replace(ALIVE[0], id="stray", client_id="nobody"))
    file.write_bytes(b"".join(lines))
    before = held(old)
    assert main(["store", "import", "--at", str(old), "--replace", str(file)]) == 2
    assert "Nothing was changed" in capsys.readouterr().err
    assert held(old) == before


def test_an_import_is_seen_by_a_gateway_that_is_running(tmp_path: Path, run: Run) -> None:
    """Also where the records have other ids: what it had looked up is forgotten."""
    running = SQLiteStore(filled(tmp_path / "data"))
    run(running.open())
    assert run(running.authenticate("t1")) is not None
    other = SQLiteStore(tmp_path / "other")
    run(other.open())
    run(other.create_user(replace(USER, username="adam")))
    run(other.create_application(replace(APPLICATION, properties={"name": "office"})))
    run(other.save_tokens((ALIVE[0],)))
    run(other.close())
    install(tmp_path / "other", tmp_path / "data", replace=True)
    found = run(running.authenticate("t1"))
    assert found is not None
    assert (found.client.name, found.user and found.user.username) == ("office", "adam")
    assert run(running.get_token("r1")) is None
    run(running.close())


def test_a_missing_store_cannot_be_exported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["store", "export", "--at", str(tmp_path / "none")]) == 4
    assert "There is no store" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()


# ---- Check


def wrong(directory: Path) -> dict[str, str]:
    """What is not good about a store, and how bad it is."""
    return {one.what: one.state for one in inspect(directory, time.time()) if one.state != "ok"}


def test_a_store_of_a_later_egc_is_refused_by_its_own_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with closing(sqlite3.connect(filled(tmp_path / "data") / "egc.db")) as database, database:
        database.execute("UPDATE layout SET version = 99")
    (tmp_path / "backup").write_bytes(b"".join(lines_of([])))
    for words in (["export"], ["import", "--replace", str(tmp_path / "backup")]):
        assert main(["store", *words, "--at", str(tmp_path / "data")]) == 4
        out, err = capsys.readouterr()
        assert (out, f"{tmp_path}/data/egc.db has layout 99; this version of egc knows layout 1" in err) == ("", True)


@pytest.mark.slow
def test_a_shared_store_that_is_away_leaves_no_part_of_a_backup(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "gateway.config.yml").write_text("admin: {port: 1}\npolicies: []\n")
    (tmp_path / "system.config.yml").write_text("db: {redis: {host: 127.0.0.1, port: 1}}\n")
    assert main(["store", "export", "--at", str(tmp_path)]) == 4
    out, err = capfd.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1


def test_a_place_that_cannot_be_written_to_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = tmp_path / "no/such/place"
    assert main(["store", "export", "--at", str(filled(tmp_path / "data")), "-o", str(place)]) == 4
    assert f"{place} cannot be written: No such file or directory" in capsys.readouterr().err


def test_a_sound_store_is_sound(tmp_path: Path) -> None:
    assert wrong(filled(tmp_path / "data")) == {"expired": "warning"}


def test_a_store_without_what_is_expired_is_clean(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    directory = filled(tmp_path / "data")
    with closing(sqlite3.connect(directory / "egc.db")) as db, db:
        db.execute("DELETE FROM token WHERE id = 'old'")
    assert main(["store", "check", "--at", str(directory), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {one["state"] for one in told["checks"]} == {"ok"}
    assert "2 scopes, 1 user, 1 application, 2 credentials, 2 tokens." in [one["detail"] for one in told["checks"]]


@pytest.mark.parametrize(
    ("statement", "what", "state"),
    [
        ("UPDATE layout SET version = 99", "layout", "error"),
        ("DROP TABLE layout", "layout", "error"),
        ("DELETE FROM user", "orphans", "error"),
        ("DELETE FROM scope", "scopes", "warning"),
        ("UPDATE user SET updated_at = 1e11", "clock", "warning"),
    ],
)
def test_what_is_wrong_inside_is_found(tmp_path: Path, statement: str, what: str, state: str) -> None:
    directory = filled(tmp_path / "data")
    with closing(sqlite3.connect(directory / "egc.db")) as db, db:
        db.execute(statement)
    assert wrong(directory)[what] == state
    assert main(["store", "check", "--at", str(directory)]) == (4 if state == "error" else 1)


def test_a_damaged_file_is_found(tmp_path: Path) -> None:
    directory = filled(tmp_path / "data")
    data = bytearray((directory / "egc.db").read_bytes())
    data[4096 : 4096 * 40] = b"\x5a" * (4096 * 39)
    (directory / "egc.db").write_bytes(data)
    assert "error" in wrong(directory).values()
    (directory / "egc.db").write_bytes(b"no database" * 1000)
    assert wrong(directory)["file"] == "error"


def test_permissions_are_looked_at(tmp_path: Path) -> None:
    directory = filled(tmp_path / "data")
    (directory / "egc.db").chmod(0o644)
    found = [one for one in inspect(directory, time.time()) if one.what == "permissions"]
    assert [(one.state, one.advice) for one in found] == [("error", f"chmod 600 {directory / 'egc.db'}")]
