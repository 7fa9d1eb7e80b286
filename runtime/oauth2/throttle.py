"""Guessing is slowed, per account and per address, and the count survives a restart (P30, N23)."""

import ipaddress
from collections.abc import Callable

from egc.runtime.oauth2.errors import Throttled
from egc.runtime.oauth2.secrets import digest
from egc.runtime.store import Store

WINDOW = 300.0
"""Seconds in which failures are counted."""

PER_PAIR = 10
"""Wrong guesses at one account from one address: fewer than an account has, so that one attacker does not shut it."""

PER_ACCOUNT = 20
"""Wrong guesses at one account from anywhere."""

PER_ADDRESS = 100
"""Wrong guesses from one address at any account."""


class Throttle:
    """Counts of wrong guesses of one `kind` of secret.

    An attempt is counted before the secret is compared, so that many at once do not slip through, and forgotten when
    it was right. One that is turned away counts nowhere: the lock ends `WINDOW` seconds after the last comparison.
    """

    def __init__(self, store: Store, kind: str, clock: Callable[[], float]) -> None:
        self._store = store
        self._kind = kind
        self._clock = clock

    async def enter(self, account: str, address: str, *, at_home: bool = False) -> None:
        """Count an attempt at `account` from `address`. Raises Throttled if there were too many.

        `at_home` is for an address from which the account has lately been opened: wrong guesses made elsewhere, and
        at other accounts, do not shut it out there.
        """
        pair = self._pair(account, address), PER_PAIR
        everybody = (self._address(address), PER_ADDRESS), (self._account(account), PER_ACCOUNT)
        now = self._clock()
        for key, limit in (pair,) if at_home else (pair, *everybody):
            if await self._store.failures(key, now, WINDOW) >= limit:
                raise Throttled(int(WINDOW))
        for key, limit in (pair, everybody[1]):
            if await self._store.record_failure(key, now, WINDOW) > limit and not (at_home and key is everybody[1][0]):
                raise Throttled(int(WINDOW))

    async def succeed(self, account: str, address: str) -> None:
        """The secret was right: forget the attempts at this account."""
        await self._store.clear_failures(self._pair(account, address))
        await self._store.clear_failures(self._account(account))

    async def fail(self, address: str) -> None:
        """The secret was wrong: count it for the address too."""
        await self._store.record_failure(self._address(address), self._clock(), WINDOW)

    def _account(self, account: str) -> bytes:
        return digest(f"{self._kind} account {account}")

    def _pair(self, account: str, address: str) -> bytes:
        return digest(f"{self._kind} pair {network(address)} {account}")

    def _address(self, address: str) -> bytes:
        return digest(f"{self._kind} address {network(address)}")


def network(address: str) -> str:
    """An IPv4 address as it is, an IPv6 one as its /64: a household or a server has that many to change."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((int(parsed), 64), strict=False))
    return str(parsed)
