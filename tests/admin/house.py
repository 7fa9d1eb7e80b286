"""An Admin API over a real store, asked in process."""

import asyncio
import json
from collections.abc import Coroutine
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import falcon.asgi
from falcon import testing

from egc.runtime.admin import AdminApi
from egc.runtime.store import Store
from egc.runtime.store.sqlite import SQLiteStore

R = TypeVar("R")


def said(result: testing.Result) -> str:
    """The sentence of an error: its text, or that of its problem document."""
    is_problem = result.headers.get("content-type", "") == "application/problem+json"
    return str(result.json["detail"]) if is_problem else result.text


class House:
    """An Admin API with `store`, or one in `directory`; `settings` are those of AdminApi."""

    def __init__(self, directory: Path, *, store: Store | None = None, **settings: Any) -> None:
        self.directory = directory
        self.store: Store = store or SQLiteStore(directory)
        self.api = AdminApi(self.store, **settings)
        app = falcon.asgi.App()
        self.api.mount(app)
        self._conductor = testing.ASGIConductor(app)
        self._runner = asyncio.Runner()

    def __enter__(self) -> "House":
        self.run(self.store.open())
        self.run(self.api.open())
        self.run(self._conductor.__aenter__())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.run(self._conductor.__aexit__(kind, error, trace))
        self.run(self.api.close())
        self.run(self.store.close())
        self._runner.close()

    def run(self, work: Coroutine[Any, Any, R]) -> R:
        """Run on the house's event loop."""
        return self._runner.run(work)

    async def ask(
        self, method: str, path: str, body: Any = None, content: bytes | None = None, **more: Any
    ) -> testing.Result:
        """One request, with `body` as JSON or `content` as it is."""
        more.setdefault("host", "localhost")
        if content is not None:
            more["body"] = content
        if body is not None:
            more["body"] = json.dumps(body)
            more["headers"] = {"Content-Type": "application/json", **more.get("headers", {})}
        result: testing.Result = await self._conductor.simulate_request(method, path, **more)
        return result

    def get(self, path: str, **more: Any) -> testing.Result:
        return self.run(self.ask("GET", path, **more))

    def post(self, path: str, body: Any = None, **more: Any) -> testing.Result:
        return self.run(self.ask("POST", path, body, **more))

    def put(self, path: str, body: Any = None, **more: Any) -> testing.Result:
        return self.run(self.ask("PUT", path, body, **more))

    def delete(self, path: str, **more: Any) -> testing.Result:
        return self.run(self.ask("DELETE", path, **more))

    def made(self, path: str, body: Any) -> Any:
        """The JSON of a POST that must succeed."""
        result = self.post(path, body)
        assert result.status_code == 200, result.text
        return result.json
