"""What answers besides the routes: the authorization server, routes of plugins, and the Admin API on its listener."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from egc.compiler.access.rows import authorization_paths
from egc.compiler.access.words import written
from egc.compiler.diagnostics import Span
from egc.compiler.plan import Argument, Gateway, Setting


@dataclass(frozen=True, slots=True)
class Beside:
    """Something that answers without a route.

    Arguments:
        kind: what it is.
        name: of the plugin, else empty.
        address: where it answers: `any host`, or host and port of a listener of its own.
        paths: its paths with their methods; empty where only code knows.
        who: who may ask it.
        exact: whether the configuration alone says all this.
    """

    kind: Literal["authorization server", "plugin", "Admin API"]
    name: str
    address: str
    paths: tuple[tuple[str, tuple[str, ...]], ...]
    who: str
    span: Span
    exact: bool


def beside(gateway: Gateway) -> Iterator[Beside]:
    """All that answers besides the routes, in the order in which it is asked."""
    server = gateway.authorization
    if server is not None:
        paths = tuple(authorization_paths(gateway))
        who = "everybody; it asks clients and users for their secrets itself"
        yield Beside("authorization server", "", "any host", paths, who, server.span, exact=True)
    for plugin in gateway.plugins:
        who = "what its code says; it may have routes of its own, before all pipelines"
        yield Beside("plugin", plugin.name, "any host", (), who, plugin.span, exact=False)
    yield from _administration(gateway)


def _administration(gateway: Gateway) -> Iterator[Beside]:
    if gateway.administration is None:
        return
    settings = _settings(gateway.administration.arguments)
    hosts = settings.get("allowed_hosts")
    named = f", under the names {written(hosts)} or of this machine" if hosts else ", under names of this machine"
    if "key_digest" in settings:
        who = f"whoever holds the admin key{named}"
    elif settings.get("exposed") is True:
        who = f"whoever reaches the address, without a key{named}"
    else:
        who = f"this machine alone, without a key{named}: on any other address the gateway does not start"
    for listener in gateway.listeners:
        if listener.name == "admin":
            at = _settings(listener.arguments)
            address = f"{written(at.get('host') or 'every address')}:{written(at.get('port'))}"
            yield Beside(
                "Admin API",
                "",
                address,
                (),
                f"{who}; /health and /ready answer everybody",
                listener.span,
                exact=not gateway.plugins,
            )


def _settings(arguments: tuple[Argument, ...]) -> dict[str, Setting]:
    return {one.keyword: one.value for one in arguments}
