"""The forms that Express Gateway took, legacy ones included, all mean the same plan (D36-D45, D67-D79, D104-D110)."""

from pathlib import Path

import pytest

from egc.compiler.plan import Gateway
from tests.lower.project import build, findings, told

HEAD = "http: {port: 1}\nserviceEndpoints: {s: {url: 'http://h'}}\npolicies: [terminate, proxy]\n"


def shape(plan: Gateway) -> list[object]:
    return [
        (
            route.host.text,
            route.path.text,
            route.methods,
            route.endpoint.name,
            route.pipeline and len(route.pipeline.steps),
        )
        for route in plan.routes
    ]


@pytest.mark.parametrize(
    "text",
    [
        "apiEndpoints: {a: {paths: [/x]}}\npipelines: {p: {apiEndpoints: [a], policies: [{terminate: [{}]}]}}",
        "apiEndpoints: {a: {path: /x}}\npipelines: {p: {apiEndpoint: a, policies: [{terminate: }]}}",
        "apiEndpoints: {a: [{path: [/x], host: }]}\npipelines: [{name: p, apiEndpoints: a, policies: [terminate: {}]}]",
        "apiEndpoints: {a: {paths: /x, path: /y}}\npipeline: {apiEndpoints: [a], policy: {terminate: {action: {}}}}",
        "apiEndpoints: {a: {paths: /x, host: '*'}}\npipelines: [{apiEndpoints: [a], policies: {terminate: []}}]",
        "apiEndpoints: {a: {paths: /x, methods: '*'}}\npipelines: {p: {apiEndpoints: [a], policies: [{terminate: }]}}",
    ],
)
def test_each_form_is_the_same_route(tmp_path: Path, text: str) -> None:
    assert shape(build(tmp_path, HEAD + text).plan) == [("*", "/x", None, "a", 1)]


def test_a_top_level_api_endpoint_is_called_0(tmp_path: Path) -> None:
    """D41."""
    text = "apiEndpoint: {path: /x}\npipelines: {p: {apiEndpoints: ['0'], policies: [{terminate: }]}}"
    assert shape(build(tmp_path, HEAD + text).plan) == [("*", "/x", None, "0", 1)]


def test_two_policies_under_one_dash_are_an_error(tmp_path: Path) -> None:
    """D110: Express Gateway dropped the second without a word."""
    text = """\
apiEndpoints: {a: {}}
pipelines:
  p:
    apiEndpoints: [a]
    policies:
      - terminate: {condition: {name: never}}
        proxy: {action: {serviceEndpoint: s}}
"""
    assert told(findings(tmp_path, HEAD + text), "policy-entry-many-keys").severity == "error"


def test_routes_are_grouped_by_host_in_the_order_in_which_hosts_appear(tmp_path: Path) -> None:
    """D67, D68, D69, D75."""
    text = """\
apiEndpoints:
  a: {paths: [/a1, /a2]}
  b: {host: api.io, paths: /b}
  c: {paths: /c}
  d: {hostRegex: api.io, paths: /d}
pipelines: {p: {apiEndpoints: [a, b, c, d], policies: [{terminate: }]}}
"""
    routes = build(tmp_path, HEAD + text).plan.routes
    assert [(route.host.text, route.path.text) for route in routes] == [
        ("*", "/a1"),
        ("*", "/a2"),
        ("*", "/c"),
        ("api.io", "/b"),
        ("api.io", "/d"),
    ]
    assert routes[4].host.regex is None


def test_methods_are_read_from_a_list_or_a_text_in_any_case(tmp_path: Path) -> None:
    """D79."""
    text = """\
apiEndpoints: {a: [{methods: 'get, Post,'}, {methods: [put, PUT]}]}
pipelines: {p: {apiEndpoints: [a], policies: []}}
"""
    assert [route.methods for route in build(tmp_path, HEAD + text).plan.routes] == [("GET", "POST"), ("PUT",)]


def test_the_options_of_a_service_beat_those_of_the_action(tmp_path: Path) -> None:
    """D254."""
    text = """\
apiEndpoints: {a: {}}
serviceEndpoints:
  s:
    url: http://h
    proxyOptions: {stripPath: true, proxyTimeout: 1500, xfwd: true}
policies: [proxy]
pipelines:
  p:
    apiEndpoints: [a]
    policies:
      - proxy:
          - action: {serviceEndpoint: s, stripPath: false, ignorePath: true, proxyOptions: {xfwd: false}}
"""
    (step,) = build(tmp_path, "http: {port: 1}\n" + text).plan.pipelines[0].steps
    settings = {one.keyword: (one.value, one.span and one.span.line) for one in step.arguments}
    assert settings == {
        "change_origin": (True, None),
        "prepend_path": (True, None),
        "ignore_path": (True, 13),
        "strip_path": (True, 6),
        "xfwd": (False, 13),
        "proxy_timeout": (1.5, 6),
    }


def test_values_are_coerced_as_the_validator_did(tmp_path: Path) -> None:
    """D17."""
    text = """\
apiEndpoints: {a: {}}
pipelines: {p: {apiEndpoints: [a], policies: [{terminate: {action: {statusCode: '404', message: 12}}}]}}
"""
    (step,) = build(tmp_path, HEAD + text).plan.pipelines[0].steps
    assert [one.value for one in step.arguments] == [404, "12"]


def test_variables_stay_look_ups_in_values_and_are_resolved_where_they_shape_the_program(tmp_path: Path) -> None:
    text = """\
http: {port: '${PORT:-8080}', hostname: '${IFACE}'}
apiEndpoints: {a: {paths: '/${STAGE:-dev}/x', host: '${API_HOST}'}}
serviceEndpoints: {s: {url: 'http://${BACK:-b}:81/x'}}
policies: [proxy]
pipelines:
  p:
    apiEndpoints: [a]
    policies:
      - proxy:
          action: {serviceEndpoint: s, auth: 'me:${SECRET}', timeout: '${T:-500}', xfwd: '${FWD:-false}'}
"""
    compiled = build(tmp_path, text, environ={"API_HOST": "api.io", "SECRET": "hush"})
    module = compiled.files["gateway.py"]
    for line in (
        'http = Listener("http", host=env.text("IFACE"), port=env.port("PORT", 8080))',
        'Route("api.io", "/dev/x", ANY, a, p)',
        'env.to_url("http://" + env.text("BACK", "b") + ":81/x")',
        'auth="me:" + env.text("SECRET")',
        'timeout=env.number("T", 500.0) / 1000',
        'xfwd=env.flag("FWD", False)',
    ):
        assert line in " ".join(module.split()).replace("( ", "(").replace(", )", ")"), line
    assert "hush" not in "".join(compiled.files.values())
    assert [(one.name, one.value) for one in compiled.plan.resolved_variables] == [
        ("API_HOST", "api.io"),
        ("STAGE", "dev"),
    ]
