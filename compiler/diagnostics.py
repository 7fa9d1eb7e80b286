"""What egc says about a configuration: places, diagnostics and the report that collects them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypedDict, Unpack

if TYPE_CHECKING:
    from egc.compiler.node import Node

Severity = Literal["error", "warning", "info"]

Confidence = Literal["proven", "heuristic"]
"""Whether a finding follows from the configuration, or is a guess about it."""


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A place in a file. Lines and columns count from 1; `end_column` is the first column behind the place."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Related:
    """A second place that belongs to a diagnostic, and what it has to do with it."""

    span: Span
    message: str


@dataclass(frozen=True, slots=True)
class Edit:
    """A change of a file: what stands in `span` becomes `text`. An empty span is a place to insert at."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Fix:
    """What would mend a finding.

    Arguments:
        message: what the edits do, as an imperative: "add OPTIONS to `methods`".
        edits: changes that do not overlap, all or none of them.
        safe: whether no request is answered differently afterwards, but for what is plainly wrong today.
    """

    message: str
    edits: tuple[Edit, ...]
    safe: bool


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding.

    Arguments:
        code: the short id (`CO104`); never reused for another meaning.
        name: what is wrong, as a word that reads well after *ignore* (`unknown-property`).
        severity: errors stop the build at the end of their stage.
        message: one sentence for the person who wrote the configuration.
        span: the place that is wrong.
        related: further places.
        help: what to do about it, or empty.
        witness: a request that shows it and what comes of it (`GET http://b.example/x -> 200`), or empty.
        fix: changes that mend it, if egc knows any.
        confidence: whether it is proven or guessed.
    """

    code: str
    name: str
    severity: Severity
    message: str
    span: Span
    related: tuple[Related, ...] = ()
    help: str = ""
    witness: str = ""
    fix: Fix | None = None
    confidence: Confidence = "proven"


class About(TypedDict, total=False):
    """What may be said of a finding beside its sentence; see Diagnostic."""

    related: tuple[Related, ...]
    help: str
    witness: str
    fix: Fix | None
    confidence: Confidence


class DoesNotCompile(Exception):
    """The configuration has errors; `report` holds them all."""

    def __init__(self, report: "Report") -> None:
        super().__init__(f"{report.errors} error(s)")
        self.report = report


@dataclass(slots=True)
class Report:
    """Collects the diagnostics of a compilation, and the text and the trees of the files they point into.

    `root` is what is put before the name of a file where a diagnostic is shown: spans name files below the directory
    of the configuration, so that what is compiled does not depend on where that is. `compat` takes what Express
    Gateway ran, where egc is stricter for good reason; `serving` only as far as nobody gets in by it.
    """

    sources: dict[str, str] = field(default_factory=dict)
    root: str = ""
    compat: bool = False
    serving: bool = False
    trees: dict[str, "Node"] = field(default_factory=dict)
    _found: dict[Diagnostic, None] = field(default_factory=dict)

    def add(
        self,
        code: str,
        name: str,
        severity: Severity,
        message: str,
        span: Span,
        **about: Unpack[About],
    ) -> None:
        """Record one finding; the same finding at the same place is kept once."""
        self.take(Diagnostic(code, name, severity, message, span, **about))

    def take(self, found: Diagnostic) -> None:
        """Record a finding that somebody else made; the same finding at the same place is kept once."""
        self._found[found] = None

    def error(self, code: str, name: str, message: str, span: Span, **about: Unpack[About]) -> None:
        """Record an error."""
        self.add(code, name, "error", message, span, **about)

    def stricter(self, code: str, name: str, message: str, span: Span, **about: Unpack[About]) -> None:
        """Record what Express Gateway ran although it lets people in or loses a policy: an error but for `compat`."""
        self.add(code, name, "warning" if self.compat else "error", message, span, **about)

    def failing(self, code: str, name: str, message: str, span: Span, **about: Unpack[About]) -> None:
        """Record what Express Gateway ran and what fails at every request: an error but for `compat` and `serving`."""
        self.add(code, name, "warning" if self.compat or self.serving else "error", message, span, **about)

    def warning(self, code: str, name: str, message: str, span: Span, **about: Unpack[About]) -> None:
        """Record a warning."""
        self.add(code, name, "warning", message, span, **about)

    @property
    def errors(self) -> int:
        """How many errors were found."""
        return sum(found.severity == "error" for found in self._found)

    def end_stage(self) -> None:
        """Raise DoesNotCompile if the stage that ends here, or one before it, found an error."""
        if self.errors:
            raise DoesNotCompile(self)

    def __iter__(self) -> Iterator[Diagnostic]:
        """All findings, sorted by place."""
        return iter(sorted(self._found, key=lambda found: (found.span, found.code, found.message)))

    def __len__(self) -> int:
        return len(self._found)
