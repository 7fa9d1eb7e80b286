"""Which request headers of a pipeline say who the caller is: the configuration fills them, so callers may not.

A header that a step sets whatever the request is replaced there. One that is set on a condition only, or by a script
that may decide otherwise, would pass as the caller sent it: such headers are taken away before the first step runs.
"""

import re
from collections.abc import Iterator, Sequence

from egc.compiler import plan

CONSUMER = re.compile(r"\bconsumer\b|\breq\s*(?:\?\.|\.)\s*user\b|\breq\s*\[\s*['\"]user['\"]")
"""What a script says where it asks for the consumer."""
ASSIGNED = re.compile(r"\.headers\s*(?:\.\s*([\w$]+)|\[\s*['\"]([^'\"]+)['\"]\s*\])\s*=(?!=)")
"""A request header that a script sets."""
_READ = re.compile(r"\.headers\s*(?:\?\.|\.)?\s*(?:([\w$]+)|\[\s*['\"]([^'\"]+)['\"]\s*\])(?!\s*=(?!=))")


def identity(steps: Sequence[plan.Step]) -> tuple[str, ...]:
    """The headers, in lower case and in order, that a pipeline takes away because it alone sets them."""
    found = dict.fromkeys(name.lower() for step in steps for name in _set(step))
    read = {name.lower() for step in steps for script in _scripts(step) for name in _names(_READ, script.text)}
    return tuple(name for name in found if name not in read)


def _set(step: plan.Step) -> Iterator[str]:
    """The headers that a step may fill from the consumer, and may leave as they are."""
    settings = {argument.keyword: argument.value for argument in step.arguments}
    if step.policy == "expression":
        for script in _scripts(step):
            if CONSUMER.search(script.text):
                yield from _names(ASSIGNED, script.text)
    elif step.condition is not None and step.policy == "headers":
        prefix = settings.get("headers_prefix", "")
        for name in _filled(settings.get("forward_headers")):
            yield f"{prefix if isinstance(prefix, str) else ''}{name}"
    elif step.condition is not None and step.policy == "request-transformer":
        headers = settings.get("headers")
        for name, value in headers.entries if isinstance(headers, plan.Table) else ():
            if name == "add":
                yield from _filled(value)


def _filled(table: plan.Setting) -> Iterator[str]:
    for name, value in table.entries if isinstance(table, plan.Table) else ():
        if isinstance(value, plan.Script) and CONSUMER.search(value.text):
            yield name


def _names(pattern: re.Pattern[str], text: str) -> Iterator[str]:
    for found in pattern.finditer(text):
        yield found[1] or found[2]


def _scripts(step: plan.Step) -> Iterator[plan.Script]:
    settings: list[plan.Setting] = [argument.value for argument in step.arguments]
    while settings:
        setting = settings.pop()
        if isinstance(setting, plan.Script):
            yield setting
        elif isinstance(setting, plan.Table):
            settings += [value for _, value in setting.entries]
        elif isinstance(setting, tuple):
            settings += setting
