"""Express Gateway's Redis itself as a source. Only commands that read are sent."""

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from egc.compiler.migrate.entries import LONGEST, Entry, Family, Unreadable, most_fields

if TYPE_CHECKING:
    from redis import Redis

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 30.0
BATCH = 250
"""Keys that are read at a time, and about how many SCAN looks at."""

_GLOB = re.compile(r"([\\*?\[\]^-])")


class NoClient(Exception):
    """redis-py is not installed."""


class Server:
    """A Redis that Express Gateway filled.

    Arguments:
        url: `redis://`, `rediss://` or `unix://`, as redis-py takes it.
        namespace: `db.redis.namespace` of system.config.

    Raises NoClient, and Unreadable where there is no Redis at that place.
    """

    def __init__(self, url: str, namespace: str) -> None:
        try:
            import redis
        except ImportError:
            raise NoClient from None
        self.namespace = namespace
        self._place = place(url)
        try:
            self._redis: Redis = redis.Redis.from_url(
                url,
                protocol=2,
                socket_connect_timeout=CONNECT_SECONDS,
                socket_timeout=ANSWER_SECONDS,
                decode_responses=False,
            )
            self._errors: type[Exception] = redis.RedisError
            self._redis.ping()
        except ValueError as error:
            raise Unreadable(f"{self._place} is no URL of a Redis: redis://host:port/db") from error
        except redis.RedisError as error:
            raise self._unreadable(error) from None

    def count(self, family: Family) -> int | None:
        return None

    def entries(self, family: Family) -> Iterator[Entry]:
        prefix = f"{self.namespace}-{family}".encode()
        try:
            if family == "scope":
                yield from self._read(family, [prefix], prefix)
                return
            match = _GLOB.sub(r"\\\1", prefix.decode()) + ":*"
            keys: list[bytes] = []
            for key in self._redis.scan_iter(match=match, count=BATCH):
                keys.append(key)
                if len(keys) == BATCH:
                    yield from self._read(family, keys, prefix + b":")
                    keys = []
            if keys:
                yield from self._read(family, keys, prefix + b":")
        except self._errors as error:
            raise self._unreadable(error) from None

    def close(self) -> None:
        """End the connection."""
        self._redis.close()

    def _read(self, family: Family, keys: Sequence[bytes], prefix: bytes) -> Iterator[Entry]:
        """The entries of some keys; one that is gone meanwhile is left out."""
        types = self._all(("TYPE", key) for key in keys)
        known = [(key, type_) for key, type_ in zip(keys, types, strict=True) if type_ != b"none"]
        sizes = self._all(
            ("SCARD" if type_ == b"set" else "HLEN", key) for key, type_ in known if type_ in (b"set", b"hash")
        )
        fitting = dict(zip((key for key, type_ in known if type_ in (b"set", b"hash")), sizes, strict=True))
        read = [(key, type_) for key, type_ in known if key in fitting and 0 < int(fitting[key]) <= most_fields(family)]
        held = self._all(("SMEMBERS" if type_ == b"set" else "HGETALL", key) for key, type_ in read)
        values = dict(zip((key for key, _ in read), held, strict=True))
        for key, type_ in known:
            try:
                name = key[len(prefix) :].decode()
                if key not in values:
                    problem = "it has too many fields" if key in fitting else ""
                    yield Entry(family, name, "other", problem=problem)
                elif type_ == b"set":
                    yield Entry(family, name, "set", members=tuple(sorted(_texts(values[key]))))
                else:
                    texts = _texts(part for pair in _pairs(values[key]) for part in pair)
                    yield Entry(family, name, "hash", dict(zip(texts[::2], texts[1::2], strict=True)))
            except (UnicodeDecodeError, _TooLong) as error:
                shown = key[len(prefix) :].decode(errors="replace")
                problem = "it is too long" if isinstance(error, _TooLong) else "it holds bytes that are no UTF-8"
                yield Entry(family, shown, "other", problem=problem)

    def _all(self, commands: Any) -> list[Any]:
        """The answers to some commands, sent together."""
        # redis-py gives this method no types.
        pipeline: Any = self._redis.pipeline(transaction=False)
        for command in commands:
            pipeline.execute_command(*command)
        answers: list[Any] = pipeline.execute()
        return answers

    def _unreadable(self, error: Exception) -> Unreadable:
        return Unreadable(f"the Redis at {self._place} cannot be read: {str(error).splitlines()[0] or type(error)}")


class _TooLong(ValueError):
    """More than LONGEST characters."""


def place(url: str) -> str:
    """Where a URL leads, without user and password."""
    try:
        parts = urlsplit(url)
        if parts.scheme == "unix":
            return parts.path
        return f"{parts.hostname or 'localhost'}:{parts.port or 6379}{parts.path.rstrip('/')}"
    except ValueError:
        return "that place"


def _pairs(value: Any) -> Iterator[tuple[bytes, bytes]]:
    return iter(value.items())


def _texts(parts: Any) -> list[str]:
    texts = [part.decode() for part in parts]
    if sum(map(len, texts)) > LONGEST:
        raise _TooLong
    return texts
