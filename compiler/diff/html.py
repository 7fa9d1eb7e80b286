"""A difference as one page that needs nothing else: no other file, no network and no script.

Everything that comes from a configuration passes through the template's escaping; the page's own style is allowed by
its digest, and nothing else is.
"""

from base64 import b64encode
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from importlib.resources import files

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from egc.compiler.diff.changes import CLASSES, Difference
from egc.compiler.diff.text import HEADS, quoted, summary
from egc.compiler.render import hidden, visible


def render(found: Difference) -> str:
    """The page."""
    style = _own("diff.css")
    digest = b64encode(sha256(style.encode()).digest()).decode()
    groups = [(one, HEADS[one], [each for each in found.changes if each.delta.classes[0] == one]) for one in CLASSES]
    return _template().render(
        found=found,
        counts=[(one, found.count(one)) for one in CLASSES],
        groups=[group for group in groups if group[2]],
        summary=summary(found),
        sides=(("-", "before", found.before), ("+", "after", found.after)),
        quoted=quoted,
        count=len,
        style=Markup(style),  # noqa: S704 - egc's own file
        policy=f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'",
        version=version("egc"),
    )


@cache
def _template() -> Template:
    environment = Environment(
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
        finalize=_shown,
    )
    return environment.from_string(_own("diff.html.jinja"))


def _shown(value: object) -> object:
    """What the template prints: texts without secrets, and without what would reorder or hide a part of the line."""
    return visible(hidden(value)) if isinstance(value, str) and not isinstance(value, Markup) else value


def _own(name: str) -> str:
    return files("egc.compiler").joinpath("templates", name).read_text(encoding="utf-8")
