"""JavaScript on each request: an expression that sets a value, and headers made of the request."""

from tests.bench.load import Request
from tests.bench.workload import QUERY, TO_SERVICE, Case, Envoy, Workload, nginx_server, pipeline

EXPRESSION = "expression: {action: {jscode: \"req.headers['x-bench-kind'] = req.method + ' ' + (req.query.x > 0)\"}}"
HEADERS = (
    "headers: {action: {headersPrefix: x-bench-, forwardHeaders: "
    "{path: \"req.path.split('/')[1]\", agent: \"req.headers['x-client'] || 'none'\"}}}"
)
NGINX = """
set $kind "false"; if ($arg_x) { set $kind "true"; }
set $agent "none"; if ($http_x_client) { set $agent $http_x_client; }
proxy_set_header X-Bench-Kind "$request_method $kind"; proxy_set_header X-Bench-Path "bench";
proxy_set_header X-Bench-Agent $agent;
"""


def workloads() -> tuple[Workload, ...]:
    added = {
        "x-bench-kind": "%REQ(:METHOD)% true",
        "x-bench-path": "bench",
        "x-bench-agent": "none",
    }
    route = {
        "match": {"prefix": "/"},
        "route": TO_SERVICE,
        "request_headers_to_add": [
            {"header": {"key": name, "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
            for name, value in added.items()
        ],
    }
    case = Case(
        pipeline(EXPRESSION, HEADERS),
        (Request(f"/bench/a{QUERY}"),),
        nginx=nginx_server(NGINX),
        envoy=Envoy(virtual_hosts=({"name": "all", "domains": ["*"], "routes": [route]},)),
        seen="GET true|bench|none",
    )
    return (Workload("expression", "expression + headers + proxy", (case,), {32: 9.0, 256: 8.0}),)
