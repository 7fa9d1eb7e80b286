"""What becomes of a request, in words for people."""

from egc.compiler.diff.rows import Row
from egc.compiler.diff.words import place
from egc.compiler.paths import ANY
from egc.compiler.plan import Route


def told(row: Row) -> str:
    """What a row does: `basic-auth [read], rate-limit, then service shop (http://shop)`."""
    access = row.access
    steps = []
    for step in access.steps:
        if access.step is not None and step.variable == access.step.variable:
            continue
        needed = row.scopes.get(step.variable, ())
        passes = step.role == "authenticates" and step.variable not in row.scopes
        name = f"{step.policy} [{', '.join(sorted(needed))}]" if needed else step.policy
        steps.append(f"{name} (not satisfied)" if passes else name)
    asked = [
        f"where {'' if holds else 'not '}{check.condition} (line {check.span.line})"
        for check, holds in ((fact.check, fact.holds) for fact in access.facts if not fact.known)
    ]
    way = " and ".join(asked) + (": " if asked else "")
    return f"{way}{', '.join(steps)}{', then ' if steps else ''}{_end(row)}"


def _end(row: Row) -> str:
    access = row.access
    status = "" if access.status is None else f"{access.status} "
    match access.outcome:
        case "proxied":
            service = access.service
            return "a service" if service is None else f"service {service.name} ({place(service)})"
        case "answered" | "redirected":
            return f"{status}by {access.step.policy if access.step else 'the gateway'}"
        case "no pipeline":
            return "404 (the endpoint is in no pipeline)"
        case "allow":
            return "200 with the methods that are routed"
        case "fell through":
            return "404 (no step answers)"
        case "no route":
            return "404 (no endpoint takes it)"
        case _:
            return f"the {access.outcome}"


def way(route: Route) -> str:
    """The requests of a route as they are written: `GET, POST www.example.com/orders/:id`."""
    methods = "any method" if route.methods is None else ", ".join(route.methods)
    host = "any host, " if route.host.text == ANY else route.host.text
    path = "any path" if route.path.text == ANY else route.path.text
    return f"{methods} {host}{path}"
