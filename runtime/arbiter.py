"""What SIGHUP does: new workers start beside the old ones, which retire once the new ones serve.

gunicorn's own way ends the old workers first, and itself where the new ones cannot start: a certificate that does not
fit its key would take down what serves. Here a reload that fails changes nothing, and says why.

`gunicorn.conf.py` has `on_starting` called. Built on parts of gunicorn 27 that are private, as `worker` is.
"""

import os
import signal
import sys
import time
from typing import Any

from gunicorn import sock
from gunicorn.arbiter import Arbiter
from gunicorn.errors import HaltServer

ARRIVAL_SECONDS = 60.0
"""How long new workers may take to serve."""

MAX_LEAVING = 16
"""How many retired workers may still have something in flight; the oldest is ended for one more."""

RETRY_SECONDS = 5.0
"""How long to wait after a worker that could not start, where others serve."""

_TICK = 0.1


def on_starting(arbiter: Arbiter) -> None:
    """gunicorn's hook before it starts: make its arbiter a GatewayArbiter, since no setting names the class."""
    arbiter.__class__ = GatewayArbiter
    arbiter.arriving, arbiter.leaving = {}, {}


class GatewayArbiter(Arbiter):
    """gunicorn's master process, with a reload that is whole or nothing.

    `arriving` are workers that do not serve yet, `leaving` those that have been told to retire, by process id; gunicorn
    itself knows of neither.
    """

    LISTENERS: list[Any]
    num_workers: int
    arriving: dict[int, Any]
    leaving: dict[int, Any]
    _before: "tuple[Any, list[Any]] | None" = None
    _again = False
    _stopping = False
    _due = 0.0
    _patience = 0.0

    def reload(self) -> None:
        """Begin a reload; one that is asked for while another is under way follows it."""
        if self.arriving:
            self._again = True
            return
        self._again = False
        self._stats["reloads"] += 1
        self._before = self.app.cfg, self.LISTENERS
        number = self.num_workers
        try:
            addresses = self.cfg.address
            self.app.reload()
            self.LISTENERS = self._listeners(addresses)
            self.setup(self.app)
        except (Exception, SystemExit) as error:
            # SystemExit is how gunicorn ends on settings it cannot read; it has said why.
            self._refuse(f"the settings cannot be used: {error}")
            return
        self.log.reopen_files()
        self.cfg.on_reload(self)
        wanted, self.num_workers = self.cfg.workers, number
        for _ in range(wanted):
            pid = self.spawn_worker()
            self.arriving[pid] = self.WORKERS.pop(pid)
        self._due = time.monotonic() + ARRIVAL_SECONDS

    def wait_for_signals(self, timeout: float = 1.0) -> list[int]:
        """gunicorn's; a reload that is under way is looked at more often."""
        waited: list[int] = super().wait_for_signals(_TICK if self.arriving else timeout)
        return waited

    def manage_workers(self) -> None:
        """gunicorn's, once those that come and go have been looked at."""
        if self.arriving:
            self._receive()
        if self.leaving:
            self._see_off()
        super().manage_workers()
        if self._again and not self.arriving:
            self.reload()

    def spawn_workers(self) -> None:
        """gunicorn's, but not again and again where a worker could not start."""
        if time.monotonic() >= self._patience:
            super().spawn_workers()

    def reap_workers(self) -> None:
        """gunicorn's; a worker that cannot start ends the gateway only where no other serves."""
        while True:
            try:
                super().reap_workers()
            except HaltServer:
                if not self._stopping and not any(_serves(worker) for worker in self.WORKERS.values()):
                    raise
                self._patience = time.monotonic() + RETRY_SECONDS
            else:
                return

    def stop(self, graceful: bool = True) -> None:
        """gunicorn's, for all workers there are."""
        self._stopping = True
        for others in (self.arriving, self.leaving):
            self.WORKERS.update(others)
            others.clear()
        super().stop(graceful)

    def _listeners(self, before: list[Any]) -> list[Any]:
        """The sockets for the addresses of the new settings: those that are there already, and new ones.

        Raises OSError, and has none opened, where an address cannot be had.
        """
        if self.systemd or len(before) != len(self.LISTENERS):
            return self.LISTENERS
        there = dict(zip(map(str, before), self.LISTENERS, strict=True))
        opened: dict[str, Any] = {}
        try:
            for address in self.app.cfg.address:
                if str(address) not in there:
                    opened[str(address)] = sock._sock_type(address)(address, self.app.cfg, self.log)
        except BaseException:
            sock.close_sockets(list(opened.values()), unlink=False)
            raise
        return [(there | opened)[str(address)] for address in self.app.cfg.address]

    def _receive(self) -> None:
        """Let the new workers take over when all of them serve, or none where one cannot."""
        if not all(map(_lives, self.arriving)):
            self._refuse("a new worker could not start")
        elif time.monotonic() > self._due:
            self._refuse(f"a new worker did not serve within {ARRIVAL_SECONDS:.0f} seconds")
        elif all(map(_serves, self.arriving.values())):
            _, listeners = self._before or (None, self.LISTENERS)
            self.leaving.update(self.WORKERS)
            self.WORKERS.clear()
            self.WORKERS.update(self.arriving)
            self.num_workers = len(self.arriving)
            self.arriving.clear()
            sock.close_sockets([listener for listener in listeners if listener not in self.LISTENERS], unlink=False)
            self._before = None

    def _refuse(self, reason: str) -> None:
        """Go on with what served before."""
        print(f"egc: not reloaded: {reason}; what served before goes on", file=sys.stderr, flush=True)
        number = self.num_workers
        for pid, worker in self.arriving.items():
            self.leaving[pid] = worker
            self._end(pid, signal.SIGTERM)
        self.arriving.clear()
        if self._before is not None:
            cfg, listeners = self._before
            opened = [listener for listener in self.LISTENERS if listener not in listeners]
            self.app.cfg, self.LISTENERS, self._before = cfg, listeners, None
            sock.close_sockets(opened, unlink=False)
            self.setup(self.app)
            self.num_workers = number

    def _see_off(self) -> None:
        """Tell those who leave, again and again lest one has missed it; end those that are too many or hang."""
        for pid, worker in list(self.leaving.items()):
            if not _lives(pid):
                del self.leaving[pid]
                worker.tmp.close()
                self.cfg.child_exit(self, worker)
            elif self.timeout and _serves(worker) and time.monotonic() - worker.tmp.last_update() > self.timeout:
                self._end(pid, signal.SIGKILL)
            else:
                self._end(pid, signal.SIGUSR2)
        for pid in list(self.leaving)[: max(0, len(self.leaving) - MAX_LEAVING)]:
            self._end(pid, signal.SIGTERM)

    def _end(self, pid: int, number: signal.Signals) -> None:
        if _lives(pid):
            os.kill(pid, number)


def _serves(worker: Any) -> bool:
    """Whether a worker has begun to serve: signs of life are times of the monotonic clock, none at all is of today."""
    return bool(worker.tmp.last_update() <= time.monotonic())


def _lives(pid: int) -> bool:
    """Whether a child is there. Those that have ended are reaped before this is asked."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
