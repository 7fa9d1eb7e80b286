"""Requests of a caller, put to a rate-limit step without a gateway around it."""

from collections.abc import Iterator

from egc.runtime.errors import Refused
from egc.runtime.exchange import Exchange, ResponseHead
from egc.runtime.policies.rate_limit import RateLimit
from tests.store.conftest import Run


def request(client: str = "192.0.2.1", accept: str | None = None) -> Exchange:
    """A request from an address."""
    headers = [] if accept is None else [(b"accept", accept.encode())]
    return Exchange("GET", "/", headers, "gateway.test", "http", client)


def passes(run: Run, step: RateLimit, x: Exchange | None = None) -> bool:
    """Whether the step lets a request pass."""
    try:
        run(step(x or request()))
    except Refused:
        return False
    return True


def refusal(run: Run, step: RateLimit, x: Exchange | None = None) -> Refused:
    """The refusal of a request, which must not pass."""
    try:
        run(step(x or request()))
    except Refused as refused:
        return refused
    raise AssertionError("the request passes")


def answer(x: Exchange, status: int) -> None:
    """Have the request answered with a status."""
    for hook in x.hooks or ():
        hook(x, ResponseHead(status, []))


def fields(x: Exchange) -> dict[str, str]:
    """The headers that the response will have, none of them twice."""
    found = dict(_decoded(x))
    assert len(found) == len(x.response_headers)
    return found


def _decoded(x: Exchange) -> Iterator[tuple[str, str]]:
    for name, value in x.response_headers:
        yield name.decode(), value.decode()
