"""P10: one request in is one request out, whatever its bytes; what is wrong gets one clean answer."""

import socket

import pytest

from tests.callers import Caller, ask, get
from tests.hostile.conftest import HOSTILE
from tests.hostile.vectors import VECTORS, Vector
from tests.running import Running
from tests.upstreams import Upstream

pytestmark = [pytest.mark.hostile] if HOSTILE else []


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)
def test_vector(victim: Running, service: Upstream, vector: Vector) -> None:
    """Each vector gets the answers it should, in order, and the service sees no request more than was sent."""
    service.clear()
    with Caller(victim.port) as caller:
        caller.send(vector.sent)
        for allowed in vector.answers:
            reply = caller.final()
            assert reply.status in allowed
            assert reply.complete
        if not vector.answers:
            caller.socket.shutdown(socket.SHUT_WR)
        if vector.keeps:
            assert caller.send(get("/after")).final().status == 200
        elif vector.keeps is False or not vector.answers:
            assert caller.ended(), "more than one answer"
    targets = [request.target for request in service.requests]
    assert not any("smuggled" in target for target in targets)
    assert len(targets) <= vector.reaches + (vector.keeps is True)
    assert service.problems == []


def test_vectors_are_many() -> None:
    """The table covers what it says it covers."""
    kinds = {vector.kind for vector in VECTORS}
    assert len(VECTORS) >= 300
    assert kinds == {
        "length", "coding", "chunks", "trailers", "lines", "target", "host", "connection", "version",
    }  # fmt: skip


def test_after_all_of_them_it_serves(victim: Running, service: Upstream) -> None:
    """No worker died, and nothing was logged as a bug."""
    service.clear()
    assert ask(victim.port, get("/last")).status == 200
    output = victim.output()
    assert "Traceback" not in output
    assert "Booting worker" not in output
