"""The changes of the configuration that workers ask `egc run` for (runtime/edits.py): taken one after the other."""

import asyncio
import json
import os
import socket
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress

MOST_WAITING = 16
"""How many changes may wait; whoever asks for more is told so at once."""

LONGEST_WISH = 1 << 20
WISH_SECONDS = 5.0


class Wish:
    """A change that a worker has asked for.

    Attributes:
        text: what it wants, as JSON; whoever makes the change reads it.
    """

    def __init__(self, text: bytes, writer: asyncio.StreamWriter) -> None:
        self.text = text
        self._writer = writer

    def answer(self, outcome: str, detail: str = "", errors: Sequence[object] = ()) -> None:
        """Say what became of it; that is its end. A worker that has gone is no reason to stop."""
        with suppress(OSError, RuntimeError):
            self._writer.write(json.dumps({"outcome": outcome, "detail": detail, "errors": list(errors)}).encode())
            self._writer.close()


class Edits:
    """Takes changes from the workers.

    Arguments:
        came: called when a change has come.

    Attributes:
        asking: the socket that gunicorn inherits.
    """

    def __init__(self, came: Callable[[], None]) -> None:
        self._came = came
        self._asked, self.asking = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._asked.setblocking(False)
        self._waiting: deque[Wish] = deque()
        self._reading: set[asyncio.Task[None]] = set()
        asyncio.get_running_loop().add_reader(self._asked, self._take)

    def next(self) -> Wish | None:
        """The change whose turn it is; None where none waits."""
        return self._waiting.popleft() if self._waiting else None

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def close(self) -> None:
        """Take no more; whoever waits is told."""
        asyncio.get_running_loop().remove_reader(self._asked)
        self._asked.close()
        self.asking.close()
        for task in self._reading:
            task.cancel()
        while (wish := self.next()) is not None:
            wish.answer("busy", "egc run is ending.")

    def _take(self) -> None:
        try:
            _, handles, _, _ = socket.recv_fds(self._asked, 1, 1)
        except OSError:
            return
        for handle in handles:
            try:
                connection = socket.socket(fileno=handle)
            except OSError:
                os.close(handle)
                continue
            connection.setblocking(False)
            task = asyncio.get_running_loop().create_task(self._read(connection))
            self._reading.add(task)
            task.add_done_callback(self._reading.discard)

    async def _read(self, connection: socket.socket) -> None:
        text = b""
        writer = None
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(WISH_SECONDS):
                reader, writer = await asyncio.open_unix_connection(sock=connection)
                while len(text) <= LONGEST_WISH and (piece := await reader.read(65536)):
                    text += piece
        if writer is None:
            connection.close()
            return
        wish = Wish(text, writer)
        if len(text) > LONGEST_WISH or len(self._waiting) >= MOST_WAITING:
            wish.answer("busy", "Too many changes are waiting.")
            return
        self._waiting.append(wish)
        self._came()
