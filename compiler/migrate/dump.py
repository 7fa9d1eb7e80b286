"""A dump of Express Gateway's Redis in a file: JSON, a key a line, gzip or plain.

    {"format": "express-gateway-redis", "version": 1, "namespace": "EG"}
    {"key": "user:58a5...", "hash": {"username": "val", ...}}
    {"key": "username:val", "set": ["58a5..."]}
    {"end": 2}

Keys stand without namespace. The last line counts those between, so that a file that was cut off is noticed.
"""

import gzip
import json
import os
import zlib
from collections import Counter
from collections.abc import Iterator
from io import BufferedIOBase
from pathlib import Path

from egc.compiler.migrate.entries import FAMILIES, LONGEST, Entry, Family, Source, Unreadable, most_fields

FORMAT = "express-gateway-redis"
VERSION = 1

LONGEST_LINE = 8 * LONGEST
"""Bytes: what is escaped takes up to six for one."""

_GZIP = b"\x1f\x8b"


class Dump:
    """A dump as a source. All of it is looked at before anything is carried.

    Arguments:
        path: the file.

    Raises Unreadable with the number of the line that is wrong.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._counts: Counter[str] = Counter()
        self.namespace = ""
        for entry in self._read():
            self._counts[entry.family] += 1

    def count(self, family: Family) -> int | None:
        return self._counts[family]

    def entries(self, family: Family) -> Iterator[Entry]:
        if self._counts[family]:
            yield from (entry for entry in self._read() if entry.family == family)

    def _read(self) -> Iterator[Entry]:
        try:
            with _open(self._path) as file:
                yield from self._entries(file)
        except OSError as error:
            raise Unreadable(f"{self._path}: {error.strerror or error}") from None

    def _entries(self, file: BufferedIOBase) -> Iterator[Entry]:
        lines = _lines(file, self._path)
        number, head = next(lines, (1, None))
        if not isinstance(head, dict) or head.get("format") != FORMAT:
            raise self._wrong(number, f"this is no dump of Express Gateway: the first line must name {FORMAT!r}")
        version = head.get("version")
        if version != VERSION:
            raise self._wrong(number, f"this is a dump of version {version!r}; this version of egc reads {VERSION}")
        namespace = head.get("namespace")
        if not isinstance(namespace, str):
            raise self._wrong(number, "`namespace` must be a text")
        self.namespace = namespace
        for count, (number, line) in enumerate(lines):
            if isinstance(line, dict) and "end" in line:
                if line["end"] != count:
                    raise self._wrong(number, f"{count} keys were read, but the dump says that it has {line['end']!r}")
                if next(lines, None) is not None:
                    raise self._wrong(number + 1, "there is something behind the end of the dump")
                return
            entry = self._entry(line, number)
            if entry is not None:
                yield entry
        raise self._wrong(number + 1, "the dump was cut off: its last line, which counts the keys, is missing")

    def _entry(self, line: object, number: int) -> Entry | None:
        """The entry of a line; None where nobody needs it."""
        if not isinstance(line, dict) or not isinstance(line.get("key"), str):
            raise self._wrong(number, 'a line must be an object with a text as "key"')
        word, _, rest = line["key"].partition(":")
        family = next((one for one in FAMILIES if one == word), None)
        if "hash" in line:
            fields = line["hash"]
            if not isinstance(fields, dict) or not all(isinstance(value, str) for value in fields.values()):
                raise self._wrong(number, '"hash" must be an object whose values are texts')
            entry = family and Entry(family, rest, "hash", fields)
            texts = [*fields, *fields.values()]
        elif "set" in line:
            members = line["set"]
            if not isinstance(members, list) or not all(isinstance(value, str) for value in members):
                raise self._wrong(number, '"set" must be a list of texts')
            entry = family and Entry(family, rest, "set", members=tuple(members))
            texts = members
        else:
            entry, texts = family and Entry(family, rest, "other"), []
        try:
            for text in (line["key"], *texts):
                text.encode()
        except UnicodeEncodeError:
            raise self._wrong(number, "a text is no Unicode: it holds half of a surrogate pair") from None
        if family is None or entry is None:
            return None
        if len(texts) > 2 * most_fields(family) or sum(map(len, texts)) > LONGEST:
            raise self._wrong(number, f"{entry.key} is larger than anything that Express Gateway writes")
        return entry

    def _wrong(self, number: int, why: str) -> Unreadable:
        return Unreadable(f"{self._path}:{number}: {why}")


def write(path: Path, source: Source) -> int:
    """Write what a source holds to a new file that only its owner may read; returns how many keys it has.

    The file holds the secrets that Express Gateway kept in clear. Raises OSError (also where the file is there
    already) and Unreadable; nothing is left then.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    count = 0
    try:
        with os.fdopen(descriptor, "wb") as raw:
            # Neither a time nor a name in the header: the same keys make the same file.
            with gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as file:
                file.write(_line({"format": FORMAT, "version": VERSION, "namespace": source.namespace}))
                for family in FAMILIES:
                    for entry in source.entries(family):
                        file.write(_line(_data(entry)))
                        count += 1
                file.write(_line({"end": count}))
            raw.flush()
            os.fsync(raw.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return count


def _data(entry: Entry) -> dict[str, object]:
    key = f"{entry.family}:{entry.id}" if entry.id else entry.family
    if entry.type == "hash" and not entry.problem:
        return {"key": key, "hash": dict(entry.fields)}
    if entry.type == "set" and not entry.problem:
        return {"key": key, "set": list(entry.members)}
    return {"key": key}


def _line(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"


def _open(path: Path) -> BufferedIOBase:
    with path.open("rb") as file:
        compressed = file.read(len(_GZIP)) == _GZIP
    return gzip.open(path, "rb") if compressed else path.open("rb")


def _lines(file: BufferedIOBase, path: Path) -> Iterator[tuple[int, object]]:
    """The lines that are not empty, parsed, with their numbers."""
    number = 0
    while True:
        number += 1
        try:
            line = file.readline(LONGEST_LINE + 1)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise Unreadable(f"{path}:{number}: the gzip data is damaged or cut off: {error}") from None
        if not line:
            return
        if len(line) > LONGEST_LINE:
            raise Unreadable(f"{path}:{number}: the line is longer than {LONGEST_LINE} bytes")
        if not line.strip():
            continue
        try:
            yield number, json.loads(line)
        except (ValueError, RecursionError):
            raise Unreadable(f"{path}:{number}: this is no JSON") from None
