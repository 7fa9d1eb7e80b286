"""The store that a command works on: the one that the gateway of a configuration or an artifact would open."""

import logging
import os
import runpy
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from egc.compiler.cli import EnvironmentFailure

if TYPE_CHECKING:
    from egc.runtime.store import Store

MODULE = "gateway.py"
SETTINGS = "gunicorn.conf.py"


@dataclass(frozen=True, slots=True)
class Place:
    """A store that is not open yet.

    Arguments:
        store: it.
        directory: where it lies, if it is the embedded one.
        configuration: the configuration that it belongs to, if it was named by one.
    """

    store: "Store"
    directory: Path | None
    configuration: Path | None = None

    def __str__(self) -> str:
        return str(self.directory) if self.directory is not None else "the shared store"


def place(path: Path) -> Place:
    """The store of a configuration (a directory or its file), of an artifact, or in a data directory.

    Raises:
        DoesNotCompile: of the configuration.
        EnvironmentFailure: a variable that the gateway looks up is missing or wrong.
        click.UsageError: it is none of these.
    """
    from egc.compiler.source import gateway_file
    from egc.runtime.store.sqlite import SQLiteStore

    # What a store has to say to the log of a gateway, the command says itself.
    logging.getLogger("egc").addHandler(logging.NullHandler())
    if path.is_dir() and (path / MODULE).is_file() and (path / SETTINGS).is_file():
        return _of_artifact(path, path / "data", None)
    if path.is_file() or (path.is_dir() and gateway_file(path) is not None):
        return _of_configuration(path)
    if path.exists() and not path.is_dir():
        raise click.UsageError(f"{path} is neither a configuration, an artifact nor a data directory")
    return Place(SQLiteStore(path), path)


def _of_configuration(path: Path) -> Place:
    from egc.compiler import compile_project, write

    compiled = compile_project(path, os.environ, serving=True)
    with tempfile.TemporaryDirectory(prefix="egc-") as directory:
        write(compiled, Path(directory))
        beside = path if path.is_dir() else path.parent
        return _of_artifact(Path(directory), beside / "data", path)


def _of_artifact(artifact: Path, data: Path, configuration: Path | None) -> Place:
    """Import the module of an artifact, which opens nothing, and take its store."""
    from egc.runtime.env import Misconfigured
    from egc.runtime.store.sqlite import SQLiteStore

    named = os.environ.get("EGC_DATA")
    data = Path(named or data)
    os.environ["EGC_DATA"] = str(data.absolute())
    sys.path.insert(0, str(artifact))
    try:
        store = runpy.run_path(str(artifact / MODULE), run_name="gateway")["app"].store
    except Misconfigured as error:
        raise EnvironmentFailure(str(error)) from None
    finally:
        sys.path.remove(str(artifact))
        if not named:
            del os.environ["EGC_DATA"]
    if store is None or isinstance(store, SQLiteStore):
        return Place(SQLiteStore(data), data, configuration)
    return Place(store, None, configuration)
