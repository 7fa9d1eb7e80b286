"""What the SQLite store does when the world is against it: a sentence, no loss, and work again afterwards (P43-P51)."""

import asyncio
import multiprocessing
import os
import resource
import sqlite3
import stat
import tempfile
from collections.abc import Callable, Coroutine
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from egc.runtime.store import StoreError, User
from egc.runtime.store import writer as writer_module
from egc.runtime.store.place import file_system, refuse_network
from egc.runtime.store.sqlite import SQLiteStore
from tests.store.conftest import Run
from tests.store.records import USER, furnish

NOBODY = 65534


def user(number: int) -> User:
    return User(f"u{number}", f"name{number}", True, 1.0, 1.0, {"filler": "x" * 500})


def in_a_process(work: Callable[[str], Coroutine[Any, Any, None]], directory: Path) -> None:
    """Run `work` in a process of its own, whose limits and rights it may change."""
    process = multiprocessing.get_context("spawn").Process(target=_run, args=(work, str(directory)))
    process.start()
    process.join(60)
    assert process.exitcode == 0


def _run(work: Callable[[str], Coroutine[Any, Any, None]], directory: str) -> None:
    asyncio.run(work(directory))


# ---- Where it lies ----------------------------------------------------------------


def test_directory_and_files_are_for_the_owner_alone(tmp_path: Path, run: Run) -> None:
    old = os.umask(0)
    try:
        store = SQLiteStore(tmp_path / "deep" / "data")
        run(store.open())
        run(furnish(store))
        place = tmp_path / "deep" / "data"
        assert stat.S_IMODE(place.stat().st_mode) == 0o700
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in place.iterdir()}
        run(store.close())
    finally:
        os.umask(old)
    assert {"egc.db", "egc.db-wal", "egc.db-shm"} <= modes.keys()
    assert set(modes.values()) == {0o600}


@pytest.mark.parametrize("name", ["egc.db", "egc.db-wal", "egc.db-shm", "egc.generation"])
def test_a_file_open_to_others_is_refused_with_the_remedy(tmp_path: Path, run: Run, name: str) -> None:
    (tmp_path / name).touch(0o600)
    (tmp_path / name).chmod(0o640)
    with pytest.raises(StoreError, match=rf"mode 0640.*chmod 600 .*{name}"):
        run(SQLiteStore(tmp_path).open())


def test_a_directory_that_others_may_change_is_refused_with_the_remedy(tmp_path: Path, run: Run) -> None:
    tmp_path.chmod(0o770)
    with pytest.raises(StoreError, match=r"mode 0770.*chmod 700"):
        run(SQLiteStore(tmp_path).open())


def test_a_link_in_the_place_of_the_file_is_refused(tmp_path: Path, run: Run) -> None:
    (tmp_path / "elsewhere").touch(0o600)
    (tmp_path / "egc.db").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreError, match="not a regular file"):
        run(SQLiteStore(tmp_path).open())


MOUNTS = """\
21 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw
40 21 0:50 / /srv rw,relatime shared:1 - nfs4 server:/export rw
41 40 8:2 / /srv/local rw - xfs /dev/sdb1 rw
42 21 0:51 / /my\\040share rw - cifs //host/share rw
nonsense
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/home/x", "ext4"),
        ("/srv", "nfs4"),
        ("/srv/data", "nfs4"),
        ("/srv/local/data", "xfs"),
        ("/srvdata", "ext4"),
        ("/my share/data", "cifs"),
    ],
)
def test_the_file_system_of_a_path_is_that_of_the_innermost_mount(path: str, kind: str) -> None:
    assert file_system(path, MOUNTS) == kind


def test_a_network_file_system_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mountinfo").write_text(f"40 21 0:50 / {tmp_path.resolve()} rw - nfs4 server:/export rw\n")
    monkeypatch.setattr("egc.runtime.store.place._MOUNTS", tmp_path / "mountinfo")
    with pytest.raises(StoreError, match="network file system"):
        refuse_network(tmp_path)


# ---- What is in it ----------------------------------------------------------------


def opened_once(directory: Path, run: Run) -> Path:
    """A closed store with a user and an application; the path of its file."""
    store = SQLiteStore(directory)
    run(store.open())
    run(furnish(store))
    run(store.close())
    return directory / "egc.db"


def test_a_newer_layout_is_refused_with_a_sentence(tmp_path: Path, run: Run) -> None:
    path = opened_once(tmp_path / "data", run)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE layout SET version = 99")
    with pytest.raises(StoreError, match=r"layout 99; this version of egc knows layout \d+"):
        run(SQLiteStore(path.parent).open())


def test_another_program_s_database_is_refused_and_left_alone(tmp_path: Path, run: Run) -> None:
    path = tmp_path / "egc.db"
    path.touch(0o600)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("CREATE TABLE theirs (x)")
    with pytest.raises(StoreError, match="not a store of egc"):
        run(SQLiteStore(tmp_path).open())
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT name FROM sqlite_master").fetchall() == [("theirs",)]


@pytest.mark.parametrize("damage", [b"not a database at all" * 300, b"\0" * 4096])
def test_a_damaged_head_is_refused_with_a_sentence(tmp_path: Path, run: Run, damage: bytes) -> None:
    path = opened_once(tmp_path / "data", run)
    with path.open("r+b") as file:
        file.write(damage)
    with pytest.raises(StoreError, match=r"egc\.db"):
        run(SQLiteStore(path.parent).open())


def test_a_damaged_page_is_reported_not_guessed(tmp_path: Path, run: Run) -> None:
    path = opened_once(tmp_path / "data", run)
    with closing(sqlite3.connect(path)) as db:
        (root,) = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'user'").fetchone()
        (size,) = db.execute("PRAGMA page_size").fetchone()
    with path.open("r+b") as file:
        file.seek((root - 1) * size)
        file.write(b"\xff" * size)
    store = SQLiteStore(path.parent)
    run(store.open())
    for _ in range(2):
        with pytest.raises(StoreError, match="damaged"):
            run(store.list_users(0, 10))
    with pytest.raises(StoreError, match="damaged"):
        run(store.delete_user("u1"))
    run(store.close())


def test_use_before_opening_or_after_closing_is_a_store_error(tmp_path: Path, run: Run) -> None:
    store = SQLiteStore(tmp_path / "data")
    with pytest.raises(StoreError):
        run(store.get_user("u1"))
    run(store.open())
    run(store.close())
    with pytest.raises(StoreError):
        run(store.create_user(USER))
    run(store.close())


# ---- Faults and recovery ----------------------------------------------------------


async def fill_the_disk(directory: str) -> None:
    """Write until the file-size limit, look, raise the limit, write again."""
    store = SQLiteStore(directory)
    await store.open()
    await store.create_user(user(0))
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (256 * 1024, hard))
    written = 1

    async def write_on() -> None:
        nonlocal written
        while True:
            await store.create_user(user(written))
            written += 1

    with pytest.raises(StoreError):
        await write_on()
    assert written > 1
    assert (await store.get_user(f"u{written - 1}")) == user(written - 1)
    assert (await store.get_user(f"u{written}")) is None
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    await store.create_user(user(written))
    await store.check()
    await store.close()
    with closing(sqlite3.connect(Path(directory) / "egc.db")) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert db.execute("SELECT count(*) FROM user").fetchone() == (written + 1,)


def test_a_full_disk_refuses_writes_keeps_reads_and_loses_nothing(tmp_path: Path) -> None:
    in_a_process(fill_the_disk, tmp_path / "data")


async def run_out_of_files(directory: str) -> None:
    """Open with no file descriptor left, then with enough."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    store = SQLiteStore(directory)
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
    taken = []
    with suppress(OSError):
        while True:
            taken.append(os.open("/dev/null", os.O_RDONLY))
    with pytest.raises(StoreError):
        await store.open()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    for descriptor in taken:
        os.close(descriptor)
    await store.open()
    await store.create_user(USER)
    await store.close()


def test_without_file_descriptors_it_says_so_and_opens_later(tmp_path: Path) -> None:
    in_a_process(run_out_of_files, tmp_path / "data")


async def lose_the_right_to_write(directory: str) -> None:
    """Open a file that may only be read, as an ordinary user; then one that may be written."""
    if os.geteuid() == 0:
        os.chown(directory, NOBODY, NOBODY)
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    store = SQLiteStore(directory)
    await store.open()
    await store.create_user(USER)
    await store.close()
    path = Path(directory) / "egc.db"
    path.chmod(0o400)
    with pytest.raises(StoreError, match="cannot be opened for writing"):
        await store.open()
    path.chmod(0o600)
    await store.open()
    assert (await store.get_user("u1")) == USER
    await store.close()


def test_a_read_only_file_is_refused_until_it_can_be_written() -> None:
    # Not below pytest's directory, which an ordinary user may not enter where the tests run as root.
    with tempfile.TemporaryDirectory() as directory:
        in_a_process(lose_the_right_to_write, Path(directory))


def test_a_lock_held_too_long_is_an_error_and_then_forgotten(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "LOCK_SECONDS", 0.05)
    store = SQLiteStore(tmp_path / "data")
    run(store.open())
    with closing(sqlite3.connect(tmp_path / "data" / "egc.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="locked"):
            run(store.create_user(USER))
        assert run(store.get_user("u1")) is None
        other.execute("ROLLBACK")
        run(store.create_user(USER))
    run(store.close())


def test_more_writes_than_may_wait_are_refused_at_once(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "WAITING", 10)
    store = SQLiteStore(tmp_path / "data")
    run(store.open())

    async def flood() -> list[BaseException | None]:
        with closing(sqlite3.connect(tmp_path / "data" / "egc.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            tasks = [asyncio.create_task(store.create_user(user(number))) for number in range(15)]
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            assert all(isinstance(task.exception(), StoreError) for task in done)
            other.execute("ROLLBACK")
        return await asyncio.gather(*tasks, return_exceptions=True)

    outcomes = run(flood())
    assert sum(isinstance(outcome, StoreError) for outcome in outcomes) == 5
    run(store.close())


def test_a_caller_who_gives_up_does_not_disturb_the_others(tmp_path: Path, run: Run) -> None:
    store = SQLiteStore(tmp_path / "data")
    run(store.open())

    async def give_up() -> None:
        tasks = [asyncio.create_task(store.create_user(user(number))) for number in range(3)]
        await asyncio.sleep(0)
        tasks[1].cancel()
        await asyncio.gather(tasks[0], tasks[2])
        await store.check()

    run(give_up())
    run(store.close())


def test_a_bug_in_one_write_is_told_to_its_caller_only(tmp_path: Path, run: Run) -> None:
    store = SQLiteStore(tmp_path / "data")
    run(store.open())

    async def with_a_bug() -> list[BaseException | None]:
        broken = User("u9", "n9", True, 1.0, 1.0, {"x": object()})  # type: ignore[dict-item]  # the bug
        too_large = User("u8", "n8", True, 1.0, 2**70, {})
        writes = (store.create_user(one) for one in (user(1), broken, too_large, user(2)))
        return await asyncio.gather(*writes, return_exceptions=True)

    outcomes = run(with_a_bug())
    assert [outcome is None for outcome in outcomes] == [True, False, False, True]
    page, _ = run(store.list_users(0, 10))
    assert {one.id for one in page} == {"u1", "u2"}
    run(store.close())
