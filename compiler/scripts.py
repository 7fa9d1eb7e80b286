"""JavaScript in settings: what is a plain value all along, what stays a variable, and the functions of the module."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from egc.compiler.diagnostics import Fix, Report, Span
from egc.compiler.javascript import (
    Kind,
    Problem,
    assigned_names,
    compile_script,
    constant_of,
    function_names,
    named,
)
from egc.compiler.javascript import Script as Compiled
from egc.compiler.javascript.names import CONTEXT
from egc.compiler.mends import text_in
from egc.compiler.node import Scalar, Variable
from egc.compiler.plan import Function, Lookup, Script, Setting

_NAME = re.compile(r"[A-Za-z_$][\w$]*", re.ASCII)
_PROSE = re.compile(r"[A-Za-z](?:[\w .,/@-]|\$\{\w+\})*", re.ASCII)
"""Text without quotes that a person may have written for text: `Bearer ${TOKEN}`."""

_MARK = 0xE000
"""Where the characters begin that stand for variables while a script is looked at; nothing else is there."""


def constant(scalar: Scalar, text: str, kind: Kind) -> tuple[bool, Setting]:
    """Whether a script is nothing but a plain value, and which; variables within its quotes stay variables.

    Arguments:
        scalar: as it was written.
        text: its text, where it has no variables.
    """
    marked = "".join(part if isinstance(part, str) else chr(_MARK + index) for index, part in enumerate(scalar.parts))
    found = constant_of(marked if scalar.parts else text, kind)
    if found is None:
        return False, None
    if not scalar.parts or not isinstance(found.value, str):
        return True, found.value
    return True, _lookup(found.value, scalar.parts)


def _lookup(value: str, parts: Sequence[str | Variable]) -> Setting:
    pieces: list[str | tuple[str, str | None]] = []
    for character in value:
        index = ord(character) - _MARK
        part = parts[index] if 0 <= index < len(parts) else character
        if isinstance(part, Variable):
            pieces.append((part.name, part.default))
        elif pieces and isinstance(pieces[-1], str):
            pieces[-1] += character
        else:
            pieces.append(character)
    if all(isinstance(piece, str) for piece in pieces):
        return value
    return Lookup("text", tuple(pieces))


def without_context(scalar: Scalar, environ: Mapping[str, str]) -> Scalar:
    """A template in which `${requestID}` and its like are JavaScript's again, not the environment's (D9, D445)."""
    parts = [
        f"${{{part.name}}}" if isinstance(part, Variable) and part.name in CONTEXT else part for part in scalar.parts
    ]
    missing = tuple(name for name in scalar.missing if name not in CONTEXT)
    filled = "".join(part if isinstance(part, str) else environ.get(part.name, part.default or "") for part in parts)
    left = tuple(parts) if any(isinstance(part, Variable) for part in parts) else ()
    return replace(scalar, value=filled, parts=left, missing=missing)


def functions(scripts: Sequence[Script], report: Report) -> Iterator[Function]:
    """The scripts of a configuration as functions of its module; what is wrong with them is reported at its place."""
    texts = {(script.text, script.kind) for script in scripts}
    names = frozenset[str]().union(*(assigned_names(text, kind) for text, kind in texts))
    methods = frozenset[str]().union(*(function_names(text, kind) for text, kind in texts))
    same: dict[tuple[str, Kind], Compiled] = {}
    for script in scripts:
        before = same.get((script.text, script.kind))
        if before is not None and not before.before:
            compiled = named(before, script.variable)
        else:
            compiled = compile_script(
                script.text, script.kind, script.variable, known_names=names, known_methods=methods
            )
            same[script.text, script.kind] = compiled
        for problem in compiled.problems:
            _tell(problem, script, report)
        yield Function(script, compiled.before, compiled.head, compiled.body)


def _tell(problem: Problem, script: Script, report: Report) -> None:
    span = place(problem, script)
    if problem.name == "expression-unsupported":
        report.error(problem.code, problem.name, problem.message, span, help=problem.help)
    else:
        # The function throws what Express Gateway threw, so that nobody gets in by it.
        report.failing(
            problem.code,
            problem.name,
            problem.message,
            span,
            help=problem.help,
            fix=_fix(problem, script, span, report),
        )


def _fix(problem: Problem, script: Script, span: Span, report: Report) -> Fix | None:
    """What would mend a script: the name that was meant, or quotes around what is text and no JavaScript."""
    text = text_in(report, span)
    if text is None:
        return None
    if problem.meant:
        written = text.at(span)
        if not _NAME.fullmatch(written):
            return None  # the place is not that of the name
        edit = text.edit(text.start(span), text.end(span), problem.meant)
        return Fix(f"write `{problem.meant}`", (edit,), safe=True)
    written = text.at(script.span)
    is_plain = _PROSE.fullmatch(written) and "_if_" not in script.variable
    if problem.name != "expression-syntax" or script.kind != "expression" or not is_plain:
        return None
    mark, inner = ('"', "'") if script.span.file.endswith(".json") else ("'", '"')
    edit = text.edit(text.start(script.span), text.end(script.span), f"{mark}{inner}{written}{inner}{mark}")
    return Fix("put the text in quotes of its own", (edit,), safe=False)


def place(problem: Problem, script: Script) -> Span:
    """The place of a problem in the file: exact in a plain or quoted text of one line, and to the line in a block."""
    span = script.span
    lines = script.text.splitlines()
    if span.line == span.end_line:
        quotes = span.end_column - span.column - len(script.text)
        if quotes not in (0, 2):
            return span
        start = span.column + quotes // 2 - 1
        return replace(
            span,
            column=start + problem.column,
            end_column=start + max(problem.column + 1, problem.end_column if problem.end_line == problem.line else 0),
        )
    if span.end_line - span.line < len(lines):
        return span
    line = span.line + problem.line
    return Span(span.file, line, 1, line, 1)
