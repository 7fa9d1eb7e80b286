"""What differs between the modules that two configurations compile to."""

from collections.abc import Iterator
from difflib import unified_diff

from egc.compiler.diff.sources import Loaded
from egc.compiler.known_secrets import emitted
from egc.compiler.render import visible
from egc.compiler.render.text import style

FILES = ("gateway.py", "gunicorn.conf.py")
_PAINT = {"+": "32", "-": "31", "@": "36"}


def render(before: Loaded, after: Loaded, *, colour: bool = False) -> str:
    """A unified diff of the emitted files; empty where they are the same."""
    return "".join(f"{line}\n" for name in FILES for line in _lines(name, before, after, colour))


def _lines(name: str, before: Loaded, after: Loaded, colour: bool) -> Iterator[str]:
    old, new = (each.texts.get(name, "").splitlines() for each in (before, after))
    label, other = (f"{each.side.name}/{name}" for each in (before, after))
    for line in unified_diff(old, new, label, other, lineterm=""):
        paint = "1" if line.startswith(("+++", "---")) else _PAINT.get(line[:1], "")
        yield style(visible(emitted(line)), paint if colour else "")
