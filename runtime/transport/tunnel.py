"""A tunnel: two connections that hand each other what they receive, until both have ended.

Bytes pass as they are, and no faster than the slower end takes them. Frames are only counted, so that the gateway can
say goodbye between two of them when it has to end a tunnel itself.
"""

import asyncio
import contextlib
import socket
from collections.abc import Callable
from typing import cast

from egc.runtime.headers import Headers
from egc.runtime.websocket import GOING_AWAY, Frames, masked

GOODBYE = 1.0
"""Seconds for the closing handshake, when the gateway ends a tunnel."""

FLUSH = 5.0
"""Seconds for an end to take its last bytes."""

HALF_CLOSED = 60.0
"""Seconds without a byte after one end has said that it sends no more."""

_KEEPALIVE = (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 20), ("TCP_KEEPCNT", 3))


class Tunnel:
    """Both ends: `near` is the caller's, `far` the service's.

    Arguments:
        quiet: seconds without a byte either way after which the tunnel is ended.
    """

    def __init__(self, quiet: float) -> None:
        self.near = End(self)
        self.far = End(self)
        self.near.other, self.far.other = self.far, self.near
        self.reason = ""
        self.leaving = False
        self.active = 0.0
        self._quiet = quiet
        self._loop = asyncio.get_running_loop()
        self._ended = self._loop.create_future()
        self._watcher: asyncio.TimerHandle | None = None
        self._cutter: asyncio.TimerHandle | None = None

    async def run(self) -> None:
        """Pass bytes until both ends are gone. Both have been attached."""
        self.active = self._loop.time()
        self._watch()
        try:
            self.near.begin()
            self.far.begin()
            await self._ended
        finally:
            for timer in (self._watcher, self._cutter):
                if timer is not None:
                    timer.cancel()
            self.abort()

    def leave(self, reason: str = "going_away") -> None:
        """End the tunnel: status 1001 to both ends (RFC 6455 section 7.4.1), and after a second the connections."""
        if self.leaving:
            return
        self.leaving = True
        self.reason = reason
        for end in (self.near, self.far):
            if end.frames.between:
                end.other.dismiss(masked(GOING_AWAY) if end is self.near else GOING_AWAY)
        self._cutter = self._loop.call_later(GOODBYE, self.abort)

    def abort(self) -> None:
        """End both connections at once."""
        for end in (self.near, self.far):
            end.abort()

    def half_closed(self) -> None:
        """One end sends no more: the other is not waited for as long."""
        self._quiet = min(self._quiet, HALF_CLOSED)
        if self._watcher is not None:
            self._watcher.cancel()
            self._watch()

    def lost(self) -> None:
        """An end is gone."""
        if self.near.gone and self.far.gone and not self._ended.done():
            self._ended.set_result(None)

    def _watch(self) -> None:
        due = self.active + self._quiet
        if self._loop.time() >= due:
            self.leave("tunnel_idle")
        else:
            self._watcher = self._loop.call_at(due, self._watch)


class End(asyncio.Protocol):
    """One end of a tunnel, as the protocol of its connection.

    `passed` counts the bytes received here, `gone` says that the connection is no more.
    """

    __slots__ = (
        "_early",
        "_ended",
        "_loop",
        "_lost",
        "_shutting",
        "_transport",
        "_tunnel",
        "dismissed",
        "frames",
        "gone",
        "other",
        "passed",
    )

    other: "End"

    def __init__(self, tunnel: Tunnel) -> None:
        self._tunnel = tunnel
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._early = b""
        self._ended = False
        self._shutting: asyncio.TimerHandle | None = None
        self.frames = Frames()
        self.dismissed = False
        self.gone = False
        self.passed = 0

    def attach(self, transport: asyncio.Transport, early: bytes, lost: Callable[[Exception | None], None]) -> None:
        """Take a connection over; nothing is read from it until the tunnel runs.

        Arguments:
            early: what has been received already.
            lost: told when the connection is no more.
        """
        self._transport = transport
        self._early = early
        self._lost = lost
        self.gone = transport.is_closing()
        if not self.gone:
            transport.set_protocol(self)
            transport.pause_reading()

    def begin(self) -> None:
        """Start passing on."""
        if self.gone or self._transport is None:
            self.connection_lost(None)
            return
        keep_alive(self._transport)
        if self._early:
            self.data_received(self._early)
        self._transport.resume_reading()

    # asyncio.Protocol

    def data_received(self, data: bytes) -> None:
        tunnel, other = self._tunnel, self.other
        tunnel.active = self._loop.time()
        self.frames.feed(data)
        if not other.dismissed:
            self.passed += len(data)
            other.write(data)
            if tunnel.leaving and self.frames.between:
                other.dismiss(masked(GOING_AWAY) if self is tunnel.near else GOING_AWAY)
        elif self.frames.closing:
            self.shut()

    def eof_received(self) -> bool:
        """Whether the connection stays open for what still goes the other way."""
        self._ended = True
        other = self.other
        agreed = self.frames.closing and other.frames.closing
        if agreed or other._ended or not other.finish():
            other.shut()
            return False
        self._tunnel.half_closed()
        return self._transport is not None and self._transport.can_write_eof()

    def connection_lost(self, exc: Exception | None) -> None:
        self.gone = True
        if self._shutting is not None:
            self._shutting.cancel()
        self._lost(exc)
        self.other.shut()
        self._tunnel.lost()

    def pause_writing(self) -> None:
        if (transport := self.other._transport) is not None and not self.other.gone:
            transport.pause_reading()

    def resume_writing(self) -> None:
        if (transport := self.other._transport) is not None and not self.other.gone:
            transport.resume_reading()

    # What the other end and the tunnel call

    def write(self, data: bytes) -> None:
        """Send what the other end has received."""
        if self._transport is not None and not self.gone and self._shutting is None:
            self._transport.write(data)

    def dismiss(self, goodbye: bytes) -> None:
        """Send a last frame, unless a close frame has gone already; nothing follows it."""
        if not self.dismissed:
            self.dismissed = True
            if not self.other.frames.closing:
                self.write(goodbye)
            if self.frames.closing:
                self.shut()

    def finish(self) -> bool:
        """Say that nothing more is sent. False where that can only be said by closing (TLS)."""
        if self._transport is None or self.gone or not self._transport.can_write_eof():
            return False
        with contextlib.suppress(OSError, RuntimeError):
            self._transport.write_eof()
        return True

    def shut(self) -> None:
        """Close once the last bytes have been taken."""
        if self._transport is not None and not self.gone and self._shutting is None:
            self._shutting = self._loop.call_later(FLUSH, self.abort)
            self._transport.close()

    def abort(self) -> None:
        """Close at once."""
        if self._transport is not None and not self.gone:
            self._transport.abort()


Accept = Callable[[Headers, Tunnel], None]
"""The extension `egc.tunnel` of a server's ASGI scope: answers 101 with these fields, and gives the caller's connection
to the tunnel as its near end. Raises OSError where the caller has left."""

EXTENSION = "egc.tunnel"


def keep_alive(transport: asyncio.Transport) -> None:
    """Have TCP look whether the other side is still there, where nothing is sent for long."""
    sock = cast(socket.socket | None, transport.get_extra_info("socket"))
    if sock is None:
        return
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in _KEEPALIVE:
            if hasattr(socket, name):
                sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
