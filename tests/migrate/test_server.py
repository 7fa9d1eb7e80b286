"""`egc migrate --from-redis`: a real Redis gives what its dump gives, and nothing is written to it."""

import asyncio
import gzip
import json
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from egc.compiler.cli import main
from egc.compiler.migrate.dump import Dump
from egc.compiler.migrate.entries import FAMILIES
from egc.compiler.migrate.server import Server, place
from egc.runtime.store.redis import RedisStore
from tests.cli.terminal import Terminal
from tests.migrate import eg_records
from tests.migrate.express_gateway import CIPHER_KEY, RedisServer
from tests.migrate.record import DUMP, HERE
from tests.needs import needs

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def filled() -> Iterator[RedisServer]:
    """A Redis that holds what was recorded, under a namespace in which patterns could see more than its letters."""
    needs("redis-server")
    with RedisServer() as server:
        for line in gzip.decompress((HERE / DUMP).read_bytes()).splitlines():
            entry = json.loads(line)
            if "hash" in entry:
                server.client.hset(f"E[G]*-{entry['key']}", mapping=entry["hash"])
            elif "set" in entry:
                server.client.sadd(f"E[G]*-{entry['key']}", *entry["set"])
        server.client.set("EG-user:stranger", "x")
        server.client.lpush("E[G]*-user:list", "x")
        server.client.hset("E[G]*-user:huge", mapping={str(number): "" for number in range(1001)})
        server.client.hset("E[G]*-user:bytes", mapping={"firstname": b"\xff"})
        yield server


def test_a_server_gives_what_its_dump_gives(filled: RedisServer) -> None:
    source, dump = Server(filled.url, "E[G]*"), Dump(HERE / DUMP)
    for family in FAMILIES:
        read = {entry.key: entry for entry in source.entries(family) if entry.type != "other"}
        assert read == {entry.key: entry for entry in dump.entries(family)}
    source.close()


def test_what_is_no_entry_of_express_gateway_is_named(
    filled: RedisServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EGC_CIPHER_KEY", CIPHER_KEY)
    before = {key: filled.client.dump(key) for key in filled.client.keys()}  # noqa: SIM118 - a command, no dictionary
    words = ["migrate", "--from-redis", filled.url, "--namespace", "E[G]*", "--to", str(tmp_path / "data"), "--json"]
    assert main(words) == 1
    told = json.loads(capsys.readouterr().out)
    assert {one["why"]: one["keys"] for one in told["left"]} == {
        "it is no hash": ["user:list"],
        "it has too many fields": ["user:huge"],
        "it holds bytes that are no UTF-8": ["user:bytes"],
    }
    assert told["records"]["access tokens"]["new"] > 300
    assert {key: filled.client.dump(key) for key in filled.client.keys()} == before  # noqa: SIM118


def test_a_dump_of_a_server_is_for_its_owner_and_holds_the_same(filled: RedisServer, tmp_path: Path) -> None:
    file = tmp_path / "eg.jsonl.gz"
    words = ["migrate", "--from-redis", filled.url, "--namespace", "E[G]*", "--to-dump", str(file)]
    assert main(words) == 0
    assert file.stat().st_mode & 0o777 == 0o600
    old, new = Dump(HERE / DUMP), Dump(file)
    assert new.namespace == "E[G]*"
    for family in FAMILIES:
        found = {entry.key: entry for entry in new.entries(family) if entry.type != "other"}
        assert found == {entry.key: entry for entry in old.entries(family)}
    assert main(words) == 4


def test_the_same_redis_can_be_source_and_store(
    filled: RedisServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "config"
    config.mkdir()
    (config / "gateway.config.yml").write_text("admin: {port: 1}\npolicies: []\n")
    (config / "system.config.yml").write_text(
        f"crypto: {{cipherKey: {CIPHER_KEY}}}\n"
        f"db: {{redis: {{host: 127.0.0.1, port: {filled.port}, namespace: 'E[G]*'}}}}\n"
    )
    words = ["migrate", "--from-redis", filled.url, "--to", str(config), "--json"]
    assert main([*words, "--dry-run"]) == 1
    promised = json.loads(capsys.readouterr().out)["records"]
    assert main(words) == 1
    assert json.loads(capsys.readouterr().out)["records"] == promised
    assert main(words) == 1
    again = json.loads(capsys.readouterr().out)["records"]
    assert {name: sum(counts.values()) for name, counts in again.items()} == {
        name: sum(counts.values()) for name, counts in promised.items()
    }
    assert all(counts.keys() <= {"same"} for counts in again.values())
    assert main(["store", "check", "--at", str(config)]) == 0
    assert main(["store", "export", "--at", str(config), "-o", str(tmp_path / "backup")]) == 0
    assert main(["store", "import", "--at", str(config), str(tmp_path / "backup")]) == 2
    assert main(["store", "import", "--at", str(config), "--replace", str(tmp_path / "backup")]) == 0
    assert main(["store", "export", "--at", str(config), "-o", str(tmp_path / "second")]) == 0
    lines = [sorted((tmp_path / name).read_bytes().splitlines()[1:]) for name in ("backup", "second")]
    assert lines[0] == lines[1]


def test_a_second_run_into_a_shared_store_brings_nothing_back_but_with_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whichever machine runs it: what was carried is remembered in the Redis itself."""
    monkeypatch.setenv("EGC_CIPHER_KEY", eg_records.CIPHER_KEY)
    lines = [{"key": "scope", "hash": {"read": "true"}}, eg_records.user(), eg_records.app(), eg_records.token()]
    dump = eg_records.write(tmp_path / "dump", [*lines, eg_records.user("u2", "eve")])
    needs("redis-server")
    with RedisServer() as server:
        for number in range(2):
            (tmp_path / f"{number}").mkdir()
            (tmp_path / f"{number}/gateway.config.yml").write_text("admin: {port: 1}\npolicies: []\n")
            (tmp_path / f"{number}/system.config.yml").write_text(
                f"db: {{redis: {{host: 127.0.0.1, port: {server.port}}}}}\n"
            )

        def migrated(machine: int, *options: str) -> dict[str, dict[str, int]]:
            words = ["migrate", "--from-dump", str(dump), "--to", str(tmp_path / f"{machine}"), "--json", *options]
            assert main(words) == 0
            found: dict[str, dict[str, int]] = json.loads(capsys.readouterr().out)["records"]
            return {name: counts for name, counts in found.items() if counts}

        async def end_some() -> None:
            store = RedisStore(host="127.0.0.1", port=server.port)
            await store.open()
            assert await store.revoke_token(eg_records.TOKEN_ID)
            await store.delete_user("u2")
            await store.delete_scope("read")
            await store.close()

        assert migrated(0, "--dry-run")["users"] == {"new": 2}
        assert main(["store", "export", "--at", str(tmp_path / "0"), "-o", str(tmp_path / "backup")]) == 0
        capsys.readouterr()
        assert server.client.keys() == []
        migrated(0)
        asyncio.run(end_some())
        stays = {"scopes": {"gone": 1}, "users": {"same": 1, "gone": 1}, "apps": {"same": 1}}
        assert migrated(1, "--dry-run") == {**stays, "access tokens": {"gone": 1}}
        assert migrated(1) == {**stays, "access tokens": {"gone": 1}}
        back = migrated(1, "--again")
        assert (back["scopes"], back["users"], back["apps"]) == ({"new": 1}, {"same": 1, "new": 1}, {"same": 1})


def test_the_cipher_key_is_typed_once_and_not_shown(tmp_path: Path) -> None:
    eg_records.write(tmp_path / "dump", [eg_records.user(), eg_records.app(), eg_records.token()])
    words = ("migrate", "--from-dump", "dump", "--to", "data", "--cipher-key")
    for typed, code in (("another key", 4), (eg_records.CIPHER_KEY, 0)):
        with Terminal(*words, directory=tmp_path) as terminal:
            terminal.expect("? Enter cipher key [hidden]: ").type(typed)
            assert terminal.wait() == code
        assert typed not in terminal.seen


KEYS = 120
"""Keys whose secrets people chose: each takes 30 ms to hash, so that there is a middle to be stopped in."""


@pytest.mark.parametrize("kind", ["sqlite", "redis"])
def test_ctrl_c_in_the_middle_leaves_nothing_half_done(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.delenv("EGC_DATA", raising=False)
    keys = [eg_records.key(f"k{number}", f"secret {number}") for number in range(KEYS)]
    eg_records.write(tmp_path / "dump", [eg_records.user(), eg_records.app(), *keys, eg_records.token()])
    config = tmp_path / "config"
    config.mkdir()
    (config / "gateway.config.yml").write_text("admin: {port: 1}\npolicies: []\n")
    with RedisServer() if kind == "redis" else nullcontext() as server:
        redis = f"host: 127.0.0.1, port: {server.port}" if server else "emulate: true"
        (config / "system.config.yml").write_text(
            f"db: {{redis: {{{redis}}}}}\ncrypto: {{cipherKey: {eg_records.CIPHER_KEY}}}\n"
        )
        with Terminal("migrate", "--from-dump", "dump", directory=tmp_path) as terminal:
            terminal.expect("API keys").interrupt()
            assert terminal.wait() == 130
        assert "interrupted" in terminal.seen
        assert "Traceback" not in terminal.seen
        assert main(["store", "check", "--at", str(config)]) == 0
        capsys.readouterr()
        words = ["migrate", "--from-dump", str(tmp_path / "dump"), "--to", str(config), "--json"]
        assert main(words) == 0
        records = json.loads(capsys.readouterr().out)["records"]
        assert records["users"] == {"same": 1}
        assert records["API keys"].keys() <= {"new", "same"}
        assert (sum(records["API keys"].values()), records["API keys"]["new"] > 0) == (KEYS, True)
        assert records["access tokens"] == {"new": 1}


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://user:hidden@h:1/2", "h:1/2"),
        ("redis://h", "h:6379"),
        ("unix:///run/redis.sock?password=hidden", "/run/redis.sock"),
        ("redis://h:port/0", "that place"),
    ],
)
def test_a_place_is_told_without_secrets(url: str, shown: str) -> None:
    assert place(url) == shown
