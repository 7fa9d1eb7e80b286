"""The runtime's side of plugins: their beginning, their end, and what fails in them."""

import asyncio
import logging
from typing import Any

import pytest

from egc.runtime import Listener, env
from egc.runtime.plugin import Closing, Event, HotReload, Plugin, Ready
from egc.runtime.plugins import Plugins

HTTP = Listener("http", port=0)


class Noting(Plugin):
    """Notes what it is told; fails where it should."""

    def __init__(self, fails: str = "") -> None:
        self.fails = fails
        self.told: list[object] = []

    async def open(self) -> None:
        self._note("open")

    async def close(self) -> None:
        self._note("close")

    async def on_event(self, event: Event) -> None:
        self._note(event)

    def _note(self, what: object) -> None:
        self.told.append(what)
        if self.fails and self.fails in str(what):
            raise RuntimeError("it fails")


def lived(*plugins: Noting) -> None:
    """Open and close them, as a worker does."""

    async def live() -> None:
        running = Plugins(plugins)
        await running.open([HTTP])
        await asyncio.gather(*running._telling)
        await running.close()

    asyncio.run(live())


def test_a_plugin_is_told_from_beginning_to_end() -> None:
    """D376."""
    plugin = Noting()
    lived(plugin)
    assert plugin.told == ["open", Ready("http"), Closing(), "close"]


def test_a_build_that_takes_over_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EGC_BUILD", "2")
    plugin = Noting()
    lived(plugin)
    assert plugin.told[2] == HotReload()


@pytest.mark.parametrize("where", ["Ready", "Closing", "close"])
def test_a_plugin_that_fails_keeps_no_other_from_being_told(where: str, caplog: pytest.LogCaptureFixture) -> None:
    """D368, D461: it is logged."""
    other = Noting()
    with caplog.at_level(logging.ERROR, "egc"):
        lived(Noting(where), other)
    assert other.told == ["open", Ready("http"), Closing(), "close"]
    assert "it fails" in caplog.text


def test_a_plugin_that_does_not_open_ends_the_worker_with_a_sentence() -> None:
    with pytest.raises(env.Misconfigured, match="Noting does not open: it fails"):
        asyncio.run(Plugins([Noting("open")]).open([HTTP]))


def test_a_path_that_cannot_be_a_route_is_told() -> None:
    class Odd(Plugin):
        def gateway_routes(self) -> dict[str, Any]:
            return {"no-slash": Odd}

    with pytest.raises(env.Misconfigured, match="Odd cannot serve no-slash"):
        Plugins([Odd()])


def test_what_is_no_plugin_is_told() -> None:
    with pytest.raises(env.Misconfigured, match="object is no egc"):
        Plugins([object()])  # type: ignore[list-item]  # a module made by hand may do so
