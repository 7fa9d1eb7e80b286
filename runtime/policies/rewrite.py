"""The policy rewrite: another URL for the request, or a redirect to it."""

import re
from http import HTTPStatus
from typing import Literal
from urllib.parse import unquote

from egc.runtime.conditions.regexpmatch import Found
from egc.runtime.errors import Refused
from egc.runtime.exchange import Answer, Exchange
from egc.runtime.fill import Fill
from egc.runtime.front import DOT_SEGMENT
from egc.runtime.javascript.regexps import substituted
from egc.runtime.javascript.uri import encode_url

_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_ELSEWHERE = re.compile(r"[/\\]{2}|[A-Za-z][A-Za-z0-9+.-]*:")
_TEXT = (b"content-type", b"text/plain; charset=utf-8")


class Either:
    """A target for whichever condition has matched: `text` behind regexpmatch, `fill` behind pathmatch."""

    __slots__ = ("fill", "text")

    def __init__(self, text: str, fill: Fill) -> None:
        self.text = text
        self.fill = fill


class Rewrite:
    """Make another URL of what the conditions pathmatch and regexpmatch have found (D324-D329).

    It is the request's from here on, for later steps and the service; routing is over. A URL that begins with one slash
    keeps to it in a redirect: what the caller has put behind that slash never names another host.

    Arguments:
        rewrite: behind pathmatch, a path that is filled with the parameters; behind regexpmatch, a text that replaces
            what was found, `$1` being its first group.
        redirect: status of a redirect to the URL; where there is none, the pipeline goes on.
    """

    answers: Literal["maybe"] = "maybe"

    def __init__(self, *, rewrite: str | Fill | Either, redirect: int | None = None) -> None:
        self._fill = rewrite if isinstance(rewrite, Fill) else rewrite.fill if isinstance(rewrite, Either) else None
        self._text = rewrite if isinstance(rewrite, str) else rewrite.text if isinstance(rewrite, Either) else None
        start = self._fill.start if self._fill is not None else self._text or ""
        self._leads_elsewhere = _ELSEWHERE.match(start) is not None
        self._redirect = redirect
        self._phrase = _phrase(redirect or 0)

    def __call__(self, x: Exchange) -> Answer | None:
        """Rewrite or redirect.

        Raises Refused 500 where no condition has matched, or the target cannot be made of what it found (D327); 400
        where it would hold dot segments.
        """
        matched = x.matched
        if isinstance(matched, Found):
            url = self._replaced(x.url, matched)
        elif matched is not None and self._fill is not None:
            try:
                url = _decoded(self._fill(matched))
            except ValueError:
                raise _failed("bad_rewrite") from None
        else:
            raise _failed("nothing_to_rewrite")
        if self._redirect is not None:
            return self._answer(self._redirect, url)
        path = url.partition("?")[0]
        if ("." in path or "%" in path) and DOT_SEGMENT.search("/" + path):
            raise Refused(400, "Bad Request", reason="dot_segments")
        x.url = url
        return None

    def _replaced(self, url: str, found: Found) -> str:
        """The URL, with the text in the place of what the expression finds in it now."""
        match = found.match if found.url is url else found.pattern.search(url)
        if match is None:
            return url
        if self._text is None:
            raise _failed("nothing_to_rewrite")
        start, end = match.span()
        return url[:start] + substituted(self._text, url, start, end, list(match.groups())) + url[end:]

    def _answer(self, status: int, url: str) -> Answer:
        if not self._leads_elsewhere and url[:1] in ("/", "\\") and url[1:2] in ("/", "\\"):
            url = "/" + url.lstrip("/\\")
        location = encode_url(url)
        headers = [(b"location", location.encode("ascii")), _TEXT]
        return Answer(status, headers, f"{self._phrase}. Redirecting to {location}".encode(), "rewrite")


def _decoded(url: str) -> str:
    """The URL without its percent-encoding, as decodeURIComponent does it. Raises ValueError where it is none."""
    if "%" not in url:
        return url
    if _BAD_ESCAPE.search(url):
        raise ValueError("a percent sign without two digits")
    return unquote(url, errors="strict")


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return str(status)


def _failed(reason: str) -> Refused:
    return Refused(500, "Internal Server Error", reason=reason)
