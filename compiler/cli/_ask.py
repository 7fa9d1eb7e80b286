"""Questions on the terminal, in the words of Express Gateway (C164). They go to stderr: stdout is for data."""

import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import click

from egc.compiler.cli import EnvironmentFailure
from egc.compiler.cli._properties import Properties
from egc.compiler.cli._screen import paints
from egc.compiler.render import visible

Function = TypeVar("Function", bound=Callable[..., object])

LONGEST_ANSWER = 4096
"""Characters."""

EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S+")

SCALARS = ("string", "number", "integer", "boolean")


def properties(model: Mapping[str, object], given: Properties, *, first: str = "") -> Properties:
    """Ask for the properties of a model that were not given, optional ones too, if a required one is missing (C164).

    Arguments:
        model: JSON Schema of the user or application; its order is the order of the questions.
        given: what the command line already says.
        first: the property that is asked for before all others.

    Returns:
        `given` and the answers; an optional property that was left empty is not in it.

    Raises:
        click.UsageError: there is nobody to answer.
    """
    required = names(model.get("required"))
    if all(name in given for name in required):
        return given
    asked = [name for name in questions(model, first) if name not in given]
    answers = dict(given)
    for name in asked:
        schema = of(model, name)
        mark = " [required]" if name in required else ""
        default = str(schema.get("default", ""))
        answer = ask(f"Enter {name}{mark}:", schema, default=default, required=name in required)
        if answer is None:
            missing = ", ".join(wanted for wanted in required if wanted not in answers)
            raise click.UsageError(f"missing: {missing}; give each with -p name=value, or use --stdin")
        if answer != "":
            answers[name] = answer
    return answers


def changes(model: Mapping[str, object], current: Mapping[str, object]) -> Properties:
    """Ask for every property of a model, with its current value as the answer that Enter gives.

    Arguments:
        model: JSON Schema of the user or application.
        current: the record as it is.

    Returns:
        What the answers change.

    Raises:
        click.UsageError: there is nobody to answer.
    """
    changed: Properties = {}
    for name in questions(model, ""):
        schema = of(model, name)
        # The Admin API drops a new user name silently (C65).
        if name == "username" or schema.get("isMutable") is False:
            continue
        old = str(current.get(name, ""))
        answer = ask(f"Enter {name}" + (f" ({old}):" if old else ":"), schema, default=old)
        if answer is None:
            raise click.UsageError("nothing to change: give -p name=value")
        if answer != old:
            changed[name] = answer
    return changed


def questions(model: Mapping[str, object], first: str) -> list[str]:
    """The properties that a line of text can answer, `first` first, else in the order of the model."""
    declared = model.get("properties")
    found = [name for name in (declared if isinstance(declared, dict) else {}) if answerable(of(model, name))]
    return sorted(found, key=lambda name: name != first)


def answerable(schema: Mapping[str, object]) -> bool:
    """Whether a person is asked for a property: one of a plain type that the model does not keep out of the way."""
    hints = schema.get("x-egc")
    asked = not isinstance(hints, dict) or hints.get("ask") is not False
    return asked and schema.get("type", "string") in SCALARS


def ask(prompt: str, schema: Mapping[str, object], *, default: str = "", required: bool = False) -> str | None:
    """One question, put again until its answer fits; None when stdin ends.

    An answer that does not fit and comes from a pipe ends the command: nobody is there to correct it.
    """
    while True:
        answer = read(prompt)
        if answer is None:
            return None
        answer = answer.strip() or default
        problem = unfit(answer, schema, required)
        if not problem:
            return answer
        if not sys.stdin.isatty():
            raise click.UsageError(f"{prompt} {problem}")
        click.echo(f"  {problem}", err=True)


def unfit(answer: str, schema: Mapping[str, object], required: bool) -> str:
    """Why an answer cannot be right, or nothing. The Admin API looks at it again with the whole model."""
    if not answer:
        return "this one is required" if required else ""
    if schema.get("format") == "email" and not EMAIL.fullmatch(answer):
        return "an e-mail address looks like val@example.com"
    if schema.get("format") == "uri" and not URI.fullmatch(answer):
        return "a URI looks like https://app.example.com/callback"
    choices = schema.get("enum")
    if isinstance(choices, list) and answer not in map(str, choices):
        return f"one of {', '.join(map(str, choices))}"
    return ""


def say(question: str, end: str = "\n") -> None:
    """The words of a question, with Express Gateway's mark before them."""
    mark = click.style("?", fg="green") if paints(sys.stderr) else "?"
    click.echo(f"{mark} {visible(question)}{end}", nl=False, err=True)


def read(prompt: str) -> str | None:
    """The line that answers a prompt, without its end; None when stdin ends."""
    say(f"{prompt} ", end="")
    line = sys.stdin.readline(LONGEST_ANSWER + 2)
    if not line:
        click.echo(err=True)
        return None
    if len(line) > LONGEST_ANSWER + 1:
        raise click.UsageError(f"an answer has at most {LONGEST_ANSWER} characters")
    return line.rstrip("\r\n")


def secret(name: str, *, new: bool = True) -> str:
    """A secret: typed without showing on a terminal, twice where it is a new one, else the first line of stdin.

    Raises:
        click.UsageError: it is empty, or the two differ.
    """
    if not sys.stdin.isatty():
        text = sys.stdin.readline(LONGEST_ANSWER + 2).rstrip("\r\n")
    else:
        from getpass import getpass

        text = getpass(f"? Enter {name} [hidden]: ", stream=sys.stderr)
        if new and text and getpass(f"? Repeat {name} [hidden]: ", stream=sys.stderr) != text:
            raise click.UsageError(f"the two differ; the {name} was not set")
    if not text or len(text) > LONGEST_ANSWER:
        raise click.UsageError(f"a {name} has 1 to {LONGEST_ANSWER} characters")
    return text


def secret_options(function: Function) -> Function:
    """Add the ways to give a secret that other users of the machine do not see."""
    file = click.option(
        "--secret-file",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        help="Take the password or secret from the first line of a file; - is stdin.",
    )
    asked = click.option("--ask-secret", is_flag=True, help="Ask for the password or secret without showing it.")
    return asked(file(function))


def chosen_secret(name: str, *, ask_secret: bool, secret_file: Path | None) -> str | None:
    """The secret that the options say where to find; None where none does.

    Raises:
        click.UsageError: both do, or what is found is no secret.
        EnvironmentFailure: the file cannot be read.
    """
    if ask_secret and secret_file is not None:
        raise click.UsageError("--ask-secret and --secret-file exclude each other")
    if ask_secret:
        return secret(name)
    if secret_file is None:
        return None
    try:
        with sys.stdin if str(secret_file) == "-" else secret_file.open(encoding="utf-8") as file:
            text = file.readline(LONGEST_ANSWER + 2).rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise EnvironmentFailure(f"{secret_file} cannot be read: {reason}") from None
    if not text or len(text) > LONGEST_ANSWER:
        raise click.UsageError(f"the first line of {secret_file} is no {name}: it has 1 to {LONGEST_ANSWER} characters")
    return text


def of(model: Mapping[str, object], name: str) -> Mapping[str, object]:
    """The schema of one property of a model."""
    declared = model.get("properties")
    found = declared.get(name) if isinstance(declared, dict) else None
    return found if isinstance(found, dict) else {}


def names(value: object) -> list[str]:
    """A list of names, or an empty one for anything else."""
    return [str(name) for name in value] if isinstance(value, list) else []
