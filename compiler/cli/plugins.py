"""Enable, configure, disable and show plugins."""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from egc.compiler.cli import EnvironmentFailure, ExitCode
from egc.compiler.cli._entity import Entity
from egc.compiler.cli._properties import Properties, json_or_text, parse
from egc.compiler.cli._screen import Screen, on_terminal

if TYPE_CHECKING:
    from egc.compiler.cli._plugged import Configuration
    from egc.compiler.edit import Edit
    from egc.compiler.plugins import Plugin
    from egc.compiler.shown import Json

COLUMNS = ("name", "package", "state", "policies", "conditions", "why")


@click.group(cls=Entity)
def command() -> None:
    """Enable, configure, disable and show plugins: Python packages beside the configuration, or installed.

    Express Gateway's plugins are JavaScript of npm, which egc cannot run. `egc plugins install NAME` says what takes
    the place of one. A plugin is what `plugins` of system.config names; comments and order of that file stay.

    \b
    Examples:
      egc plugins list
      egc plugins enable plugins.callers -o remember=50
      egc plugins install express-gateway-plugin-rewrite
      egc plugins disable callers
    """


config = click.option(
    "-c",
    "--config",
    "path",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="The configuration.  [default: as for `egc users`: EG_CONFIG_DIR, ./config, the working directory]",
)
options = click.option(
    "-o", "--option", "given", multiple=True, metavar="KEY=VALUE", callback=parse, help="A setting; may be repeated."
)
as_json = click.option("--json", "as_json", is_flag=True, help="Write one JSON document.")


@command.command("list")
@config
@as_json
@click.option("-q", "--quiet", is_flag=True, help="Write only names.")
def list_(path: Path | None, as_json: bool, quiet: bool) -> None:
    """Show the plugins that system.config names, and the packages beside it that could be enabled.

    \b
    Examples:
      egc plugins list
      egc plugins list --json
    """
    found = list(opened(path).listed())
    screen = Screen()
    if as_json:
        screen.record([{name: getattr(one, name) for name in COLUMNS} for one in found])
    elif quiet:
        for one in found:
            screen.line(one.name)
    elif not found:
        screen.note("There are no plugins.")
    elif on_terminal():
        screen.table(COLUMNS, [[cell(getattr(one, name)) for name in COLUMNS] for one in found])
    else:
        for one in found:
            screen.line("  ".join(filter(None, (one.name, one.package, one.state, one.why))))


@command.command()
@click.argument("package")
@click.option("--name", help="The name of its entry.  [default: the last part of PACKAGE]")
@options
@config
@as_json
def enable(package: str, name: str | None, given: Properties, path: Path | None, as_json: bool) -> int:
    """Write a plugin into system.config. PACKAGE is a Python package, such as plugins.callers.

    \b
    Examples:
      egc plugins enable plugins.callers
      egc plugins enable plugins.callers -o remember=50
    """
    from egc.compiler.cli._plugged import name_of

    configuration = opened(path)
    name = name or name_of(package)
    plugin, why = configuration.plugin(name, package)
    if plugin is None:
        return refused(package, why)
    written = {**configuration.entries().get(name, {}), "package": package, **settings(plugin, given)}
    save(configuration, name, written)
    return told(as_json, f"Enabled {name}", name, written)


@command.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@config
@as_json
def disable(names: Sequence[str], path: Path | None, as_json: bool) -> int:
    """Take plugins out of system.config, with their settings. Their packages stay where they are.

    \b
    Examples:
      egc plugins disable callers
    """
    from egc.compiler.edit import Edit

    configuration = opened(path)
    unknown = [name for name in names if name not in configuration.entries()]
    if unknown:
        for name in unknown:
            Screen().failed(f"Plugin not enabled: {name}")
        return ExitCode.FINDINGS
    change(configuration, [Edit("plugins", name, delete=True) for name in names])
    if as_json:
        Screen().record([{"name": name, "state": "disabled"} for name in names])
    else:
        for name in names:
            Screen().done(f"Disabled {name}")
    return ExitCode.CLEAN


@command.command()
@click.argument("name")
@options
@config
@as_json
def configure(name: str, given: Properties, path: Path | None, as_json: bool) -> int:
    """Change the settings of a plugin that is enabled. On a terminal, asks for each where none is given.

    \b
    Examples:
      egc plugins configure callers
      egc plugins configure callers -o remember=200
    """
    configuration = opened(path)
    current = configuration.entries().get(name)
    if current is None:
        Screen().failed(f"Plugin not installed: {name}")
        return ExitCode.FINDINGS
    package = str(current.get("package") or name.replace("-", "_"))
    plugin, why = configuration.plugin(name, package)
    if plugin is None:
        return refused(name, why)
    changed = settings(plugin, given) if given else asked(plugin, current)
    written = {**current, **changed}
    if written != current:
        save(configuration, name, written)
    return told(as_json, "Plugin configured!", name, written)


@command.command()
@click.argument("package")
@click.option("-n", "--enable", "enabled", is_flag=True, default=None, help="Write it into system.config.")
@click.option(
    "-g", "--update-gateway-config", "listed", is_flag=True, default=None, help="Add its policies to gateway.config."
)
@options
@config
@as_json
def install(
    package: str, enabled: bool | None, listed: bool | None, given: Properties, path: Path | None, as_json: bool
) -> int:
    """Enable a plugin that is there, in Express Gateway's words, or say what takes the place of one of npm.

    Nothing is fetched: put the package beside the configuration, or install it as any Python package. Asks what is
    not given; with nobody to answer, -n and -g are meant.

    \b
    Examples:
      egc plugins install plugins.callers -n -g -o remember=50
      egc plugins install express-gateway-plugin-rewrite
      egc plugins install express-gateway-plugin-jwt-header-auth
    """
    from egc.compiler.cli._plugged import name_of
    from egc.compiler.edit import Edit
    from egc.compiler.npm import is_built_in

    screen = Screen()
    if is_built_in(package):
        screen.done(f"There is nothing to install: what {package} does is built in.")
        return ExitCode.CLEAN
    configuration = opened(path)
    name = name_of(package)
    plugin, why = configuration.plugin(name, package)
    if plugin is None:
        return refused(package, why)
    current = configuration.entries().get(name, {})
    chosen = settings(plugin, given)
    if sys.stdin.isatty():
        chosen |= asked(plugin, {**current, **chosen}, but=given)
    if enabled is None:
        enabled = agreed("Would you like to enable this plugin in system config?")
    if listed is None:
        listed = bool(plugin.policies) and agreed("Would you like to add new policies to gateway config?")
    written = {**current, "package": package, **chosen}
    if enabled:
        new = [Edit("policies", one.name) for one in plugin.policies] if listed else []
        save(configuration, name, written, new)
    return told(as_json, "Plugin installed!" if enabled else f"{name} was not enabled", name, written)


# ---- What they share


def opened(path: Path | None) -> "Configuration":
    """The configuration that the command is about."""
    from egc.compiler.cli._plugged import Configuration
    from egc.compiler.cli._project import configuration_directory

    return Configuration(path or configuration_directory() or Path())


def refused(package: str, why: str) -> int:
    """Say why a plugin cannot be had; the exit code."""
    Screen().failed(why or f"Plugin not installed: {package}")
    if "JavaScript" not in why:
        Screen().note("One in Python is installed as any package is, with pip, or stands beside the configuration.")
    return ExitCode.FINDINGS


def told(as_json: bool, sentence: str, name: str, written: "Mapping[str, Json]") -> int:
    """Say what was done; the exit code."""
    if as_json:
        Screen().record({"name": name, **written})
    else:
        Screen().done(sentence)
    return ExitCode.CLEAN


def save(configuration: "Configuration", name: str, written: "dict[str, Json]", gateway: "Sequence[Edit]" = ()) -> None:
    """Write the entry of a plugin, and what changes in gateway.config."""
    from egc.compiler.edit import Edit

    change(configuration, [Edit("plugins", name, written)], gateway)


def change(configuration: "Configuration", system: "Sequence[Edit]", gateway: "Sequence[Edit]" = ()) -> None:
    """Make changes.

    Raises:
        EnvironmentFailure: a file is written in a way that they cannot be made in place.
        DoesNotCompile: the configuration was whole, and would not be; nothing was written.
    """
    from egc.compiler.diagnostics import DoesNotCompile
    from egc.compiler.edit import NotEditable, apply

    try:
        data = configuration.project.gateway.data
        for edit in gateway:
            data = apply(edit, configuration.gateway_file.name, data, os.environ).data
        configuration.save(configuration.edited(system), data if gateway else None)
    except NotEditable as error:
        raise EnvironmentFailure(f"{error}. Nothing was written.") from None
    except DoesNotCompile:
        Screen().failed("The configuration would not compile any more; nothing was written.")
        raise


def settings(plugin: "Plugin", given: Properties) -> "dict[str, Json]":
    """What `-o` says, in the types that the plugin's schema declares.

    Raises:
        click.UsageError: a value is not of its type, or there is no such setting. The rest is for the compiler to say.
    """
    from egc.compiler.spelling import meant

    declared = plugin.schema.get("properties") or {}
    for name in given:
        if name not in declared and "additionalProperties" not in plugin.schema:
            near = meant(name, declared)
            raise click.UsageError(f"{plugin.name} has no setting {name!r}" + (f"; {near}" if near else ""))
    return {name: typed(name, str(text), declared.get(name, {})) for name, text in given.items()}


def typed(name: str, text: str, schema: "Mapping[str, Json]") -> "Json":
    """A text as its schema wants it; false is false (C193)."""
    kind = schema.get("type", "string" if schema else None)
    if kind == "string" or "${" in text:
        return text
    value = json_or_text(text)
    fits = {"boolean": isinstance(value, bool), "integer": type(value) is int, "number": type(value) in (int, float)}
    if isinstance(kind, str) and not fits.get(kind, not isinstance(value, str)):
        raise click.UsageError(f"{name} should be of type {kind}")
    return json.loads(text) if not isinstance(value, str) else text


def asked(plugin: "Plugin", current: "Mapping[str, Json]", *, but: Properties | None = None) -> "dict[str, Json]":
    """The answers for each setting of a plugin, with its current value, else its default, as what Enter gives."""
    from egc.compiler.cli import _ask

    found: dict[str, Json] = {}
    for name in _ask.questions(plugin.schema, ""):
        if but and name in but:
            continue
        schema: dict[str, Json] = plugin.schema["properties"][name]
        old = text_of(current.get(name, schema.get("default")))
        required = name in _ask.names(plugin.schema.get("required"))
        while True:
            label = f"Set value for {name}:" + (f" ({old})" if old else "")
            answer = _ask.ask(label, schema, default=old, required=required)
            if answer is None:
                raise click.UsageError("nothing to change: give -o key=value")
            try:
                value = typed(name, answer, schema)
            except click.UsageError as error:
                if not sys.stdin.isatty():
                    raise
                click.echo(f"  {error.message}", err=True)
                continue
            break
        if answer and (name in current or answer != text_of(schema.get("default"))):
            found[name] = value
    return found


def text_of(value: object) -> str:
    """A value as it would be typed."""
    return "" if value is None else value if isinstance(value, str) else json.dumps(value)


def agreed(question: str) -> bool:
    """The answer to a yes-or-no question; yes where nobody is there to answer, and for Enter."""
    from egc.compiler.cli import _ask

    if not sys.stdin.isatty():
        return True
    answer = _ask.ask(f"{question} (Y/n)", {"enum": ["Y", "n", "y", "N", "yes", "no"]}, default="Y")
    if answer is None:
        raise click.Abort
    return answer.lower().startswith("y")


def cell(value: object) -> str:
    """A value in the table."""
    return " ".join(value) if isinstance(value, tuple) else str(value)
