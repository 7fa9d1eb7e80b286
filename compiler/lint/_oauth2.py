"""The authorization server as it is written: its grants, and how long what it hands out is good for."""

from collections.abc import Iterator

from egc.compiler.lint._keys import names
from egc.compiler.lint._written import literal
from egc.compiler.node import Entry, Mapping, Node
from egc.compiler.review import Review


def grants(review: Review) -> Iterator[tuple[str, Node]]:
    """The grants that are listed, with their places; none where there is no authorization server."""
    if review.plan.authorization is not None:
        yield from names(under(review, "oauth2", "grants"))


def serves(review: Review) -> bool:
    """Whether a pipeline takes its access tokens; the server is there wherever `oauth2` is listed."""
    return any(action.policy.value == "oauth2" for text in review.model.pipelines for action in text.actions)


def under(review: Review, section: str, key: str) -> Node | None:
    """A value of system.config."""
    found = entry(review, section, key)
    return None if found is None else found.value


def entry(review: Review, section: str, key: str) -> Entry | None:
    """An entry of a section of system.config."""
    holder = review.model.system.get(section)
    return holder.entry(key) if isinstance(holder, Mapping) else None


def number(node: Node | None) -> float | None:
    """The number that a value is in the file itself, the default of a variable included; None for another."""
    try:
        return float(literal(node) or "")
    except ValueError:
        return None
