"""Puts records into a store, and says what became of each. What is there already is never touched."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from egc.compiler.migrate.journal import Journal
from egc.compiler.migrate.records import Chosen, Left
from egc.runtime.oauth2.secrets import PasswordHasher, needs_rehash
from egc.runtime.store import Application, Conflict, Credential, Store, Token, User

_HASHED_AT_A_TIME = 16
_ARGON2 = "$argon2"

Fate = Literal["new", "same", "different", "gone"]
"""Stored now; there already and equal; there already and not equal; carried before and deleted here since."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a record, and what is to be said about it."""

    fate: Fate
    notes: tuple[str, ...] = ()


NEW, SAME, GONE = Outcome("new"), Outcome("same"), Outcome("gone")


class Loader:
    """Carries records into a store.

    Arguments:
        store: an open one.
        journal: what was carried before.

    Every method raises Left where a record has no place in the store, and StoreError.
    """

    def __init__(self, store: Store, journal: Journal) -> None:
        self._store = store
        self._journal = journal
        self._hasher = PasswordHasher()
        self._hashing = asyncio.Semaphore(_HASHED_AT_A_TIME)
        self._registering = asyncio.Lock()
        self._scopes: set[str] | None = None

    def close(self) -> None:
        """Let go of the threads."""
        self._hasher.close()

    async def scope(self, scope: str) -> Outcome:
        """Register a scope."""
        known = await self._known_scopes()
        if scope in known:
            return self._noted("scope", scope, SAME)
        if self._journal.has("scope", scope):
            return GONE
        return self._noted("scope", scope, NEW if await self._register(scope) else SAME)

    async def user(self, user: User) -> Outcome:
        """Add a user; under its id where another one has its name."""
        found = await self._store.get_user(user.id)
        if found is None:
            if self._journal.has("user", user.id):
                return GONE
            try:
                await self._store.create_user(user)
            except Conflict as conflict:
                if conflict.field != "username" or user.username == user.id:
                    raise Left(str(conflict)) from None
                await self._create_renamed(user)
                note = "another user of the store goes by that username; its id takes the place"
                return self._noted("user", user.id, Outcome("new", (note,)))
            return self._noted("user", user.id, NEW)
        wanted = replace(user, username=found.username) if found.username == user.id else user
        return self._noted("user", user.id, _compared(wanted, found, ("username", "is_active", "properties")))

    async def application(self, application: Application) -> Outcome:
        """Add an application; with its id behind the name where its owner has another one of that name (C71)."""
        found = await self._store.get_application(application.id)
        other = replace(application, properties={**application.properties, "name": _numbered(application)})
        if found is None:
            if self._journal.has("application", application.id):
                return GONE
            try:
                await self._store.create_application(application)
            except Conflict as conflict:
                if conflict.field == "userId":
                    raise Left(f"its owner {application.user_id} is not there") from None
                if conflict.field != "name":
                    raise Left(str(conflict)) from None
                try:
                    await self._store.create_application(other)
                except Conflict as second:
                    raise Left(str(second)) from None
                note = f"its owner has another application of that name; it is called {other.name!r} now"
                return self._noted("application", application.id, Outcome("new", (note,)))
            return self._noted("application", application.id, NEW)
        wanted = other if found.name == other.name else application
        outcome = _compared(wanted, found, ("user_id", "is_active", "properties"))
        return self._noted("application", application.id, outcome)

    async def credential(self, wanted: Credential | Chosen) -> Outcome:
        """Add a credential; scopes that nobody registered (C92) are registered, for its holder used them."""
        credential = wanted.credential if isinstance(wanted, Chosen) else wanted
        name = f"{credential.type}:{credential.id}"
        found = await self._store.get_credential(credential.type, credential.id)
        if found is not None:
            return self._noted("credential", name, await self._compared(wanted, credential, found))
        if self._journal.has("credential", name):
            return GONE
        if isinstance(wanted, Chosen):
            async with self._hashing:
                credential = replace(credential, secret=await self._hasher.hash(wanted.secret.reveal()))
        known = await self._known_scopes()
        unknown = [scope for scope in credential.scopes or () if scope not in known]
        registered = [scope for scope in unknown if await self._register(scope)]
        notes = [f"its scope {scope!r} was not registered, and is now" for scope in registered]
        try:
            await self._store.create_credential(credential)
        except Conflict as conflict:
            if conflict.field == "consumerId":
                raise Left(f"its user or application {credential.consumer_id} is deleted", dead=True) from None
            raise Left(str(conflict)) from None
        return self._noted("credential", name, Outcome("new", tuple(notes)))

    async def token(self, token: Token) -> Outcome:
        """Add a token. One that was revoked or rotated here since it was carried stays so."""
        found = await self._store.get_token(token.id)
        if found is not None:
            return self._noted("token", token.id, _compared(token, found, ("digest", "kind", "client_id", "user_id")))
        if self._journal.has("token", token.id) or await self._store.spent_refresh(token.id) is not None:
            return GONE
        if not await self._store.save_tokens((token,)):
            raise await self._why_not(token)
        return self._noted("token", token.id, NEW)

    async def _why_not(self, token: Token) -> Left:
        """Why the store does not take a token."""
        if await self._store.get_application(token.client_id) is None:
            if await self._store.get_user(token.client_id) is not None:
                return Left(f"its client {token.client_id} is a user; only applications are clients here (N15)")
            return Left(f"its client {token.client_id} is deleted", dead=True)
        if token.user_id is not None and await self._store.get_user(token.user_id) is None:
            if await self._store.get_application(token.user_id) is not None:
                return Left(f"{token.user_id}, who logged in, is an application; only users log in here")
            return Left(f"its user {token.user_id} is deleted")
        return Left("its grant was revoked here")

    async def _compared(self, wanted: Credential | Chosen, credential: Credential, found: Credential) -> Outcome:
        outcome = _compared(credential, found, ("consumer_id", "is_active", "scopes", "properties"))
        stored = found.secret or ""
        if isinstance(wanted, Chosen):
            async with self._hashing:
                same = await self._hasher.verify(wanted.secret.reveal(), found.secret)
        else:
            # A password that came as bcrypt is Argon2id after the first login (decisions 17): nobody can compare them.
            rehashed = needs_rehash(credential.secret or "") and stored.startswith(_ARGON2)
            same = rehashed or stored == credential.secret
        if same:
            return outcome
        return Outcome("different", tuple(f"{note}, secret" for note in outcome.notes) or ("other secret",))

    async def _create_renamed(self, user: User) -> None:
        try:
            await self._store.create_user(replace(user, username=user.id))
        except Conflict as conflict:
            raise Left(str(conflict)) from None

    async def _known_scopes(self) -> set[str]:
        if self._scopes is None:
            self._scopes = set(await self._store.list_scopes())
        return self._scopes

    async def _register(self, scope: str) -> bool:
        """Register a scope; False if somebody else did."""
        known = await self._known_scopes()
        async with self._registering:
            if scope in known:
                return False
            try:
                await self._store.create_scopes((scope,))
            except Conflict:
                return False
            finally:
                known.add(scope)
        return True

    def _noted(self, kind: str, name: str, outcome: Outcome) -> Outcome:
        self._journal.add(kind, name)
        return outcome


def _compared(wanted: object, found: object, names: Sequence[str]) -> Outcome:
    """Whether two records agree in what is named. Values are not told: they may be anybody's."""
    other = [name for name in names if getattr(wanted, name) != getattr(found, name)]
    return Outcome("different", (f"other {', '.join(other)}",)) if other else SAME


def _numbered(application: Application) -> str:
    return f"{application.name} ({application.id[:8]})"
