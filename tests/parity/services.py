"""The services behind the gateways: they write down what arrives and answer as the exchange says."""

import asyncio
from collections.abc import Mapping
from contextlib import ExitStack
from functools import partial
from typing import Any

from tests.upstreams import Upstream, Wire

NAMES = ("a", "b", "c")


class Services:
    """Services a, b and c; a context manager. `scripts` is an exchange's `service`: each is used once, the last on."""

    def __init__(self) -> None:
        self.scripts: list[Mapping[str, Any]] = [{}]
        self._stack = ExitStack()
        self._upstreams = {name: Upstream(partial(self._answer, name)) for name in NAMES}
        self._order: list[tuple[str, int]] = []

    def __enter__(self) -> "Services":
        for upstream in self._upstreams.values():
            self._stack.enter_context(upstream)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def ports(self) -> dict[str, int]:
        """Port by name."""
        return {name: upstream.port for name, upstream in self._upstreams.items()}

    def forget(self) -> None:
        """Forget what arrived."""
        for upstream in self._upstreams.values():
            upstream.requests.clear()
        self._order.clear()

    def arrived(self) -> list[dict[str, Any]]:
        """What came since, in order: start line after the service's name, fields with lower-case names, body."""
        found = []
        for name, index in self._order:
            request = self._upstreams[name].requests[index]
            fields: dict[str, list[str]] = {}
            for key, value in request.headers:
                fields.setdefault(key.decode("latin-1").lower(), []).append(value.decode("latin-1"))
            headers: dict[str, Any] = {key: values[0] if len(values) == 1 else values for key, values in fields.items()}
            item = {"line": f"{name} {request.method} {request.target}", "headers": headers}
            if request.body:
                item["body"] = _shown(request.body)
            found.append(item)
        return found

    async def _answer(self, name: str, wire: Wire) -> None:
        self._order.append((name, self._upstreams[name].requests.index(wire.request)))
        await wire.body()
        script = self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]
        if "raw" in script:
            await wire.send(script["raw"].replace("\n", "\r\n").encode("latin-1"))
        elif "then" not in script:
            fields = {"content-type": "text/plain", **script.get("headers", {})}
            pairs = [
                (key.encode(), str(value).encode())
                for key, values in fields.items()
                if values is not None
                for value in (values if isinstance(values, list) else [values])
            ]
            body = str(script.get("body", f"from {name}")).encode()
            await wire.respond(body, status=script.get("status", "200 OK"), headers=pairs)
        if script.get("then") == "hang":
            await asyncio.Event().wait()
        elif script.get("then") == "reset":
            wire.reset()
        elif script.get("then") == "close":
            wire.keep = False


def _shown(body: bytes) -> str:
    return body.decode("latin-1") if len(body) <= 1000 else f"<{len(body)} bytes>"
