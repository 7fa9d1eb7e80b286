"""The configuration that the command line belongs to: where its Admin API listens, and its models."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import click

from egc.compiler.cli._admin_api import checked_url
from egc.compiler.diagnostics import Report
from egc.compiler.node import Mapping as Tree
from egc.compiler.node import Node, Scalar, plain

if TYPE_CHECKING:
    from egc.compiler.source import Project

DEFAULT_HOST = "localhost"
DEFAULT_PORT = 9876
ALL_INTERFACES = ("0.0.0.0", "::", "[::]")  # noqa: S104 - addresses that are compared, not listened on

SCOPE = ".yo-rc.json"
"""The file by which Express Gateway knows the directory of a project (C161)."""


@dataclass(frozen=True, slots=True)
class Admin:
    """Where the Admin API is.

    Arguments:
        url: base URL without a slash at its end.
        verbose: `cli.verbose`: each request is shown (C38).
    """

    url: str
    verbose: bool = False


def find_admin() -> Admin:
    """EG_ADMIN_URL, else `cli.url`, else what `admin` of the gateway configuration says, else the default (C159).

    Raises:
        DoesNotCompile: there is a configuration and it cannot be read.
        click.UsageError: what was found is no address.
    """
    given = os.environ.get("EG_ADMIN_URL")
    if given:
        return Admin(checked_url(given, "EG_ADMIN_URL"))
    project = find_project()
    if project is None:
        return Admin(f"http://{DEFAULT_HOST}:{DEFAULT_PORT}")
    settings = below(project.system.tree if project.system else None, "cli")
    verbose = value(below(settings, "verbose")) is True
    url = value(below(settings, "url"))
    if url is not None:
        return Admin(checked_url(str(url), "cli.url"), verbose)
    section = below(project.gateway.tree, "admin")
    # `hostname` is the older word and wins, because the Admin API listens there (C41).
    host = str(value(below(section, "hostname")) or value(below(section, "host")) or DEFAULT_HOST)
    port = value(below(section, "port")) or DEFAULT_PORT
    if host in ALL_INTERFACES:
        host = DEFAULT_HOST
    elif ":" in host and not host.startswith("["):
        host = f"[{host}]"
    return Admin(checked_url(f"http://{host}:{port}", "admin"), verbose)


def model(name: str) -> Mapping[str, object]:
    """The JSON Schema of `users` or `applications`: the configuration's own, else the one that egc ships (C43-C46)."""
    project = find_project()
    own = project.models.get(name) if project else None
    if own is None:
        found = json.loads(files("egc.schemas").joinpath(f"models/{name}.json").read_text(encoding="utf-8"))
    else:
        found = plain(own.tree)
    if not isinstance(found, dict):
        raise click.UsageError(f"models/{name}.json is no JSON Schema")
    return found


def find_project() -> "Project | None":
    """The configuration of this directory, or None where there is none.

    Raises:
        DoesNotCompile: it cannot be read.
    """
    from egc.compiler.source import find, read_project

    directory = configuration_directory()
    if directory is None or find(directory, "gateway.config") is None:
        return None
    return read_project(directory, os.environ, Report())


def configuration_directory() -> Path | None:
    """EG_CONFIG_DIR, else `config` of the project that this directory is in (C161), else `config`, else `.`."""
    given = os.environ.get("EG_CONFIG_DIR")
    if given:
        return Path(given)
    here = Path.cwd()
    scope = next((parent for parent in (here, *here.parents) if (parent / SCOPE).is_file()), here)
    if (scope / "config").is_dir():
        # A path below the working directory is shown as people write it.
        return Path("config") if scope == here else scope / "config"
    return Path()


def below(tree: Node | None, name: str) -> Node | None:
    """What a mapping holds under a name."""
    return tree.get(name) if isinstance(tree, Tree) else None


def value(tree: Node | None) -> object:
    """The value of a leaf; None for anything else, and for a variable that is not set."""
    return tree.value if isinstance(tree, Scalar) and not tree.missing else None
