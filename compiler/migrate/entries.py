"""Entries of Express Gateway's Redis, whatever they are read from (control-plane reference, section 6)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

Family = Literal[
    "scope", "username", "user", "application", "basic-auth", "key-auth", "jwt", "oauth2", "access-token",
    "refresh-token", "auth-code",
]  # fmt: skip

FAMILIES: tuple[Family, ...] = (
    "scope", "username", "user", "application", "basic-auth", "key-auth", "jwt", "oauth2", "access-token",
    "refresh-token", "auth-code",
)  # fmt: skip
"""What is read, in the order in which it is carried: whatever belongs to something comes after it."""

MOST_FIELDS = 1000
"""Fields of a hash. Express Gateway's registry of scopes may hold more."""

MOST_SCOPES = 100_000

LONGEST = 1024 * 1024
"""Characters of an entry, all of its fields together."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One key and what it holds.

    Arguments:
        family: what the key begins with, behind the namespace.
        id: the rest of it; empty for the registry of scopes.
        type: as Redis calls it.
        fields: of a hash.
        members: of a set.
        problem: why nothing of it was read; empty where it was.
    """

    family: Family
    id: str
    type: Literal["hash", "set", "other"]
    fields: Mapping[str, str] = field(default_factory=dict)
    members: tuple[str, ...] = ()
    problem: str = ""

    @property
    def key(self) -> str:
        """The key without namespace: `user:1234`. A code is a secret itself (C274), so that it is not shown."""
        if self.family == "auth-code":
            return "auth-code:***"
        return f"{self.family}:{self.id}" if self.id else self.family


class Unreadable(Exception):
    """The source cannot be read; the message says where and why, and holds no secret."""


class Source(Protocol):
    """Where entries come from."""

    namespace: str

    def count(self, family: Family) -> int | None:
        """How many entries of a family there are, None where nobody knows beforehand."""

    def entries(self, family: Family) -> Iterator[Entry]:
        """All entries of a family; one may come twice. Raises Unreadable."""


def most_fields(family: Family) -> int:
    """How many fields or members an entry may have."""
    return MOST_SCOPES if family == "scope" else MOST_FIELDS
