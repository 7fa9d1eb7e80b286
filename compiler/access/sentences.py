"""The sentences of expectations: what may be said, read from text.

    no unauthenticated request reaches TARGET
    only scope SCOPES reaches TARGET
    only POLICIES reaches TARGET
    every request to TARGET is rate limited
    nothing reaches TARGET
    TARGET is reached only by ENDPOINTS
    every request is answered 404

TARGET is the name of a serviceEndpoint or an apiEndpoint, with `service` or `endpoint` in front where both have it, or
`any service`. A service is reached by what is proxied to it; an endpoint by what is proxied or answered with a status
below 400, but for what `cors` says to preflights. SCOPES, POLICIES and ENDPOINTS are names with commas, `or`, `and`
between them. Names in quotes may hold anything. Case does not count but in names.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal, TypeAlias

from egc.compiler.spelling import distance

Kind: TypeAlias = Literal["authenticated", "scopes", "policies", "limited", "unreached", "endpoints", "not found"]

SENTENCES: dict[Kind, str] = {
    "authenticated": "no unauthenticated request reaches TARGET",
    "scopes": "only scope SCOPES reaches TARGET",
    "policies": "only POLICIES reaches TARGET",
    "limited": "every request to TARGET is rate limited",
    "unreached": "nothing reaches TARGET",
    "endpoints": "TARGET is reached only by ENDPOINTS",
    "not found": "every request is answered 404",
}
"""What may be said. A word in capitals stands for names."""

LONGEST = 60
"""Words of a sentence that is read."""

LONGEST_TEXT = 2000
"""Characters of a sentence that is read."""

_SAME = {
    "unauthenticated": ("unauthenticated", "anonymous"),
    "reaches": ("reaches", "reach"),
    "request": ("request", "requests"),
    "scope": ("scope", "scopes"),
}
"""Words that may be written in another number."""

_TOKEN = re.compile(r'"([^"]*)"|\'([^\']*)\'|`([^`]*)`|(,)|([^\s,]+)')
_JOINTS = (",", "or", "and")
_LACKING = 12
"""What it costs a sentence in the search for the one that was meant if it lacks a name."""

_MORE = 3
"""What each further word in place of one name costs there."""

_NEAR = 0.34
"""The part of its letters by which a sentence may differ from the one that was meant."""


class NotUnderstood(ValueError):
    """A sentence that says none of these things; the text of the exception says what may have been meant."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a sentence is about; `kind` is empty where it does not say whether it is a service or an endpoint."""

    kind: Literal["", "service", "endpoint", "any service"]
    name: str


@dataclass(frozen=True, slots=True)
class Sentence:
    """What somebody expects.

    Arguments:
        text: as it was written.
        kind: which of SENTENCES it is.
        target: what it is about, None for `every request is answered 404`.
        names: of scopes, policies or endpoints.
        all: whether all of `names` are meant together, not any of them.
    """

    text: str
    kind: Kind
    target: Target | None
    names: tuple[str, ...] = ()
    all: bool = False


@dataclass(frozen=True, slots=True)
class _Word:
    """A word of a sentence, or a name in quotes."""

    text: str
    quoted: bool = False

    def __str__(self) -> str:
        return f'"{self.text}"' if self.quoted else self.text


def understand(text: str) -> Sentence:
    """Read a sentence. Raises NotUnderstood."""
    words = _words(text[: LONGEST_TEXT + 1])
    if len(words) > LONGEST or len(text) > LONGEST_TEXT:
        raise NotUnderstood(f"it has more than {LONGEST} words, or {LONGEST_TEXT} characters")
    sentence = _read(text, words)
    if sentence is not None:
        return sentence
    meant = _nearest(words)
    raise NotUnderstood(f"did you mean `{meant}`?" if meant else f"write one of: {'; '.join(SENTENCES.values())}")


def _read(text: str, words: Sequence[_Word]) -> Sentence | None:
    readings = (
        _sentence(text, kind, found) for kind, pattern in SENTENCES.items() for found in _fits(words, pattern.split())
    )
    return next((sentence for sentence in readings if sentence is not None), None)


def _words(text: str) -> list[_Word]:
    words: list[_Word] = []
    for double, single, back, comma, bare in (found.groups() for found in _TOKEN.finditer(text)):
        quoted = double if double is not None else single if single is not None else back
        if quoted is not None:
            words.append(_Word(quoted, quoted=True))
        else:
            words.append(_Word(comma or bare))
    return words


def _fits(words: Sequence[_Word], pattern: Sequence[str]) -> Iterator[dict[str, Sequence[_Word]]]:
    """The ways in which words say a pattern: what stands in place of each word in capitals."""
    if not pattern:
        if not words:
            yield {}
        return
    first, *rest = pattern
    if not first.isupper():
        if words and not words[0].quoted and words[0].text.lower() in _SAME.get(first, (first,)):
            yield from _fits(words[1:], rest)
        return
    for count in range(1, len(words) - len(rest) + 1):
        for found in _fits(words[count:], rest):
            yield {first: words[:count], **found}


def _sentence(text: str, kind: Kind, found: dict[str, Sequence[_Word]]) -> Sentence | None:
    target = _target(found["TARGET"]) if "TARGET" in found else None
    if "TARGET" in found and target is None:
        return None
    listed = next((words for name, words in found.items() if name != "TARGET"), None)
    if listed is None:
        return Sentence(text, kind, target)
    names = _listed(listed)
    if names is None:
        return None
    return Sentence(text, kind, target, names, all=any(not one.quoted and one.text.lower() == "and" for one in listed))


def _target(words: Sequence[_Word]) -> Target | None:
    if len(words) == 1:
        return Target("", words[0].text)
    first = "" if words[0].quoted else words[0].text.lower()
    if len(words) != 2:
        return None
    if first == "any" and str(words[1]).lower() == "service":
        return Target("any service", "")
    if first == "service":
        return Target("service", words[1].text)
    return Target("endpoint", words[1].text) if first == "endpoint" else None


def _listed(words: Sequence[_Word]) -> tuple[str, ...] | None:
    """The names of a list; None where it is none, or says both `or` and `and`."""
    names: list[str] = []
    joints: set[str] = set()
    expected = True
    for word in words:
        joint = "" if word.quoted or word.text.lower() not in _JOINTS else word.text.lower()
        if joint and not expected:
            joints.add(joint)
            expected = True
        elif joint in ("or", "and") and names and joint not in joints:
            joints.add(joint)  # `a, b, or c`
        elif not joint and expected:
            names.append(word.text)
            expected = False
        else:
            return None
    return tuple(names) if not expected and not {"or", "and"} <= joints else None


def _nearest(words: Sequence[_Word]) -> str:
    """The sentence that was probably meant, with the names that were written; empty where none is near."""
    near = _NEAR * sum(len(str(word)) for word in words)
    found = sorted(_difference(tuple(words), tuple(pattern.split())) for pattern in SENTENCES.values())
    return next((text for cost, text in found if cost <= near and _read(text, _words(text)) is not None), "")


@cache
def _difference(words: tuple[_Word, ...], pattern: tuple[str, ...]) -> tuple[int, str]:
    """In how many letters words differ from a pattern, and the pattern with their names."""
    if not pattern:
        return sum(len(str(word)) for word in words), ""
    first, rest = pattern[0], pattern[1:]
    if first.isupper():
        found = [(cost + _LACKING, _text(first, text)) for cost, text in [_difference(words, rest)]]
        for count in range(1, len(words) + 1):
            cost, text = _difference(words[count:], rest)
            found.append((cost + _MORE * (count - 1), _text(" ".join(map(str, words[:count])), text)))
        return min(found)
    cost, text = _difference(words, rest)
    found = [(cost + len(first), _text(first, text))]
    if words:
        cost, text = _difference(words[1:], rest)
        found.append((cost + _mistakes(words[0], first), _text(first, text)))
        cost, text = _difference(words[1:], pattern)
        found.append((cost + len(str(words[0])), text))
    return min(found)


def _mistakes(word: _Word, wanted: str) -> int:
    return min(distance(word.text.lower(), same) for same in _SAME.get(wanted, (wanted,)))


def _text(first: str, rest: str) -> str:
    return f"{first} {rest}" if rest else first
