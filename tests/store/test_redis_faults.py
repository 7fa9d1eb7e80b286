"""What the Redis store does when the world is against it: a sentence within seconds, no loss, work again afterwards."""

import asyncio
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import trustme

from egc.runtime.env import Misconfigured
from egc.runtime.store import Hit, StoreError, User
from egc.runtime.store import redis as redis_module
from egc.runtime.store import redis_link as link_module
from egc.runtime.store.redis import RedisStore
from tests.redis_servers import RedisServer, redis_server
from tests.running import free_port
from tests.store.conftest import Run
from tests.store.records import CODE, REFRESH, SESSION, TOKEN, USER, furnish

PASSWORD = "correct-horse"


def store_on(server: RedisServer, **settings: Any) -> RedisStore:
    return RedisStore(**{"host": "127.0.0.1", "port": server.port, "namespace": server.namespace(), **settings})


@pytest.fixture
def own(tmp_path: Path) -> Iterator[RedisServer]:
    """A server that the test may end, stop and configure."""
    with redis_server(tmp_path) as server:
        yield server


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Redis has less time to answer."""
    for module in (redis_module, link_module):
        monkeypatch.setattr(module, "SECONDS", 0.2)
        monkeypatch.setattr(module, "CONNECT_SECONDS", 0.2)


async def until_it_works(store: RedisStore) -> None:
    """Try as callers do, until one is served."""
    async with asyncio.timeout(20):
        while True:
            try:
                return await store.check()
            except StoreError:
                await asyncio.sleep(0.02)


# ---- At the start


def test_without_the_client_it_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "redis.asyncio", None)
    with pytest.raises(Misconfigured, match=r"pip install 'egc\[redis\]'"):
        RedisStore()


def test_a_newer_layout_is_refused_with_a_sentence(redis: RedisServer, run: Run) -> None:
    store = store_on(redis)
    redis.ask("SET", f"{redis.last}-egc:layout", "99")
    with pytest.raises(StoreError, match=r"layout 99 under .*-egc:\*; this version of egc knows layout 1"):
        run(store.open())
    assert redis.ask("GET", f"{redis.last}-egc:layout") == b"$2\r\n99\r\n"


def test_a_wrong_password_is_refused_and_not_printed(
    tmp_path: Path, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    with redis_server(tmp_path, "--requirepass", PASSWORD) as server:
        for wrong, sentence in (("wrong-horse", "user name and password"), ("", "asks for a password")):
            store = store_on(server, password=wrong)
            with pytest.raises(StoreError, match=sentence) as caught:
                run(store.open())
            assert "horse" not in f"{caught.value}{store.__dict__}{caplog.text}"
        store = store_on(server, password=PASSWORD)
        run(store.open())
        run(store.check())
        run(store.close())


def test_a_user_of_the_access_list_needs_no_more_than_the_example_gives(own: RedisServer, run: Run) -> None:
    namespace = own.namespace()
    rules = f"on >{PASSWORD} ~{namespace}-egc:* +@all -@admin -@dangerous +info"
    own.ask("ACL", "SETUSER", "gateway", *rules.split())
    store = store_on(own, namespace=namespace, username="gateway", password=PASSWORD)
    run(store.open())
    run(furnish(store))
    run(store.delete_user("u1"))
    run(store.purge(0.0))
    run(store.close())


def test_a_gateway_that_starts_before_redis_works_as_soon_as_it_is_there(
    tmp_path: Path, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    server = RedisServer(tmp_path)
    store = store_on(server)
    with caplog.at_level(logging.ERROR, "egc"):
        run(store.open())
    assert f"Redis at 127.0.0.1:{server.port}" in caplog.text
    with pytest.raises(StoreError):
        run(store.get_user("u1"))
    with server:
        run(until_it_works(store))
        run(furnish(store))
        assert run(store.get_user("u1")) == USER
        run(store.close())


def test_a_layout_that_shows_only_later_is_refused_then(tmp_path: Path, run: Run) -> None:
    server = RedisServer(tmp_path)
    store = store_on(server)
    run(store.open())
    with server:
        server.ask("SET", f"{server.last}-egc:layout", "99")
        with pytest.raises(StoreError, match="layout 99"):
            run(_first_refusal_that_says(store, "layout"))
        run(store.close())


async def _first_refusal_that_says(store: RedisStore, word: str) -> None:
    async with asyncio.timeout(20):
        while True:
            try:
                await store.create_user(USER)
            except StoreError as error:
                if word in str(error):
                    raise
                await asyncio.sleep(0.02)


# ---- Redis goes and comes back


def test_redis_stopped_and_started_again_is_used_again(own: RedisServer, run: Run) -> None:
    store = store_on(own)
    run(store.open())
    run(furnish(store))
    own.stop()
    with pytest.raises(StoreError):
        run(store.get_user("u1"))
    with pytest.raises(StoreError):
        run(store.hit(b"k", 60.0, 1000.0))
    own.start()
    run(until_it_works(store))
    # This Redis kept nothing.
    assert run(store.get_user("u1")) is None
    run(furnish(store))
    assert run(store.get_user("u1")) == USER
    run(store.close())


def test_a_redis_that_hangs_is_given_up_in_time(own: RedisServer, run: Run, hurried: None) -> None:
    store = store_on(own)
    run(store.open())

    async def many() -> list[BaseException | User | None]:
        return await asyncio.gather(*(store.get_user(f"u{n}") for n in range(500)), return_exceptions=True)

    os.kill(own.pid, signal.SIGSTOP)
    try:
        outcomes = run(asyncio.wait_for(many(), 5))
    finally:
        os.kill(own.pid, signal.SIGCONT)
    assert all(isinstance(outcome, StoreError) for outcome in outcomes)
    run(until_it_works(store))
    run(store.close())


def test_a_script_that_was_sent_is_not_sent_again(own: RedisServer, run: Run, hurried: None) -> None:
    """A code whose redemption was not answered counts as redeemed at most once: nothing is repeated behind it."""
    store = store_on(own)
    run(store.open())
    os.kill(own.pid, signal.SIGSTOP)
    try:
        with pytest.raises(StoreError):
            run(store.record_failure(b"k", 100.0, 60.0))
    finally:
        os.kill(own.pid, signal.SIGCONT)
    run(until_it_works(store))
    assert run(store.failures(b"k", 100.0, 60.0)) <= 1
    run(store.close())


@pytest.mark.slow
def test_what_was_acknowledged_and_persisted_survives_sigkill(tmp_path: Path, run: Run) -> None:
    server = RedisServer(tmp_path, "--appendonly", "yes", "--appendfsync", "always")
    store = store_on(server)
    acknowledged: set[str] = set()
    done, enough = asyncio.Event(), 0

    async def write(first: int) -> None:
        number = first
        while True:
            number += 1
            try:
                await store.create_user(User(f"u{number}", f"name{number}", True, 1.0, 1.0))
            except StoreError:
                return
            acknowledged.add(f"u{number}")
            if len(acknowledged) == enough:
                done.set()

    async def writing() -> None:
        writers = [asyncio.create_task(write(turn * 100_000_000 + lane * 1_000_000)) for lane in range(16)]
        await done.wait()
        server.kill()
        await asyncio.gather(*writers)

    for turn in range(5):
        server.start()
        if turn == 0:
            run(store.open())
        run(until_it_works(store))
        done, enough = asyncio.Event(), len(acknowledged) + 200
        run(writing())
    server.start()
    run(until_it_works(store))
    kept, cursor = set(), 0
    while True:
        page, cursor = run(store.list_users(cursor, 500))
        kept |= {user.id for user in page}
        if not cursor:
            break
    assert acknowledged <= kept
    run(store.close())
    server.stop()


def test_redis_may_forget_its_scripts(own: RedisServer, run: Run) -> None:
    store = store_on(own)
    run(store.open())
    run(furnish(store))
    own.ask("SCRIPT", "FLUSH")

    async def many() -> list[User | None]:
        return await asyncio.gather(*(store.get_user("u1") for _ in range(200)))

    assert run(many()) == [USER] * 200
    run(store.close())


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (("REPLICAOF", "127.0.0.1", "1"), "replica"),
        (("CONFIG", "SET", "maxmemory", "1"), "no memory left"),
    ],
)
def test_a_redis_that_takes_no_writes_says_why_and_is_read(
    own: RedisServer, run: Run, command: tuple[str, ...], sentence: str
) -> None:
    store = store_on(own)
    run(store.open())
    run(store.create_user(USER))
    own.ask(*command)
    with pytest.raises(StoreError, match=sentence):
        run(store.create_user(replace(USER, id="u2", username="bob")))
    with pytest.raises(StoreError, match=sentence):
        run(store.check())
    assert run(store.get_user("u1")) == USER
    run(store.close())


def test_keys_of_another_program_are_an_error_not_a_bug(redis: RedisServer, run: Run) -> None:
    store = store_on(redis)
    run(store.open())
    redis.ask("SET", f"{redis.last}-egc:usernames", "theirs")
    with pytest.raises(StoreError, match="something else"):
        run(store.find_user("eve"))
    run(store.close())


# ---- Many callers


def test_more_calls_than_may_wait_are_refused_at_once(
    redis: RedisServer, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link_module, "WAITING", 10)
    store = store_on(redis)
    run(store.open())

    async def flood() -> list[BaseException | User | None]:
        return await asyncio.gather(*(store.get_user("u1") for _ in range(15)), return_exceptions=True)

    assert [isinstance(outcome, StoreError) for outcome in run(flood())].count(True) == 5
    run(store.close())


def test_a_caller_who_gives_up_does_not_disturb_the_others(redis: RedisServer, run: Run) -> None:
    store = store_on(redis)
    run(store.open())

    async def give_up() -> None:
        tasks = [asyncio.create_task(store.create_user(replace(USER, id=f"u{n}", username=f"n{n}"))) for n in range(3)]
        await asyncio.sleep(0)
        tasks[1].cancel()
        await asyncio.gather(tasks[0], tasks[2])
        await store.check()

    run(give_up())
    run(store.close())


def test_a_text_that_cannot_be_sent_is_its_caller_s_trouble_only(redis: RedisServer, run: Run) -> None:
    store = store_on(redis)
    run(store.open())

    async def together() -> list[BaseException | Any]:
        names = ("good", "\ud800", "better")
        return await asyncio.gather(*(store.find_user(name) for name in names), store.check(), return_exceptions=True)

    assert run(together()) == [None] * 4
    run(store.close())


def test_no_more_connections_than_a_few(own: RedisServer, run: Run) -> None:
    store = store_on(own)
    run(store.open())

    async def many() -> None:
        await asyncio.gather(*(store.get_user(f"u{n}") for n in range(3000)))

    run(many())
    clients = own.ask("CLIENT", "LIST").count(b"name=egc")
    assert 1 <= clients <= link_module.CONNECTIONS
    run(store.close())


# ---- What is kept for how long


def test_what_expires_goes_without_a_gateway_and_not_before_its_time(redis: RedisServer, run: Run) -> None:
    """A Redis that nobody tidies forgets it all; the rest of the records stays."""
    store = store_on(redis)
    run(store.open())
    run(furnish(store))
    now = time.time()
    run(store.create_code(replace(CODE, expires_at=now + 300)))
    run(store.save_tokens([replace(TOKEN, expires_at=now + 900), replace(REFRESH, expires_at=now + 5000)]))
    run(store.save_session(replace(SESSION, expires_at=now + 900)))
    run(store.record_failure(b"k", now, 60.0))
    run(store.revoke_family("other"))
    run(store.hit(b"k", 60.0, now))
    prefix = f"{redis.last}-egc:"
    lives = {
        "token:t1": 900,
        "token:r1": 5000,
        f"code:{CODE.digest.hex()}": 300,
        f"session:{SESSION.id.hex()}": 900,
        "family:f1": 5000,
        "grants:application:a1": 5000,
        "revoked:other": 3600,
    }
    for key, life in lives.items():
        left = int(redis.ask("TTL", prefix + key)[1:])
        assert life <= left <= life + 3601, key
    for key in ("user:u1", "application:a1", "usernames", "users", "layout"):
        assert redis.ask("TTL", prefix + key) == b":-1\r\n"
    volatile = [key for key in redis.ask("KEYS", f"{prefix}limit:*").split() if key.startswith(prefix.encode())]
    assert 60 <= int(redis.ask("TTL", volatile[0])[1:]) <= 121
    run(store.close())


def test_clocks_that_differ_end_no_window_early(redis: RedisServer, run: Run) -> None:
    """A gateway whose clock is behind counts in the window that another began."""
    store = store_on(redis)
    run(store.open())
    assert run(store.hit(b"k", 60.0, 1000.0)) == Hit(1, 1060.0)
    assert run(store.hit(b"k", 60.0, 990.0)) == Hit(2, 1060.0)
    run(store.close())


# ---- TLS and Sentinel


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RedisServer, Path, int]]:
    """A server that speaks TLS on a second port, and the file of its authority."""
    place = tmp_path_factory.mktemp("tls")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(place / "ca.pem")
    issued = authority.issue_cert("127.0.0.1")
    issued.private_key_pem.write_to_path(place / "key.pem")
    issued.cert_chain_pems[0].write_to_path(place / "cert.pem")
    port = free_port()
    settings = ["--tls-port", str(port), "--tls-cert-file", str(place / "cert.pem")]
    settings += ["--tls-key-file", str(place / "key.pem"), "--tls-ca-cert-file", str(place / "ca.pem")]
    with redis_server(place, *settings, "--tls-auth-clients", "optional") as server:
        yield server, place, port


def test_tls_with_the_authority_named(secured: tuple[RedisServer, Path, int], run: Run) -> None:
    server, place, port = secured
    files = {"ca_file": place / "ca.pem", "cert_file": place / "cert.pem", "key_file": place / "key.pem"}
    store = store_on(server, port=port, tls=True, **{name: str(path) for name, path in files.items()})
    run(store.open())
    run(store.check())
    run(store.close())


@pytest.mark.parametrize("reject", [True, False])
def test_a_server_of_an_unknown_authority_is_refused_unless_that_is_asked_for(
    secured: tuple[RedisServer, Path, int], run: Run, reject: bool
) -> None:
    server, _, port = secured
    store = store_on(server, port=port, tls=True, reject_unauthorized=reject)
    run(store.open())
    if reject:
        with pytest.raises(StoreError, match="certificate"):
            run(store.check())
    else:
        run(store.check())
    run(store.close())


def test_a_missing_file_of_tls_is_said_at_the_start(run: Run, tmp_path: Path) -> None:
    store = RedisStore(tls=True, ca_file=str(tmp_path / "none.pem"))
    with pytest.raises(StoreError, match=r"none\.pem"):
        run(store.open())


@pytest.mark.slow
def test_behind_sentinel_the_store_follows_the_master(tmp_path: Path, run: Run) -> None:
    for name in ("one", "two", "watch"):
        (tmp_path / name).mkdir()
    with (
        redis_server(tmp_path / "one") as one,
        redis_server(tmp_path / "two", "--replicaof", "127.0.0.1", str(one.port)) as two,
    ):
        port = free_port()
        (tmp_path / "watch" / "sentinel.conf").write_text(
            f"port {port}\nbind 127.0.0.1\nsentinel monitor group 127.0.0.1 {one.port} 1\n"
            "sentinel down-after-milliseconds group 300\nsentinel failover-timeout group 3000\n"
            f"requirepass {PASSWORD}\n"
        )
        with (tmp_path / "watch" / "log").open("wb") as log:
            command = ["redis-server", str(tmp_path / "watch" / "sentinel.conf"), "--sentinel"]
            sentinel = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            dead = free_port()
            store = RedisStore(
                sentinels=[("127.0.0.1", dead), ("127.0.0.1", port)], name="group", sentinel_password=PASSWORD
            )
            run(store.open())
            run(until_it_works(store))
            run(store.create_user(USER))
            _wait_for(lambda: b"slaves=1" in one.ask("INFO", "replication") or _online(one))
            _wait_for(lambda: b"num-slaves" in _asked(two, port) and b":1\r\n" in two.ask("EXISTS", "EG-egc:user:u1"))
            one.kill()
            run(until_it_works(store))
            assert run(store.get_user("u1")) == USER
            run(store.close())
        finally:
            sentinel.kill()
            sentinel.wait(10)


def _online(server: RedisServer) -> bool:
    return b"state=online" in server.ask("INFO", "replication")


def _asked(server: RedisServer, port: int) -> bytes:
    """What the Sentinel on that port knows of its group, once it knows the replica."""
    asking = RedisServer(server.directory, port=port)
    answer = asking.ask_as(PASSWORD, "SENTINEL", "REPLICAS", "group")
    return b"num-slaves" if str(server.port).encode() in answer else answer


def _wait_for(condition: Any) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
