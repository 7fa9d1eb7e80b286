"""A gateway that counts, asked in process."""

import asyncio
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import pytest
from prometheus_client.parser import text_string_to_metric_families

from egc.runtime import Listener
from egc.runtime.admin import AdminApi
from egc.runtime.errors import Refused
from egc.runtime.exchange import Answer, Exchange, Outcome
from egc.runtime.gateway import Gateway
from egc.runtime.metrics import Metrics
from egc.runtime.routing import ANY, Endpoint, Route
from egc.runtime.store.sqlite import SQLiteStore
from egc.runtime.upstream import UpstreamError

R = TypeVar("R")


def fine(_x: Exchange) -> Outcome:
    return Answer(200, [], b"fine")


async def slow(x: Exchange) -> Outcome:
    x.delay = 0.001
    return Answer(204, [])


def fails(x: Exchange) -> Outcome:
    """Fails as the last part of the path says."""
    word = x.path.rpartition("/")[2]
    if word.startswith("upstream"):
        raise UpstreamError(word)
    raise Refused(401 if "limited" not in word else 429, "No", reason=word)


class Reply(NamedTuple):
    status: int
    headers: dict[str, str]
    text: str


class Counting:
    """A gateway with metrics in `directory`; `settings` are those of AdminApi."""

    def __init__(self, directory: Path | None, **settings: Any) -> None:
        self.store = SQLiteStore(directory) if directory is not None else None
        http, admin = Listener("http", port=81), Listener("admin", host="localhost", port=82)
        routes = (
            Route(ANY, "/fine", ANY, Endpoint("one"), fine),
            Route(ANY, "/fine/too", ANY, Endpoint("one"), fine),
            Route(ANY, "/slow", ANY, Endpoint("two"), slow),
            Route(ANY, "/never", ANY, Endpoint("three"), None),
            *(Route(ANY, f"/fails/{word}", ANY, Endpoint("four"), fails) for word in FAILURES),
        )
        store = self.store or SQLiteStore(Path("/nowhere"))
        self.api = AdminApi(store, audit=directory, **settings)
        self.metrics = Metrics(names={"fails": "it-fails"})
        self.gateway = Gateway(
            routes=routes,
            administration=self.api,
            listeners=(http, admin),
            store=self.store,
            access_log=False,
            metrics=self.metrics,
            source="0123456789abcdef",
        )
        self._runner = asyncio.Runner()

    def __enter__(self) -> "Counting":
        self.run(self.gateway.start())
        return self

    def __exit__(self, *error: object) -> None:
        self.run(self.gateway.stop())
        self._runner.close()

    def run(self, work: Coroutine[Any, Any, R]) -> R:
        return self._runner.run(work)

    def ask(
        self, method: str, path: str, *, port: int = 81, host: str = "localhost", headers: dict[str, str] | None = None
    ) -> Reply:
        sent = [(b"host", host.encode())]
        sent += [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()]
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": sent,
            "server": ("127.0.0.1", port),
            "client": ("127.0.0.1", 4711),
        }
        told: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any) -> None:
            told.append(message)

        self.run(self.gateway(scope, receive, send))
        fields = {name.decode().lower(): value.decode() for name, value in told[0]["headers"]}
        body = b"".join(message.get("body", b"") for message in told[1:])
        return Reply(told[0]["status"], fields, body.decode())

    def scrape(self, **more: Any) -> Reply:
        return self.ask("GET", "/metrics", port=82, **more)

    def numbers(self, name: str) -> dict[tuple[str, ...], float]:
        """The samples of that name: their value by the values of their labels, ordered by the names of those."""
        return samples(self.scrape().text, name)


FAILURES = ("upstream_reset", "upstream_timeout", "bad_token", "no_scope", "rate_limited", "unheard_of")


def samples(text: str, name: str) -> dict[tuple[str, ...], float]:
    """The samples of that name in an answer: value by the values of their labels, ordered by the names of those."""
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == name:
                found[tuple(sample.labels[label] for label in sorted(sample.labels))] = sample.value
    return found


@pytest.fixture
def counting(tmp_path: Path) -> Iterator[Counting]:
    with Counting(tmp_path / "data") as counting:
        yield counting
