"""`/metrics`: the numbers of all workers, in the words of Prometheus (text or OpenMetrics, as it asks)."""

import asyncio
import platform
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import falcon.asgi

from egc.runtime.metrics import (
    AUTHENTICATION,
    BOUNDS,
    DELAYED,
    DURATIONS,
    EVENTS,
    FIRST_EVENT,
    LIMITED,
    METHODS,
    SECONDS,
    STATUSES,
    UNAVAILABLE,
    UPSTREAM,
    WIDTH,
    Metrics,
)
from egc.runtime.metrics.cells import read
from egc.runtime.store import Store, StoreError

if TYPE_CHECKING:
    from prometheus_client.core import Metric

_CHECK_SECONDS = 5.0
_PLACE = ("endpoint", "pipeline")

Sums = Mapping[tuple[str, str, str], Sequence[float]]


class Scrape:
    """GET /metrics.

    Arguments:
        metrics: those of this worker.
        store: asked at each scrape whether it can be read and written.
        source: digest of the configuration.
    """

    def __init__(self, metrics: Metrics, store: Store | None, source: str) -> None:
        self._metrics = metrics
        self._store = store
        self._build = {"version": version("egc"), "python": platform.python_version(), "source": source[:12]}
        self._one_at_a_time = asyncio.Lock()

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """Everything that was counted by all workers of this machine, by those that have ended, too."""
        encode, media = _form(req.get_header("Accept") or "")
        async with self._one_at_a_time:
            state = await self._state_of_store()
            # Beside the loop: there may be thousands of endpoints.
            resp.data = await asyncio.to_thread(lambda: encode(_Families(self._families(state))))
        resp.content_type = media
        resp.set_header("Cache-Control", "no-store")

    async def on_head(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """As GET."""
        await self.on_get(req, resp)

    async def _state_of_store(self) -> tuple[bool, float] | None:
        """Whether it works, and after how many seconds it said so."""
        if self._store is None:
            return None
        begun = time.perf_counter()
        try:
            async with asyncio.timeout(_CHECK_SECONDS):
                await self._store.check()
        except (StoreError, TimeoutError):
            return False, time.perf_counter() - begun
        return True, time.perf_counter() - begun

    def _families(self, state: tuple[bool, float] | None) -> "Iterator[Metric]":
        from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily

        sums, workers = self._added_up()
        yield from _requests(sums)
        yield from _events(sums)
        if state is not None:
            up, seconds = state
            yield GaugeMetricFamily("egc_store_up", "Whether the store can be read and written.", float(up))
            yield GaugeMetricFamily(
                "egc_store_check_seconds", "How long the store took to write and read, just now.", seconds
            )
        yield GaugeMetricFamily("egc_workers", "Workers of this machine that count.", workers)
        yield InfoMetricFamily("egc_build", "What runs.", self._build)

    def _added_up(self) -> tuple[Sums, int]:
        """The numbers by handler, endpoint and pipeline, and how many workers are there."""
        sums: dict[tuple[str, str, str], list[float]] = defaultdict(lambda: [0.0] * WIDTH)
        cells = self._metrics.cells
        if cells is None:
            labels = [(row.handler, row.endpoint, row.pipeline) for row in self._metrics.rows]
            _add(sums, labels, self._metrics.own())
            return sums, 1
        workers = 0
        for found in read(cells.directory, WIDTH):
            workers += found.alive
            _add(sums, found.labels, found.numbers)
        return sums, workers


def _form(accept: str) -> "tuple[Callable[[Any], bytes], str]":
    """OpenMetrics for who names it, else the plain text that all understand."""
    from prometheus_client import exposition
    from prometheus_client.openmetrics import exposition as openmetrics

    if "application/openmetrics-text" in accept:
        return openmetrics.generate_latest, openmetrics.CONTENT_TYPE_LATEST
    return exposition.generate_latest, exposition.CONTENT_TYPE_PLAIN_0_0_4


class _Families:
    """What prometheus_client writes: it asks a registry to `collect`."""

    def __init__(self, families: "Iterable[Metric]") -> None:
        self._families = families

    def collect(self) -> "Iterable[Metric]":
        return self._families


def _add(
    sums: dict[tuple[str, str, str], list[float]], labels: Sequence[Sequence[str]], numbers: Sequence[float]
) -> None:
    for place, (handler, endpoint, pipeline) in enumerate(labels):
        row = numbers[place * WIDTH : (place + 1) * WIDTH]
        if any(row):
            before = sums[handler, endpoint, pipeline]
            for column, number in enumerate(row):
                before[column] += number


def _requests(sums: Sums) -> "Iterator[Metric]":
    from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily

    requests = CounterMetricFamily(
        "egc_requests", "Requests that were answered, or left.", labels=("handler", *_PLACE, "method", "status")
    )
    durations = HistogramMetricFamily(
        "egc_request_duration_seconds",
        "How long they took, without tunnels of WebSockets.",
        labels=("handler", *_PLACE),
    )
    for labels, row in sums.items():
        for number, method in enumerate(METHODS):
            for other, status in enumerate(STATUSES):
                count = row[number * len(STATUSES) + other]
                if count:
                    requests.add_metric((*labels, method, status), count)
        buckets: list[tuple[str, float]] = []
        total = 0.0
        for bound, count in zip((*map(str, BOUNDS), "+Inf"), row[DURATIONS:SECONDS], strict=True):
            total += count
            buckets.append((bound, total))
        durations.add_metric(labels, buckets, row[SECONDS])
    yield requests
    yield durations


def _events(sums: Sums) -> "Iterator[Metric]":
    from prometheus_client.core import CounterMetricFamily

    for name, text, events in (
        ("egc_upstream_errors", "Requests that a service did not answer.", UPSTREAM),
        ("egc_auth_failures", "Requests whose caller was not let in.", AUTHENTICATION),
        ("egc_rate_limited", "Requests beyond a rate limit, refused.", (LIMITED,)),
        ("egc_rate_delayed", "Requests beyond a rate limit, delayed.", (DELAYED,)),
        ("egc_store_unavailable", "Requests that needed the store while it did not answer.", (UNAVAILABLE,)),
    ):
        told = len(events) > 1
        family = CounterMetricFamily(name, text, labels=(*_PLACE, "reason") if told else _PLACE)
        for (_, *place), row in sums.items():
            for event in events:
                count = row[FIRST_EVENT + EVENTS.index(event)]
                if count:
                    family.add_metric((*place, event) if told else place, count)
        yield family
