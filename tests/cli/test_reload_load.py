"""No request is lost while builds take over from each other."""

import re
import threading
from functools import partial
from pathlib import Path

import pytest

from tests.callers import Caller, get
from tests.cli.reloading import CONFIG, edit, gateway

pytestmark = pytest.mark.slow


class Callers:
    """Callers that ask without a break, half of them on kept connections. Nothing is sent twice: a failure is a loss.

    Each notes which build answered it.
    """

    def __init__(self, port: int, number: int = 6) -> None:
        self.lost: list[str] = []
        self.seen: list[list[int]] = [[] for _ in range(number)]
        self._port = port
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(one, one % 2 == 0)) for one in range(number)]

    def __enter__(self) -> "Callers":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(30)

    def have_seen(self, build: int) -> bool:
        """Whether that build has answered each of them."""
        return all(build in seen[-1:] for seen in self.seen)

    def _ask(self, number: int, keeps: bool) -> None:
        caller: Caller | None = None
        while not self._stop.is_set():
            try:
                caller = caller or Caller(self._port)
                reply = caller.send(get("/")).final()
                if reply.status != 200 or not reply.complete:
                    raise ConnectionError(f"answer: {reply.status}")
                self.seen[number].append(int(reply.body))
                if not keeps or reply.closes:
                    caller.socket.close()
                    caller = None
            except Exception as error:
                self.lost.append(f"{'kept' if caller else 'new'}: {error!r}")
                caller = None
            # A connection that is kept is mostly idle: the next request comes when its build has been replaced.
            self._stop.wait(0.05 if caller else 0.002)


@pytest.mark.parametrize(("workers", "reloads"), [(1, 20), (2, 5)])
def test_reloads_under_load_lose_nothing(tmp_path: Path, workers: int, reloads: int) -> None:
    """D53: requests in flight end on the build where they began, and who has seen a new build sees no older one."""
    text = CONFIG.replace("message: before", "message: '{n}'")
    with gateway(tmp_path, text.replace("{n}", "0"), "--workers", str(workers)) as running:
        with Callers(running.port) as callers:
            for number in range(1, reloads + 1):
                edit(running, text.replace("{n}", str(number)))
                running.says("serving the new configuration", number)
                running.until(partial(callers.have_seen, number))
        assert callers.lost == []
        for number, seen in enumerate(callers.seen):
            assert seen == sorted(seen), number
            assert set(seen) == set(range(reloads + 1))
        assert "Traceback" not in running.output()
        assert len(re.findall("taking it over", running.output())) == reloads
