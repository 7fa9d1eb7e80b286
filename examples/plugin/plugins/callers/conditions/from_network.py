"""The condition from-network."""

from ipaddress import ip_address, ip_network

from egc.runtime.plugin import Exchange


class FromNetwork:
    """Whether the request comes from a network.

    Arguments:
        network: raises ValueError for text that is none.
    """

    def __init__(self, *, network: str) -> None:
        self._network = ip_network(network)

    def __call__(self, x: Exchange) -> bool:
        try:
            return ip_address(x.client) in self._network
        except ValueError:  # a socket of this machine has no address
            return False
