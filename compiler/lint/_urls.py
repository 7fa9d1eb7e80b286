"""The URLs that the gateway itself asks, as far as a configuration says them."""

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from egc.compiler.diagnostics import Span
from egc.compiler.model import text
from egc.compiler.node import Scalar
from egc.compiler.review import Review

_NEAR = re.compile(
    r"(?:[^.]+|.*\.(?:local|localhost|internal|intranet|private|corp|home|lan|svc|cluster|consul|docker|home\.arpa|test|example"
    r"|invalid|localdomain)|.*\.svc\..*)\.?",
    re.IGNORECASE,
)
"""Names that lead nowhere outside of a host, a cluster or a house."""


@dataclass(frozen=True, slots=True)
class Url:
    """A URL, and where it is written. `host` is in lower case; `port` is that of the scheme where none is given."""

    scheme: str
    host: str
    port: int
    span: Span

    @property
    def is_loopback(self) -> bool:
        """Whether it leads to this machine."""
        return is_loopback(self.host) or self.host in ("0.0.0.0", "::")  # noqa: S104 - connections to it stay here

    @property
    def is_near(self) -> bool:
        """Whether it leads to this machine or to one of a private network, as far as its name or address says it."""
        address = _address(self.host)
        if address is not None:
            return not address.is_global
        return _NEAR.fullmatch(self.host) is not None


def url_of(node: Scalar) -> Url | None:
    """The URL that a value is, with the variables of the build filled in; None where those are missing."""
    if node.missing:
        return None
    try:
        parts = urlsplit(text(node))
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        return None
    host = (parts.hostname or "").lower()
    return Url(parts.scheme, host, port, node.span) if host else None


def urls(review: Review) -> dict[str, tuple[Url, ...]]:
    """The URLs of services by the variables of the plan."""
    found: dict[str, tuple[Url, ...]] = {}
    variables = {service.name: service.variable for service in review.plan.services}
    for service in review.model.services:
        known = tuple(url for node in service.urls if (url := url_of(node)) is not None)
        found[variables[service.name]] = known
    return found


def is_loopback(host: str) -> bool:
    """Whether a name or address is of this machine alone."""
    address = _address(host)
    name = host.lower().rstrip(".")
    return name == "localhost" or name.endswith(".localhost") or (address is not None and address.is_loopback)


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None
