"""Key sets of other servers (RFC 7517 section 5), fetched when they are needed and kept for a while."""

import ipaddress
import logging
import re
from collections.abc import Mapping, Sequence
from time import monotonic
from urllib.parse import urlsplit

from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry

from egc.runtime import env
from egc.runtime.fetch import Fetched, Place, fetch
from egc.runtime.flights import Flights
from egc.runtime.signatures import Signed, VerifyingKey, algorithms_of
from egc.runtime.store import Json
from egc.runtime.strict_json import read_object
from egc.runtime.upstream import UpstreamError

_log = logging.getLogger("egc")

SHORTEST = 60.0
LONGEST = 86400.0
USUAL = 600.0
"""Seconds for which a key set is taken for fresh: what Cache-Control says, within bounds; where it is silent, USUAL."""

STALE = 86400.0
"""Seconds for which keys go on to count after they should have been fetched again and could not be."""

PAUSE = 30.0
"""Seconds between two attempts to fetch, whatever the reason."""

_WITHIN = 10.0
_BYTES = 256 * 1024
_MOST_KEYS = 64
_MOST_TRIED = 8
_PUBLIC = {"RSA": ("n", "e"), "EC": ("crv", "x", "y"), "OKP": ("crv", "x")}
"""What is read of a key, by its kind. A shared secret is not: what everybody may fetch is none."""

_LENGTHS = range(342, 1367)
"""Characters of a modulus of 2048 to 8192 bits: shorter ones do not last (RFC 7518 section 3.3)."""

_MAX_AGE = re.compile(r"(?:^|[\s,])max-age=\"?([0-9]{1,9})", re.IGNORECASE)
_NO_CACHE = re.compile(r"(?:^|[\s,])no-(?:cache|store)(?:$|[\s,=])", re.IGNORECASE)


class KeysUnavailable(Exception):
    """There are no keys to verify with: the server that has them does not answer. The caller answers 503."""


class RemoteKeys:
    """The key set at a URL.

    Arguments:
        url: https, or http on a loopback address. Raises Misconfigured for another.
        algorithms: those that are wanted; none means all that a key is made for, shared secrets excepted.

    `version` changes whenever the keys do.
    """

    def __init__(self, url: str, algorithms: Sequence[str]) -> None:
        self._place = Place(_secure(url))
        self._wanted = frozenset(algorithms)
        self._members: Json = None
        self._keys: tuple[VerifyingKey, ...] = ()
        self._fresh_until = 0.0
        self._stale_until = 0.0
        self._next_attempt = 0.0
        self._flights: Flights[None, None] = Flights()
        self.version = 0

    def look_after(self) -> None:
        """Fetch again in the background what has grown old, and drop what is too old."""
        now = monotonic()
        if self._keys and now >= self._fresh_until and now >= self._next_attempt:
            self._flights.start(None, self._refresh)
        if self._keys and now >= self._stale_until:
            self._keys = ()
            self.version += 1

    async def candidates(self, token: Signed) -> Sequence[VerifyingKey]:
        """The keys that may have signed the token.

        For a name that is not known the set is fetched once more: keys rotate. Raises KeysUnavailable.
        """
        self.look_after()
        found = self._named(token)
        if not found and (monotonic() >= self._next_attempt or self._flights.under_way(None)):
            await self._flights.share(None, self._refresh)
            found = self._named(token)
        if not self._keys:
            raise KeysUnavailable
        return found

    def _named(self, token: Signed) -> Sequence[VerifyingKey]:
        fitting = [key for key in self._keys if token.algorithm in key.algorithms]
        if token.kid is None:
            return fitting[:_MOST_TRIED]
        return [key for key in fitting if key.kid == token.kid][:_MOST_TRIED]

    async def _refresh(self) -> None:
        self._next_attempt = monotonic() + PAUSE
        try:
            fetched = await fetch(self._place, headers=(("accept", "application/json"),), within=_WITHIN, limit=_BYTES)
            members = _members(fetched)
            if members != self._members or not self._keys:
                self._replace(members)
        except (UpstreamError, ValueError) as error:
            _log.warning("jwks: %s: %s", self._place.authority, error)
            return
        self._fresh_until = monotonic() + _seconds(fetched.header(b"cache-control") or b"")
        self._stale_until = self._fresh_until + STALE

    def _replace(self, members: Sequence[Json]) -> None:
        """Take over the keys of a set. Raises ValueError where none of them is of use."""
        keys = tuple(key for key in map(self._key, members) if key is not None)
        if not keys:
            raise ValueError("no key that can be used")
        self._members, self._keys = members, keys
        self.version += 1

    def _key(self, member: Json) -> VerifyingKey | None:
        """One key of the set; None for one that does not verify signatures, or that is not understood (section 5)."""
        if not isinstance(member, Mapping) or member.get("use", "sig") != "sig":
            return None
        operations, kid, kind = member.get("key_ops"), member.get("kid"), member.get("kty")
        if operations is not None and not (isinstance(operations, list) and "verify" in operations):
            return None
        read = _PUBLIC.get(kind, ()) if isinstance(kind, str) else ()
        public = {name: value for name, value in member.items() if name in read and isinstance(value, str)}
        if not public or (kind == "RSA" and len(public.get("n", "")) not in _LENGTHS):
            return None
        try:
            key = JWKRegistry.import_key({"kty": str(kind), **public})
        except (JoseError, ValueError, KeyError):
            return None
        algorithms = algorithms_of(key)
        if member.get("alg") is not None:
            algorithms &= {str(member["alg"])}
        if self._wanted:
            algorithms &= self._wanted
        return VerifyingKey(key, algorithms, kid if isinstance(kid, str) else None) if algorithms else None


def _members(fetched: Fetched) -> Sequence[Json]:
    """The keys of a set as they came. Raises ValueError for a response that is none."""
    if fetched.status != 200:
        raise ValueError(f"status {fetched.status}")
    members = read_object(fetched.body).get("keys")
    if not isinstance(members, list):
        raise ValueError("no key set")
    return members[:_MOST_KEYS]


def _seconds(cache_control: bytes) -> float:
    """For how long a response is fresh (RFC 9111 section 5.2.2), within our bounds."""
    text = cache_control.decode("latin-1")
    if _NO_CACHE.search(text):
        return SHORTEST
    found = _MAX_AGE.search(text)
    return USUAL if found is None else min(max(float(found[1]), SHORTEST), LONGEST)


def _secure(url: str) -> str:
    """The URL, if nobody on the way can put other keys in place of these. Raises Misconfigured."""
    parts = urlsplit(env.to_url(url, "jwksUri"))
    if parts.scheme != "https" and not _is_loopback(parts.hostname or ""):
        raise env.Misconfigured(
            "jwksUri should begin with https: whoever can change the keys on the way can let anybody in"
        )
    return url


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
