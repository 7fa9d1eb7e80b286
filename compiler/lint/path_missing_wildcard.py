"""RT110: a path that takes only itself, where what lies below it is meant."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from egc.compiler.branches import setting
from egc.compiler.conditions.lowering import checks
from egc.compiler.diagnostics import Diagnostic, Edit, Fix, Related, Span
from egc.compiler.lint._overlaps import goes, sample
from egc.compiler.lint._text import text_of
from egc.compiler.mends import Text, is_flow, way
from egc.compiler.node import Scalar, Sequence
from egc.compiler.plan import Reference, Route, Step
from egc.compiler.review import Review
from egc.compiler.rules import Example, Rule

_TEXT = """\
http: {port: 8080}
apiEndpoints:
  api: {host: '*', paths: %s}
serviceEndpoints:
  api: {url: 'http://localhost:3000'}
policies: [key-auth, proxy]
pipelines:
  api:
    apiEndpoints: [api]
    policies:
      - key-auth: {action: {disableQueryParam: true}}
      - proxy: {action: {serviceEndpoint: api, stripPath: true, proxyTimeout: 5000}}
"""

RULE = Rule(
    code="RT110",
    name="path-missing-wildcard",
    severity="warning",
    confidence="heuristic",
    fix="unsafe",
    summary="a path without `*` takes only itself, while its pipeline speaks of what lies below it",
    why=(
        "`/api` takes `/api` and `/api/`, and nothing below: `/api/users` is another path, and gets 404 where no other "
        "endpoint takes it. With `stripPath` the service only ever sees `/`, and a condition on `/api/users` holds for "
        "no request. Both say that more was meant (issue 794)."
    ),
    instead="Write `/api` and `/api/*`: the second does not take `/api` itself.",
    bad=Example(_TEXT % "/api"),
    good=Example(_TEXT % "[/api, '/api/*']"),
)


def check(review: Review) -> Iterator[Diagnostic]:
    """Literal paths of pipelines that strip them, or that ask for more below them."""
    routes = review.plan.routes
    for route in routes:
        path = route.path.text.rstrip("/")
        if route.pipeline is None or route.path.tree is not None or route.path.strip != "path" or not path:
            continue
        if any(_below(other, path) for other in routes):
            continue
        for step in route.pipeline.steps:
            why = _asks_for_more(review, step, path)
            if why is not None:
                request = sample(route)
                yield RULE.found(
                    f"`{route.path.text}` takes nothing below it, but {why[0]}",
                    route.span,
                    related=(Related(why[1], "this asks for more"),),
                    help=f"write {path} and {path}/*",
                    witness=f"{request.method} http://{request.host}{path}/a -> not taken by {goes(route)}"
                    if request
                    else "",
                    fix=_fix(review, route, path),
                )
                break


def _below(other: Route, path: str) -> bool:
    """Whether a route takes paths below."""
    text = other.path.text.lower().rstrip("/")
    return text in ("*", "/*") or text.startswith((f"{path.lower()}/", f"{path.lower()}*")) or other.path.sensitive


def _asks_for_more(review: Review, step: Step, path: str) -> tuple[str, Span] | None:
    strips = step.policy == "proxy" and setting(step, "strip_path") is True
    if strips and setting(step, "ignore_path") is not True and not _is_mapped(review, step):
        found = next(argument for argument in step.arguments if argument.keyword == "strip_path")
        return "its `proxy` strips the path: the service only ever sees `/`", found.span or step.span
    for one in checks(step.condition):
        wanted = next((each.value for each in one.arguments if each.keyword == "path"), None)
        if isinstance(wanted, str) and wanted.startswith(f"{path}/") and wanted != f"{path}/":
            return f"a condition asks for `{wanted}`", one.span
    return None


def _is_mapped(review: Review, step: Step) -> bool:
    """Whether the service's URL has a path of its own, so that the one path becomes another one on purpose."""
    named = {one.name for one in step.positional if isinstance(one, Reference)}
    urls = [url for service in review.plan.services if service.variable in named for url in service.urls]
    return any(isinstance(url, str) and urlsplit(url).path.strip("/") for url in urls)


def _fix(review: Review, route: Route, path: str) -> Fix | None:
    source = review.project.gateway
    text = text_of(source)
    nodes = list(way(source.tree, route.span))
    written = nodes[-1]
    if not isinstance(written, Scalar) or written.parts or written.span != route.span:
        return None
    held = nodes[-2] if len(nodes) > 1 else None
    edit = _edit(text, written, held if isinstance(held, Sequence) else None, path)
    return Fix(f"add {path}/*", (edit,), safe=False) if edit else None


def _edit(text: Text, written: Scalar, held: Sequence | None, path: str) -> Edit | None:
    start, end = text.start(written.span), text.end(written.span)
    own, more = text.at(written.span), f"'{path}/*'"
    if "'" in path or "\n" in own:
        return None
    if held is None:
        return text.edit(start, end, f"[{own}, {more}]")
    if is_flow(text, held):
        return text.edit(end, end, f", {more}")
    lead = text.text[text.line_start(start) : start]
    behind = text.line_end(end)
    return text.edit(behind, behind, f"\n{lead}{more}") if lead.strip() == "-" else None
