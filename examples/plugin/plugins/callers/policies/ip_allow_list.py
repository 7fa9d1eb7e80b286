"""The policy ip-allow-list."""

from collections.abc import Sequence
from ipaddress import ip_address, ip_network

from egc.runtime.plugin import Exchange, Refused


class IpAllowList:
    """Refuse callers from other networks with 403.

    Arguments:
        networks: those that are let in. Raises ValueError for text that is none.
    """

    def __init__(self, *, networks: Sequence[str]) -> None:
        self._networks = tuple(ip_network(network) for network in networks)

    def __call__(self, x: Exchange) -> None:
        # Behind a proxy that `http.trustedProxies` names, this is the address that it was called from.
        try:
            address = ip_address(x.client)
        except ValueError:  # a socket of this machine has none
            raise Refused(403, "Forbidden", reason="no_address") from None
        if not any(address in network for network in self._networks):
            raise Refused(403, "Forbidden", reason="not_on_the_list")
