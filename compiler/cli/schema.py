"""Print the JSON Schema of a configuration file for editors."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from egc.compiler.cli import EnvironmentFailure, ExitCode

if TYPE_CHECKING:
    from egc.compiler.catalogue import Catalogue


@click.command()
@click.argument("file", required=False, type=click.Choice(("gateway", "system")), default="gateway")
@click.option(
    "--plugins",
    "path",
    type=click.Path(exists=True, path_type=Path),
    metavar="PATH",
    help="A configuration whose plugins are in the schema, too.",
)
@click.option(
    "--modeline",
    "files",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    multiple=True,
    metavar="FILE",
    help="Tell editors the schema of FILE, in a line at its top. Can be given several times.",
)
@click.option("--url", help="With --modeline: where the schema is. By default it is written beside FILE.")
def command(file: str, path: Path | None, files: tuple[Path, ...], url: str | None) -> int:
    """Print the JSON Schema of a configuration file for editors.

    It is one document in draft-07 with all policies and conditions in it.

    \b
    Examples:
      egc schema gateway > gateway.config.schema.json
      egc schema system
      egc schema --modeline config/gateway.config.yml --modeline config/system.config.yml

    The last one writes config/gateway.config.schema.json and its like, and puts
    `# yaml-language-server: $schema=...` in front of each file; the rest of it stays byte for byte.
    """
    import json

    from egc.compiler import editor_schema
    from egc.compiler.artifact import replace_file

    if url is not None and (not files or not url.isprintable() or " " in url):
        raise click.UsageError("--url goes with --modeline, and holds no spaces")
    known = catalogue_of(path)
    if not files:
        click.echo(json.dumps(editor_schema.document("system" if file == "system" else "gateway", known), indent=2))
        return ExitCode.CLEAN
    kinds = {named: editor_schema.kind_of(named) for named in files}
    for named, kind in kinds.items():
        if kind is None:
            raise click.UsageError(f"{named} is neither gateway.config.yml nor system.config.yml")
    for named, kind in kinds.items():
        assert kind is not None  # noqa: S101 - told above
        beside = named.with_name(f"{kind}.config.schema.json")
        if url is None:
            text = json.dumps(editor_schema.document(kind, known), indent=2) + "\n"
            beside.write_text(text, encoding="utf-8")
        data = named.read_bytes()
        changed = editor_schema.modeline(data, url or beside.name)
        if changed != data:
            replace_file(named, changed)
        click.echo(f"{named}: {'told its schema' if changed != data else 'knows its schema already'}", err=True)
    return ExitCode.CLEAN


def catalogue_of(path: Path | None) -> "Catalogue":
    """What a configuration may name: what is built in, and the plugins of the one at `path`."""
    from egc.compiler.catalogue import built_in
    from egc.compiler.diagnostics import Report
    from egc.compiler.plugins import read_plugins
    from egc.compiler.source import read_project

    if path is None:
        return built_in()
    known = read_plugins(read_project(path, os.environ, Report()))
    if known.missing:
        raise EnvironmentFailure(f"the plugin {known.missing[0]!r} cannot be read; `egc validate` says why")
    return known
