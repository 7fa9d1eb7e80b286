"""A gateway in front of a recording service, for all attacks of a module."""

import os
from collections.abc import Iterator

import pytest

from tests.gateways import gateway, in_front_of
from tests.running import Running
from tests.upstreams import Upstream

HOSTILE = os.environ.get("EGC_HOSTILE") == "1"


@pytest.fixture(scope="module")
def service() -> Iterator[Upstream]:
    """What must never see a request that was not sent."""
    with Upstream() as upstream:
        yield upstream


@pytest.fixture(scope="module")
def victim(service: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The gateway under attack."""
    module = in_front_of(service.port)
    with gateway(tmp_path_factory.mktemp("hostile") / "artifact", module) as running:
        service.clear()
        yield running
