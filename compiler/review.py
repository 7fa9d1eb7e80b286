"""What the reviewer looks at: a configuration as it was written, as it compiled, and who can reach what by it."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from egc.compiler.branches import Access, accesses
from egc.compiler.model import Model
from egc.compiler.plan import Gateway
from egc.compiler.source import Project

if TYPE_CHECKING:
    from egc.compiler.lint._overlaps import Meeting


@dataclass(frozen=True)
class Review:
    """A configuration that compiles.

    Arguments:
        plan: the program it means.
        project: its files, with their trees of nodes.
        model: its endpoints, pipelines and steps as written.
    """

    plan: Gateway
    project: Project
    model: Model

    @cached_property
    def accesses(self) -> tuple[Access, ...]:
        """Every class of requests and what comes of it, in the order of matching."""
        return accesses(self.plan)

    @cached_property
    def meetings(self) -> "tuple[Meeting, ...]":
        """The pairs of routes that both take some request."""
        from egc.compiler.lint._overlaps import meetings

        return tuple(meetings(self.plan.routes))
