"""What a plugin is written with: everything here stays as it is while the gateway's `api` does.

A plugin is a Python package that `plugins` of system.config.yml names. Data files beside its code say what it brings
(examples/plugin shows all of it); they are all that the compiler reads. Its code runs in the gateway, with its rights.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from egc.runtime.errors import Refused
from egc.runtime.exchange import Answer, Claims, Consumer, Exchange, Outcome, ResponseHead
from egc.runtime.patterns import Pattern
from egc.runtime.policies.proxy import Proxy
from egc.runtime.store import Application, Store, User
from egc.runtime.upstream import Call, Service

__all__ = [
    "Answer",
    "Application",
    "Call",
    "Claims",
    "Closing",
    "Consumer",
    "Event",
    "Exchange",
    "HotReload",
    "Outcome",
    "Pattern",
    "Plugin",
    "Proxy",
    "Ready",
    "Refused",
    "ResponseHead",
    "Service",
    "Store",
    "User",
]


@dataclass(frozen=True, slots=True)
class Ready:
    """A worker serves a listener (D376)."""

    listener: Literal["http", "https", "admin"]


@dataclass(frozen=True, slots=True)
class HotReload:
    """Under `egc run`: this worker's build has taken the place of another one (D55, D376)."""


@dataclass(frozen=True, slots=True)
class Closing:
    """This worker ends; its last requests are answered."""


Event: TypeAlias = Ready | HotReload | Closing


class Plugin:
    """The object of a plugin: one in each worker, made from its settings when the gateway's module is loaded.

    `__init__` must neither open nor start anything: it also runs where a build is tried.
    """

    def gateway_routes(self) -> Mapping[str, Any]:
        """Falcon resources by URI template, on the public listeners, before all pipelines and on all hosts (D373).

        Only methods for which a resource has a responder are taken.
        """
        return {}

    def admin_routes(self) -> Mapping[str, Any]:
        """Falcon resources by URI template on the Admin API, behind its key; one may replace the API's own (D374)."""
        return {}

    async def open(self) -> None:
        """Start, in the worker. If it raises, the gateway does not serve."""

    async def close(self) -> None:
        """Stop. The store is still there."""

    async def on_event(self, event: Event) -> None:
        """Take notice. What it raises is logged, and it has 5 seconds."""
