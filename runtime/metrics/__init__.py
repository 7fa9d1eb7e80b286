"""Numbers about what the gateway does, for Prometheus: counted here, shown by `scrape` on the admin listener.

A worker counts in an array of its own (`cells`): one row for each endpoint with its pipeline, which the configuration
names, so that no caller can make another one; the columns are fixed. To count a request is three additions, 0.3 us by
themselves and 0.8 us within a server. That is why prometheus_client only writes the answer: its own counters for
several processes take 4 us.
"""

import logging
from array import array
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from egc.runtime import env
from egc.runtime.metrics.cells import Cells

if TYPE_CHECKING:
    from collections.abc import Mapping

    from egc.runtime.exchange import Exchange
    from egc.runtime.routing import Route

_log = logging.getLogger("egc")

FILES = "metrics"
"""What the directory is called."""

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "other")
STATUSES = ("none", "1xx", "2xx", "3xx", "4xx", "5xx", "other")
"""Classes of a status; `none` where the caller left before there was one."""

BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Upper bounds of the durations that are told apart, in seconds."""

UPSTREAM = (
    *("connect_failed", "connect_timeout", "proxy_refused", "upstream_busy", "upstream_closed", "upstream_protocol"),
    *("upstream_reset", "upstream_timeout"),
)
"""Why a service gave no answer, as the access log has it."""

AUTHENTICATION = (
    *("bad_key", "bad_password", "bad_token", "no_introspection", "no_key", "no_key_set", "no_password", "no_scope"),
    *("no_token", "too_many_guesses", "two_credentials", "two_tokens"),
)
"""Why a caller was not let in."""

LIMITED = "rate_limited"
UNAVAILABLE = "store_unavailable"
DELAYED = "delayed"
EVENTS = (*UPSTREAM, *AUTHENTICATION, LIMITED, UNAVAILABLE, DELAYED)

DURATIONS = len(METHODS) * len(STATUSES)
SECONDS = DURATIONS + len(BOUNDS) + 1
FIRST_EVENT = SECONDS + 1
WIDTH = FIRST_EVENT + len(EVENTS)
"""Columns of a row: requests by method and class of status, durations by bound, their sum, events."""

_METHOD = {method: number * len(STATUSES) for number, method in enumerate(METHODS)}
_OTHER_METHOD = _METHOD["other"]
_OTHER_STATUS = len(STATUSES) - 1
_EVENT = {event: FIRST_EVENT + number for number, event in enumerate(EVENTS) if event != DELAYED}
_DELAYED = FIRST_EVENT + EVENTS.index(DELAYED)


Counter = Callable[["Exchange", int, int, float, str], None]
"""Counts an exchange that is over; the arguments are those of `AccessLog.entry`."""


@dataclass(frozen=True, slots=True)
class Row:
    """Whose numbers stand in a row.

    Arguments:
        handler: who answered: `pipeline`, `oauth2`, `plugin`, `admin`; or `gateway` where no route took the request.
        endpoint, pipeline: their names in the configuration; empty for other handlers.
    """

    handler: str
    endpoint: str = ""
    pipeline: str = ""


OTHERS = tuple(map(Row, ("gateway", "oauth2", "plugin", "admin")))


@dataclass(slots=True)
class Metrics:
    """The numbers of a gateway.

    Arguments:
        on: False where a variable of the configuration says so: nothing is counted then.
        names: how pipelines are called in the configuration, where their functions are not called so.

    Raises Misconfigured where prometheus_client is not installed.
    """

    on: bool = True
    names: "Mapping[str, str]" = field(default_factory=dict)
    rows: tuple[Row, ...] = field(default=OTHERS, init=False)
    cells: Cells | None = field(default=None, init=False)
    _numbers: "array[float] | memoryview[float]" = field(default_factory=lambda: array("d"), init=False)
    _by_route: list[int] = field(default_factory=list, init=False)
    _by_handler: dict[str, int] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        if self.on:
            try:
                import prometheus_client  # noqa: F401 - missing is told here, not when somebody asks
            except ImportError:
                raise env.Misconfigured(
                    "metrics need prometheus_client: install it with `pip install 'egc[metrics]'`, or take `metrics` "
                    "out of system.config"
                ) from None

    def prepare(self, routes: "Sequence[Route]") -> None:
        """Give each route its row, by its index."""
        rows = {row: number for number, row in enumerate(OTHERS)}
        for route in routes:
            function = route.awaits or route.decides
            called = "" if function is None else str(getattr(function, "__name__", ""))
            row = Row("pipeline", route.endpoint.name, self.names.get(called, called))
            self._by_route.append(rows.setdefault(row, len(rows)) * WIDTH)
        self.rows = tuple(rows)
        self._by_handler = {row.handler: number * WIDTH for number, row in enumerate(OTHERS)}
        self._numbers = array("d", bytes(8 * WIDTH * len(rows)))

    def open(self, directory: Path | None) -> None:
        """Count in a file of `directory` from here on; where there can be none, in this process only."""
        if directory is None:
            return
        labels = [[row.handler, row.endpoint, row.pipeline] for row in self.rows]
        try:
            self.cells = Cells(directory / FILES, labels, WIDTH)
        except OSError as error:
            _log.error("%s: %s. Metrics are those of one worker each.", directory, error.strerror or error)
        else:
            self._numbers = self.cells.numbers

    def close(self) -> None:
        """Leave the file to the next worker."""
        if self.cells is not None:
            self._numbers = array("d", self._numbers)
            self.cells.close()
            self.cells = None

    def own(self) -> Sequence[float]:
        """The numbers of this process, where they are in no file."""
        return self._numbers

    def counter(self) -> "Counter":
        """What counts an exchange, where the numbers are now; made anew after `open`."""
        numbers, by_route, by_handler = self._numbers, self._by_route, self._by_handler
        column, other = _METHOD.get, _OTHER_METHOD

        # Each name that is looked up in here is paid for by each request.
        def count(x: "Exchange", status: int, _sent: int, seconds: float, reason: str) -> None:
            route = x.route
            row = by_handler[getattr(x, "handler", "gateway")] if route is None else by_route[route.index]
            if reason or x.tunnelled is not None or x.delay or status >= 600:
                _count_odd(numbers, row, x, status, reason)
                if x.tunnelled is not None:
                    # It has lasted for as long as somebody had something to say.
                    return
            else:
                numbers[row + column(x.method, other) + status // 100] += 1.0
            numbers[row + DURATIONS + bisect_left(BOUNDS, seconds)] += 1.0
            numbers[row + SECONDS] += seconds

        return count


def _count_odd(numbers: "array[float] | memoryview[float]", row: int, x: "Exchange", status: int, reason: str) -> None:
    """Count a request of which there is more to say, and what that is."""
    kind = 1 if x.tunnelled is not None else min(status // 100, _OTHER_STATUS)
    numbers[row + _METHOD.get(x.method, _OTHER_METHOD) + kind] += 1.0
    event = _EVENT.get(reason)
    if event is not None:
        numbers[row + event] += 1.0
    if x.delay:
        numbers[row + _DELAYED] += 1.0
