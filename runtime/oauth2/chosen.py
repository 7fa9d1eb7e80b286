"""Secrets that people chose, as callers present them with every request: checked, remembered, and not to be guessed.

To check one costs 30 ms and a place in the hasher's pool. One found right is remembered while it is in use, for 30
seconds from its last use, under a keyed hash that holds the stored hash too: a changed or revoked credential is not
remembered. One found wrong is remembered as well, so that a program that keeps sending an old password guesses once.
"""

import hmac
import os
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from typing import Literal
from weakref import WeakKeyDictionary

from egc.runtime.flights import Flights
from egc.runtime.oauth2.secrets import PasswordHasher, needs_rehash
from egc.runtime.oauth2.throttle import WINDOW, Throttle, network
from egc.runtime.store import Credential, Store

_RIGHT_SECONDS = 30.0
_AT_HOME_SECONDS = 3600.0
_KEPT = 4096

Kind = Literal["login", "key"]


class ChosenSecrets:
    """Checks the secrets of one kind of credential. Guesses count with those of the same `kind` made elsewhere.

    Where an account has lately been opened from an address it is at home there: wrong guesses from other addresses do
    not shut it for that one.
    """

    def __init__(
        self, store: Store, hasher: PasswordHasher, kind: Kind, clock: Callable[[], float] = time.time
    ) -> None:
        self._store = store
        self._hasher = hasher
        self._clock = clock
        self._throttle = Throttle(store, kind, clock)
        self._key = os.urandom(32)
        self._right: OrderedDict[bytes, float] = OrderedDict()
        self._wrong: OrderedDict[bytes, float] = OrderedDict()
        self._home: OrderedDict[bytes, float] = OrderedDict()
        self._flights: Flights[bytes, bool] = Flights()

    async def check(self, account: str, text: str, credential: Credential | None, address: str) -> bool:
        """Whether `text` is the secret of the credential; with None the answer is no, at the same cost.

        Arguments:
            account: whose secret it should be, for counting: an id, or what the caller took for one.
            address: where the caller is.

        Raises Throttled when too many guesses came before, and secrets.Busy.
        """
        stored = None if credential is None else credential.secret
        generated = stored is not None and stored.startswith("sha256:")
        # 128 random bits cannot be guessed, so this needs no counting, and guessing locks no such credential.
        if generated and await self._hasher.verify(text, stored):
            return True
        mark = self._mark(account, stored or "", text)
        now = self._clock()
        until = self._right.get(mark)
        if until is not None and now < until:
            if until - now < _RIGHT_SECONDS / 2:
                _keep(self._right, mark, now + _RIGHT_SECONDS)
            return True
        until = self._wrong.get(mark)
        if until is not None and now < until:
            return False
        # Many requests with one password at once are one guess.
        return await self._flights.share(
            mark + network(address).encode(),
            lambda: self._compare(account, text, None if generated else credential, address, mark),
        )

    async def _compare(self, account: str, text: str, credential: Credential | None, address: str, mark: bytes) -> bool:
        place = self._mark("home", account, network(address))
        await self._throttle.enter(account, address, at_home=self._home.get(place, 0.0) > self._clock())
        right = await self._hasher.verify(text, None if credential is None else credential.secret)
        if not right or credential is None:
            await self._throttle.fail(address)
            _keep(self._wrong, mark, self._clock() + WINDOW)
            return False
        await self._throttle.succeed(account, address)
        fresh = await self._refreshed(credential, text)
        now = self._clock()
        _keep(self._right, self._mark(account, fresh.secret or "", text), now + _RIGHT_SECONDS)
        _keep(self._home, place, now + _AT_HOME_SECONDS)
        return True

    async def _refreshed(self, credential: Credential, text: str) -> Credential:
        """The credential with an imported hash written anew, now that the secret is at hand."""
        if credential.secret is None or not needs_rehash(credential.secret):
            return credential
        fresh = replace(credential, secret=await self._hasher.hash(text), updated_at=self._clock())
        # Somebody may have changed it meanwhile; then it stays as they left it.
        return fresh if await self._store.update_credential(fresh, credential.updated_at) else credential

    def _mark(self, *parts: str) -> bytes:
        return hmac.digest(self._key, "\0".join(parts).encode("utf-8", "surrogatepass"), "sha256")


def _keep(kept: "OrderedDict[bytes, float]", mark: bytes, until: float) -> None:
    kept[mark] = until
    kept.move_to_end(mark)
    while len(kept) > _KEPT:
        kept.popitem(last=False)


class _Shared:
    """What all steps of a gateway share: one pool of threads, and for each kind one memory."""

    def __init__(self, store: Store) -> None:
        hasher = PasswordHasher()
        self.kinds = {kind: ChosenSecrets(store, hasher, kind) for kind in ("login", "key")}


_shared: "WeakKeyDictionary[Store, _Shared]" = WeakKeyDictionary()


def chosen_secrets(store: Store, kind: Kind) -> ChosenSecrets:
    """The checker of that kind, the same one for every step that uses the store."""
    if store not in _shared:
        _shared[store] = _Shared(store)
    return _shared[store].kinds[kind]
