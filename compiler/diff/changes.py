"""What a difference between two gateways is, and how grave.

A change has one class or several:

- *breaking*: a request that is served today is refused afterwards, answered otherwise, or goes to another service; or
  callers must do something that they need not do today. A request is served if it reaches a service, is redirected, or
  is answered by the gateway with a status below 400.
- *weaker*: afterwards more people reach something, or with less: a way to a service that was not there, less
  authentication or fewer scopes, a higher limit, another origin for browsers, TLS that checks less, a longer lifetime
  of a token.
- *stronger*: more is asked of a caller than today, or TLS checks more. Where that refuses somebody who is served today
  it is breaking as well: authentication that is added is both.
- *neutral*: all else that somebody would notice: headers, transformations, logs, addresses of the same service.

What egc cannot see through, such as a script that differs, is of every class that may come of it and not `certain`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, get_args

from egc.compiler.diagnostics import Span

Class: TypeAlias = Literal["breaking", "weaker", "stronger", "neutral"]

CLASSES: tuple[Class, ...] = get_args(Class)
"""The gravest first."""

Classes: TypeAlias = tuple[Class, ...]

BREAKING: Classes = ("breaking",)
WEAKER: Classes = ("weaker",)
STRONGER: Classes = ("stronger",)
NEUTRAL: Classes = ("neutral",)
TIGHTER: Classes = ("breaking", "stronger")
EITHER: Classes = ("breaking", "weaker")
UNKNOWN: Classes = ("breaking", "weaker", "stronger")


@dataclass(frozen=True, slots=True)
class Delta:
    """One difference, as far as it is the same for all requests that it is seen by.

    Arguments:
        kind: what it is, as a word: `authentication-removed`.
        classes: in the order of CLASSES.
        message: a sentence for people.
        before, after: the places in both files; None where there is nothing to show.
        certain: whether nothing of it depends on what egc cannot see through.
    """

    kind: str
    classes: Classes
    message: str
    before: Span | None
    after: Span | None
    certain: bool = True


@dataclass(frozen=True, slots=True)
class Change:
    """A difference with the requests that show it.

    Arguments:
        delta: what differs.
        witness: a request that shows it (`GET http://a.example/x`); empty where none is known or none is needed.
        was, now: what becomes of the witness before and afterwards.
        requests: the routes of the requests that are concerned, as they are written.
        certain: whether it is sure that a request like the witness shows it.
    """

    delta: Delta
    witness: str = ""
    was: str = ""
    now: str = ""
    requests: tuple[str, ...] = ()
    certain: bool = True


@dataclass(frozen=True, slots=True)
class Side:
    """How one side is called.

    Arguments:
        name: as it was given.
        root: what is put before the names of its files.
        sources: the texts of its files by name; empty where they are not known.
    """

    name: str
    root: str
    sources: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Difference:
    """All that somebody would notice between two gateways, the gravest first."""

    before: Side
    after: Side
    changes: tuple[Change, ...]

    def count(self, one: Class) -> int:
        """How many changes are of a class."""
        return sum(one in change.delta.classes for change in self.changes)

    def fails(self, classes: Iterable[str]) -> bool:
        """Whether there is a change of any of these classes."""
        wanted = set(classes)
        return any(wanted & set(change.delta.classes) for change in self.changes)


def classes(found: Iterable[Class]) -> Classes:
    """Classes once each, the gravest first; neutral only where nothing else is."""
    known = set(found)
    return tuple(one for one in CLASSES if one in known and (one != "neutral" or known == {"neutral"}))


def ordered(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Changes by their gravest class, then by place."""

    def key(change: Change) -> tuple[int, bool, str, Span, str]:
        delta = change.delta
        place = delta.after or delta.before or Span("", 0, 0, 0, 0)
        return CLASSES.index(delta.classes[0]), delta.kind in _WITHIN, place.file, place, delta.message

    return tuple(sorted(changes, key=key))


_WITHIN = frozenset(("renamed",))
