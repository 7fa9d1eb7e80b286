"""Secrets: making, storing, comparing, and keeping them out of logs.

Secrets that the gateway makes carry at least 128 random bits and are stored as SHA-256; secrets that people choose
are stored as Argon2id (RFC 9106) and verified in a bounded pool off the event loop (19 MiB, t=2, p=1: about 30 ms).
Hashes that came from Express Gateway are bcrypt; they verify, and `needs_rehash` says so.
"""

import asyncio
import hashlib
import hmac
import os
import secrets as _random
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import bcrypt
from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

_ARGON2_MEMORY_KIB = 19 * 1024
_ARGON2_ITERATIONS = 2
_ARGON2_LANES = 1
_POOL_THREADS = 2
_POOL_WAITING = 64
_DIGEST_PREFIX = "sha256:"
_BASE62 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

R = TypeVar("R")


class Busy(Exception):
    """Too many secrets wait to be verified; the caller answers 503 with Retry-After."""


class Secret:
    """A secret in clear on its way to the one person who may see it. Printing it shows nothing.

    `reveal()` is the only way to the text, so that every place that lets a secret out can be found by that word.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        return hash(digest(self._text))


def digest(text: str) -> bytes:
    """SHA-256 of a secret that has at least 128 random bits."""
    return hashlib.sha256(text.encode()).digest()


def same(a: bytes, b: bytes) -> bool:
    """Compare digests in constant time."""
    return hmac.compare_digest(a, b)


def new_hex() -> str:
    """32 hexadecimal characters, 128 random bits: token ids, token secrets, authorization codes (C57)."""
    return _random.token_hex(16)


def new_uuid() -> str:
    """A random UUID with dashes: ids of users and applications (C57)."""
    return str(uuid.uuid4())


def new_secret() -> str:
    """A generated password or client secret: written like a UUID as in C57, but with all of its 128 bits random."""
    return str(uuid.UUID(bytes=os.urandom(16)))


def new_key() -> str:
    """128 random bits in base 62, 22 characters: keyId, keySecret and request ids (C57, D116)."""
    number = int.from_bytes(os.urandom(16))
    digits = []
    for _ in range(22):
        number, rest = divmod(number, 62)
        digits.append(_BASE62[rest])
    return "".join(reversed(digits))


def stored_digest(text: str) -> str:
    """How a secret made by the gateway is written to a credential."""
    return _DIGEST_PREFIX + digest(text).hex()


class PasswordHasher:
    """Hash and verify secrets chosen by people, in a bounded pool of threads.

    Raises Busy when `_POOL_WAITING` callers already wait: a flood of log-ins must not queue without end.
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(_POOL_THREADS, thread_name_prefix="egc-password")
        self._waiting = 0

    async def hash(self, text: str) -> str:
        """The Argon2id hash of `text` in PHC format."""
        return await self._run(_hash, text)

    async def verify(self, text: str, stored: str | None) -> bool:
        """Whether `text` is the secret behind `stored`.

        `stored` may be a SHA-256 digest (compared here), an Argon2id or a bcrypt hash. With None the same time is
        spent and the answer is no, so that an unknown name costs what a wrong password costs.
        """
        if stored is not None and stored.startswith(_DIGEST_PREFIX):
            return hmac.compare_digest(stored.encode(), stored_digest(text).encode())
        return await self._run(_verify, text, stored)

    async def _run(self, work: Callable[..., R], *args: object) -> R:
        if self._waiting >= _POOL_WAITING:
            raise Busy
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work, *args)
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """Let the threads end."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def needs_rehash(stored: str) -> bool:
    """Whether a verified hash should be replaced by a fresh Argon2id one (imported bcrypt, C282)."""
    return stored.startswith("$2")


def _hash(text: str) -> str:
    return _argon2(os.urandom(16)).derive_phc_encoded(text.encode())


def _verify(text: str, stored: str | None) -> bool:
    if stored is None:
        _hash(text)
        return False
    if stored.startswith("$2"):
        # bcryptjs looks at the first 72 bytes only (C282); bcrypt 5 refuses longer input.
        return bcrypt.checkpw(text.encode()[:72], stored.encode())
    try:
        Argon2id.verify_phc_encoded(text.encode(), stored)
    except InvalidKey:
        return False
    return True


def _argon2(salt: bytes) -> Argon2id:
    return Argon2id(
        salt=salt,
        length=32,
        iterations=_ARGON2_ITERATIONS,
        lanes=_ARGON2_LANES,
        memory_cost=_ARGON2_MEMORY_KIB,
    )
