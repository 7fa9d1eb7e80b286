"""RT111: `stripPath` cuts at the first parameter, not at the `*`."""

import re
from collections.abc import Iterator

from egc.compiler.branches import setting
from egc.compiler.diagnostics import Diagnostic, Related
from egc.compiler.plan import Route, Step
from egc.compiler.review import Review
from egc.compiler.rules import Example, Rule

_TEXT = """\
http: {port: 8080}
apiEndpoints:
  files: {host: '*', paths: '%s'}
serviceEndpoints:
  files: {url: 'http://localhost:3000'}
policies: [key-auth, proxy]
pipelines:
  files:
    apiEndpoints: [files]
    policies:
      - key-auth: {action: {disableQueryParam: true}}
      - proxy: {action: {serviceEndpoint: files, stripPath: true, proxyTimeout: 5000}}
"""

RULE = Rule(
    code="RT111",
    name="strip-path-param",
    severity="warning",
    confidence="proven",
    fix="none",
    summary="`stripPath` on a path whose first parameter stands before what should be cut off",
    why=(
        "`stripPath` leaves what begins with the first `:` or `*` of the pattern. Of `/users/:id/files/*` it cuts "
        "`/users` and the service sees `/7/files/a`, where one would expect `/a` (issues 742 and 794)."
    ),
    instead=(
        "Put what is cut off before the first parameter, give the service the whole path and let it look for itself, "
        "or use `rewrite` with a condition `pathmatch`, which names each part."
    ),
    bad=Example(_TEXT % "/users/:id/files/*"),
    good=Example(_TEXT % "/users/files/*"),
    express_gateway="Cuts at the same place; egc does as it did (D286 to D288).",
)

_PLAIN = re.compile(r"(?P<before>(?:/[\w~%.@-]+)*)(?P<rest>/:\w+(?:/(?:[\w~%.@-]+|:\w+|\*))+)", re.ASCII)
_PARAMETER = re.compile(r":\w+", re.ASCII)


def check(review: Review) -> Iterator[Diagnostic]:
    """Paths with a parameter and more behind it, in pipelines that strip the path."""
    told: set[tuple[str, str]] = set()
    for route in review.plan.routes:
        found = _PLAIN.fullmatch(route.path.text)
        step = _stripping(route) if found else None
        if found is None or step is None or (route.endpoint.variable, route.path.text) in told:
            continue
        told.add((route.endpoint.variable, route.path.text))
        example = _PARAMETER.sub("7", route.path.text).replace("*", "a")
        left = _PARAMETER.sub("7", found["rest"]).replace("*", "a")
        cut = f"only `{found['before']}` is cut off" if found["before"] else "nothing is cut off"
        place = next((each.span for each in step.arguments if each.keyword == "strip_path"), None) or step.span
        host = "localhost" if route.host.text == "*" or route.host.regex else route.host.text
        method = (route.methods or ("GET",))[0]
        yield RULE.found(
            f"`stripPath` cuts `{route.path.text}` at its first parameter: {cut}",
            route.span,
            related=(Related(place, "the path is stripped here"),),
            witness=f"{method} http://{host}{example} -> the service sees {left}",
        )


def _stripping(route: Route) -> Step | None:
    """The `proxy` that strips the path of a route."""
    for step in route.pipeline.steps if route.pipeline else ():
        if step.policy == "proxy" and setting(step, "strip_path") is True and setting(step, "ignore_path") is not True:
            return step
    return None
