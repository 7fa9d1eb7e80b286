"""Configurations of a few lines, compiled and reviewed in a directory of their own."""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from egc.compiler import Compiled, compile_project
from egc.compiler.diagnostics import Diagnostic, DoesNotCompile, Report
from egc.compiler.lint import Selection, lint
from egc.compiler.rules import Example

ALL = Selection(min_severity="info", strict=True)
"""Every finding there is."""


def compiled(example: Example, *, eg_compat: bool = False) -> Compiled:
    """Compile an example.

    Raises:
        DoesNotCompile: it has errors.
    """
    with TemporaryDirectory() as directory:
        write(example, Path(directory))
        return compile_project(Path(directory), example.environ, eg_compat=eg_compat)


def write(example: Example, directory: Path) -> None:
    """Write the files of an example."""
    texts = {"gateway.config.yml": example.gateway, "system.config.yml": example.system, **example.files}
    for name, text in texts.items():
        if text:
            (directory / name).parent.mkdir(parents=True, exist_ok=True)
            (directory / name).write_text(text, encoding="utf-8")


def review(example: Example, selection: Selection = ALL) -> Report:
    """All findings about an example; the errors of one that does not compile."""
    try:
        return lint(compiled(example), selection)
    except DoesNotCompile as error:
        return error.report


def found(
    name: str, gateway: str, system: str = "", environ: Mapping[str, str] | None = None, *, select: Selection = ALL
) -> list[Diagnostic]:
    """The findings of one name about a configuration, which must compile."""
    report = lint(compiled(Example(gateway, system, environ or {})), select)
    return [one for one in report if one.name == name]
