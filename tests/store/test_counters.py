"""Counters of hits: exact, shared by workers, bounded, unharmed by a kill (D221, D234, D235)."""

import errno
import fcntl
import itertools
import math
import os
import random
import signal
import struct
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egc.runtime.store import Hit, Store, StoreError, counters
from egc.runtime.store.counters import Counters
from egc.runtime.store.place import COUNTERS_NAME
from egc.runtime.store.sqlite import SQLiteStore
from tests.store.conftest import Run
from tests.store.test_processes import Worker, together

HITS = 2_000
EXAMPLES = itertools.count()


ROOM = 2 * counters.SLOTS
"""Keys that the tests' files have room for: two buckets."""


@pytest.fixture(autouse=True, scope="module")
def small() -> Iterator[None]:
    """Files of two buckets, but for processes of their own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(counters, "BUCKETS", 2)
        yield


@pytest.fixture
def counting(tmp_path: Path) -> Iterator[Counters]:
    opened = Counters(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def embedded(tmp_path: Path, run: Run) -> Iterator[SQLiteStore]:
    """An open store with its files in `data`."""
    store = SQLiteStore(tmp_path / "data")
    run(store.open())
    yield store
    run(store.close())


# ---- The contract


def test_hits_of_a_window_are_counted_and_do_not_extend_it(store: Store, run: Run) -> None:
    """D221, D235: the window starts with the first hit; further hits, blocked ones too, leave its end alone."""
    assert [run(store.hit(b"k", 60.0, 1000.0 + second)) for second in (0, 10, 59)] == [
        Hit(1, 1060.0),
        Hit(2, 1060.0),
        Hit(3, 1060.0),
    ]


def test_the_next_window_starts_with_the_first_hit_after_the_end(store: Store, run: Run) -> None:
    run(store.hit(b"k", 60.0, 1000.0))
    assert run(store.hit(b"k", 60.0, 1060.0)) == Hit(1, 1120.0)


def test_keys_are_counted_apart(store: Store, run: Run) -> None:
    run(store.hit(b"one", 60.0, 1000.0))
    assert run(store.hit(b"other", 60.0, 1000.0)).hits == 1


def test_a_hit_can_be_taken_back_within_its_window(store: Store, run: Run) -> None:
    """D228."""
    hit = run(store.hit(b"k", 60.0, 1000.0))
    store.unhit(b"k", hit)
    assert run(store.hit(b"k", 60.0, 1001.0)) == Hit(1, 1060.0)


def test_a_hit_of_a_window_that_is_over_takes_nothing_from_the_next(store: Store, run: Run) -> None:
    old = run(store.hit(b"k", 60.0, 1000.0))
    run(store.hit(b"k", 60.0, 1060.0))
    store.unhit(b"k", old)
    assert run(store.hit(b"k", 60.0, 1061.0)).hits == 2


def test_nothing_is_taken_back_twice(store: Store, run: Run) -> None:
    hit = run(store.hit(b"k", 60.0, 1000.0))
    store.unhit(b"k", hit)
    store.unhit(b"k", hit)
    assert run(store.hit(b"k", 60.0, 1001.0)).hits == 1


def test_workers_count_together(another: Callable[[], Store], run: Run) -> None:
    """D234."""
    one, other = another(), another()
    assert [run(store.hit(b"k", 60.0, 1000.0)).hits for store in (one, other, one, other)] == [1, 2, 3, 4]


def test_counts_outlive_the_store(another: Callable[[], Store], run: Run) -> None:
    before = another()
    run(before.hit(b"k", 60.0, 1000.0))
    run(before.close())
    assert run(another().hit(b"k", 60.0, 1001.0)) == Hit(2, 1060.0)


def test_a_clock_that_is_put_back_delays_the_end_by_a_window_at_most(store: Store, run: Run) -> None:
    run(store.hit(b"k", 60.0, 1_000_000.0))
    assert run(store.hit(b"k", 60.0, 1000.0)) == Hit(2, 1060.0)
    assert run(store.hit(b"k", 60.0, 1060.0)).hits == 1


def test_a_closed_store_does_not_count(store: Store, run: Run) -> None:
    run(store.close())
    with pytest.raises(StoreError, match="not open"):
        run(store.hit(b"k", 60.0, 1000.0))
    store.unhit(b"k", Hit(1, 1060.0))


@pytest.fixture(scope="module")
def shared(small: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counters]:
    """One file for all examples of a property; each example has keys of its own."""
    opened = Counters(tmp_path_factory.mktemp("counters"))
    yield opened
    opened.close()


@given(
    st.lists(
        st.tuples(
            st.sampled_from([b"a", b"b", b"c"]),
            st.sampled_from(["hit", "hit", "unhit"]),
            st.floats(0, 20, allow_nan=False),
        ),
        max_size=60,
    )
)
def test_counters_do_what_a_dictionary_does(shared: Counters, steps: list[tuple[bytes, str, float]]) -> None:
    model: dict[bytes, Hit] = {}
    # Windows of earlier examples are over: there is room.
    now = example = 1000.0 * next(EXAMPLES)
    for key, what, passed in steps:
        named = b"%d-%b" % (example, key)
        now += passed
        known = model.get(named)
        if what == "hit":
            if known is None or known.resets_at <= now:
                model[named] = Hit(1, now + 30.0)
            else:
                model[named] = Hit(known.hits + 1, known.resets_at)
            assert shared.hit(named, 30.0, now) == model[named]
        elif known is not None:
            shared.unhit(named, known)
            model[named] = Hit(max(known.hits - 1, 0), known.resets_at)


# ---- More keys than there is room for


@given(st.integers(1, 3 * ROOM), st.integers(0, 2**32), st.booleans())
def test_no_key_is_ever_counted_short(shared: Counters, keys: int, seed: int, two_windows: bool) -> None:
    """Whatever the crowd, the n-th hit of a key within its window is told to be the n-th or a later one."""
    chance = random.Random(seed)
    start = now = 100_000.0 * next(EXAMPLES)
    told: dict[bytes, tuple[float, int]] = {}
    for _ in range(2 * keys):
        number = chance.randrange(keys)
        key = b"%d-%d" % (start, number)
        window = 300.0 if two_windows and number % 2 else 30.0
        now += chance.random() * 60 / keys
        hit = shared.hit(key, window, now)
        end, count = told.get(key, (0.0, 0))
        count = count + 1 if now < end else 1
        assert hit.hits >= count
        assert now < hit.resets_at
        if count == 1:
            # The window that the key was told of; it may have begun with somebody else's hit.
            told[key] = (hit.resets_at, 1)
        else:
            told[key] = (end, count)


def test_a_crowd_of_keys_makes_nobody_else_forget_his_count(counting: Counters) -> None:
    for _ in range(5):
        counting.hit(b"me", 60.0, 1000.0)
    for number in range(10 * ROOM):
        counting.hit(b"crowd %d" % number, 60.0, 1000.0)
    assert counting.hit(b"me", 60.0, 1001.0) == Hit(6, 1060.0)


def test_the_file_does_not_grow(counting: Counters, tmp_path: Path) -> None:
    size = (tmp_path / COUNTERS_NAME).stat().st_size
    for number in range(10 * ROOM):
        counting.hit(b"%d" % number, 60.0, 1000.0)
    assert (tmp_path / COUNTERS_NAME).stat().st_size == size == 3 * 2048


def test_keys_without_room_are_counted_together_until_that_window_is_over(counting: Counters) -> None:
    for number in range(10 * ROOM):
        counting.hit(b"crowd %d" % number, 60.0, 1000.0)
    late = counting.hit(b"late", 60.0, 1030.0)
    assert late.hits > 1
    assert late.resets_at == 1060.0
    # There is room again, and the count that was shared is not forgotten before its time.
    assert counting.hit(b"late", 60.0, 1059.9).hits > late.hits
    assert counting.hit(b"late", 60.0, 1060.0) == Hit(1, 1120.0)


def test_a_full_file_frees_itself_after_a_wrong_clock(counting: Counters) -> None:
    """Windows that a clock in the far future has begun do not fill the file for years."""
    for number in range(10 * ROOM):
        counting.hit(b"%d" % number, 60.0, 1e9)
    for number in range(10 * ROOM):
        counting.hit(b"more %d" % number, 60.0, 1000.0)
    for number in range(ROOM // 4):
        assert counting.hit(b"later %d" % number, 60.0, 1061.0) == Hit(1, 1121.0)


def test_long_keys_are_counted_and_take_no_memory(counting: Counters) -> None:
    kept = counters._place.cache_info().currsize
    for number in range(3):
        key = b"%d" % number + bytes(16_000)
        assert [counting.hit(key, 60.0, 1000.0).hits for _ in range(2)] == [1, 2]
    assert counters._place.cache_info().currsize == kept


def test_it_is_said_once_that_there_is_no_room(counting: Counters, caplog: pytest.LogCaptureFixture) -> None:
    for number in range(10 * ROOM):
        counting.hit(b"%d" % number, 60.0, 1000.0)
    assert [record.message for record in caplog.records] == [
        "rate limits are stricter than they should be: there are more keys than the 200 counters have room for"
    ]


# ---- Processes


def test_two_processes_never_give_a_number_twice(tmp_path: Path) -> None:
    """D234: whoever counts, hits of one key get the numbers from 1 on, each once."""
    counted = together(tmp_path / "data", "hit", [HITS, HITS])
    assert sorted(counted) == list(range(1, 2 * HITS + 1))


def kill_while_counting(directory: Path, kills: int) -> None:
    """SIGKILL one of two counting workers at a random moment, again and again: no number comes twice, none is lost."""
    told: list[int] = []
    for _ in range(kills):
        killed, other = (Worker(directory, "hit", 10**9), Worker(directory, "hit", HITS))
        killed.begin()
        other.begin()
        told += [int(killed.told.readline()) for _ in range(random.randint(1, 500))]
        killed.process.send_signal(signal.SIGKILL)
        told += killed.result()
        told += other.result()
        assert other.process.returncode == 0
    assert max(Counter(told).values()) == 1
    # A killed process may have counted one hit that it could not tell of.
    assert max(told) - len(told) <= 2 * kills


def test_a_killed_process_leaves_nothing_stuck_or_wrong(tmp_path: Path) -> None:
    kill_while_counting(tmp_path / "data", 1)


@pytest.mark.slow
def test_many_killed_processes_leave_nothing_stuck_or_wrong(tmp_path: Path) -> None:
    kill_while_counting(tmp_path / "data", 10)


def test_a_process_that_dies_with_the_lock_gives_it_back(
    counting: Counters, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counting.hit(b"k", 60.0, 1000.0)
    ready, told = os.pipe()
    child = os.fork()
    if child == 0:
        with (tmp_path / COUNTERS_NAME).open("r+b") as file:
            fcntl.lockf(file, fcntl.LOCK_EX)
            os.write(told, b"x")
            signal.pause()
    os.read(ready, 1)
    monkeypatch.setattr(counters, "LOCK_SECONDS", 0.01)
    try:
        with pytest.raises(StoreError, match="locked by another process"):
            counting.hit(b"k", 60.0, 1000.0)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    assert counting.hit(b"k", 60.0, 1000.0).hits == 2


# ---- Files that are not as they should be


def test_a_window_that_was_never_finished_is_no_window(counting: Counters, tmp_path: Path) -> None:
    """A process killed between two stores leaves a slot that has ended, whatever else stands in it."""
    counting.hit(b"k", 60.0, 1000.0)
    with (tmp_path / COUNTERS_NAME).open("r+b") as file:
        data = bytearray(file.read())
        at = data.index(struct.pack("d", 1060.0))
        data[at : at + 8] = bytes(8)
        file.seek(0)
        file.write(data)
    assert counting.hit(b"k", 60.0, 1001.0) == Hit(1, 1061.0)


def test_a_tag_counts_only_where_a_tag_begins(counting: Counters, tmp_path: Path) -> None:
    """The halves of two neighbours may look like a third one."""
    counting.hit(b"k", 60.0, 1000.0)
    with (tmp_path / COUNTERS_NAME).open("r+b") as file:
        data = bytearray(file.read())
        bucket = data.index(struct.pack("d", 1060.0)) // 2048 * 2048
        data[bucket + 4 : bucket + 12] = data[bucket : bucket + 8]
        data[bucket : bucket + 4] = b"else"
        data[bucket + 800 : bucket + 816] = struct.pack("dd", 1060.0, 1060.0)
        data[bucket + 1600 : bucket + 1608] = struct.pack("II", 50, 50)
        file.seek(0)
        file.write(data)
    assert counting.hit(b"k", 60.0, 1001.0) == Hit(1, 1061.0)


@pytest.mark.parametrize("end", [math.nan, math.inf, -math.inf, 1e300, -1.0])
def test_times_that_cannot_be_are_mended(counting: Counters, tmp_path: Path, end: float) -> None:
    with (tmp_path / COUNTERS_NAME).open("r+b") as file:
        file.seek(2048)
        for _ in range(2):
            file.write(b"\xff" * 800 + struct.pack("d", end) * 100 + b"\xff" * 400 + struct.pack("dd", end, end))
            file.write(b"\xff" * 32)
    counting.hit(b"k", 60.0, 1000.0)
    assert counting.hit(b"k", 60.0, 1001.0).resets_at <= 1061.0
    assert counting.hit(b"k", 60.0, 1062.0).hits == 1


def test_counters_of_another_layout_are_refused(tmp_path: Path) -> None:
    (tmp_path / COUNTERS_NAME).write_bytes(b"egc counters 2\n\0" + bytes(10_000))
    with pytest.raises(StoreError, match="counters of another version of egc"):
        Counters(tmp_path)


def test_a_link_in_place_of_the_file_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / COUNTERS_NAME).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreError, match="cannot be used"):
        Counters(tmp_path)


def test_counters_that_others_may_read_are_refused(tmp_path: Path, run: Run) -> None:
    """P51."""
    data = tmp_path / "data"
    data.mkdir(0o700)
    (data / COUNTERS_NAME).touch(0o644)
    with pytest.raises(StoreError, match=r"egc\.counters is open to other users"):
        run(SQLiteStore(data).open())


def test_a_store_that_will_count_does_not_open_without_its_counters(tmp_path: Path, run: Run) -> None:
    data = tmp_path / "data"
    data.mkdir(0o700)
    (data / COUNTERS_NAME).write_bytes(b"other" * 100)
    (data / COUNTERS_NAME).chmod(0o600)
    store = SQLiteStore(data)
    store.will_count()
    with pytest.raises(StoreError, match="counters of another version of egc"):
        run(store.open())
    (data / COUNTERS_NAME).unlink()
    run(store.open())
    assert (data / COUNTERS_NAME).stat().st_size == 3 * 2048
    run(store.close())


def test_a_store_that_counts_nothing_makes_no_file(embedded: SQLiteStore, tmp_path: Path) -> None:
    assert not list(tmp_path.rglob(COUNTERS_NAME))


@pytest.mark.skipif(sys.platform != "linux", reason="the open files of a process are told there")
def test_a_closed_store_holds_no_file(embedded: SQLiteStore, run: Run, tmp_path: Path) -> None:
    path = str(tmp_path / "data" / COUNTERS_NAME)
    run(embedded.hit(b"k", 60.0, 1000.0))
    assert path in open_files()
    run(embedded.close())
    assert path not in open_files()


def open_files() -> list[str]:
    """The paths of the files that this process holds."""
    return [str(link.readlink()) for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the file may have holes")
def test_the_file_has_all_its_blocks_from_the_first(counting: Counters, tmp_path: Path) -> None:
    """A full disk is told at the start, not by a signal at some later hit."""
    assert (tmp_path / COUNTERS_NAME).stat().st_blocks * 512 >= 3 * 2048


def test_where_space_cannot_be_reserved_the_file_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unsupported(*_: object) -> None:
        raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))

    monkeypatch.setattr(os, "posix_fallocate", unsupported)
    monkeypatch.setattr(counters, "_PIECE", 1000)
    opened = Counters(tmp_path)
    assert opened.hit(b"k", 60.0, 1000.0).hits == 1
    opened.close()
    assert (tmp_path / COUNTERS_NAME).stat().st_blocks * 512 >= 3 * 2048


def test_a_full_disk_is_an_error_with_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(StoreError, match="cannot be used: No space left on device"):
        Counters(tmp_path)
