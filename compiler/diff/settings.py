"""What differs beside the routes: listeners, the authorization server, the Admin API, plugins, the log, files."""

import ipaddress
from collections.abc import Iterable, Iterator, Mapping, Sequence

from egc.compiler.diagnostics import Span
from egc.compiler.diff.changes import (
    BREAKING,
    EITHER,
    NEUTRAL,
    STRONGER,
    TIGHTER,
    UNKNOWN,
    WEAKER,
    Classes,
    Delta,
    classes,
)
from egc.compiler.diff.meaning import Meaning
from egc.compiler.diff.words import change, written
from egc.compiler.plan import Argument, Lookup, Made, Setting

_LIFETIMES = frozenset(("access_ttl", "refresh_ttl", "code_ttl"))
_ASKED = {"request_cert": TIGHTER, "reject_unauthorized": TIGHTER}
_SETS: dict[str, Classes] = {"grants": TIGHTER, "trusted_proxies": BREAKING, "allowed_hosts": TIGHTER}
_CONFIGURATION = ("gateway.config.", "system.config.", "models/")


def changes(before: Meaning, after: Meaning, files: Mapping[str, str], others: Mapping[str, str]) -> Iterator[Delta]:
    """What differs between two gateways beside their routes.

    Arguments:
        files, others: digests of the files that each configuration names, by name.
    """
    yield from _listeners(before, after)
    yield from _one("the authorization server", "oauth2", before, after)
    yield from _one("the Admin API", "admin", before, after)
    yield from _plugins(before, after)
    old, new = before.gateway, after.gateway
    yield from _arguments("the gateway", old.options, new.options, None, None, before, after)
    own = {old.source_name, new.source_name}
    for name in sorted({*files, *others} - own):
        if files.get(name) != others.get(name) and not name.startswith(_CONFIGURATION):
            how = "is new" if name not in files else "is gone" if name not in others else "differs"
            code = name.endswith((".py", ".json"))
            yield Delta("file-changed", UNKNOWN if code else NEUTRAL, f"the file `{name}` {how}", None, None, not code)


def _listeners(before: Meaning, after: Meaning) -> Iterator[Delta]:
    old = {listener.name: listener for listener in before.gateway.listeners}
    new = {listener.name: listener for listener in after.gateway.listeners}
    for name in dict.fromkeys((*old, *new)):
        was, now = old.get(name), new.get(name)
        if was is None or now is None:
            grave: Classes = BREAKING if now is None else NEUTRAL if name == "https" else WEAKER
            message = f"{name} is {'no longer ' if now is None else ''}listened on"
            yield Delta(f"listener-{'removed' if now is None else 'added'}", grave, message, _of(was), _of(now))
        else:
            yield from _arguments(name, was.arguments, now.arguments, was.span, now.span, before, after)


def _of(owner: object) -> Span | None:
    span = getattr(owner, "span", None)
    return span if isinstance(span, Span) else None


def _one(name: str, kind: str, before: Meaning, after: Meaning) -> Iterator[Delta]:
    """What is there once at most."""
    pair = [each.gateway.authorization if kind == "oauth2" else each.gateway.administration for each in (before, after)]
    was, now = pair
    if was is not None and now is not None:
        yield from _arguments(name, was.arguments, now.arguments, was.span, now.span, before, after)
    elif kind == "oauth2" and (was is not None or now is not None):
        grave, how = (BREAKING, "gone") if now is None else (WEAKER, "new")
        yield Delta(f"{kind}-{'removed' if now is None else 'added'}", grave, f"{name} is {how}", _of(was), _of(now))


def _plugins(before: Meaning, after: Meaning) -> Iterator[Delta]:
    old = {plugin.name: plugin for plugin in before.gateway.plugins}
    new = {plugin.name: plugin for plugin in after.gateway.plugins}
    for name in dict.fromkeys((*old, *new)):
        was, now = old.get(name), new.get(name)
        if was is None or now is None:
            how = "no longer loaded" if now is None else "loaded now"
            kind = f"plugin-{'removed' if now is None else 'added'}"
            yield Delta(kind, UNKNOWN, f"the plugin `{name}` is {how}", _of(was), _of(now), certain=False)
            continue
        if (was.module, was.class_name) != (now.module, now.class_name):
            message = f"the plugin `{name}` is `{now.module}`, not `{was.module}`"
            yield Delta("plugin-changed", UNKNOWN, message, was.span, now.span, certain=False)
        for delta in _arguments(
            f"the plugin `{name}`", was.arguments, now.arguments, was.span, now.span, before, after
        ):
            yield Delta("plugin-changed", UNKNOWN, delta.message, delta.before, delta.after, certain=False)
    if list(old) != list(new) and set(old) == set(new):
        message = "plugins are loaded in another order"
        yield Delta("plugin-changed", UNKNOWN, message, *_firsts(old.values(), new.values()), certain=False)


def _firsts(old: Iterable[object], new: Iterable[object]) -> tuple[Span | None, Span | None]:
    return _of(next(iter(old), None)), _of(next(iter(new), None))


# ---- Arguments


def _arguments(
    owner: str,
    old: Sequence[Argument],
    new: Sequence[Argument],
    was_at: Span | None,
    now_at: Span | None,
    before: Meaning,
    after: Meaning,
) -> Iterator[Delta]:
    olds = {argument.keyword: argument for argument in old}
    news = {argument.keyword: argument for argument in new}
    for keyword in dict.fromkeys((*olds, *news)):
        was, now = olds.get(keyword), news.get(keyword)
        values = tuple(None if one is None else one.value for one in (was, now))
        if _same(keyword, was, now, before, after):
            continue
        place, beside = (was.span if was else None) or was_at, (now.span if now else None) or now_at
        if isinstance(values[0], Made) and isinstance(values[1], Made):
            yield from _arguments(owner, values[0].arguments, values[1].arguments, place, beside, before, after)
            continue
        message = f"{owner}: {_said(keyword, was, now)}"
        certain = not any(isinstance(value, Lookup) for value in values)
        yield Delta(f"{_kind(owner)}-changed", _classes(keyword, *values), message, place, beside, certain)


def _same(keyword: str, was: Argument | None, now: Argument | None, before: Meaning, after: Meaning) -> bool:
    if was is None or now is None:
        return was is now
    if keyword in _SETS and isinstance(was.value, tuple) and isinstance(now.value, tuple):
        return set(map(before.setting, was.value)) == set(map(after.setting, now.value))
    return before.argument(was) == after.argument(now)


def _kind(owner: str) -> str:
    words = {"the authorization server": "oauth2", "the Admin API": "admin", "the gateway": "gateway"}
    return words.get(owner, "plugin" if owner.startswith("the plugin") else "listener")


def _said(keyword: str, was: Argument | None, now: Argument | None) -> str:
    if keyword not in _SETS or was is None or now is None:
        return change(keyword, was, now)
    old, new = ([written(one) for one in _members(each.value)] for each in (was, now))
    gone, come = [one for one in old if one not in new], [one for one in new if one not in old]
    words = [f"without {', '.join(gone)}"] * bool(gone) + [f"with {', '.join(come)}"] * bool(come)
    return f"`{keyword}` {' and '.join(words)}"


def _members(value: Setting) -> tuple[Setting, ...]:
    return value if isinstance(value, tuple) else (value,)


def _classes(keyword: str, was: Setting, now: Setting) -> Classes:
    if keyword in _SETS:
        old, new = (frozenset(map(repr, _members(value))) if value is not None else frozenset() for value in (was, now))
        narrower = _SETS[keyword]
        return WEAKER if new > old else narrower if new < old else classes((*WEAKER, *narrower))
    if isinstance(was, Lookup) or isinstance(now, Lookup):
        return BREAKING if keyword in ("port", "host", "issuer") else EITHER
    if keyword in _LIFETIMES and isinstance(was, int | float) and isinstance(now, int | float):
        return WEAKER if now > was else STRONGER
    if keyword in _ASKED:
        return _ASKED[keyword] if now is True else WEAKER
    if keyword == "min_version":
        return TIGHTER if str(now or "") > str(was or "") else WEAKER
    if keyword == "host":
        return classes((*BREAKING, *(WEAKER if _near(was) and not _near(now) else ())))
    if keyword == "key_digest":
        return TIGHTER if was is None else WEAKER if now is None else BREAKING
    if keyword == "exposed":
        return WEAKER if now else STRONGER
    if keyword in ("port", "issuer"):
        return BREAKING
    if keyword in ("access_log", "metrics", "serve", "templates", "users", "applications", "credentials"):
        return NEUTRAL
    return EITHER


def _near(host: Setting) -> bool:
    """Whether only this machine reaches a host; without one all do."""
    if not isinstance(host, str):
        return False
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower().rstrip(".") == "localhost"
