"""`db.redis`: the store that gateways share, from the settings that Express Gateway gave to ioredis (C19-C22)."""

from collections.abc import Iterator

from egc.compiler import plan
from egc.compiler.model import Model
from egc.compiler.node import Entry, Mapping, Scalar, Sequence
from egc.compiler.plan import Argument
from egc.compiler.settings import Kind, Values

_MILLISECONDS = 1000
_SENTINEL_PORT = 26379

_ADDRESS: dict[str, tuple[str, Kind, plan.Plain]] = {
    "host": ("host", "text", "localhost"),
    "port": ("port", "port", 6379),
}
_KNOWN: dict[str, tuple[str, Kind]] = {
    "path": ("path", "text"),
    "db": ("db", "integer"),
    "username": ("username", "text"),
    "password": ("password", "text"),
    "name": ("name", "text"),
    "sentinelUsername": ("sentinel_username", "text"),
    "sentinelPassword": ("sentinel_password", "text"),
    "enableTLSForSentinelMode": ("sentinel_tls", "flag"),
    "keyPrefix": ("key_prefix", "text"),
}
_TLS: dict[str, tuple[str, Kind]] = {
    "caFile": ("ca_file", "text"),
    "certFile": ("cert_file", "text"),
    "keyFile": ("key_file", "text"),
    "rejectUnauthorized": ("reject_unauthorized", "flag"),
}
_APART = ("emulate", "namespace", "connectTimeout", "sentinels", "tls", *_ADDRESS)
_NAMESPACE = "EG"


def shared_store(model: Model, values: Values) -> plan.Store:
    """The store of a gateway that needs one: Redis where `db.redis` is there and `emulate` is not true."""
    database = model.system.get("db")
    redis = database.get("redis") if isinstance(database, Mapping) else None
    if not isinstance(redis, Mapping):
        return plan.Store((), None)
    emulate = redis.get("emulate")
    if isinstance(emulate, Scalar) and values.shape(emulate) in ("true", "1"):
        return plan.Store((), None)
    return plan.Store(tuple(_arguments(redis, values)), redis.span)


def _arguments(redis: Mapping, values: Values) -> Iterator[Argument]:
    sentinels = redis.get("sentinels")
    behind = isinstance(sentinels, Sequence) and bool(sentinels.items)
    if not behind and _written(redis, "path") is None:
        for name, (keyword, kind, default) in _ADDRESS.items():
            node = _written(redis, name)
            yield Argument(
                keyword, default if node is None else values.lookup(node, kind), None if node is None else node.span
            )
    for entry in redis:
        if entry.name in _KNOWN and (node := _written(redis, entry.name)) is not None:
            keyword, kind = _KNOWN[entry.name]
            yield Argument(keyword, values.lookup(node, kind), node.span)
        elif entry.name not in _APART and entry.name not in _KNOWN:
            _idle(f"db.redis.{entry.name}", entry, values)
    timeout = _written(redis, "connectTimeout")
    if timeout is not None:
        seconds = values.lookup(timeout, "number", divisor=_MILLISECONDS)
        yield Argument("connect_timeout", seconds, timeout.span)
    if behind and isinstance(sentinels, Sequence):
        yield Argument("sentinels", tuple(_sentinels(sentinels, values)), sentinels.span)
    tls = redis.get("tls")
    if isinstance(tls, Mapping):
        yield Argument("tls", True, tls.span)
        for entry in tls:
            node = _written(tls, entry.name)
            if entry.name in _TLS and node is not None:
                keyword, kind = _TLS[entry.name]
                yield Argument(keyword, values.lookup(node, kind), node.span)
            elif entry.name not in _TLS:
                message = f"this version of egc does not know the TLS option `{entry.name}`"
                values.report.error("MG907", "unsupported-tls-option", message, entry.key.span)
    namespace = _written(redis, "namespace")
    named = _NAMESPACE if namespace is None else values.lookup(namespace, "text")
    yield Argument("namespace", named, None if namespace is None else namespace.span)


def _sentinels(sentinels: Sequence, values: Values) -> Iterator[plan.Setting]:
    for item in sentinels.items:
        host, port = (_written(item, name) if isinstance(item, Mapping) else None for name in ("host", "port"))
        if host is None:
            values.report.error("CO141", "missing-property", "a sentinel needs `host`", item.span)
            continue
        yield (values.lookup(host, "text"), _SENTINEL_PORT if port is None else values.lookup(port, "port"))


def _written(mapping: Mapping, name: str) -> Scalar | None:
    """The setting of that name, unless it was left empty."""
    node = mapping.get(name)
    return node if isinstance(node, Scalar) and (node.value is not None or node.parts) else None


def _idle(name: str, entry: Entry, values: Values) -> None:
    message = f"`{name}` has no effect: it was an option of Express Gateway's Redis client"
    values.report.warning("CO120", "option-without-effect", message, entry.key.span, help="remove it")
