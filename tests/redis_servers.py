"""Redis servers for tests: each in a directory of its own, on a free port of this machine, ended with the test."""

import itertools
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.needs import needs
from tests.running import free_port

SECONDS = 10.0
_NUMBERS = itertools.count()


class RedisServer:
    """A `redis-server`; a context manager.

    Arguments:
        directory: for its files.
        port: which port to take; None for a free one.
        settings: its configuration, beside what keeps it to this machine and this directory.

    It keeps nothing on disk unless `settings` say so.
    """

    def __init__(self, directory: Path, *settings: str, port: int | None = None) -> None:
        needs("redis-server")
        self.directory = directory
        self.port = free_port() if port is None else port
        self.settings = settings
        self.last = ""
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        """Start, and wait until it answers."""
        command = ["redis-server", "--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self.directory)]
        command += ["--save", "", "--unixsocket", str(self.directory / "redis.sock"), *self.settings]
        with (self.directory / "redis.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        deadline = time.monotonic() + SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((self.directory / "redis.log").read_text())
            time.sleep(0.01)
        return self

    def stop(self) -> None:
        """End it by SIGTERM, and wait."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(SECONDS)
            self._process = None

    def kill(self) -> None:
        """End it by SIGKILL."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(SECONDS)
            self._process = None

    def namespace(self) -> str:
        """One that was not given before."""
        self.last = f"ns{next(_NUMBERS)}"
        return self.last

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def ask(self, *words: str | bytes) -> bytes:
        """Send one command and read what fits into one answer."""
        return self.ask_as("", *words)

    def ask_as(self, password: str, *words: str | bytes) -> bytes:
        """The same, where a password is asked for."""
        with socket.create_connection(("127.0.0.1", self.port), SECONDS) as connection:
            if password:
                connection.sendall(_command("AUTH", password))
                connection.recv(65536)
            connection.sendall(_command(*words))
            return connection.recv(65536)

    def _answers(self) -> bool:
        try:
            answer = self.ask("PING")
        except OSError:
            return False
        return answer.startswith((b"+PONG", b"-NOAUTH"))

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()


def _command(*words: str | bytes) -> bytes:
    parts = [word.encode() if isinstance(word, str) else word for word in words]
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%b\r\n" % (len(one), one) for one in parts)


@contextmanager
def redis_server(directory: Path, *settings: str) -> Iterator[RedisServer]:
    """A server that is up."""
    with RedisServer(directory, *settings) as server:
        yield server
