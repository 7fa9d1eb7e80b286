"""The reviewer: what is wrong with a configuration that compiles.

Each rule is a file of this directory (see `egc.compiler.rules`). Its findings and those of the stages go one way: what
a comment of the configuration excuses is left out, `--strict` or its absence sets how much a guess counts, and what was
not asked for is left out.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from egc.compiler.diagnostics import Confidence, Diagnostic, Report, Severity
from egc.compiler.lint import _ignores
from egc.compiler.review import Review
from egc.compiler.rules import Rule, checks, pages

if TYPE_CHECKING:
    from egc.compiler import Compiled

RANK: dict[Severity, int] = {"info": 0, "warning": 1, "error": 2}
SURENESS: dict[Confidence, int] = {"heuristic": 0, "proven": 1}


class BrokenRule(Exception):
    """A rule raised something: a bug of egc, and no result."""

    def __init__(self, rule: Rule) -> None:
        super().__init__(f"the rule {rule.code} {rule.name} has failed")


@dataclass(frozen=True, slots=True)
class Selection:
    """Which findings are wanted.

    Arguments:
        select: codes, beginnings of codes or names; empty for all that are on by default.
        ignore: the same, of what is left out; it wins.
        min_severity: the least; None is `warning`, and `info` where something is selected or `strict`.
        min_confidence: the least.
        strict: guesses count as much as what is proven, and rules that are off by default are on.
    """

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    min_severity: Severity | None = None
    min_confidence: Confidence = "heuristic"
    strict: bool = False

    def unknown(self) -> Iterator[str]:
        """The words of it that no finding is called by."""
        known = pages()
        for word in (*self.select, *self.ignore):
            if not any(called(word, page.code, page.name) for page in known):
                yield word

    def takes(self, found: Diagnostic, *, default: bool) -> bool:
        """Whether a finding is wanted. `default` is that of its rule."""
        if any(called(word, found.code, found.name) for word in self.ignore):
            return False
        if self.select:
            if not any(called(word, found.code, found.name) for word in self.select):
                return False
        elif not (default or self.strict):
            return False
        least = self.min_severity or ("info" if self.select or self.strict else "warning")
        return RANK[found.severity] >= RANK[least] and SURENESS[found.confidence] >= SURENESS[self.min_confidence]


EVERYTHING = Selection()


def called(word: str, code: str, name: str) -> bool:
    """Whether a finding is meant by a word: its name, its code or a beginning of that from its family on."""
    upper = word.upper()
    return word.lower() == name or (len(upper) >= 2 and code.startswith(upper))


def lint(compiled: "Compiled", selection: Selection = EVERYTHING) -> Report:
    """The findings that are wanted about a configuration that compiles, those of the stages included.

    Raises:
        BrokenRule: a rule failed.
    """
    return chosen(everything(compiled, strict=selection.strict), selection)


def everything(compiled: "Compiled", *, strict: bool = False) -> Report:
    """All findings that no comment excuses.

    Raises:
        BrokenRule: a rule failed.
    """
    report = compiled.report
    found = dict.fromkeys((*report, *findings(compiled)))
    left, remarks = _ignores.heed(report, found, pages())
    rules = {rule.code: rule for rule in pages()}
    return like(report, (weigh(one, rules.get(one.code), strict=strict) for one in (*left, *remarks)))


def chosen(report: Report, selection: Selection) -> Report:
    """The findings of a report that are wanted."""
    off = {rule.code for rule in pages() if not rule.default}
    return like(report, (one for one in report if selection.takes(one, default=one.code not in off)))


def like(report: Report, found: Iterable[Diagnostic]) -> Report:
    """A report of the same files with other findings."""
    made = Report(report.sources, report.root, report.compat, report.serving, report.trees)
    for one in found:
        made.take(one)
    return made


def findings(compiled: "Compiled") -> Iterator[Diagnostic]:
    """What the rules find, nothing left out.

    Raises:
        BrokenRule: a rule failed.
    """
    review = seen(compiled)
    for rule, check in checks():
        try:
            yield from check(review)
        except Exception as error:
            raise BrokenRule(rule) from error


def seen(compiled: "Compiled") -> Review:
    """What rules look at."""
    return Review(compiled.plan, compiled.project, compiled.model)


def weigh(found: Diagnostic, rule: Rule | None, *, strict: bool) -> Diagnostic:
    """A finding with the severity that it has under `--strict`, or without: a guess is a warning at most."""
    if strict:
        if rule is not None and rule.strict is not None and RANK[found.severity] < RANK[rule.strict]:
            return replace(found, severity=rule.strict)
    elif found.confidence == "heuristic" and found.severity == "error":
        return replace(found, severity="warning")
    return found


def worst(found: Iterable[Diagnostic]) -> Severity | None:
    """The highest severity among findings."""
    return max((one.severity for one in found), key=RANK.__getitem__, default=None)
