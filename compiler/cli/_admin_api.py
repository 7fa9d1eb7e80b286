"""The Admin API as the command line calls it: one method, every call with time-outs and a bounded answer."""

import json
import os
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote

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

LONGEST_MESSAGE = 2000
"""Characters of an error text that are shown."""

STORE_OR_PROXY_DOWN = (502, 503, 504)


class Rejected(Exception):
    """The server said no. `message` is its own text, or the reason of its status where it sent none."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class AdminApi:
    """A connection to the Admin API of a running gateway.

    Arguments:
        url: base URL without a slash at its end (C159).
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
        self._headers = {"Accept": "application/json, text/plain;q=0.5", "Accept-Encoding": "identity"}
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
            EnvironmentFailure: it could not be reached, or what answered is no Admin API.
        """
        import requests

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
        except (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema) as error:
            raise click.UsageError(f"the address of the Admin API is no URL: {self.url} ({error})") from None
        except (requests.exceptions.RequestException, UnicodeError) as error:
            self._note(method, "-", url, started)
            raise self._unreachable(why(error)) from None
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
            raise self._unreachable(f"it answered {status} {message(response, content)}")
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

    def _unreachable(self, reason: str) -> EnvironmentFailure:
        return Unreachable(f"The Admin API at {self.url} cannot be used: {reason}")

    def _note(self, method: str, status: str, url: str | None, started: float) -> None:
        if self._trace is not None:
            milliseconds = round((time.monotonic() - started) * 1000)
            self._trace(f"HTTP  {method:<7} {status} {url} ({milliseconds}ms)")


class Unreachable(EnvironmentFailure):
    """The Admin API does not answer, or what answers is something else."""


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
    import requests

    if isinstance(error, requests.exceptions.ConnectTimeout):
        return f"no connection within {CONNECT_TIMEOUT:.0f} seconds"
    if isinstance(error, requests.exceptions.Timeout):
        return f"no answer within {READ_TIMEOUT:.0f} seconds"
    cause: BaseException | None = error
    seen: list[BaseException] = []
    while cause is not None and cause not in seen and len(seen) < 10:
        seen.append(cause)
        if (
            isinstance(cause, OSError)
            and cause.strerror
            and not isinstance(cause, requests.exceptions.RequestException)
        ):
            return cause.strerror.lower()
        reason = getattr(cause, "reason", None)
        inner = next((a for a in cause.args if isinstance(a, BaseException)), None) if cause.args else None
        cause = reason if isinstance(reason, BaseException) else inner or cause.__cause__ or cause.__context__
    if any("timed out" in str(e) for e in seen):
        return f"no answer within {READ_TIMEOUT:.0f} seconds"
    return "what answers there does not speak HTTP as it should"
