"""Who can reach what, as one page that needs nothing else: no other file, no network, and no script to be read.

Everything that comes from the configuration passes through the template's escaping. The page's own style and script are
allowed by their digests, and nothing else is.
"""

from base64 import b64encode
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from importlib.resources import files

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from egc.compiler.access.map import drawn
from egc.compiler.access.rows import methods_in_words
from egc.compiler.access.view import LEGEND, View
from egc.compiler.diagnostics import Report
from egc.compiler.render import told, visible


def page(view: View, findings: Report) -> str:
    """The page, with expectations that do not hold."""
    style, script = _own("access.css"), _own("access.js")
    policy = (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    return _template().render(
        view=view,
        map=drawn(view.rows),
        rows=[(number, row, row.upstream.urls if row.upstream else ()) for number, row in enumerate(view.rows, 1)],
        shown=len(view.rows),
        unauthenticated=len(view.unauthenticated),
        inexact=len(view.inexact),
        endpoints=len({row.endpoint for row in view.rows if row.endpoint}),
        pipelines=len({name for row in view.rows for name in row.pipelines}),
        services=len({row.upstream.service for row in view.rows if row.upstream}),
        beside=[(one, [(methods_in_words(methods), path) for path, methods in one.paths]) for one in view.beside],
        findings=[(found, f"{findings.root}{found.span}", told(found.message)) for found in findings],
        legend=LEGEND,
        style=Markup(style),  # noqa: S704 - egc's own file
        script=Markup(script),  # noqa: S704 - egc's own file
        policy=policy,
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
    return environment.from_string(_own("access.html.jinja"))


def _shown(value: object) -> object:
    """What the template prints: texts without what would reorder or hide a part of the line."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _own(name: str) -> str:
    return files("egc.compiler").joinpath("templates", name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"
