"""Why no route takes a request, and which endpoint is nearest to taking it."""

from collections.abc import Iterator, Sequence

from egc.compiler.cli._lines import Line
from egc.compiler.plan import Gateway, Route
from egc.compiler.spelling import distance
from egc.runtime.rehearsal import Ask
from egc.runtime.routing import ANY, Host, hostname
from egc.runtime.routing import Route as Running

_LONGEST = 200


def why(ask: Ask, gateway: Gateway, routes: Sequence[Running]) -> Iterator[Line]:
    """Lines that say it.

    Arguments:
        routes: those of the gateway, in the order of the plan's.
    """
    if not gateway.routes:
        yield Line("the configuration has no apiEndpoints", tone="bad")
        return
    path = ask.target.partition("?")[0]
    fits = [(_host(route, ask.host), _path(route, path), _method(route, ask.method)) for route in routes]
    best = max(sum(fit) for fit in fits)
    near = [
        (route, fit) for route, fit in zip(gateway.routes, fits, strict=True) if sum(fit) == best and not all(fit)
    ] or list(zip(gateway.routes, fits, strict=True))
    route, (host, path_fits, method) = min(near, key=lambda one: _far(one[0], ask.host, path))
    name = f"apiEndpoint `{route.endpoint.name}`"
    if not any(fit[0] for fit in fits):
        yield Line(f"no apiEndpoint takes the host `{hostname(ask.host)}`", tone="bad")
    elif not any(fit[0] and fit[1] for fit in fits):
        yield Line(f"no apiEndpoint of this host takes the path `{path}`", tone="bad")
    elif not any(map(all, fits)):
        yield Line(f"no apiEndpoint with this host and path takes {ask.method}", tone="bad")
    wanted = []
    if not host:
        wanted.append(f"host `{route.host.text}`")
    if not path_fits:
        wanted.append(f"path `{route.path.text}`")
    if not method:
        wanted.append(f"methods {', '.join(route.methods or ())}")
    if wanted:
        yield Line(f"the nearest is {name}: {', '.join(wanted)}", route.span)


def _host(route: Running, host: str) -> bool:
    name = hostname(host)
    if isinstance(route.host, Host):
        return route.host.matches(name) is not None
    return route.host in (ANY, name) or route.host.lower() == name


def _path(route: Running, path: str) -> bool:
    if route.match is not None:
        return route.match(path) is not None
    if not isinstance(route.path, str) or route.path == ANY:
        return True
    return path.lower().removesuffix("/") == route.path.lower().removesuffix("/")


def _method(route: Running, method: str) -> bool:
    return route.methods is None or method in route.methods


def _far(route: Route, host: str, path: str) -> tuple[int, int]:
    """How far the path and the host of a route are from those asked for, letter by letter."""
    return (
        distance(route.path.text[:_LONGEST].lower(), path[:_LONGEST].lower()),
        distance(route.host.text[:_LONGEST].lower(), hostname(host)[:_LONGEST]),
    )
