"""A service that records, and a gateway in front of it."""

from collections.abc import Iterator

import pytest

from tests.gateways import gateway, in_front_of
from tests.running import Running
from tests.upstreams import Upstream


@pytest.fixture(scope="module")
def service() -> Iterator[Upstream]:
    """The service, for all tests of a module."""
    with Upstream() as upstream:
        yield upstream


@pytest.fixture(scope="module")
def plain(service: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A gateway that proxies everything as it is by default; on host `xfwd` with X-Forwarded fields."""
    more = """
    forwarding = Proxy(upstream, xfwd=True)

    def forwarded(x: Exchange) -> Outcome:
        return forwarding(x)

    routes.append(Route("xfwd", ANY, ANY, api, forwarded))
    """
    directory = tmp_path_factory.mktemp("plain") / "artifact"
    with gateway(directory, in_front_of(service.port, more=more)) as running:
        service.clear()
        yield running


@pytest.fixture(autouse=True)
def _fresh(service: Upstream) -> None:
    """Each test sees its own requests only."""
    service.clear()
