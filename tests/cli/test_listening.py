"""The sockets of `egc run`: opened once, kept as long as a build wants them."""

import socket

import pytest

from egc.compiler.cli import EnvironmentFailure
from egc.compiler.cli._listening import Listening
from tests.running import free_port


def test_a_socket_stays_open_from_build_to_build() -> None:
    listening = Listening()
    kept, gone, new = (f"127.0.0.1:{free_port()}" for _ in range(3))
    first = listening.open([kept, gone])
    second = listening.open([new, kept])
    assert second[1] is first[0]
    assert [one.getsockname()[1] for one in second] == [int(one.rpartition(":")[2]) for one in (new, kept)]
    listening.keep([new, kept])
    assert first[1].fileno() == -1
    listening.keep(())
    assert {one.fileno() for one in second} == {-1}


def test_a_caller_that_waits_is_not_lost_between_two_builds() -> None:
    listening = Listening()
    address = f"127.0.0.1:{free_port()}"
    (before,) = listening.open([address])
    with socket.create_connection(before.getsockname()) as caller:
        (after,) = listening.open([address])
        listening.keep([address])
        accepted, peer = after.accept()
        assert peer == caller.getsockname()
        accepted.close()
    listening.keep(())


def test_a_failure_changes_nothing() -> None:
    listening = Listening()
    free, other = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
    (held,) = listening.open([free])
    with socket.create_server(("127.0.0.1", 0)) as taken:
        with pytest.raises(EnvironmentFailure, match="is taken"):
            listening.open([free, other, f"127.0.0.1:{taken.getsockname()[1]}"])
        # What was opened before the failure is free again.
        Listening().open([other])
    assert held.fileno() >= 0


def test_several_listeners_may_take_any_free_port() -> None:
    listening = Listening()
    sockets = listening.open(["127.0.0.1:0", "127.0.0.1:0"])
    assert len({one.getsockname()[1] for one in sockets}) == 2
    assert listening.open(["127.0.0.1:0", "127.0.0.1:0"]) == sockets
    listening.keep(())


def test_one_port_twice_is_a_mistake_and_not_shared() -> None:
    address = f"127.0.0.1:{free_port()}"
    with pytest.raises(EnvironmentFailure, match="is taken"):
        Listening().open([address, address])


def test_more_interfaces_on_the_port_of_a_socket_that_leaves() -> None:
    listening = Listening()
    port = free_port()
    listening.open([f"127.0.0.1:{port}"])
    listening.open([f"0.0.0.0:{port}"])
    # Both are ours for now, and nobody else gets in.
    with pytest.raises(EnvironmentFailure, match="is taken"):
        Listening().open([f"127.0.0.1:{port}"])
    listening.keep(())
