"""Lowering of `rewrite`: what its target is depends on the conditions that may have matched when it runs."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from urllib.parse import unquote

from egc.compiler import plan
from egc.compiler.conditions.lowering import checks
from egc.compiler.diagnostics import Report, Span
from egc.compiler.model import ServiceEndpoint
from egc.compiler.node import Mapping, Scalar
from egc.compiler.patterns3 import fill3
from egc.compiler.plan import Argument, Made
from egc.compiler.policies import Policy
from egc.compiler.regexes import Untranslatable
from egc.compiler.settings import Values

MODULE = "egc.runtime.policies.rewrite"

_GROUP = re.compile(r"\$(?:[$&`']|[0-9]{1,2})")
_IN_A_TARGET = re.compile(r"[\x21-\x7e\x80-\xff]*")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_NOTHING = frozenset(("",))
"""No condition has matched yet; else a set holds the names of those that may have matched last."""


def lower(policy: Policy, parameters: Mapping, service: ServiceEndpoint | None, values: Values) -> tuple[Argument, ...]:
    """The target as text, which `targets` makes more of, and the status of a redirect."""
    arguments = []
    target, status = parameters.get("rewrite"), parameters.get("redirect")
    if isinstance(target, Scalar):
        arguments.append(Argument("rewrite", values.shape(target), target.span))
    if isinstance(status, Scalar):
        values.shape(status)  # which tells where a variable is missing
        number = values.setting(replace(status, parts=()), policy.properties["redirect"])
        if isinstance(number, int) and 0 < number < 200:
            message = "`redirect` should be a status from 200 to 599, or 0 for none"
            values.report.error("CO142", "wrong-value", message, status.span)
        elif number:
            arguments.append(Argument("redirect", number, status.span))
    return tuple(arguments)


def targets(steps: Sequence[plan.Step], report: Report) -> list[plan.Step]:
    """The steps of a pipeline, those of `rewrite` with the target that belongs to what has matched.

    A match is there for all steps behind it, until another one takes its place (D327).
    """
    made = []
    known: dict[str, plan.Check] = {}
    found = _NOTHING
    for step in steps:
        asked = {check.variable: check for check in checks(step.condition)}
        known |= asked
        matched = found if step.condition is None else _matched(step.condition, found)
        if step.module == MODULE:
            step = _with_target(step, [known[name] for name in sorted(matched - _NOTHING)], report)
        made.append(step)
        found |= matched | {name for name, check in asked.items() if _hands_on(check)}
    return made


def _hands_on(check: plan.Check) -> bool:
    return check.module in ("egc.runtime.conditions.pathmatch", "egc.runtime.conditions.regexpmatch")


def _matched(condition: plan.Condition, before: frozenset[str]) -> frozenset[str]:
    """What may have matched last where a condition holds."""
    if isinstance(condition, plan.Check):
        return frozenset((condition.variable,)) if _hands_on(condition) else before
    if isinstance(condition, plan.Fixed):
        return before
    if condition.word == "and":
        for child in condition.children:
            before = _matched(child, before)
        return before
    found: frozenset[str] = frozenset()
    for child in condition.children:
        if condition.word == "or":
            found |= _matched(child, before)
        if not isinstance(child, plan.Check):
            before |= {check.variable for check in checks(child) if _hands_on(check)}
    return found if condition.word == "or" else before


def _with_target(step: plan.Step, matched: Sequence[plan.Check], report: Report) -> plan.Step:
    redirects = any(argument.keyword == "redirect" for argument in step.arguments)
    arguments = tuple(
        replace(argument, value=_target(argument, step, matched, redirects, report))
        if argument.keyword == "rewrite"
        else argument
        for argument in step.arguments
    )
    return replace(step, arguments=arguments, answers="always" if redirects else "never")


def _target(
    argument: Argument, step: plan.Step, matched: Sequence[plan.Check], redirects: bool, report: Report
) -> plan.Setting:
    text, span = argument.value, argument.span or step.span
    assert isinstance(text, str)  # noqa: S101 - `lower` made it
    if not matched:
        message = (
            "`rewrite` needs a condition `pathmatch` or `regexpmatch`: without one it answers 500 to every request"
        )
        help = "put it beside `action`: `condition: {name: pathmatch, match: /old/:rest*}`"
        report.failing("CO147", "nothing-to-rewrite", message, step.span, help=help)
    paths = [check for check in matched if check.condition == "pathmatch"]
    filled = _fill(text, paths, span, redirects, report) if paths else None
    if filled is None or len(paths) < len(matched):
        if "$<" in text:
            message, help = "groups have no names here", "count them: `$1` is the first"
            report.failing("CO142", "wrong-value", message, span, help=help)
        _check_text(_GROUP.sub("", text), span, redirects, report)
    if redirects and (text.startswith("$") or (filled is not None and not isinstance(_first(filled), str))):
        message = "this redirect leads wherever the caller says, to other hosts too"
        report.warning("SC120", "open-redirect", message, span, help="begin it with `/`")
    if filled is None:
        return text
    return filled if len(paths) == len(matched) else Made("Either", MODULE, (text, filled), ())


def _fill(text: str, paths: Iterable[plan.Check], span: Span, redirects: bool, report: Report) -> Made | None:
    try:
        made = fill3(text)
    except Untranslatable as error:
        report.error("CO117", "invalid-pattern", f"this path does not compile: {error}", span)
        return None
    given = {name for check in paths for name in _names(check)}
    literal = ""
    for part in made.positional:
        if isinstance(part, str):
            literal += part
        elif isinstance(part, Made):
            name = part.positional[0]
            literal += _prefix(part) + "-"
            if name not in given and not _is_optional(part):
                message = f"`match` gives no parameter `{name}`, so this answers 500 to every request"
                help = f"write `\\:{name}` if no parameter is meant" if f":{name}" in text else ""
                report.failing("CO148", "unknown-parameter", message, span, help=help)
    if _BAD_ESCAPE.search(literal):
        message, help = "a `%` needs two digits behind it", "write `%25` for the sign itself"
        report.failing("CO142", "wrong-value", message, span, help=help)
    _check_text(unquote(literal), span, redirects, report)
    return made


def _names(check: plan.Check) -> Iterable[plan.Setting]:
    found = next((argument.value for argument in check.arguments if argument.keyword == "names"), ())
    return found if isinstance(found, tuple) else ()


def _prefix(part: Made) -> str:
    found = next((argument.value for argument in part.arguments if argument.keyword == "prefix"), "")
    return found if isinstance(found, str) else ""


def _is_optional(part: Made) -> bool:
    return any(argument.keyword == "optional" for argument in part.arguments)


def _first(filled: Made) -> plan.Setting:
    """The text that a target begins with, or the parameter that may stand there without any."""
    first = filled.positional[0] if filled.positional else ""
    return first if not isinstance(first, Made) or _is_optional(first) else _prefix(first) or first


def _check_text(text: str, span: Span, redirects: bool, report: Report) -> None:
    """Tell of characters that no request line can carry; in a Location they are encoded."""
    if not redirects and _IN_A_TARGET.fullmatch(text) is None:
        report.failing("CO142", "wrong-value", "this holds characters that no URL may hold", span, help="encode them")
