"""The sockets of a gateway: opened once, and handed from one build to the next."""

import errno
import socket
from collections import Counter
from collections.abc import Sequence

from egc.compiler.cli import EnvironmentFailure

BACKLOG = 2048
"""As gunicorn's: how many callers the kernel lets wait."""

REASONS = {
    errno.EADDRINUSE: "Port {port} is taken: another program already listens on {address}. Stop it, or choose another "
    "port in gateway.config.yml",
    errno.EACCES: "Port {port} is not for this user: ports below 1024 need more rights",
    errno.EADDRNOTAVAIL: "{address} is no address of this machine",
}

Place = tuple[str, int]
"""An address, and which of several equal ones (all with port 0) it is."""


class Listening:
    """The sockets that are open now.

    A socket whose address is in the next build too stays open, so that nobody who connects in between is refused.
    """

    def __init__(self) -> None:
        self._open: dict[Place, socket.socket] = {}

    def open(self, addresses: Sequence[str]) -> list[socket.socket]:
        """Sockets that listen on these addresses, in their order; those that are open already stay as they are.

        Arguments:
            addresses: as in gunicorn's `bind`.

        Raises:
            EnvironmentFailure: one cannot be had; the message names the port. Nothing is changed then.
        """
        places = _places(addresses)
        opened: dict[Place, socket.socket] = {}
        try:
            for place in places:
                if place not in self._open:
                    leaving = [held for known, held in self._open.items() if known not in places]
                    opened[place] = _listen(place[0], leaving)
        except EnvironmentFailure:
            for one in opened.values():
                one.close()
            raise
        self._open |= opened
        return [self._open[place] for place in places]

    def keep(self, addresses: Sequence[str]) -> None:
        """Close what listens on no address of these."""
        places = _places(addresses)
        for place in [place for place in self._open if place not in places]:
            self._open.pop(place).close()


def check_addresses(addresses: Sequence[str]) -> None:
    """Listen on each address for a moment, all at the same time.

    Raises:
        EnvironmentFailure: one cannot be had; the message names the port.
    """
    listening = Listening()
    listening.open(addresses)
    listening.keep(())


def _places(addresses: Sequence[str]) -> list[Place]:
    # Twice the same port is a mistake of the configuration, which opening the second one finds.
    seen: Counter[str] = Counter()
    places = []
    for address in addresses:
        places.append((address, seen[address]))
        seen[address] += 1
    return places


def _listen(address: str, leaving: Sequence[socket.socket]) -> socket.socket:
    """Open a socket.

    Arguments:
        address: host and port.
        leaving: sockets of the build before that the next one has no use for. They may be in the way: all interfaces
            include the one that is listened on already.
    """
    host, _, text = address.rpartition(":")
    host, port = host.strip("[]"), int(text)
    in_the_way = [one for one in leaving if port and one.getsockname()[1] == port]
    try:
        return _bound(host, port, shared=())
    except OSError as error:
        failure: OSError = error
    if failure.errno == errno.EADDRINUSE and in_the_way:
        try:
            return _bound(host, port, shared=in_the_way)
        except OSError as error:
            failure = error
    if isinstance(failure, socket.gaierror):
        raise EnvironmentFailure(f"{host} is not the name of an address of this machine")
    reason = REASONS.get(failure.errno or 0, "{address} cannot be listened on: " + str(failure.strerror))
    raise EnvironmentFailure(reason.format(port=port, address=address))


def _bound(host: str, port: int, shared: Sequence[socket.socket]) -> socket.socket:
    """A socket that listens as gunicorn's would, beside those that are `shared`. Raises OSError."""
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    # Only for this moment: nobody else shall be able to listen beside us.
    sharing = [listener, *shared] if shared else []
    try:
        for one in sharing:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    finally:
        for one in sharing:
            if one.fileno() >= 0:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 0)
    return listener
