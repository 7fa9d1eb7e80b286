"""The plugins of a configuration, and their entries in system.config: looked at, and changed in place."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from egc.compiler.diagnostics import DoesNotCompile, Report
from egc.compiler.edit import Edit, apply
from egc.compiler.node import Scalar
from egc.compiler.shown import Json, shown
from egc.compiler.source import Project, Source, find, read, read_project

if TYPE_CHECKING:
    from egc.compiler.catalogue import Catalogue
    from egc.compiler.plugins import Plugin

MOST_LISTED = 200
"""How many packages beside a configuration are shown."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A plugin that is enabled, or a package beside the configuration that could be.

    Attributes:
        state: `enabled`; `unusable`: enabled, but egc cannot run it; `built in`: its entry has no effect; `disabled`:
            it is there and no entry names it.
        why: what is wrong with one that is unusable.
    """

    name: str
    package: str
    state: str
    policies: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    why: str = ""


class Configuration:
    """The files of a configuration, and what they are to become.

    Arguments:
        path: its directory, or its gateway.config file.

    Raises DoesNotCompile where it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.directory = path if path.is_dir() else path.parent
        self.project = read_project(path, os.environ, Report())
        self.gateway_file = self.directory / self.project.gateway.name
        self.system_file = find(self.directory, "system.config") or self.directory / "system.config.yml"
        self._data = self.project.system.data if self.project.system is not None else b""

    def entries(self) -> dict[str, dict[str, Json]]:
        """What `plugins` of system.config says, by name."""
        tree = shown(self.project.system.tree) if self.project.system is not None else None
        section = tree.get("plugins") if isinstance(tree, dict) else None
        found = section if isinstance(section, dict) else {}
        return {name: one if isinstance(one, dict) else {} for name, one in found.items()}

    def listed(self) -> Iterator[Listed]:
        """All plugins: those that are enabled, in the order of the file, then those that are not."""
        from egc.compiler.npm import is_built_in
        from egc.compiler.plugins import read_plugins

        known = read_plugins(self.project)
        usable = {plugin.name: plugin for plugin in known.plugins}
        taken = set()
        for name, settings in self.entries().items():
            package = str(settings.get("package") or name.replace("-", "_"))
            taken.add(package)
            if name in usable:
                policies = tuple(one.name for one in usable[name].policies)
                conditions = tuple(one.name for one in usable[name].conditions)
                yield Listed(name, package, "enabled", policies, conditions)
            elif is_built_in(name, package):
                yield Listed(name, package, "built in")
            else:
                yield Listed(name, package, "unusable", why=_said_of(known, self.project, name))
        for package, home in islice(_beside(self.directory), MOST_LISTED):
            if package not in taken:
                policies, conditions = _names(home, "policies"), _names(home, "conditions")
                yield Listed(name_of(package), package, "disabled", policies, conditions)

    def plugin(self, name: str, package: str) -> "tuple[Plugin | None, str]":
        """What an entry of that name and package would bring; else None, and why it brings nothing."""
        from egc.compiler.plugins import read_plugins

        project = self._with(self.edited([Edit("plugins", name, {"package": package})]))
        known = read_plugins(project)
        found = next((one for one in known.plugins if one.name == name), None)
        return found, "" if found is not None else _said_of(known, project, name)

    def edited(self, edits: Sequence[Edit]) -> bytes:
        """The bytes of system.config with these changes of `plugins`.

        Raises:
            NotEditable: the file is written in a way that they cannot be made in place.
        """
        data = self._data
        for edit in edits:
            tree = self._with(data).system
            if tree is None or (isinstance(tree.tree, Scalar) and tree.tree.value is None):
                data += b"" if not data or data.endswith(b"\n") else b"\n"
                data += b"" if edit.delete else _section(edit)
            else:
                data = apply(edit, self.system_file.name, data, os.environ).data
        return data

    def _with(self, data: bytes) -> Project:
        """The project with another system.config."""
        report = Report()
        tree = read(self.system_file.name, data, os.environ, report)
        if tree is None:
            raise DoesNotCompile(report)
        return Project(
            self.directory, self.project.gateway, Source(self.system_file.name, data, tree), self.project.models
        )

    def save(self, system: bytes, gateway: bytes | None = None) -> None:
        """Write the files, unless that would break a configuration that is whole.

        Arguments:
            system: the bytes of system.config.
            gateway: those of gateway.config, where they change too.

        Raises:
            DoesNotCompile: it would; nothing was written.
            OSError: a file cannot be written.
        """
        from egc.compiler import check, compile_project
        from egc.compiler.artifact import replace_file

        new = not self.system_file.exists()
        whole = not check(self.path, os.environ).errors
        try:
            if new:
                self.system_file.touch(mode=0o644, exist_ok=False)
            if whole:
                compile_project(self.path, os.environ, gateway_data=gateway, system_data=system)
        except BaseException:
            if new:
                self.system_file.unlink(missing_ok=True)
            raise
        replace_file(self.system_file, system)
        if gateway is not None:
            replace_file(self.gateway_file, gateway)


def name_of(package: str) -> str:
    """The name under which a package is enabled where none is given."""
    return package.rpartition(".")[2].replace("_", "-")


def _beside(directory: Path) -> Iterator[tuple[str, Path]]:
    """The packages beside a configuration that look like plugins, with their dotted names."""
    for top in sorted(path for path in directory.iterdir() if _is_package(path)):
        for home in (top, *sorted(path for path in top.iterdir() if _is_package(path))):
            if (home / "plugin.json").is_file() or any(
                (home / "schemas" / kind).is_dir() for kind in ("policies", "conditions")
            ):
                yield ".".join(home.relative_to(directory).parts), home


def _names(home: Path, kind: str) -> tuple[str, ...]:
    return tuple(path.stem for path in sorted((home / "schemas" / kind).glob("*.json")))


def _is_package(path: Path) -> bool:
    return path.name.isidentifier() and path.is_dir() and (path / "__init__.py").is_file()


def _section(edit: Edit) -> bytes:
    """The section `plugins` with one entry, as it stands in a file that holds nothing else."""
    from egc.compiler.written import block

    return ("\n".join(block({"plugins": {edit.name: edit.value}}, 2, literals=False)) + "\n").encode()


def _said_of(known: "Catalogue", project: Project, name: str) -> str:
    """What was found wrong with the entry of a plugin."""
    tree = project.system.tree if project.system is not None else None
    section = tree.get("plugins") if tree is not None and hasattr(tree, "get") else None
    entry = section.entry(name) if section is not None and hasattr(section, "entry") else None
    place = entry.key.span if entry is not None else None
    said = [one for one in known.findings if one.severity == "error" and (place is None or one.span == place)]
    said = said or [one for one in known.findings if one.severity == "error"]
    return "; ".join(text for one in said[:1] for text in (one.message, one.help) if text)
