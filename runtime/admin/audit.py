"""Who changed what: one JSON object a line in `audit.log` beside the store, and among the lines of the access log.

A line is written after the change and before its answer, so that it outlives the process. It names the members of a
body that were sent and shows what of them is a switch or a list of scopes; no other value is written, for any may be a
secret. A token in a path is cut down to its id.

Each machine writes about the changes that were made through it. The file is turned at 10 MiB; four old ones are kept.
"""

import asyncio
import fcntl
import json
import logging
import os
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import falcon.asgi

from egc.runtime import log
from egc.runtime.admin.answers import answer
from egc.runtime.admin.bodies import read_count
from egc.runtime.store import Json

_log = logging.getLogger("egc")

FILE = "audit.log"
LARGEST = 10 * 1024 * 1024
OLD_FILES = 4
_LONGEST_TEXT = 256
_MOST_MEMBERS = 64
_LARGEST_LINE = 16 * 1024
_READ_AT_ONCE = 64 * 1024
_PRIVATE = 0o600
_LOCK_TRIES = 50
_LOCK_PAUSE = 0.01
_BAR = re.compile(r"\||%7c", re.IGNORECASE)
_SHOWN = frozenset(("isActive", "scopes", "revokeTokens"))


def changed(
    req: falcon.asgi.Request, kind: str, name: str, owner: str | None = None, members: Json | Mapping[str, Json] = None
) -> None:
    """Say what this request has changed; whoever does not say so has changed nothing.

    Arguments:
        kind: `user`, `app`, `credential`, `scope`, `token`, or a section of the configuration.
        name: the id of the record.
        owner: the id of the consumer that it belongs to.
        members: what was sent or set.
    """
    what: dict[str, Json] = {"kind": kind, "id": name[:_LONGEST_TEXT]}
    if owner is not None:
        what["owner"] = owner
    if isinstance(members, Mapping) and members:
        names = [str(member)[:_LONGEST_TEXT] for member in members][:_MOST_MEMBERS]
        what["members"] = names
        what |= {member: _short(members[member]) for member in names if member in _SHOWN}
    req.context.changed = what


def _short(value: Json) -> Json:
    if isinstance(value, str):
        return value[:_LONGEST_TEXT]
    if isinstance(value, list):
        return [one[:_LONGEST_TEXT] for one in value if isinstance(one, str)][:_MOST_MEMBERS]
    return value if isinstance(value, bool) else None


def public(path: str) -> str:
    """A path, decoded or not, without what may be the secret of a token: `<id>|<secret>`."""
    return _BAR.split(path, maxsplit=1)[0]


class Audit:
    """Middleware: writes a line for each request that has changed something.

    Arguments:
        directory: of the file; None where lines go to the access log only.
        key_digest: of the admin key, whose id is the first eight digits.
    """

    def __init__(self, directory: Path | None, key_digest: str | None) -> None:
        self._path = None if directory is None else directory / FILE
        self._key = None if key_digest is None else key_digest.removeprefix("sha256:")[:8]
        self._failed = False

    def open(self) -> None:
        """Make the directory. Where that is not possible, the log says so, and lines go to the access log only."""
        if self._path is not None:
            try:
                self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            except OSError as error:
                self._tell(error)

    async def process_response(
        self, req: falcon.asgi.Request, _resp: falcon.asgi.Response, _resource: object, _succeeded: bool
    ) -> None:
        """Write the line, if there is one."""
        what = getattr(req.context, "changed", None)
        if what is None:
            return
        line = self._line(req, what)
        log.add(line)
        if self._path is not None:
            try:
                await _append(self._path, line.encode() + b"\n")
                self._failed = False
            except OSError as error:
                self._tell(error)

    def entries(self, count: int) -> list[Json]:
        """The last entries, the oldest of them first. Raises OSError."""
        if self._path is None:
            return []
        lines = _last_lines(self._path, count)
        if len(lines) < count:
            lines = _last_lines(_old(self._path, 1), count - len(lines)) + lines
        found = []
        for line in lines:
            try:
                found.append(json.loads(line))
            except ValueError:
                # A disk that was full cut it.
                continue
        return found

    def _line(self, req: falcon.asgi.Request, what: Mapping[str, Json]) -> str:
        entry: dict[str, Json] = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "audit": dict(what),
            "key": self._key,
            "client": req.remote_addr,
            "method": req.method,
            "path": public(req.path)[:1024],
        }
        text = json.dumps(entry, separators=(",", ":"))
        if len(text) >= _LARGEST_LINE:
            entry["audit"] = {name: what[name] for name in ("kind", "id")}
            text = json.dumps(entry, separators=(",", ":"))
        return text

    def _tell(self, error: OSError) -> None:
        if not self._failed:
            self._failed = True
            _log.error("%s: %s. Changes are told in the access log only.", self._path, error.strerror or error)


class AuditLog:
    """GET /audit."""

    def __init__(self, audit: Audit) -> None:
        self._audit = audit

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """The last `count` changes that were made through this machine, the latest one last."""
        entries = await asyncio.to_thread(self._audit.entries, read_count(req))
        answer(resp, {"entries": entries}, store=False)

    async def on_head(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """As GET."""
        await self.on_get(req, resp)


def _old(path: Path, age: int) -> Path:
    return path.with_name(f"{path.name}.{age}")


async def _append(path: Path, line: bytes) -> None:
    """Add a line, in a new file where the old one is full. Raises OSError."""
    while True:
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, _PRIVATE)
        try:
            alone = await _lock(descriptor)
            if alone and not _is_at(path, descriptor):
                # Another worker has turned it meanwhile.
                continue
            if alone and os.fstat(descriptor).st_size + len(line) > LARGEST:
                _turn(path)
                continue
            os.write(descriptor, line)
            return
        finally:
            os.close(descriptor)


async def _lock(descriptor: int) -> bool:
    """Whether no other worker is at the file now; one that is stopped in the middle holds nobody up for long."""
    for _ in range(_LOCK_TRIES):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            await asyncio.sleep(_LOCK_PAUSE)
        else:
            return True
    return False


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        found = path.stat()
    except FileNotFoundError:
        return False
    return os.path.samestat(found, os.fstat(descriptor))


def _turn(path: Path) -> None:
    for age in range(OLD_FILES - 1, 0, -1):
        if _old(path, age).exists():
            _old(path, age).replace(_old(path, age + 1))
    path.replace(_old(path, 1))


def _last_lines(path: Path, count: int) -> list[bytes]:
    """The last whole lines of a file; none if there is no file."""
    try:
        file: Any = path.open("rb")
    except FileNotFoundError:
        return []
    with file:
        place = file.seek(0, os.SEEK_END)
        tail = b""
        while place and tail.count(b"\n") <= count:
            step = min(place, _READ_AT_ONCE)
            place -= step
            file.seek(place)
            tail = file.read(step) + tail
    lines = tail.split(b"\n")[:-1]
    return lines[-count:]
