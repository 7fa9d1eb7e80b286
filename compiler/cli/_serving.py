"""One build that is served: gunicorn as a child process, and what its workers say (runtime/handover.py)."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from socket import socket, socketpair

from egc.runtime import handover
from egc.runtime.worker import RETIRE_SECONDS

LONGEST_LINE = 8192


class Serving:
    """gunicorn on one build.

    Attributes:
        directory: of the build.
        addresses: where it listens, as in gunicorn's `bind`.
        listens: name and URL of each listener, once a worker is ready.
        reads: the files besides the configuration's that its workers have read or tried to.
        exited: ends with the exit code; 128 and more for a signal, as a shell counts.
    """

    def __init__(self, directory: Path, addresses: Sequence[str]) -> None:
        self.directory = directory
        self.addresses = tuple(addresses)
        self.listens: dict[str, str] = {}
        self.reads: set[str] = set()
        self.ready = asyncio.Event()
        """All workers could serve."""
        self.closed = asyncio.Event()
        """No worker accepts any more."""
        self.exited: asyncio.Task[int]
        self._process: asyncio.subprocess.Process
        self._said = b""
        self._accepting: set[int] = set()
        self._happening, self._seen = socketpair()
        self._told: set[bytes] = set()

    @classmethod
    async def start(
        cls,
        directory: Path,
        addresses: Sequence[str],
        sockets: Sequence[socket],
        environ: Mapping[str, str],
        lock: int,
        asking: int,
    ) -> "Serving":
        """Start gunicorn. Its workers open everything and then wait for `turn`.

        Arguments:
            directory: the build.
            addresses: of the sockets.
            sockets: in the order of the gateway's listeners.
            environ: the whole environment of gunicorn.
            lock: a file descriptor that it inherits, so that the build is not removed before its end.
            asking: one over which its workers ask for changes of the configuration.
        """
        serving = cls(directory, addresses)
        loop = asyncio.get_running_loop()
        saying, said = os.pipe()
        os.set_blocking(saying, False)
        # A worker never waits for us.
        os.set_blocking(said, False)
        words = [word for one in sockets for word in ("--bind", f"fd://{one.fileno()}")]
        try:
            # Neither Python (-P) nor gunicorn shall find a file of the working directory instead of one of the gateway.
            serving._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", "-m", "egc.runtime.handover"),
                *("--config", str(directory / "gunicorn.conf.py")),
                *("--worker-class", "egc.runtime.handover.Worker"),
                *("--graceful-timeout", str(int(RETIRE_SECONDS) + handover.GRACE_SECONDS)),
                "--no-control-socket",
                *words,
                cwd=directory,
                env={
                    **environ,
                    "EGC_HANDOVER": f"{said},{serving._seen.fileno()},{os.getpid()}",
                    "EGC_EDITS": str(asking),
                    "EGC_BUILD": directory.name,
                },
                pass_fds=(said, serving._seen.fileno(), lock, asking, *(one.fileno() for one in sockets)),
            )
        except BaseException:
            os.close(saying)
            serving._happening.close()
            raise
        finally:
            os.close(said)
            serving._seen.close()
        serving.exited = loop.create_task(serving._wait())
        loop.add_reader(saying, serving._listen, saying)
        return serving

    def turn(self) -> None:
        """Let its workers begin, those that are still to come too."""
        self._tell(handover.TURN)

    def hand_over(self) -> None:
        """Let it stop accepting and finish its requests, for another build is about to accept."""
        self._tell(handover.NEXT)
        self.signal(signal.SIGTERM)

    def end(self, number: int) -> None:
        """End it, as fast as gunicorn does at this signal."""
        self._tell(handover.TURN)
        self._tell(handover.END)
        self.signal(number)

    def signal(self, number: int) -> None:
        """Send a signal to gunicorn's master."""
        with suppress(ProcessLookupError):
            self._process.send_signal(number)

    def _tell(self, what: bytes) -> None:
        if what not in self._told:
            self._told.add(what)
            with suppress(OSError):
                self._happening.send(what)

    async def _wait(self) -> int:
        code = await self._process.wait()
        self._happening.close()
        self.closed.set()
        return 128 - code if code < 0 else code

    def _listen(self, pipe: int) -> None:
        """Take what the workers have said."""
        try:
            said = os.read(pipe, 65536)
        except BlockingIOError:
            return
        if not said:
            asyncio.get_running_loop().remove_reader(pipe)
            os.close(pipe)
            return
        *lines, rest = (self._said + said).split(b"\n")
        self._said = rest[:LONGEST_LINE]
        for line in lines:
            with suppress(ValueError, TypeError):
                self._take(*json.loads(line))

    def _take(self, worker: int, word: str, *about: object) -> None:
        if word == "reads":
            self.reads.add(str(about[0]))
        elif word == "listens":
            self.listens[str(about[0])] = str(about[1])
        elif word == "ready":
            self._accepting.add(worker)
            if len(self._accepting) >= int(str(about[0])):
                self.ready.set()
        elif word == "closed":
            self._accepting.discard(worker)
            if not self._accepting:
                self.closed.set()
