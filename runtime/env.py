"""Values that stay variables: typed look-ups in the environment when the gateway starts.

Each look-up names its variable in what it raises, so that a missing or wrong value is one clear sentence.
"""

import math
import os
import re
from pathlib import Path
from urllib.parse import urlsplit

_WHOLE = re.compile(r"[+-]?[0-9]{1,18}", re.ASCII)


class Misconfigured(SystemExit):
    """The environment does not fit the artifact; the message says which variable and why.

    A SystemExit, so that gunicorn, while it reads its settings, ends with that sentence and not with a traceback.
    """


def text(name: str, default: str | None = None) -> str:
    """The variable's text; an empty value counts as set (D5)."""
    value = os.environ.get(name)
    if value is not None:
        return value
    if default is None:
        raise Misconfigured(f"environment variable {name} is not set and the configuration gives no default for it")
    return default


def port(name: str, default: int | None = None) -> int:
    """A TCP port, 0 to 65535 (0: any free one)."""
    return to_port(text(name, None if default is None else str(default)), name)


def integer(name: str, default: int | None = None) -> int:
    """A whole number."""
    return to_integer(text(name, None if default is None else str(default)), name)


def number(name: str, default: float | None = None) -> float:
    """A number."""
    return to_number(text(name, None if default is None else repr(default)), name)


def flag(name: str, default: bool | None = None) -> bool:
    """`true` or `false`."""
    return to_flag(text(name, None if default is None else str(default).lower()), name)


def url(name: str, default: str | None = None) -> str:
    """An absolute http or https URL."""
    return to_url(text(name, default), name)


def to_port(value: str, name: str = "a value made of variables") -> int:
    """Read a port; `name` says where the text came from."""
    result = to_integer(value, name)
    if not 0 <= result <= 65535:
        raise Misconfigured(f"{name} should be a port from 0 to 65535, not {value!r}")
    return result


def to_integer(value: str, name: str = "a value made of variables") -> int:
    """Read a whole number."""
    if _WHOLE.fullmatch(value) is None:
        raise Misconfigured(f"{name} should be a whole number, not {value!r}")
    return int(value)


def to_number(value: str, name: str = "a value made of variables") -> float:
    """Read a number."""
    try:
        result = float(value)
    except ValueError:
        result = math.nan
    if not math.isfinite(result):
        raise Misconfigured(f"{name} should be a number, not {value!r}")
    return result


def to_flag(value: str, name: str = "a value made of variables") -> bool:
    """Read `true` or `false`, as Express Gateway's validator coerces them (D17)."""
    if value in ("true", "1"):
        return True
    if value in ("false", "0", "null"):
        return False
    raise Misconfigured(f"{name} should be true or false, not {value!r}")


def to_url(value: str, name: str = "a value made of variables") -> str:
    """Read an absolute http or https URL."""
    try:
        parts = urlsplit(value)
        fine = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        fine = False
    if not fine:
        # A URL may hold a password: it is not repeated.
        shown = "one with a user" if "@" in value else repr(value)
        raise Misconfigured(f"{name} should be an absolute http or https URL, not {shown}")
    return value


_started_in: Path | None = None

files: set[str] = set()
"""Every path that `file` has given: what a change of must be noticed."""


def start_directory() -> None:
    """Remember where the gateway was started; gunicorn.conf.py calls this before gunicorn goes elsewhere."""
    global _started_in
    if _started_in is None:
        _started_in = Path.cwd()


def file(path: str) -> str:
    """A key or certificate file: relative to EGC_FILES, else to where the gateway was started (D25)."""
    found = str(Path(os.environ.get("EGC_FILES") or _started_in or ".", path))
    files.add(found)
    return found


def data_dir(module_file: str) -> Path:
    """Where the store lives: `EGC_DATA`, else `data` beside the artifact."""
    configured = os.environ.get("EGC_DATA")
    return Path(configured) if configured else Path(module_file).resolve().parent / "data"


def beside(module_file: str, name: str) -> Path:
    """A file of the artifact that the module belongs to."""
    return Path(module_file).resolve().parent / name
