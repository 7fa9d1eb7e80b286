"""The pages people see: rendered with autoescape, without scripts, under a strict Content-Security-Policy (P33)."""

import hashlib
from pathlib import Path

import falcon
import falcon.asgi
import jinja2

from egc.runtime.oauth2.errors import PageError, keep_private

_HERE = Path(__file__).parent
_TEMPLATES = ("layout.html", "login.html", "consent.html", "logout.html", "error.html")
_STYLE = "style.css"


class Pages:
    """Templates by file name, from `templates` where it has one of that name, else ours.

    Arguments:
        templates: a directory, or None.
    """

    def __init__(self, templates: str | None) -> None:
        places = [_HERE] if templates is None else [Path(templates), _HERE]
        self._places = places
        self._environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(places),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            auto_reload=False,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self.style = b""
        self.style_tag = ""

    def open(self) -> None:
        """Read and compile all of them now rather than at the first request.

        Raises OSError for a directory that cannot be read, jinja2.TemplateSyntaxError with file and line.
        """
        for place in self._places:
            if not place.is_dir():
                raise NotADirectoryError(f"oauth2.templates: {place} is not a directory")
        for name in _TEMPLATES:
            self._environment.get_template(name)
        self.style = next(path for place in self._places if (path := place / _STYLE).is_file()).read_bytes()
        self.style_tag = '"' + hashlib.sha256(self.style).hexdigest()[:16] + '"'

    def show(self, resp: falcon.asgi.Response, name: str, *, form_action: str | None = None, **fields: object) -> None:
        """Answer with the page. `form_action` is where its form may lead besides here."""
        resp.content_type = falcon.MEDIA_HTML
        resp.text = self._environment.get_template(name).render(fields)
        keep_private(resp)
        targets = "'self'" if form_action is None else f"'self' {form_action}"
        resp.set_header(
            "Content-Security-Policy",
            f"default-src 'none'; style-src 'self'; img-src 'self'; form-action {targets}; "
            "frame-ancestors 'none'; base-uri 'none'",
        )
        resp.set_header("X-Frame-Options", "DENY")
        resp.set_header("Referrer-Policy", "same-origin")

    async def show_error(
        self, req: falcon.asgi.Request, resp: falcon.asgi.Response, error: PageError, _: object
    ) -> None:
        """The page of an error; a Falcon error handler."""
        resp.status = error.status
        self.show(resp, "error.html", title=error.title, message=error.message)


class Stylesheet:
    """`GET /oauth2/style.css`."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """The style sheet, cached for an hour."""
        resp.set_header("Cache-Control", "public, max-age=3600")
        resp.set_header("ETag", self._pages.style_tag)
        resp.set_header("X-Content-Type-Options", "nosniff")
        if req.get_header("If-None-Match") == self._pages.style_tag:
            resp.status = 304
            return
        resp.content_type = "text/css; charset=utf-8"
        resp.data = self._pages.style

    on_head = on_get
