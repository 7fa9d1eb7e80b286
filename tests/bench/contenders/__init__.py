"""Who is measured: one module a gateway, each with `start`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from tests.bench.processes import Process
from tests.bench.workload import Case


class Unavailable(Exception):
    """A gateway cannot be measured here, or cannot do the work; the text says why."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a gateway runs: a folder of its own, the folder of what is installed, the service behind it."""

    folder: Path
    installed: Path
    service: int


@dataclass(frozen=True, slots=True)
class Running:
    """A gateway that serves a case.

    Arguments:
        process: the gateway.
        base: its URL.
        headers: what requests carry, credentials included.
        store: the store's process, where it is another one; its CPU time is told apart.
    """

    process: Process
    base: str
    headers: Mapping[str, str] = field(default_factory=dict)
    store: Process | None = None

    def stop(self) -> None:
        """End gateway and store."""
        self.process.stop()
        if self.store is not None:
            self.store.stop()


class Contender(Protocol):
    """A module of this package."""

    NAME: str

    def start(self, case: Case, place: Place) -> Running | None:
        """Start the gateway for a case; None where it cannot do the same work. Raises Unavailable."""
