"""The Admin API as the command line calls it: one method, every call with time-outs and a bounded answer."""

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

import click

from egc.compiler.cli import EnvironmentFailure

if TYPE_CHECKING:
    from requests import Response, Session

CONNECT_TIMEOUT = 5.0
"""Seconds to reach the server."""

READ_TIMEOUT = 30.0
"""Seconds between two pieces of an answer."""

TOTAL_TIMEOUT = 120.0
"""Seconds for a whole answer."""

LARGEST_ANSWER = 64 * 1024 * 1024
"""Bytes."""

LONGEST_KEY = 4096
"""Characters."""

LONGEST_MESSAGE = 2000
"""Characters of an error text that are shown."""

STORE_OR_PROXY_DOWN = (502, 503, 504)

PAUSES = (0.1, 0.3)
"""Seconds before a call that met a closed door is tried again: a gateway that starts, or swaps, opens it soon."""

LONGEST_PAUSE = 2.0
"""Seconds that are waited because a server says so (Retry-After)."""


class Rejected(Exception):
    """The server said no. `message` is its own text, or the reason of its status where it sent none."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class AdminApi:
    """A connection to the Admin API of a running gateway.

    Arguments:
        url: base URL as `checked_url` returns it.
        key: the key that `admin.auth` asks for, or None.
        headers: further request headers (`-H`, C155); they win over the key.
        trace: called with one line for each request (`-v`, C162), or None.
    """

    def __init__(
        self,
        url: str,
        *,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
        trace: Callable[[str], None] | None = None,
    ) -> None:
        self.url = url
        self._headers = {"Accept": "application/json, application/problem+json", "Accept-Encoding": "identity"}
        if key:
            self._headers["Authorization"] = f"Bearer {key}"
        for name in headers or {}:
            self._headers = {old: value for old, value in self._headers.items() if old.lower() != name.lower()}
        self._headers |= headers or {}
        self._trace = trace
        self._session: Session | None = None

    def call(
        self, method: str, *path: str, body: object = None, query: Mapping[str, str | int] | None = None
    ) -> object:
        """Send one request.

        Arguments:
            method: HTTP method.
            path: segments of the path, not yet escaped.
            body: sent as JSON unless None.
            query: query parameters.

        Returns:
            The JSON of the answer, None for an empty one.

        Raises:
            Rejected: the server answered with a status of 400 or more.
            Unreachable: it could not be reached, or what answered is no Admin API. That nobody listens, and for a GET
                also that the server cannot answer now, is told after some more attempts.
        """
        for pause in PAUSES:
            try:
                return self._once(method, path, body, query)
            except Unreachable as error:
                if not error.passing:
                    raise
                time.sleep(max(pause, min(error.pause, LONGEST_PAUSE)))
        return self._once(method, path, body, query)

    def _once(self, method: str, path: tuple[str, ...], body: object, query: Mapping[str, str | int] | None) -> object:
        """Send a request once; see `call`."""
        import requests
        import urllib3

        url = "/".join((self.url, *(quote(segment, safe="") for segment in path)))
        session = self._open()
        started = time.monotonic()
        try:
            response = session.request(
                method,
                url,
                params=query,
                json=body,
                timeout=(CONNECT_TIMEOUT, READ_TIMEOUT),
                allow_redirects=False,
                stream=True,
            )
            with response:
                content = self._read(response, started)
        except requests.exceptions.InvalidHeader as error:
            raise click.UsageError(f"-H: {error}") from None
        except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, UnicodeError, OSError) as error:
            self._note(method, "-", url, started)
            nothing_sent = any(isinstance(one, urllib3.exceptions.NewConnectionError) for one in chain(error))
            raise self._unreachable(why(error), passing=nothing_sent) from None
        self._note(method, str(response.status_code), response.url, started)
        return self._result(response, content)

    def _open(self) -> "Session":
        if self._session is None:
            import requests

            session = requests.Session()
            # Neither ~/.netrc nor a proxy meant for the outside world belongs between egc and its own gateway.
            session.trust_env = False
            session.verify = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("SSL_CERT_FILE") or True
            session.headers.update(self._headers)
            self._session = session
        return self._session

    def _read(self, response: "Response", started: float) -> bytes:
        content = bytearray()
        while piece := response.raw.read1(65536):
            content += piece
            if len(content) > LARGEST_ANSWER:
                raise self._unreachable(f"its answer is larger than {LARGEST_ANSWER >> 20} MiB")
            if time.monotonic() - started > TOTAL_TIMEOUT:
                raise self._unreachable(f"its answer was not complete after {TOTAL_TIMEOUT:.0f} seconds")
        return bytes(content)

    def _result(self, response: "Response", content: bytes) -> object:
        status = response.status_code
        if status in STORE_OR_PROXY_DOWN:
            reason = f"it answered {status} {message(response, content)}"
            # Of a change nobody knows whether it was made.
            raise self._unreachable(reason, passing=response.request.method == "GET", pause=seconds(response))
        if status == HTTPStatus.UNAUTHORIZED:
            raise Rejected(status, f"{message(response, content)}: EGC_ADMIN_KEY must hold the key of `admin.auth`")
        if status >= 400:
            raise Rejected(status, message(response, content))
        if status >= 300:
            raise self._unreachable(f"it answered {status}, so this is not the Admin API")
        if not content.strip():
            return None
        try:
            return json.loads(content)
        except ValueError:
            raise self._unreachable(f"it answered {status} with something that is not JSON") from None

    def _unreachable(self, reason: str, *, passing: bool = False, pause: float = 0.0) -> "Unreachable":
        failure = Unreachable(f"The Admin API at {self.url} cannot be used: {reason}")
        failure.passing, failure.pause = passing, pause
        return failure

    def _note(self, method: str, status: str, url: str | None, started: float) -> None:
        if self._trace is not None:
            milliseconds = round((time.monotonic() - started) * 1000)
            self._trace(f"HTTP  {method:<7} {status} {url} ({milliseconds}ms)")


class Unreachable(EnvironmentFailure):
    """The Admin API does not answer, or what answers is something else.

    Attributes:
        passing: nothing was done, and trying again may help.
        pause: seconds to wait before that.
    """

    passing = False
    pause = 0.0


def seconds(response: "Response") -> float:
    """What Retry-After says in seconds (RFC 9110 section 10.2.3); 0 where it is not there or a date."""
    text = response.headers.get("Retry-After", "")
    return float(text) if text.isascii() and text.isdecimal() and len(text) < 6 else 0.0


def key_of(environ: Mapping[str, str]) -> str | None:
    """The key for the Admin API: EGC_ADMIN_KEY, else the first line of the file that EGC_ADMIN_KEY_FILE names.

    Raises:
        EnvironmentFailure: the file cannot be read, or does not begin with a key.
    """
    key = environ.get("EGC_ADMIN_KEY")
    name = environ.get("EGC_ADMIN_KEY_FILE")
    if key or not name:
        return key or None
    try:
        with Path(name).open(encoding="ascii") as file:
            found = file.readline(LONGEST_KEY + 2).strip()
    except OSError as error:
        raise EnvironmentFailure(f"EGC_ADMIN_KEY_FILE: {name}: {error.strerror}") from None
    except ValueError:
        found = ""
    if not found or not found.isprintable() or len(found) > LONGEST_KEY:
        raise EnvironmentFailure(f"EGC_ADMIN_KEY_FILE: the first line of {name} is no key")
    return found


def message(response: "Response", content: bytes) -> str:
    """What an error answer says: its text (C106), the sentence of its problem document (RFC 9457), or its reason."""
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    text = content[: 4 * LONGEST_MESSAGE].decode("utf-8", "replace").strip()
    if kind.endswith("json"):
        try:
            document = json.loads(content)
        except ValueError:
            document = None
        found = document if isinstance(document, dict) else {}
        text = next((str(found[key]) for key in ("detail", "message", "error", "title") if found.get(key)), "")
    elif text.startswith("<"):
        text = ""
    return text[:LONGEST_MESSAGE] or f"{response.reason or 'status'} ({response.status_code})"


def why(error: Exception) -> str:
    """The cause of a failed connection in a few words, without the names of Python classes."""
    import http.client
    import ssl

    causes = list(chain(error))
    text = str(error)
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"its certificate is not trusted ({cause.verify_message})"
        if isinstance(cause, ssl.SSLError):
            return "it does not speak TLS (is its address http:// rather than https://?)"
        if isinstance(cause, http.client.RemoteDisconnected):
            return "it closed the connection without an answer"
        if isinstance(cause, OSError) and type(cause).__module__ in ("builtins", "socket") and cause.strerror:
            return cause.strerror[:1].lower() + cause.strerror[1:]
    if "timed out" in text:
        return f"no {'connection' if 'connect timeout' in text else 'answer'} in time"
    if "Failed to resolve" in text:
        return "its name is not known"
    return "what answers there does not speak HTTP as it should"


def chain(error: BaseException) -> Iterator[BaseException]:
    """An exception and those it was made from, as far as requests and urllib3 keep them."""
    seen: list[BaseException] = []
    waiting: list[BaseException] = [error]
    while waiting and len(seen) < 20:
        current = waiting.pop()
        if current in seen:
            continue
        seen.append(current)
        yield current
        inner = [current.__cause__, current.__context__, getattr(current, "reason", None), *current.args]
        waiting += [found for found in inner if isinstance(found, BaseException)]


def checked_url(text: str, origin: str) -> str:
    """A base URL without its trailing slash (C159).

    Arguments:
        text: the URL as somebody wrote it.
        origin: where it was written, for the message.

    Raises:
        click.UsageError: it is not an http or https URL of a host, or carries a user name or password.
    """
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        text.encode("ascii")
    except ValueError:
        usable = False
    if not usable or parts.query or parts.fragment:
        raise click.UsageError(f"{origin}: {text!r} is not the address of an Admin API, such as http://localhost:9876")
    if "@" in parts.netloc:
        raise click.UsageError(f"{origin}: an address must not hold a password; the key belongs into EGC_ADMIN_KEY")
    return text.removesuffix("/")
