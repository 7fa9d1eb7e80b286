"""The whole way of the data: every family of a source, in order, into a store, with an account of each entry."""

import asyncio
import re
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from egc.compiler.migrate.cipher import Decrypt
from egc.compiler.migrate.entries import FAMILIES, Entry, Family, Source
from egc.compiler.migrate.journal import Journal
from egc.compiler.migrate.loader import Fate, Loader, Outcome
from egc.compiler.migrate.records import (
    Left,
    Undecipherable,
    read_application,
    read_credential,
    read_token,
    read_user,
)
from egc.runtime.store import CREDENTIAL_TYPES, Store

BATCH = 128
"""Entries that are on their way at a time."""

KEPT = 1000
"""Keys that the account names for one reason; further ones are counted."""

TRIED = 20
"""Tokens of which one at least must open with the cipher key."""


class WrongCipherKey(Exception):
    """None of the first tokens could be decrypted: nothing was carried."""


@dataclass(slots=True)
class Told:
    """The keys that share one thing to be said."""

    count: int = 0
    keys: list[str] = field(default_factory=list)

    def add(self, key: str) -> None:
        """Count a key, and name it while there are few."""
        self.count += 1
        if len(self.keys) < KEPT:
            self.keys.append(key)


@dataclass(slots=True)
class Account:
    """What became of everything.

    `fates` counts by family; `left` holds what stays behind, `dead` what Express Gateway would not have taken either,
    `different` what the store has otherwise, `notes` what is carried and has a remark. All by reason.
    """

    fates: dict[Family, Counter[Fate]] = field(default_factory=dict)
    left: dict[str, Told] = field(default_factory=dict)
    dead: dict[str, Told] = field(default_factory=dict)
    different: dict[str, Told] = field(default_factory=dict)
    gone: dict[str, Told] = field(default_factory=dict)
    notes: dict[str, Told] = field(default_factory=dict)

    def take(self, entry: Entry, outcome: Outcome, record: Callable[[str, str, str], None]) -> None:
        """Add what became of an entry."""
        counts = self.fates.setdefault(entry.family, Counter())
        counts[outcome.fate] += 1
        if outcome.fate == "gone":
            self.tell(self.gone, "deleted or revoked here since it was carried", entry, "gone", record)
        for note in outcome.notes:
            different = outcome.fate == "different"
            self.tell(
                self.different if different else self.notes, note, entry, "different" if different else "note", record
            )

    def leave(self, entry: Entry, left: Left, record: Callable[[str, str, str], None]) -> None:
        """Add an entry that stays behind."""
        self.tell(self.dead if left.dead else self.left, str(left), entry, "dead" if left.dead else "left", record)

    def tell(
        self, where: dict[str, Told], why: str, entry: Entry, word: str, record: Callable[[str, str, str], None]
    ) -> None:
        """Say something of an entry."""
        where.setdefault(_general(why), Told()).add(entry.key)
        record(entry.key, word, why)

    @property
    def clean(self) -> bool:
        """Whether nothing that was alive stays behind or differs."""
        return not self.left and not self.different


class Carrier:
    """Carries a source into a store.

    Arguments:
        source: what is read.
        store: an open one.
        decrypt: from `tokenEncrypted` to the secret of a token.
        journal: what was carried before.
        progress: called with a family and how many of its entries are done.
        record: called with key, word and reason for each entry that something is to be said about.
    """

    def __init__(
        self,
        source: Source,
        store: Store,
        decrypt: Decrypt,
        journal: Journal,
        *,
        progress: Callable[[Family, int], None],
        record: Callable[[str, str, str], None],
    ) -> None:
        self._source = source
        self._decrypt = decrypt
        self._journal = journal
        self._loader = Loader(store, journal)
        self._progress = progress
        self._record = record
        self._owners: dict[str, str] = {}
        self._now = time.time()
        self.account = Account()

    async def run(self) -> Account:
        """Carry everything.

        Whatever was carried when this raises stays, and is found when it runs again. Raises WrongCipherKey before
        anything is carried; Unreadable, StoreError, OSError.
        """
        try:
            await asyncio.to_thread(self._try_cipher)
            for family in FAMILIES:
                await self._carry(family)
        finally:
            self._loader.close()
            await self._journal.flush()
        return self.account

    def _try_cipher(self) -> None:
        """Raise WrongCipherKey unless one of the first live tokens opens, or there is none."""
        tried = 0
        families: tuple[Family, ...] = ("access-token", "refresh-token")
        for family in families:
            for entry in self._source.entries(family):
                try:
                    read_token(entry, "access", self._decrypt, self._now)
                except Undecipherable:
                    tried += 1
                    if tried == TRIED:
                        raise WrongCipherKey from None
                except Left:
                    continue
                else:
                    return
        if tried:
            raise WrongCipherKey

    async def _carry(self, family: Family) -> None:
        entries = self._source.entries(family)
        done = 0
        self._progress(family, 0)
        while batch := await asyncio.to_thread(lambda: list(islice(entries, BATCH))):
            once = list({entry.key: entry for entry in batch}.values()) if family != "auth-code" else batch
            await asyncio.gather(*(self._one(entry) for entry in once))
            await self._journal.flush()
            done += len(batch)
            self._progress(family, done)

    async def _one(self, entry: Entry) -> None:
        try:
            async for part, outcome in self._outcomes(entry):
                self.account.take(part, outcome, self._record)
        except Left as left:
            self.account.leave(entry, left, self._record)

    async def _outcomes(self, entry: Entry) -> AsyncIterator[tuple[Entry, Outcome]]:
        loader, family = self._loader, entry.family
        if family == "username":
            if entry.members:
                self._owners[entry.id] = entry.members[0]
            return
        if family == "scope":
            for scope in _registered(entry):
                yield Entry("scope", scope, "hash"), await loader.scope(scope)
        elif family == "user":
            user, notes = read_user(entry, self._owners)
            yield entry, _with(await loader.user(user), notes)
        elif family == "application":
            application, notes = read_application(entry)
            yield entry, _with(await loader.application(application), notes)
        elif family == "access-token":
            yield entry, await loader.token(read_token(entry, "access", self._decrypt, self._now))
        elif family == "refresh-token":
            yield entry, await loader.token(read_token(entry, "refresh", self._decrypt, self._now))
        elif family == "auth-code":
            raise Left("codes are good for minutes: who is about to log in does so again", dead=True)
        else:
            type_ = next(one for one in CREDENTIAL_TYPES if one == family)
            # Sets of the same name pattern list the keys of a consumer (C270, C271).
            if entry.type != "set":
                credential, notes = read_credential(entry, type_)
                yield entry, _with(await loader.credential(credential), notes)


def _registered(entry: Entry) -> Iterator[str]:
    """The scopes of the registry (C272). Raises Left."""
    if entry.problem or entry.type != "hash":
        raise Left(entry.problem or "it is no hash")
    yield from (scope for scope in entry.fields if scope.strip())


def _with(outcome: Outcome, notes: list[str]) -> Outcome:
    """The outcome with what reading the entry found; of what is not new that was said before."""
    return Outcome(outcome.fate, (*notes, *outcome.notes)) if outcome.fate == "new" else outcome


def _general(why: str) -> str:
    """The reason without ids, so that a thousand entries share it."""
    return _ID.sub("…", why)


_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{32}")
