"""The classes of requests of a configuration: which there are, what they go through and where they end."""

from contextlib import suppress
from itertools import combinations
from pathlib import Path

import pytest

from egc.compiler import compile_project
from egc.compiler.branches import AUTHORIZATION_PAGES, AUTHORIZATION_SERVER, Access, _may_meet, _start, accesses
from egc.compiler.languages import Beyond
from egc.compiler.paths import path_pattern, path_regex
from egc.compiler.regexes import Untranslatable
from egc.compiler.requests import METHODS, Request, paths
from egc.runtime.front import METHODS as ADMITTED
from egc.runtime.oauth2.server import AuthorizationServer
from egc.runtime.store.sqlite import SQLiteStore
from tests.paths.test_recorded import recorded

HEAD = """
http: {port: 8080}
serviceEndpoints:
  one: {url: "http://localhost:1"}
  two: {url: "http://localhost:2"}
policies: [proxy, terminate, key-auth, basic-auth, rate-limit, cors, expression, log, headers]
"""


def rows(directory: Path, text: str) -> list[Access]:
    (directory / "gateway.config.yml").write_text(HEAD + text)
    return list(accesses(compile_project(directory, {}).plan))


def told(row: Access) -> str:
    """A row in a line."""
    end = row.service.name if row.service else str(row.status or "")
    who = "+".join(proof.step.policy for proof in row.authentication)
    facts = ", ".join(("" if fact.holds else "not ") + fact.check.condition for fact in row.facts)
    return " | ".join((row.outcome, end, who, facts, str(row.witness)))


def simple(endpoints: str, policies: str) -> str:
    return f"apiEndpoints:\n{endpoints}\npipelines:\n  p:\n    apiEndpoints: [a, b]\n    policies:\n{policies}\n"


def test_the_methods_are_those_that_a_gateway_takes() -> None:
    assert frozenset(METHODS) == ADMITTED
    assert len(METHODS) == len(ADMITTED)


def test_the_paths_of_the_authorization_server_are_its_own(tmp_path: Path) -> None:
    store = SQLiteStore(tmp_path)
    for grants, known in (
        (("client_credentials",), AUTHORIZATION_SERVER),
        (("implicit",), AUTHORIZATION_SERVER | AUTHORIZATION_PAGES),
    ):
        server = AuthorizationServer(store, grants=grants, access_ttl=1, refresh_ttl=1, code_ttl=1)
        assert {path: set(methods) for path, methods in known.items()} == {
            path: set(methods) for path, methods in server.paths.items()
        }


def test_what_an_earlier_route_takes_no_later_one_does(tmp_path: Path) -> None:
    found = rows(
        tmp_path,
        """
apiEndpoints:
  a: {paths: /x, methods: [GET]}
  b: {paths: ["/x", "/y"]}
pipelines:
  p: {apiEndpoints: [a], policies: [proxy: [{action: {serviceEndpoint: one}}]]}
  q: {apiEndpoints: [b], policies: [proxy: [{action: {serviceEndpoint: two}}]]}
""",
    )
    assert [told(row) for row in found] == [
        "proxied | one |  |  | GET http://localhost/x",
        "proxied | two |  |  | POST http://localhost/x",
        "proxied | two |  |  | GET http://localhost/y",
        "no route | 404 |  |  | GET http://localhost/",
    ]
    assert not any(Request("HEAD", "h", "/X/?q") in part for row in found[1:] for part in row.requests)
    assert any(Request("OPTIONS", "h", "/X/?q") in part for part in found[1].requests)


def test_an_endpoint_of_the_same_paths_is_never_reached(tmp_path: Path) -> None:
    text = simple("  a: {paths: '/x/*'}\n  b: {paths: /x/y}", "      - proxy: [{action: {serviceEndpoint: one}}]")
    assert [row.route.endpoint.name for row in rows(tmp_path, text) if row.route] == ["a"]


def test_a_pipeline_that_falls_through_leaves_its_requests_to_the_next_route(tmp_path: Path) -> None:
    found = rows(
        tmp_path,
        """
apiEndpoints:
  a: {paths: '/x/*'}
  b: {paths: '*'}
pipelines:
  p:
    apiEndpoints: [a]
    policies:
      - key-auth: [{action: {}}]
      - terminate: [{condition: {name: pathExact, path: /x/no}, action: {statusCode: 410}}]
  q: {apiEndpoints: [b], policies: [proxy: [{action: {serviceEndpoint: two}}]]}
""",
    )
    assert [told(row) for row in found] == [
        "answered | 410 | key-auth | pathExact | GET http://localhost/x/no",
        "proxied | two |  |  | GET http://localhost/",
        "proxied | two | key-auth | not pathExact | GET http://localhost/x/",
    ]


def test_an_endpoint_in_no_pipeline_ends_the_matching(tmp_path: Path) -> None:
    found = rows(
        tmp_path,
        """
apiEndpoints: {a: {paths: /x}, b: {paths: '*'}}
pipelines:
  q: {apiEndpoints: [b], policies: [proxy: [{action: {serviceEndpoint: two}}]]}
""",
    )
    assert [told(row).split(" | ")[0::4] for row in found] == [
        ["no pipeline", "GET http://localhost/x"],
        ["proxied", "GET http://localhost/"],
    ]


def test_who_passes_through_is_a_row_of_its_own(tmp_path: Path) -> None:
    text = simple(
        "  a: {paths: /x, scopes: [read]}\n  b: {host: b.example}",
        """
      - basic-auth: [{action: {passThrough: true}}]
      - terminate: [{condition: {name: anonymous}, action: {statusCode: 401}}]
      - proxy: [{action: {serviceEndpoint: one}}]""",
    )
    found = [told(row) for row in rows(tmp_path, text)][:2]
    assert found == [
        "answered | 401 |  | anonymous | GET http://localhost/x",
        "proxied | one | basic-auth | not anonymous | GET http://localhost/x",
    ]


def test_only_the_request_can_tell_what_an_expression_says_and_it_says_it_once(tmp_path: Path) -> None:
    text = simple(
        "  a: {paths: /x}\n  b: {paths: /y}",
        """
      - key-auth: [{condition: {name: expression, expression: "req.headers.a"}, action: {}}]
      - proxy: [{condition: {name: expression, expression: "req.headers.a"}, action: {serviceEndpoint: one}}]
      - proxy: [{action: {serviceEndpoint: two}}]""",
    )
    assert [told(row) for row in rows(tmp_path, text)][:2] == [
        "proxied | one | key-auth | expression | GET http://localhost/x",
        "proxied | two |  | not expression | GET http://localhost/x",
    ]


def test_a_condition_on_a_step_that_decides_nothing_makes_no_row(tmp_path: Path) -> None:
    text = simple(
        "  a: {paths: /x}\n  b: {paths: /y}",
        """
      - log: [{condition: {name: method, methods: GET}, action: {message: hi}}]
      - proxy: [{action: {serviceEndpoint: one}}]""",
    )
    found = rows(tmp_path, text)
    assert [[step.policy for step in row.possible] for row in found] == [["log"], ["log"], []]


def test_a_changed_url_is_not_what_the_caller_sent(tmp_path: Path) -> None:
    text = simple(
        "  a: {paths: /x}\n  b: {paths: '*'}",
        """
      - expression: [{action: {jscode: "req.url = '/y'"}}]
      - terminate: [{condition: {name: pathExact, path: /y}, action: {statusCode: 410}}]
      - proxy: [{action: {serviceEndpoint: one}}]""",
    )
    found = [row for row in rows(tmp_path, text) if row.route and row.route.path.text == "/x"]
    assert [(row.outcome, [fact.known for fact in row.facts]) for row in found] == [
        ("answered", [False]),
        ("proxied", [False]),
    ]


def test_a_condition_that_assigns_changes_what_later_ones_see(tmp_path: Path) -> None:
    text = simple(
        "  a: {paths: /x}\n  b: {paths: /z}",
        """
      - log: [{condition: {name: expression, expression: "req.url = '/y'"}, action: {message: hi}}]
      - terminate: [{condition: {name: pathExact, path: /x}, action: {statusCode: 410}}]
      - proxy: [{action: {serviceEndpoint: one}}]""",
    )
    found = [row for row in rows(tmp_path, text) if row.route and row.route.path.text == "/x"]
    assert {(row.outcome, fact.known) for row in found for fact in row.facts} == {
        ("answered", False),
        ("proxied", False),
    }


def test_preflights_are_answered_by_cors_or_by_the_methods_of_the_routes(tmp_path: Path) -> None:
    text = simple(
        "  a: {paths: /x}\n  b: {paths: /y, methods: [GET]}",
        """
      - cors: [{action: {}}]
      - key-auth: [{action: {}}]
      - proxy: [{action: {serviceEndpoint: one}}]""",
    )
    assert [told(row) for row in rows(tmp_path, text)] == [
        "answered | 204 |  |  | OPTIONS http://localhost/x",
        "proxied | one | key-auth |  | GET http://localhost/x",
        "proxied | one | key-auth |  | GET http://localhost/y",
        "allow | 200 |  |  | OPTIONS http://localhost/y",
        "no route | 404 |  |  | GET http://localhost/",
    ]


def test_many_conditions_that_nobody_can_tell_end_in_fewer_rows_that_say_so(tmp_path: Path) -> None:
    steps = "".join(
        f"""
      - terminate: [{{condition: {{name: expression, expression: "req.headers.h{number}"}}, action: {{}}}}]
      - key-auth: [{{condition: {{name: expression, expression: "req.headers.k{number}"}}, action: {{}}}}]"""
        for number in range(12)
    )
    text = simple(
        "  a: {paths: /x}\n  b: {paths: /y}", f"{steps}\n      - proxy: [{{action: {{serviceEndpoint: one}}}}]"
    )
    found = rows(tmp_path, text)
    assert len(found) < 2000
    ways = [row for row in found if row.outcome == "proxied"]
    assert any(not row.authentication for row in ways)
    assert any(row.authentication for row in ways)
    assert not all(row.exact for row in ways)


@pytest.mark.parametrize(
    ("pattern", "inside", "outside"),
    [("'^/x'", "/x/1", "/y/x"), ("'y$'", "/x?y", "/x?yz"), ("'\\?q='", "/x?q=", "/x/q=")],
)
def test_a_path_match_is_a_matter_of_the_target_with_its_query(
    tmp_path: Path, pattern: str, inside: str, outside: str
) -> None:
    text = simple(
        "  a: {}\n  b: {paths: /y}",
        f"""
      - terminate: [{{condition: {{name: pathMatch, pattern: {pattern}}}, action: {{statusCode: 410}}}}]
      - proxy: [{{action: {{serviceEndpoint: one}}}}]""",
    )
    answered, proxied, *_ = rows(tmp_path, text)
    assert [any(Request("GET", "h", inside) in part for part in row.requests) for row in (answered, proxied)] == [
        True,
        False,
    ]
    assert [any(Request("GET", "h", outside) in part for part in row.requests) for row in (answered, proxied)] == [
        False,
        True,
    ]


def test_paths_that_begin_otherwise_never_meet() -> None:
    """The look at their beginnings is as good as the automata: it never keeps two apart that share a path."""
    patterns = []
    for row in recorded("strings")["patterns"]:
        with suppress(Untranslatable):
            patterns.append(path_pattern(row["pattern"]))
    for row in recorded("regexes")["patterns"]:
        with suppress(Untranslatable):
            patterns.append(path_regex(row["pattern"]))
    patterns += map(
        path_pattern, ("/a", "/a/", "/a/*", "/a/:b", "/a/:b?", "/a*", "/a/b", "/a/b?", "/:a/b", "/:a/c", "/:a")
    )
    patterns += map(
        path_pattern, ("/a.b", "/:a.b", "/a-:b", "/a+", "/a(b)?", "/(a)?/b", "/a/(b)?/c", "/ab", "/a/bc", "/")
    )
    kept_apart = 0
    for one, other in combinations(patterns, 2):
        if not _may_meet("*", _start(one), "*", _start(other)):
            kept_apart += 1
            with suppress(Beyond):
                assert (paths(one) & paths(other)).empty, (one.text, other.text)
    assert kept_apart > 100


def test_what_has_fallen_through_goes_to_the_first_route_that_takes_it_and_no_other(tmp_path: Path) -> None:
    found = rows(
        tmp_path,
        """
apiEndpoints:
  every: {paths: "*"}
  a: {paths: "/x/*"}
  b: {paths: ["/x/y", "/z"]}
  c: {paths: "/z", methods: [GET]}
pipelines:
  first: {apiEndpoints: [every], policies: [log: [{action: {message: seen}}]]}
  p: {apiEndpoints: [a], policies: [proxy: [{action: {serviceEndpoint: one}}]]}
  q: {apiEndpoints: [b, c], policies: [proxy: [{action: {serviceEndpoint: two}}]]}
""",
    )
    assert [told(row) for row in found] == [
        "proxied | one |  |  | GET http://localhost/x/",
        "proxied | two |  |  | GET http://localhost/z",
        "fell through | 404 |  |  | GET http://localhost/",
    ]
    assert all(row.exact for row in found)
    assert not any(Request("GET", "localhost", "/x/y") in part for part in found[1].requests)
    left = found[-1].requests
    for target, gone in (("/x/y", True), ("/z", True), ("/zz", False), ("/x", False)):
        assert any(Request("POST", "localhost", target) in part for part in left) is not gone


@pytest.mark.parametrize(
    ("script", "condition"),
    [
        ("egContext['re' + 'q'].url = '/z'", "{name: pathExact, path: /z}"),
        ("Object.values(egContext).forEach(v => { v.url = '/z' })", "{name: pathExact, path: /z}"),
        ("var e = egContext; e['r' + 'eq'].method = 'POST'", "{name: method, methods: POST}"),
        ("req.headers.host >>= 'z'", "{name: hostMatch, pattern: '0'}"),
        ("req.user = {id: 1}", "{name: authenticated}"),
    ],
)
def test_a_script_that_may_change_a_request_leaves_open_what_conditions_say(
    tmp_path: Path, script: str, condition: str
) -> None:
    text = """
apiEndpoints: {a: {host: h, paths: /a, methods: GET}}
pipelines:
  p:
    apiEndpoints: [a]
    policies:
      - expression: [{action: {jscode: "%s"}}]
      - proxy: [{condition: %s, action: {serviceEndpoint: one}}]
"""
    found = rows(tmp_path, text % (script, condition))
    assert any(row.outcome == "proxied" for row in found)


def test_a_condition_that_sets_the_user_leaves_open_who_is_calling(tmp_path: Path) -> None:
    found = rows(
        tmp_path,
        """
apiEndpoints: {a: {paths: /a}}
pipelines:
  p:
    apiEndpoints: [a]
    policies:
      - terminate:
          - {condition: {name: expression, expression: "(req.user = {id: 1}) === 5"}, action: {statusCode: 418}}
      - proxy: [{condition: {name: authenticated}, action: {serviceEndpoint: one}}]
""",
    )
    assert any(row.outcome == "proxied" and not row.authentication for row in found)
