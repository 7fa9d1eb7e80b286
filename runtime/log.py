"""The log: one JSON object a line, written by a thread so that a slow pipe never holds up a request."""

import asyncio
import json
import os
import select
import threading
import time
from collections import deque
from json.encoder import encode_basestring_ascii as quote
from queue import Empty, Full, Queue

from egc.runtime.exchange import Exchange

_BATCH_LINES = 512
_QUEUE_BATCHES = 64
_LINGER = 0.2
_MESSAGE = 8192
_STDOUT = 1


_started: "AccessLog | None" = None


def note(x: Exchange, kind: str, name: str, message: str, *, level: str = "info") -> None:
    """Write a message of a policy or condition, among the access log's lines.

    Arguments:
        kind, name: who says it: `policy`, `log`.
        message: cut after 8192 characters.
        level: `info`, `warn` or `error`.
    """
    log = _started
    if log is None:
        # Where exchanges are not logged.
        log = AccessLog()
        log.start()
    line = f'{{"time":"{log.stamp(time.time())}","{kind}":"{name}","level":"{level}"'
    if x.route is not None:
        line += f',"endpoint":{quote(x.route.endpoint.name)},"request_id":"{x.request_id}"'
    log.add(f'{line},"message":{quote(message[:_MESSAGE])}}}')


def add(line: str) -> None:
    """Write a line of JSON among those of the access log, where exchanges are logged."""
    if _started is not None:
        _started.add(line)


class AccessLog:
    """Collects entries and writes them in batches. Bounded: what cannot be written in time is counted and dropped.

    Queries are never logged, since tokens travel in them; neither are header values.
    """

    def __init__(self, descriptor: int = _STDOUT) -> None:
        self._descriptor = descriptor
        self._lines: deque[str] = deque()
        self._queue: Queue[list[str] | None] = Queue(_QUEUE_BATCHES)
        self._dropped = 0
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stamp = ""
        self._stamped = 0.0

    def start(self) -> None:
        """Begin writing, notes too; call in the event loop, after fork."""
        global _started
        _started = self
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._write, name="egc-access-log", daemon=True)
        self._thread.start()

    def entry(self, x: Exchange, status: int, sent: int, seconds: float, reason: str) -> None:
        """Log one exchange. A tunnel is logged when it has ended; `bytes_in` is what the caller has sent through it.

        Arguments:
            status: what the caller got; 0 where it got no status.
            sent: body bytes sent to the caller.
            seconds: how long it took.
            reason: why it was refused or failed, or empty.
        """
        tunnel = x.tunnelled
        if tunnel is not None:
            status, sent, reason = 101, tunnel.far.passed, tunnel.reason
        line = (
            f'{{"time":"{self.stamp(time.time())}","client":{quote(x.client)},"method":{quote(x.method)},"host":{quote(x.host)},'
            f'"path":{quote(x.original_url.partition("?")[0])},"status":{status},"bytes":{sent},'
            f'"ms":{seconds * 1000:.2f}'
        )
        if tunnel is not None:
            line += f',"bytes_in":{tunnel.near.passed}'
        if x.route is not None:
            line += f',"endpoint":{quote(x.route.endpoint.name)},"request_id":"{x.request_id}"'
        if x.consumer is not None:
            line += f',"consumer":{quote(x.consumer.id)}'
        if reason:
            line += f',"reason":{quote(reason)}'
        self.add(line + "}")

    def stamp(self, now: float) -> str:
        """The time, to the second."""
        if now >= self._stamped + 1:
            self._stamped = float(int(now))
            self._stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now))
        return self._stamp

    def add(self, line: str) -> None:
        """Write a line, soon."""
        self._lines.append(line)
        if len(self._lines) >= _BATCH_LINES:
            self.flush()
        elif len(self._lines) == 1 and self._loop is not None:
            self._loop.call_later(_LINGER, self.flush)

    def flush(self) -> None:
        """Hand what has been collected to the writer."""
        if not self._lines:
            return
        batch = list(self._lines)
        self._lines.clear()
        if self._dropped:
            batch.append(json.dumps({"access_log_lines_dropped": self._dropped}))
        try:
            self._queue.put_nowait(batch)
            self._dropped = 0
        except Full:
            self._dropped += len(batch)

    def close(self) -> None:
        """Write what is left and stop."""
        global _started
        if _started is self:
            _started = None
        self.flush()
        if self._thread is not None:
            try:
                self._queue.put(None, timeout=1)
            except Full:
                return
            self._thread.join(timeout=1)

    def _write(self) -> None:
        while True:
            batch = self._queue.get()
            stop = batch is None
            lines = list(batch or ())
            try:
                while not stop and len(lines) < 4 * _BATCH_LINES:
                    more = self._queue.get_nowait()
                    stop = more is None
                    lines += more or ()
            except Empty:
                pass
            if lines:
                data = ("\n".join(lines) + "\n").encode()
                try:
                    while data:
                        data = data[self._written(data) :]
                except OSError:
                    return
            if stop:
                return

    def _written(self, data: bytes) -> int:
        """Write some of it, and say how much; a descriptor that does not block is waited for."""
        try:
            return os.write(self._descriptor, data)
        except BlockingIOError:
            select.select((), (self._descriptor,), ())
            return 0
