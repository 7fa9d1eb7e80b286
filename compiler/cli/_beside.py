"""Build a configuration beside the one that is served, and try whether it would start: a process of its own.

    python -m egc.compiler.cli._beside PATH DIRECTORY [--colour] [--eg-compat] [--edit] [--format FORM]

Findings go to stderr as `egc run` shows them, what `egc run` has to know as JSON to stdout. The exit code is that of
`egc build`: 0, 3 where it does not compile, 4 where the environment does not fit.

With --edit a change that stdin holds as JSON is made in the text of gateway.config before it is compiled; the file
itself stays as it is. The exit code is 1 where the change cannot be made.
"""

import json
import os
import re
import runpy
import ssl
import sys
import traceback
from argparse import ArgumentParser
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from egc.compiler.cli import EnvironmentFailure, ExitCode, exit_code

if TYPE_CHECKING:
    from egc.compiler.edit import Edit


def build(
    path: Path, directory: Path, *, colour: bool, eg_compat: bool, edit: "Edit | None" = None, form: str = "text"
) -> ExitCode:
    """Compile into a directory, and try the result.

    Arguments:
        path: of the configuration.
        directory: where the artifact goes.
        colour: whether findings are in colour.
        eg_compat: as in `compile_project`.
        edit: a change to make before.
        form: how findings are written.
    """
    told: dict[str, object] = {}
    try:
        return _build(path, directory, told, form, colour=colour, eg_compat=eg_compat, edit=edit)
    except EnvironmentFailure as error:
        told["detail"] = error.message
        raise
    finally:
        click.echo(json.dumps(told))


def _build(
    path: Path,
    directory: Path,
    told: dict[str, object],
    form: str,
    *,
    colour: bool,
    eg_compat: bool,
    edit: "Edit | None",
) -> ExitCode:
    """As `build`; what `egc run` has to know goes into `told`."""
    from egc.compiler import compile_project, write
    from egc.compiler.diagnostics import DoesNotCompile
    from egc.compiler.edit import NotEditable, apply, errors
    from egc.compiler.render import render
    from egc.compiler.source import gateway_file

    data = None
    file = gateway_file(path)
    try:
        if edit is not None and file is not None:
            edited = apply(edit, file.name, file.read_bytes(), os.environ)
            told["outcome"] = edited.outcome
            if edited.outcome in ("unchanged", "absent"):
                return ExitCode.CLEAN
            data = edited.data
            told["text"] = data.decode()
        compiled = compile_project(path, os.environ, eg_compat=eg_compat, serving=True, gateway_data=data)
        report = compiled.report
    except NotEditable as error:
        told["detail"] = str(error)
        return ExitCode.FINDINGS
    except DoesNotCompile as error:
        compiled, report = None, error.report
        if edit is not None and file is not None:
            told["errors"] = errors(report, file.name, data, os.environ)
    click.echo(render(report, form, colour=colour), err=True, nl=False, color=colour)
    if compiled is None:
        return ExitCode.DOES_NOT_COMPILE
    write(compiled, directory)
    from egc.runtime import env

    told["bind"], told["reads"] = [], []
    try:
        told["bind"] = bind_addresses(directory / "gunicorn.conf.py")
        start(directory)
    finally:
        told["reads"] = sorted(env.files)
    return ExitCode.CLEAN


def bind_addresses(settings: Path) -> list[str]:
    """What gunicorn will listen on, from settings that were just written.

    Raises:
        EnvironmentFailure: a variable that they look up is missing or wrong.
    """
    from egc.runtime.env import Misconfigured

    try:
        bind = runpy.run_path(str(settings))["bind"]
    except Misconfigured as error:
        raise EnvironmentFailure(str(error)) from None
    return [bind] if isinstance(bind, str) else list(bind)


def start(directory: Path) -> None:
    """Import the module of an artifact and read its certificates, as a worker does before it opens anything.

    Raises:
        EnvironmentFailure: a variable is missing or wrong, or a key or certificate cannot be used.
    """
    from egc.runtime.env import Misconfigured

    sys.path.insert(0, str(directory))
    try:
        module = runpy.run_path(str(directory / "gateway.py"), run_name="gateway")
    except Misconfigured as error:
        raise EnvironmentFailure(str(error)) from None
    except Exception as error:
        if (place := plugin_line(error, directory)) is None:
            raise
        raise EnvironmentFailure(f"a plugin fails, {place}: {type(error).__name__}: {error}") from None
    try:
        for listener in module["app"].listeners:
            listener.tls_context()
    except (OSError, ssl.SSLError) as error:
        raise EnvironmentFailure(f"cannot use a certificate of the configuration: {error}") from None


def plugin_line(error: Exception, directory: Path) -> str | None:
    """File and line of a plugin's code that raised, or its module where a call did not fit it; None for other code."""
    *_, (frame, line) = traceback.walk_tb(error.__traceback__)
    file = Path(frame.f_code.co_filename)
    if file == directory / "gateway.py":
        return _called(error, frame.f_globals) if isinstance(error, TypeError) else None
    return f"{file.relative_to(directory)} line {line}" if file.is_relative_to(directory) else None


def _called(error: TypeError, names: Mapping[str, object]) -> str | None:
    """The module of the class whose call does not fit its `__init__`, if that is none of egc's."""
    called = names.get(re.split(r"[.(]", str(error), maxsplit=1)[0])
    module = called.__module__ if isinstance(called, type) else ""
    return module if module and module.partition(".")[0] not in ("egc", "builtins") else None


def main() -> int:
    """Build what the command line names."""
    parser = ArgumentParser()
    parser.add_argument("path", type=Path)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--colour", action="store_true")
    parser.add_argument("--eg-compat", action="store_true")
    parser.add_argument("--edit", action="store_true")
    parser.add_argument("--format", default="text")
    given = parser.parse_args()
    edit = _asked(sys.stdin.buffer.read()) if given.edit else None
    return exit_code(
        partial(
            build,
            given.path,
            given.directory,
            colour=given.colour,
            eg_compat=given.eg_compat,
            edit=edit,
            form=given.format,
        )
    )


def _asked(text: bytes) -> "Edit":
    """A change as a worker has asked for it."""
    from egc.compiler.edit import Edit

    wanted = json.loads(text)
    return Edit(wanted["section"], wanted["name"], wanted["value"], delete=wanted["delete"] is True)


if __name__ == "__main__":
    sys.exit(main())
