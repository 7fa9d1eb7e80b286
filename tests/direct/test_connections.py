"""What a connection does around the requests that are served without its task."""

import asyncio
from pathlib import Path

import pytest

from tests.callers import Caller, get
from tests.gateways import gateway, in_front_of
from tests.upstreams import Upstream, Wire

pytestmark = pytest.mark.slow

CALLERS = 40


def test_an_answer_may_take_longer_than_a_connection_may_idle(tmp_path: Path) -> None:
    """Also where the first request is there before the connection's task has begun to wait for it."""

    async def late(wire: Wire) -> None:
        await wire.body()
        await asyncio.sleep(2.5)
        await wire.respond(b"late")

    with Upstream() as service, gateway(tmp_path / "artifact", in_front_of(service.port), keepalive=1) as running:
        service.answer = late
        callers = [Caller(running.port).send(get("/")) for _ in range(CALLERS)]
        assert [caller.final().body for caller in callers] == [b"late"] * CALLERS
        for caller in callers:
            caller.socket.close()
