"""How one build of a gateway takes over from another under `egc run`, so that no caller notices.

`egc run` starts a second gunicorn on the same sockets. Each worker of the new build opens everything, says that it is
ready and waits for its turn; the workers of the old build stop accepting and say so; then the new ones begin. Whoever
connects meanwhile waits in the queue of the socket, and nobody is served by the old build after the new one (D53).

EGC_HANDOVER names the pipe for what is said (lines of JSON), the socket from which workers learn what has happened
(TURN, NEXT, END: none takes it away from the others), and the process above.
"""

import asyncio
import ctypes
import json
import os
import select
import signal
import socket
import ssl
import sys
from contextlib import suppress
from typing import Any

from egc.runtime import env, serving
from egc.runtime.gateway import Gateway
from egc.runtime.worker import GatewayWorker

TURN_SECONDS = 20.0
"""How long a worker waits for its turn; less than gunicorn waits for a worker."""

GRACE_SECONDS = 4
"""As in gunicorn.conf.py: how long requests in flight may go on after SIGTERM."""

TURN = b"t"
"""It is this build's turn to accept."""

NEXT = b"n"
"""Another build accepts now: nobody waits for this one to end."""

END = b"e"
"""All of it is to end."""

_PR_SET_PDEATHSIG = 1
_TICK = 0.1


class Worker(GatewayWorker):
    """A worker that tells how far it is, and lets the build before it stop accepting before it begins."""

    def load_wsgi(self) -> None:
        try:
            super().load_wsgi()
        finally:
            self._tell_files()
        # Behind the gateway's own start: a worker that is ready can serve.
        self.asgi.add_middleware(_Turn(self))

    def _tls_contexts(self, gateway: Gateway) -> list[ssl.SSLContext | None]:
        try:
            return super()._tls_contexts(gateway)
        finally:
            self._tell_files()

    def init_process(self) -> None:
        # The master waits for workers that retire; one that is to end does so as under gunicorn alone.
        self.cfg.set("graceful_timeout", GRACE_SECONDS)
        super().init_process()

    def handle_exit_signal(self) -> None:
        """SIGTERM: the end, or retirement where another build takes over."""
        if _happened() == NEXT:
            self.handle_retire_signal()
        else:
            super().handle_exit_signal()

    async def _shutdown(self) -> None:
        for server in self.servers:
            server.close()
        say("closed")
        await super()._shutdown()

    async def _retire(self) -> None:
        listening = asyncio.create_task(self._end_with_all())
        try:
            await super()._retire()
        finally:
            listening.cancel()

    async def _end_with_all(self) -> None:
        """Stop retiring when all is to end; gunicorn's master, which waits for this worker, takes no second SIGTERM."""
        while _happened() != END:  # noqa: ASYNC110 - the socket is always readable: there is nothing to wait for
            await asyncio.sleep(_TICK)
        super().handle_exit_signal()

    def _tell_files(self) -> None:
        """Which files besides those of the configuration the gateway has read, or has tried to."""
        for path in sorted(env.files):
            say("reads", path)


class _Turn:
    """Falcon middleware: ready, and now wait for the turn."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    async def process_startup(self, scope: Any, event: Any) -> None:
        bound = [sock.sock.getsockname() for sock in self._worker.sockets]
        for name, url in serving.urls(self._worker.asgi.listeners, bound):
            say("listens", name, url)
        say("ready", self._worker.cfg.workers)
        await turn()


def say(word: str, *about: str | int) -> None:
    """Tell the process above; one that does not listen any more is no reason to stop."""
    line = json.dumps([os.getpid(), word, *about]).encode() + b"\n"
    # Up to this length the kernel keeps the lines of several workers apart.
    if len(line) <= select.PIPE_BUF:
        with suppress(OSError):
            os.write(_given()[0], line)


async def turn() -> None:
    """Wait until it is this build's turn, at most TURN_SECONDS."""
    loop = asyncio.get_running_loop()
    begun = asyncio.Event()
    happening = _given()[1]
    loop.add_reader(happening, begun.set)
    try:
        with suppress(TimeoutError):
            await asyncio.wait_for(begun.wait(), TURN_SECONDS)
    finally:
        loop.remove_reader(happening)


def _happened() -> bytes:
    """The last of what has happened."""
    with socket.fromfd(_given()[1], socket.AF_UNIX, socket.SOCK_STREAM) as happening, suppress(BlockingIOError):
        return happening.recv(16, socket.MSG_PEEK | socket.MSG_DONTWAIT)[-1:]
    return b""


def main() -> None:
    """Run gunicorn with the words of this command line; on Linux it ends when the process above it does."""
    from gunicorn.app.wsgiapp import run

    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != _given()[2]:
            raise SystemExit(1)
    run(prog="gunicorn")


def _given() -> tuple[int, int, int]:
    said, happening, above = map(int, os.environ["EGC_HANDOVER"].split(","))
    return said, happening, above


if __name__ == "__main__":
    main()
