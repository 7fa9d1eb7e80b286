"""Resource owners: who a user name and password belong to (RFC 6749 sections 1.1 and 4.3)."""

import time
from collections.abc import Callable
from dataclasses import replace

from egc.runtime.oauth2.secrets import PasswordHasher, needs_rehash
from egc.runtime.oauth2.throttle import Throttle
from egc.runtime.store import Credential, Store, User


class Owners:
    """Checks passwords of users against their basic-auth credential (C210).

    The name may be the user's name or id. An application does not log in (N15).
    """

    def __init__(self, store: Store, hasher: PasswordHasher, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._hasher = hasher
        self._throttle = Throttle(store, "login", clock)
        self._clock = clock

    async def authenticate(self, username: str, password: str, address: str) -> User | None:
        """The active user of that name with that password, or None; an unknown name costs what a wrong password costs.

        Raises Throttled when too many guesses came before, and secrets.Busy.
        """
        user = await self._store.find_user(username) or await self._store.get_user(username)
        account = username if user is None else user.id
        await self._throttle.enter(account, address)
        credential = await self._store.get_credential("basic-auth", user.id) if user is not None else None
        if credential is not None and not credential.is_active:
            credential = None
        right = await self._hasher.verify(password, None if credential is None else credential.secret)
        if not right or credential is None or user is None or not user.is_active:
            await self._throttle.fail(address)
            return None
        await self._throttle.succeed(account, address)
        await self._refresh(credential, password)
        return user

    async def _refresh(self, credential: Credential, password: str) -> None:
        """Write an imported hash anew, now that the password is at hand."""
        if credential.secret is not None and needs_rehash(credential.secret):
            fresh = await self._hasher.hash(password)
            await self._store.update_credential(replace(credential, secret=fresh, updated_at=self._clock()))
