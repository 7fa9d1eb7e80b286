"""What gunicorn.conf.py is made of, and what a worker says when it serves."""

import os
import socket
import sys
from collections.abc import Sequence

from egc.runtime.listener import Listener

_LEVELS = {"error": "error", "warn": "warning", "warning": "warning", "info": "warning", "verbose": "info"}


def address(host: str | None, port: int) -> str:
    """A bind address for gunicorn; no host means all interfaces, IPv6 and IPv4 where the machine has both."""
    if not host:
        host = "::" if socket.has_dualstack_ipv6() else "0.0.0.0"  # noqa: S104 - what the configuration asks for
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def log_level() -> str:
    """gunicorn's level for Express Gateway's `LOG_LEVEL` (D60): its own start-up chatter is shown from `verbose` on."""
    return _LEVELS.get(os.environ.get("LOG_LEVEL", "info").lower(), "debug")


def announce(listeners: Sequence[Listener], bound: Sequence[tuple[str, int]]) -> None:
    """Print one line for each listener, its name and URL, on standard error; `bound` are the sockets' addresses.

    Under `egc run` the process above the workers does it (handover.py).
    """
    if "EGC_HANDOVER" in os.environ:
        return
    for name, url in urls(listeners, bound):
        print(f"egc: {name} listens on {url}", file=sys.stderr, flush=True)


def urls(listeners: Sequence[Listener], bound: Sequence[tuple[str, int]]) -> list[tuple[str, str]]:
    """Name and URL of each listener; `bound` are the sockets' addresses."""
    found: list[tuple[str, str]] = []
    for listener, (_, port, *_) in zip(listeners, bound, strict=True):
        shown = f"[{listener.host}]" if ":" in listener.host else listener.host or "*"
        scheme = "https" if listener.secure else "http"
        found.append((listener.name, f"{scheme}://{shown}:{port}"))
    return found
