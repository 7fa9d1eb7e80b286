"""All that the forms of `egc access` show, and how much of it there is."""

from collections.abc import Iterable
from dataclasses import dataclass

from egc.compiler.access.beside import Beside, beside
from egc.compiler.access.rows import Row, rows
from egc.compiler.branches import Access
from egc.compiler.diagnostics import Report
from egc.compiler.review import Review


@dataclass(frozen=True, slots=True)
class View:
    """What is shown.

    Arguments:
        rows: the classes of requests that were asked for.
        total: how many classes there are.
        beside: what answers besides the routes.
        chosen: what was asked for, in words; empty for everything.
        source: the gateway.config file as it is called from here.
        digest: SHA-256 over all files of the configuration.
        root: what is put before names of files.
    """

    rows: tuple[Row, ...]
    total: int
    beside: tuple[Beside, ...]
    chosen: str
    source: str
    digest: str
    root: str

    @property
    def unauthenticated(self) -> tuple[Row, ...]:
        """The classes that reach a service, or may, although nobody has asked who the caller is."""
        return tuple(row for row in self.rows if row.open and row.upstream is not None)

    @property
    def inexact(self) -> tuple[Row, ...]:
        """The classes of which not everything is known when the gateway is built."""
        return tuple(row for row in self.rows if not row.exact)

    @property
    def summary(self) -> str:
        """How many there are, in one line."""
        shown = f"{len(self.rows)} of {self.total}" if self.chosen else f"{self.total}"
        classes = "class" if self.total == 1 else "classes"
        reaching = "reaches" if len(self.unauthenticated) == 1 else "reach"
        return (
            f"{shown} {classes} of requests, {len(self.unauthenticated)} {reaching} a service without authentication, "
            f"{len(self.inexact)} inexact"
        )


LEGEND = (
    ("nobody", "no policy has asked who the caller is"),
    ("oauth2 [read]", "this policy lets the caller pass, and the scope `read` is needed"),
    ("not X", "the condition X was asked and did not hold"),
    ("inexact", "unknown when the gateway is built: such requests may end so, or in another way of the same endpoint"),
)
"""Words of the tables, explained."""


def view(review: Review, chosen: Iterable[Access], words: str, report: Report) -> View:
    """What is shown of a configuration.

    Arguments:
        review: the configuration.
        chosen: its classes of requests that were asked for.
        words: what was asked for; empty for everything.
        report: of the compilation: the texts of the files, and what is put before their names.
    """
    plan = review.plan
    return View(
        rows(chosen, plan, report.sources),
        len(review.accesses),
        tuple(beside(plan)),
        words,
        f"{report.root}{plan.source_name}",
        plan.source_sha256,
        report.root,
    )
