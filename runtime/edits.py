"""Asks `egc run` to change the configuration that this gateway was built from, which a worker cannot do.

EGC_EDITS is the number of a socket that the workers inherit. For each change a worker sends one end of a new connection
over it, writes what it wants as JSON and reads the answer; nobody who has not inherited that socket can ask.
"""

import asyncio
import errno
import json
import os
import socket
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from egc.runtime.store import Json

WAIT_SECONDS = 180.0
"""How long a change may take: others may be before it, and each is built and started before it is answered."""

LONGEST_ANSWER = 1 << 20

Outcome = Literal["created", "replaced", "deleted", "unchanged", "absent", "refused", "conflict", "busy", "failed"]


@dataclass(frozen=True, slots=True)
class Reply:
    """What became of a change.

    Arguments:
        outcome: what has been done, or why nothing has.
        detail: a sentence where nothing has.
        errors: what is wrong with the configuration that it would make, as RFC 9457 section 3 shows it.
    """

    outcome: Outcome
    detail: str = ""
    errors: tuple[Json, ...] = ()


def are_taken() -> bool:
    """Whether there is somebody to ask."""
    return os.environ.get("EGC_EDITS", "").isdecimal()


async def ask(section: str, name: str, value: Json = None, *, delete: bool = False) -> Reply | None:
    """Ask for a change, and wait until it is served or refused.

    Arguments:
        section: of the configuration, such as `pipelines`.
        name: of the entry; for `policies` the policy.
        value: what the entry is to be.
        delete: take it out.

    Returns None where nobody takes changes: the gateway is an artifact, or does not watch its configuration.
    """
    try:
        connection = _connect(int(os.environ.get("EGC_EDITS", "")))
    except BlockingIOError:
        return Reply("busy", "Too many changes are waiting.")
    except (OSError, ValueError):
        return None
    wanted = {"section": section, "name": name, "value": value, "delete": delete}
    answer = b""
    try:
        async with asyncio.timeout(WAIT_SECONDS):
            reader, writer = await asyncio.open_unix_connection(sock=connection)
            try:
                writer.write(json.dumps(wanted).encode())
                writer.write_eof()
                while len(answer) < LONGEST_ANSWER and (piece := await reader.read(65536)):
                    answer += piece
            finally:
                writer.close()
    except TimeoutError:
        return Reply("failed", "egc run takes too long: look at what it says, and at the configuration.")
    except OSError:
        answer = b""
    with suppress(ValueError, KeyError):
        told = json.loads(answer)
        return Reply(told["outcome"], told["detail"], tuple(told["errors"]))
    return Reply("busy", "egc run is ending.")


def _connect(number: int) -> socket.socket:
    """A connection to `egc run`. Raises OSError, BlockingIOError where it does not come to take it."""
    with socket.socket(fileno=os.dup(number)) as asking:
        if (asking.family, asking.type) != (socket.AF_UNIX, socket.SOCK_DGRAM):
            raise OSError(errno.ENOTSOCK, "EGC_EDITS names something else")
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                socket.send_fds(asking, [b"e"], [theirs.fileno()], socket.MSG_DONTWAIT)
        except BaseException:
            ours.close()
            raise
    ours.setblocking(False)
    return ours
