"""Where WebSocket frames end, however they are cut; and the server that takes WebSockets apart."""

import asyncio
import logging
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode

from egc.runtime import Gateway, Listener
from egc.runtime.websocket import GOING_AWAY, Frames, masked

KINDS = (Opcode.TEXT, Opcode.BINARY, Opcode.CONT, Opcode.PING, Opcode.PONG)
SIZES = st.one_of(st.integers(0, 130), st.sampled_from([125, 126, 127, 65535, 65536, 70000]))
FRAMES = st.lists(st.tuples(st.sampled_from(KINDS), SIZES, st.booleans()), min_size=1, max_size=6)


@given(FRAMES, st.data())
def test_between_frames(frames: list[tuple[Opcode, int, bool]], data: st.DataObject) -> None:
    """Exactly where a frame ends and none has begun, whatever pieces the bytes come in."""
    raw, ends = b"", {0}
    for kind, size, mask in frames:
        size = min(size, 125) if kind in (Opcode.PING, Opcode.PONG) else size
        raw += Frame(kind, b"x" * size).serialize(mask=mask)
        ends.add(len(raw))
    near = st.sampled_from(sorted({min(len(raw), max(0, end + step)) for end in ends for step in range(-3, 15)}))
    cuts = sorted({*data.draw(st.lists(near | st.integers(0, len(raw)), max_size=12)), len(raw)})
    followed = Frames()
    begin = 0
    for cut in cuts:
        if cut > begin:
            followed.feed(raw[begin:cut])
        begin = cut
        assert followed.between == (cut in ends)
        assert not followed.closing


@pytest.mark.parametrize("goodbye", [GOING_AWAY, masked(GOING_AWAY)], ids=["of a server", "of a client"])
def test_close_frame(goodbye: bytes) -> None:
    """The gateway's own is one, and it is seen as soon as its header is."""
    followed = Frames()
    followed.feed(goodbye[:1])
    assert not followed.closing
    followed.feed(goodbye[1:6])
    assert followed.closing
    followed.feed(goodbye[6:] or b"")
    assert followed.between


def test_a_server_that_takes_websockets_apart(caplog: pytest.LogCaptureFixture) -> None:
    """It is refused (a server answers 403 to that) with one sentence for the log: no pipeline would have run."""
    gateway = Gateway(routes=(), listeners=(Listener("http", port=1),), access_log=False)
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    with caplog.at_level(logging.ERROR, "egc"):
        for _ in range(3):
            asyncio.run(gateway({"type": "websocket"}, receive, send))
    assert sent == [{"type": "websocket.close", "code": 1008}] * 3
    assert [record.message for record in caplog.records if "GatewayWorker" in record.message] == [
        "this server takes WebSockets apart; only egc.runtime.worker.GatewayWorker passes them on"
    ]
