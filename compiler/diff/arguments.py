"""How grave it is that an argument of a step differs."""

from collections.abc import Iterator

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
from egc.compiler.diff.meaning import CORE, Meaning, is_default
from egc.compiler.diff.words import change
from egc.compiler.plan import Argument, Lookup, Script, Setting, Step

_MILDER: dict[str, tuple[object, Classes]] = {
    # Whoever sets it to this asks less of callers; otherwise callers who were served are refused.
    "check_scopes": (False, TIGHTER),
    "check_credential_existence": (False, TIGHTER),
    "pass_through": (True, TIGHTER),
    "disable_headers": (False, TIGHTER),
    "disable_headers_scheme": (False, TIGHTER),
    "disable_query_param": (False, TIGHTER),
    "skip_failed_requests": (True, TIGHTER),
    "skip_successful_requests": (True, TIGHTER),
    "credentials": (True, BREAKING),
    "secure": (False, TIGHTER),
}
_LARGER_IS_MILDER: dict[str, Classes] = {"max": TIGHTER, "delay_after": STRONGER}
_SMALLER_IS_MILDER: dict[str, Classes] = {"window_ms": TIGHTER, "delay_ms": STRONGER}
_WIDER_IS_MILDER: dict[str, Classes] = {
    "origin": BREAKING,
    "allowed_headers": BREAKING,
    "exposed_headers": BREAKING,
    "methods": BREAKING,
    "algorithms": TIGHTER,
}
_ASKED_FOR = frozenset(("audience", "issuer"))
_TIMEOUTS = frozenset(("timeout", "proxy_timeout"))
_BREAKING = frozenset(
    (
        *("strip_path", "ignore_path", "prepend_path", "method", "proxy_url", "target", "rewrite", "redirect"),
        *("api_key_header", "api_key_header_scheme", "api_key_field", "jwt_extractor", "jwt_extractor_field"),
    )
)
_NEUTRAL_OF_PROOFS = frozenset(("ttl", "timeout"))
_OF_LIMITS = frozenset(("rate_limit_by", "counter"))


def deltas(one: Step, other: Step, before: Meaning, after: Meaning) -> Iterator[Delta]:
    """What differs between the arguments of two steps of one policy."""
    old = {argument.keyword: argument for argument in one.arguments}
    new = {argument.keyword: argument for argument in other.arguments}
    for keyword in dict.fromkeys((*old, *new)):
        was, now = old.get(keyword), new.get(keyword)
        if keyword == "counter" and not any(argument is not None and argument.span for argument in (was, now)):
            continue
        if _key(one, was, before) == _key(other, now, after):
            continue
        values = tuple(None if argument is None else argument.value for argument in (was, now))
        found = _classes(one, keyword, *values)
        yield Delta(
            _kind(one),
            found,
            f"`{one.policy}`: {change(keyword, was, now)}",
            was.span if was is not None and was.span else one.span,
            now.span if now is not None and now.span else other.span,
            certain=not any(map(_opaque, values)),
        )
    taken, given = (tuple(map(each.setting, step.positional)) for each, step in ((before, one), (after, other)))
    if taken != given and one.policy != "proxy":
        message = f"`{one.policy}` is given other objects"
        yield Delta(_kind(one), _unforeseen(one), message, one.span, other.span, certain=False)


def _key(step: Step, argument: Argument | None, meaning: Meaning) -> object:
    if argument is None or argument.value is None or is_default(step, argument):
        return None
    return (meaning.argument(argument),)


def _kind(step: Step) -> str:
    if step.role == "authenticates":
        return "authentication-changed"
    return "limit-changed" if step.role == "limits" else f"{step.policy}-changed"


def _opaque(value: Setting) -> bool:
    return isinstance(value, Lookup | Script) or (isinstance(value, tuple) and any(map(_opaque, value)))


def _unforeseen(step: Step) -> Classes:
    return NEUTRAL if step.answers == "never" and step.module.startswith(CORE) and not step.role else UNKNOWN


def _classes(step: Step, keyword: str, was: Setting, now: Setting) -> Classes:
    if not step.module.startswith(CORE):
        return UNKNOWN
    if isinstance(was, Lookup) or isinstance(now, Lookup):
        return EITHER if step.role or keyword in _MILDER or keyword in _WIDER_IS_MILDER else _other(step, keyword)
    if keyword in _MILDER:
        mild, otherwise = _MILDER[keyword]
        return WEAKER if now is mild or (now is None and was is not mild) else otherwise
    for table, sign in ((_LARGER_IS_MILDER, 1), (_SMALLER_IS_MILDER, -1)):
        if keyword in table and step.role == "limits":
            old, new = (_number(keyword, value) for value in (was, now))
            if old is None or new is None:
                return EITHER
            return WEAKER if (new - old) * sign > 0 else table[keyword]
    if keyword in _WIDER_IS_MILDER and step.policy in ("cors", "jwt"):
        return _by_width(was, now, _WIDER_IS_MILDER[keyword])
    if keyword in _ASKED_FOR and step.role:
        return TIGHTER if was is None else WEAKER if now is None else EITHER
    if keyword in _TIMEOUTS and step.policy == "proxy":
        shorter = isinstance(now, int | float) and (not isinstance(was, int | float) or now < was)
        return BREAKING if shorter else NEUTRAL
    if keyword == "status_code" and step.policy == "terminate":
        return BREAKING if isinstance(was, int) and was < 400 else NEUTRAL
    return _other(step, keyword)


def _other(step: Step, keyword: str) -> Classes:
    if keyword in _BREAKING:
        return BREAKING
    if step.role == "authenticates":
        return NEUTRAL if keyword in _NEUTRAL_OF_PROOFS else EITHER
    if step.role == "limits":
        return EITHER if keyword in _OF_LIMITS else NEUTRAL
    if step.policy == "expression":
        return UNKNOWN
    return NEUTRAL


def _number(keyword: str, value: Setting) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    # A limit of 0 never refuses.
    return float("inf") if keyword == "max" and value == 0 else float(value)


def _by_width(was: Setting, now: Setting, narrower: Classes) -> Classes:
    old, new = _set(was), _set(now)
    if old is None or new is None:
        # One of them is for all.
        return WEAKER if new is None else narrower
    return WEAKER if new > old else narrower if new < old else classes((*WEAKER, *narrower))


def _set(value: Setting) -> frozenset[object] | None:
    """What a list names; None for all."""
    if value is None or value is True or value == "*":
        return None
    if value is False:
        return frozenset()
    names = value if isinstance(value, tuple) else (value,)
    return frozenset(part.strip() for name in names for part in str(name).split(","))


def of_step(step: Step, *, added: bool) -> tuple[Classes, bool]:
    """How grave it is that a step is added or removed, and whether that is certain."""
    if not step.module.startswith(CORE) or step.policy == "expression":
        return UNKNOWN, False
    if step.role:
        passes = any(one.keyword == "pass_through" and one.value is not False for one in step.arguments)
        return (NEUTRAL, False) if passes else (TIGHTER if added else WEAKER, True)
    if step.policy == "cors":
        return (WEAKER if added else BREAKING), True
    if step.policy == "rewrite":
        return BREAKING, True
    return NEUTRAL, True
