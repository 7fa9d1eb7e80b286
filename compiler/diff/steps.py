"""What differs between what two gateways do with a request, step by step."""

from collections.abc import Callable, Iterator, Sequence
from difflib import SequenceMatcher
from typing import Literal, TypeAlias

from egc.compiler.diagnostics import Span
from egc.compiler.diff import arguments
from egc.compiler.diff.changes import (
    BREAKING,
    EITHER,
    NEUTRAL,
    TIGHTER,
    WEAKER,
    Classes,
    Delta,
    classes,
)
from egc.compiler.diff.meaning import Key, Meaning, host, path
from egc.compiler.diff.rows import Row
from egc.compiler.diff.words import place, scopes, written
from egc.compiler.plan import Lookup, Service, Setting, Step

Pair: TypeAlias = tuple[Step | None, Step | None]
Mode: TypeAlias = Literal["ran", "maybe", "no"]

_REFUSED = 400


def compare(one: Row, other: Row) -> tuple[Delta, ...]:
    """What a request notices that is of the first row before and of the second one afterwards."""
    if one.done == other.done:
        return tuple(_asked(one, other))
    if one.kind != other.kind:
        return (_outcome(one, other),)
    found = list(_decided(one, other))
    elsewhere = any(delta.kind in ("re-routed", "answer-changed") for delta in found)
    for pair in _aligned(one, other):
        found += (delta for delta in _step(pair, one, other) if not elsewhere or _guards(pair))
    if not found:
        found.append(_unseen(one, other))
    return tuple(dict.fromkeys(found))


def _asked(one: Row, other: Row) -> Iterator[Delta]:
    """Conditions that are asked on one side only, though nothing comes of it: they may fail."""
    old = [check for key, check in one.opaque.items() if key not in other.opaque]
    new = [check for key, check in other.opaque.items() if key not in one.opaque]
    for index in range(max(len(old), len(new))):
        was, now = (checks[index] if index < len(checks) else None for checks in (old, new))
        names = [check.condition for check in (was, now) if check is not None]
        if len(names) == 2 and names[0] == names[1]:
            message = f"the condition `{names[0]}` asks something else"
        else:
            message = f"the condition `{names[-1]}` is {'no longer ' if now is None else ''}asked"
        before, after = (None if check is None else check.span for check in (was, now))
        yield Delta("condition-changed", NEUTRAL, message, before, after, certain=False)


# ---- What comes of it


def _outcome(one: Row, other: Row) -> Delta:
    """Another kind of outcome: whatever else differs comes of that."""
    found: list[Classes] = []
    if other.kind in ("proxied", "plugin", "authorization server"):
        found.append(WEAKER)
    if one.served:
        found.append(BREAKING)
    kind = "added" if one.kind == "nothing" else "removed" if other.kind == "nothing" else "re-routed"
    message = f"{result(one)} before, {result(other)} now"
    grave = classes(name for each in found or [NEUTRAL] for name in each)
    before, after = _places(one, other)
    return Delta(kind, grave, message, before, after)


def _places(one: Row, other: Row) -> tuple[Span | None, Span | None]:
    """Where both sides decide: the steps where the routes are the same, else the routes."""
    old, new = one.access.route, other.access.route
    same = old is not None and new is not None and _taken(one) == _taken(other)
    places = []
    for row in (one, other):
        route, step = row.access.route, row.access.step
        if route is None:
            places.append(_pipeline(row) if step is None else step.span)
        else:
            places.append(step.span if same and step is not None else route.span)
    return places[0], places[1]


def _taken(row: Row) -> Key:
    route = row.access.route
    return None if route is None else (host(route.host), path(route.path))


def result(row: Row) -> str:
    """What comes of a request, in a few words."""
    access = row.access
    status = f" {access.status}" if access.status is not None else ""
    match access.outcome:
        case "proxied":
            return f"sent to `{access.service.name}`" if access.service else "sent to a service"
        case "answered":
            return f"answered{status} by `{access.step.policy}`" if access.step else f"answered{status}"
        case "redirected":
            return f"redirected{status}"
        case "no pipeline":
            return "404 for want of a pipeline"
        case "allow":
            return "answered with the methods that are routed"
        case "authorization server":
            return "answered by the authorization server"
        case "plugin":
            return "answered by a plugin"
        case _:
            return "404"


def _decided(one: Row, other: Row) -> Iterator[Delta]:
    """The same kind of outcome: another service, another answer."""
    old, new = one.access.step, other.access.step
    before, after = _places(one, other)
    if old is None or new is None:
        return
    was, now = one.access.service, other.access.service
    if was is not None and now is not None:
        if one.meaning.service(was) != other.meaning.service(now):
            yield _service(was, now, one.meaning, other.meaning, before, after)
    elif old.module != new.module or one.access.status != other.access.status:
        grave = BREAKING if one.served else NEUTRAL
        yield Delta("answer-changed", grave, f"{result(one)} before, {result(other)} now", before, after)


def _service(was: Service, now: Service, old: Meaning, new: Meaning, before: Span | None, after: Span | None) -> Delta:
    if was.name != now.name:
        message = f"sent to `{now.name}` ({place(now)}), not to `{was.name}` ({place(was)})"
        return Delta("re-routed", EITHER, message, before, after)
    message = f"the service `{now.name}` is {place(now)}, not {place(was)}"
    opaque = any(isinstance(url, Lookup) for url in (*was.urls, *now.urls))
    open_now = any(isinstance(url, str) and url.startswith("http://") for url in now.urls)
    open_before = all(isinstance(url, str) and url.startswith("http://") for url in was.urls)
    grave = WEAKER if open_now and not open_before and _closed(was.urls) else NEUTRAL
    return Delta("service-moved", grave, message, was.span, now.span, certain=not opaque)


def _closed(urls: tuple[Setting, ...]) -> bool:
    """Whether all of them are known to be spoken to by TLS."""
    return all(isinstance(url, str) and url.startswith("https://") for url in urls)


def _unseen(one: Row, other: Row) -> Delta:
    """What is not a matter of one step: what steps see of the route, which requests come here at all."""
    old, new = one.access.route, other.access.route
    message = "what its steps see of the endpoint differs: its path, its parameters, its name or its scopes"
    if not one.access.exact or not other.access.exact:
        message = "a request may take another way: a script, a rewritten URL or an expression decides"
    grave = EITHER if _protects(one) or _protects(other) or not one.access.exact else BREAKING
    before, after = (
        _pipeline(row) if route is None else route.endpoint.span for row, route in ((one, old), (other, new))
    )
    return Delta("may-differ", grave, message, before, after, certain=False)


def _protects(row: Row) -> bool:
    return any(step.role for step in row.line)


# ---- Steps


def _aligned(one: Row, other: Row) -> list[Pair]:
    """The steps of both sides side by side: those that are equal, then those of one policy, the rest alone."""
    old, new = one.meaning, other.meaning

    def named(step: Step) -> Key:
        return step.module, step.class_name

    levels: list[tuple[Callable[[Step], Key], Callable[[Step], Key]]] = [
        (
            lambda step: (old.condition(step.condition), old.step(step)),
            lambda step: (new.condition(step.condition), new.step(step)),
        ),
        (old.step, new.step),
        (named, named),
    ]
    pairs = _align(one.line, other.line, levels)
    return _moved(pairs, levels[1:])


Level: TypeAlias = tuple[Callable[[Step], Key], Callable[[Step], Key]]


def _align(one: Sequence[Step], other: Sequence[Step], levels: Sequence[Level]) -> list[Pair]:
    if not levels or not one or not other:
        return [*((step, None) for step in one), *((None, step) for step in other)]
    left, right = levels[0]
    matcher = SequenceMatcher(None, list(map(left, one)), list(map(right, other)), autojunk=False)
    found: list[Pair] = []
    at, beside = 0, 0
    for begin, start, size in matcher.get_matching_blocks():
        found += _align(one[at:begin], other[beside:start], levels[1:])
        found += zip(one[begin : begin + size], other[start : start + size], strict=True)
        at, beside = begin + size, start + size
    return found


def _moved(pairs: list[Pair], levels: Sequence[Level]) -> list[Pair]:
    """Steps that stand alone on both sides are one that has moved."""
    for left, right in levels:
        for index, (old, new) in enumerate(pairs):
            if old is None or new is not None:
                continue
            match = next((at for at, (a, b) in enumerate(pairs) if a is None and b and right(b) == left(old)), None)
            if match is not None:
                pairs[index] = (old, pairs[match][1])
                pairs[match] = (None, None)
    return [pair for pair in pairs if pair != (None, None)]


def _mode(step: Step, row: Row) -> Mode:
    return "ran" if step.variable in row.ran else "maybe" if step.variable in row.maybe else "no"


def _guards(pair: Pair) -> bool:
    return any(step is not None and step.role for step in pair)


def _step(pair: Pair, one: Row, other: Row) -> Iterator[Delta]:
    old, new = pair
    if old is None or new is None:
        yield from _alone(old, new, one, other)
        return
    was, now = _mode(old, one), _mode(new, other)
    if "no" not in (was, now):
        yield from arguments.deltas(old, new, one.meaning, other.meaning)
        yield from _scopes(old, new, one, other)
        if "maybe" in (was, now) and one.meaning.condition(old.condition) != other.meaning.condition(new.condition):
            message = f"`{new.policy}` runs on another condition"
            yield Delta("condition-changed", _grave(old), message, _condition(old), _condition(new), certain=False)
    elif was != now and not _decides(old, one) and not _decides(new, other):
        grave, _ = arguments.of_step(new, added=was == "no")
        runs = "runs where it did not" if was == "no" else "no longer runs where it did"
        same = one.meaning.condition(old.condition) == other.meaning.condition(new.condition)
        message = f"`{new.policy}` {runs}{'' if same else ': its condition is another one'}"
        kind = "condition-changed" if not same else _kind(new, "added" if was == "no" else "removed")
        yield Delta(kind, grave, message, _condition(old), _condition(new), certain=False)
    if "no" not in (was, now) and _out_of_order(old, new, one, other):
        grave = EITHER if old.role or old.answers != "never" else NEUTRAL
        message = f"`{new.policy}` stands elsewhere among the steps"
        yield Delta("moved", grave, message, old.span, new.span, certain=False)


def _alone(old: Step | None, new: Step | None, one: Row, other: Row) -> Iterator[Delta]:
    step, row, added = (new, other, True) if new is not None else (old, one, False)
    if step is None or _mode(step, row) == "no" or _decides(step, row):
        return
    grave, certain = arguments.of_step(step, added=added)
    name = f"`{step.policy}`"
    if step.role == "authenticates":
        needed = row.scopes.get(step.variable, ())
        asks = f"{name}{f' with the scopes {scopes(needed)}' if needed else ''}"
        message = f"{asks} is needed now" if added else f"{asks} is no longer needed"
    elif step.role == "limits":
        limit = next((written(a.value) for a in step.arguments if a.keyword == "max"), "")
        message = f"requests are {'counted' if added else 'no longer counted'} by {name}" + (
            f" (`max` {limit})" if limit else ""
        )
    else:
        message = f"{name} is {'added' if added else 'removed'}"
    # Where it stood, or would stand: the pipeline of the other side.
    place = _pipeline(one if added else other)
    before, after = (place, step.span) if added else (step.span, place)
    yield Delta(_kind(step, "added" if added else "removed"), grave, message, before, after, certain)


def _pipeline(row: Row) -> Span | None:
    return row.pipelines[-1].span if row.pipelines else None


def _kind(step: Step, what: str) -> str:
    if step.role == "authenticates":
        return f"authentication-{what}"
    return f"limit-{what}" if step.role == "limits" else f"{step.policy}-{what}"


def _decides(step: Step, row: Row) -> bool:
    return row.access.step is not None and row.access.step.variable == step.variable


def _grave(step: Step) -> Classes:
    return NEUTRAL if not step.role and step.answers == "never" else EITHER


def _condition(step: Step) -> Span:
    return step.span if step.condition is None else step.condition.span


def _out_of_order(old: Step, new: Step, one: Row, other: Row) -> bool:
    """Whether the steps that run in front of a step on both sides are others, though it is the same."""
    if one.meaning.step(old) != other.meaning.step(new):
        return False
    before, after = ([row.meaning.step(each) for each in row.line if _mode(each, row) != "no"] for row in (one, other))
    if set(before) != set(after) or len(before) != len(after):
        return False
    return before.index(one.meaning.step(old)) != after.index(other.meaning.step(new))


def _scopes(old: Step, new: Step, one: Row, other: Row) -> Iterator[Delta]:
    was, now = (frozenset(row.scopes.get(step.variable, ())) for step, row in ((old, one), (new, other)))
    if was == now:
        return
    before, after = (
        row.access.route.endpoint.span if row.access.route else step.span for row, step in ((one, old), (other, new))
    )
    if was < now:
        message, grave = f"`{new.policy}` needs the scopes {scopes(now - was)} too", TIGHTER
    elif now < was:
        message, grave = f"`{new.policy}` no longer needs the scopes {scopes(was - now)}", WEAKER
    else:
        message, grave = f"`{new.policy}` needs the scopes {scopes(now)}, not {scopes(was)}", EITHER
    yield Delta("scopes-changed", grave, message, before, after)
