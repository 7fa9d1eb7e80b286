"""Make the files of a new gateway."""

import json
import os
import re
import sys
from collections.abc import Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Template

import click

from egc.compiler.cli import EnvironmentFailure, ExitCode
from egc.compiler.cli import _ask as questions
from egc.compiler.cli._screen import Screen

TEMPLATES = {
    "getting-started": "Getting Started with Express Gateway",
    "basic": "Basic (default pipeline with proxy)",
}
"""The templates and how they are offered (C194); the first is the default."""

PLAIN = re.compile(r"[^a-z0-9]+")

MODELS = ("applications", "credentials", "users")
LONGEST_NAME = 100


@click.command()
@click.argument("name_argument", required=False, metavar="[NAME]")
@click.option("-n", "--name", help="Name of the gateway.")
@click.option("-d", "--dir", "--directory", "directory", type=click.Path(path_type=Path), help="Where its files go.")
@click.option("-t", "--template", "--type", "template", type=click.Choice(tuple(TEMPLATES)), help="What is in them.")
@click.option("--deploy/--no-deploy", default=True, help="A Dockerfile and a systemd unit.  [default: --deploy]")
@click.option("--json", "as_json", is_flag=True, help="Write one JSON document.")
@click.option("--no-color", is_flag=True, help="Write without colours.")
@click.option("-q", "--quiet", is_flag=True, help="Name no files.")
def command(
    name_argument: str | None,
    name: str | None,
    directory: Path | None,
    template: str | None,
    deploy: bool,
    as_json: bool,
    no_color: bool,
    quiet: bool,
) -> int:
    """Make the files of a new gateway. On a terminal, asks for what is not given; never overwrites a file.

    \b
    Examples:
      egc new
      egc new oauth
      egc new -n orders -d gateways/orders -t basic --no-deploy
    """
    screen = Screen(quiet=quiet, colour=not no_color)
    asks = sys.stdin.isatty()
    name = name or name_argument or (ask_name() if asks else None)
    if not name:
        raise click.UsageError("missing: the name of the gateway (-n)")
    if len(name) > LONGEST_NAME or not name.isprintable():
        raise click.UsageError(f"a name has at most {LONGEST_NAME} characters, all of them printable")
    if directory is None:
        directory = ask_directory(name) if asks else Path(name)
    if template is None:
        template = ask_template(screen) if asks else next(iter(TEMPLATES))
    contents = read_template(template, name, deploy=deploy)
    taken = [path for path in contents if os.path.lexists(directory / path)]
    if taken:
        for path in taken:
            screen.failed(f"{directory / path} exists")
        screen.note("Nothing was written.")
        return ExitCode.FINDINGS
    write(directory, contents)
    if as_json:
        click.echo(json.dumps({"name": name, "directory": str(directory), "files": list(contents)}, indent=2))
    elif not quiet:
        for path in contents:
            screen.note(f"   create {path}")
        screen.note()
        screen.note(f"To start {name}, run the following commands:")
        screen.note()
        screen.note(f"    {start(directory)}")
    return ExitCode.CLEAN


def ask_name() -> str:
    """The name; an empty one is asked for again (C194)."""
    answer = questions.ask("What's the name of your Express Gateway?", {}, required=True)
    if answer is None:
        raise click.Abort
    return answer


def ask_directory(name: str) -> Path:
    """The directory; the name of the gateway by default."""
    answer = questions.ask(f"Where would you like to install your Express Gateway? ({name})", {}, default=name)
    if answer is None:
        raise click.Abort
    return Path(answer)


def ask_template(screen: Screen) -> str:
    """The template, by its number, its name or the words that offer it."""
    by_answer = {str(number): template for number, template in enumerate(TEMPLATES, 1)}
    by_answer |= {template: template for template in TEMPLATES}
    by_answer |= {words.lower(): template for template, words in TEMPLATES.items()}
    questions.say("What type of Express Gateway do you want to create?")
    for number, words in enumerate(TEMPLATES.values(), 1):
        screen.note(f"    {number}) {words}")
    while True:
        answer = questions.ask("Type (1)", {}, default="1")
        if answer is None:
            raise click.Abort
        if answer.lower() in by_answer:
            return by_answer[answer.lower()]
        screen.note("  1 or 2")


def read_template(template: str, name: str, *, deploy: bool = True) -> dict[str, str]:
    """The files of a new gateway by their path below its directory.

    Arguments:
        template: a name of TEMPLATES.
        name: what the gateway is called.
        deploy: with what a machine needs to serve it: an image, a service.
    """
    templates = files("egc.compiler").joinpath("templates", "new")
    found = dict(walk(templates.joinpath(template)))
    found["README.md"] = Template(found["README.md"]).substitute(name=name)
    found[".gitignore"] = templates.joinpath("gitignore").read_text(encoding="utf-8")
    if deploy:
        found["README.md"] += in_production(templates, name, found)
    models = files("egc.schemas").joinpath("models")
    for model in MODELS:
        found[f"config/models/{model}.json"] = models.joinpath(f"{model}.json").read_text(encoding="utf-8")
    return dict(sorted(found.items()))


def in_production(templates: Traversable, name: str, found: dict[str, str]) -> str:
    """Add the files by which a gateway is served elsewhere; return what README.md says of them."""
    from importlib.metadata import version

    slug = PLAIN.sub("-", name.lower())[:40].strip("-") or "gateway"

    def text(file: str) -> str:
        written = templates.joinpath("deploy", file).read_text(encoding="utf-8")
        return written.replace("@SLUG@", slug).replace("@VERSION@", version("egc"))

    found["Dockerfile"], found[".dockerignore"] = text("Dockerfile"), text("dockerignore")
    found[f"deploy/{slug}.service"] = text("gateway.service")
    return text("README.md")


def walk(directory: Traversable, prefix: str = "") -> Mapping[str, str]:
    """The files below a directory of the package."""
    found: dict[str, str] = {}
    for entry in directory.iterdir():
        if entry.is_dir():
            found |= walk(entry, f"{prefix}{entry.name}/")
        else:
            found[prefix + entry.name] = entry.read_text(encoding="utf-8")
    return found


def write(directory: Path, contents: Mapping[str, str]) -> None:
    """Write all files or, if one cannot be written, none.

    Raises:
        EnvironmentFailure: one cannot be written; the message names it.
    """
    written: list[Path] = []
    made: list[Path] = []
    path = directory
    try:
        for name, text in contents.items():
            path = directory / name
            made += make_directories(path.parent)
            with path.open("x", encoding="utf-8") as file:
                written.append(path)
                file.write(text)
    except OSError as error:
        for done in reversed(written):
            done.unlink(missing_ok=True)
        for done in reversed(made):
            done.rmdir()
        raise EnvironmentFailure(f"{path} cannot be written: {error.strerror}. Nothing was written.") from None


def make_directories(directory: Path) -> list[Path]:
    """Make a directory with those above it; return the ones that were not there, outermost first."""
    missing = []
    for path in (directory, *directory.parents):
        if path.is_dir():
            break
        missing.append(path)
    missing.reverse()
    for path in missing:
        path.mkdir()
    return missing


def start(directory: Path) -> str:
    """The command that starts the new gateway from here."""
    import shlex

    text = os.path.relpath(directory) if not directory.is_absolute() else str(directory)
    return "egc run" if text == "." else f"cd {shlex.quote(text)} && egc run"
