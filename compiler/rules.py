"""What a lint rule is. Each rule is one file of `compiler/lint/`, found by its name; it holds `RULE` and `check`.

A finding that another stage reports is described by a file of `compiler/findings/`: the same page, without a check.
"""

import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Unpack

from egc.compiler.diagnostics import About, Confidence, Diagnostic, Severity, Span

if TYPE_CHECKING:
    from egc.compiler.review import Review


@dataclass(frozen=True, slots=True)
class Example:
    """A configuration on a page: what is wrong, or how it is right.

    Arguments:
        gateway: the text of gateway.config.yml.
        system: the text of system.config.yml; empty for none.
        environ: variables that are set.
        files: other files beside it, by name.
    """

    gateway: str
    system: str = ""
    environ: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rule:
    """The page of a finding, as `egc explain` shows it.

    Arguments:
        code: the short id (`RT101`); never reused for another meaning.
        name: what is wrong, as a word that reads well after *ignore*.
        severity: what its findings are unless one says otherwise.
        confidence: whether its findings are proven or guessed.
        fix: whether `egc lint --fix` mends it, and whether that is safe.
        summary: what it finds, in one line.
        why: what comes of it, with the number of an RFC, advisory or row where one says so.
        instead: what to write instead.
        express_gateway: what Express Gateway does with it; empty where that is no different.
        bad: a configuration with the finding.
        good: the same one, mended; it has no finding at all.
        default: whether it is shown without being selected or `--strict`.
        strict: what its findings are under `--strict` where that is more than else.
        impossible: egc has nothing of the kind; the page says why, and its bad example was bad in Express Gateway.
    """

    code: str
    name: str
    severity: Severity
    confidence: Confidence
    fix: Literal["none", "safe", "unsafe"]
    summary: str
    why: str
    instead: str
    bad: Example
    good: Example
    express_gateway: str = ""
    default: bool = True
    strict: Severity | None = None
    impossible: bool = False

    def found(
        self, message: str, span: Span, *, severity: Severity | None = None, **about: Unpack[About]
    ) -> Diagnostic:
        """A finding of this rule. `severity` and `confidence` are the rule's own where none is given."""
        about.setdefault("confidence", self.confidence)
        return Diagnostic(self.code, self.name, severity or self.severity, message, span, **about)


Check = Callable[["Review"], Iterator[Diagnostic]]
"""What a rule's file calls `check`: everything that the rule finds."""

LINT = Path(__file__).with_name("lint")
FINDINGS = Path(__file__).with_name("findings")


@cache
def checks() -> tuple[tuple[Rule, Check], ...]:
    """All rules with their checks, in the order of their codes."""
    found: list[tuple[Rule, Check]] = []
    for file in sorted(LINT.glob("[!_]*.py")):
        module = import_module(f"egc.compiler.lint.{file.stem}")
        found.append((module.RULE, module.check))
    return tuple(sorted(found, key=lambda each: each[0].code))


@cache
def described() -> tuple[Rule, ...]:
    """The pages of findings that no rule makes: what the other stages report, and what egc has made impossible."""
    found: list[Rule] = []
    for file in sorted(FINDINGS.glob("*.toml")):
        page = tomllib.loads(file.read_text(encoding="utf-8"))
        bad, good = Example(**page.pop("bad")), Example(**page.pop("good"))
        found.append(Rule(bad=bad, good=good, **page))
    return tuple(sorted(found, key=lambda rule: rule.code))


def pages() -> tuple[Rule, ...]:
    """The pages of all findings, in the order of their codes."""
    return tuple(sorted([*(rule for rule, _ in checks()), *described()], key=lambda rule: rule.code))
