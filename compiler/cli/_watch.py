"""Which files a gateway is made of, and whether they have changed: by looking, not by inode events (D57).

A look sees editors that rename, `sed -i` and the symbolic links of a Kubernetes ConfigMap, because it goes by name.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path

from egc.compiler.source import MODELS, NAMES

MOST_FILES = 2000
"""How many files of a directory that the configuration names are looked at."""

Signature = tuple[int, int, int, int]
"""Device, inode, time of the last change in nanoseconds, length in bytes."""

Look = Mapping[Path, Signature | None]
"""What was seen; None for a file that is not there or cannot be asked about."""


def look(paths: Iterable[Path]) -> Look:
    """Look at files, and at what is in directories."""
    seen: dict[Path, Signature | None] = {}
    for path in paths:
        seen[path] = signature(path)
        if path.is_dir():
            seen.update((inner, signature(inner)) for inner in islice(_inside(path), MOST_FILES))
    return seen


def signature(path: Path) -> Signature | None:
    """What tells one state of a file from another; symbolic links are followed."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size


def changed(before: Look, now: Look) -> list[Path]:
    """The files that are not as they were, sorted."""
    return sorted(path for path in {*before, *now} if before.get(path) != now.get(path))


def of_project(path: Path) -> list[Path]:
    """The files that a configuration may consist of, whether they are there or not (C1, C2, C5).

    Arguments:
        path: a directory, or the gateway.config file in it.
    """
    directory = path if path.is_dir() else path.parent
    stems = ["system.config"] + (["gateway.config"] if path == directory else [])
    found = [directory / f"{stem}.{ending}" for stem in stems for ending in NAMES]
    found += [directory / "models" / f"{name}.json" for name in MODELS]
    return found if path == directory else [path, *found]


def _inside(directory: Path) -> Iterator[Path]:
    for place, directories, files in os.walk(directory):
        directories.sort()
        yield from (Path(place, name) for name in sorted(files))
