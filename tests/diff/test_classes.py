"""Each change has its class, its places and a request that shows it."""

from pathlib import Path

import pytest

from tests import large
from tests.diff.configurations import BASE, difference, only, replaced

Edit = tuple[str, str]

ONE = {
    "limit raised": (("max: 10", "max: 20"), "limit-changed", "weaker", "GET http://api.example.com/orders", (15, 15)),
    "limit lowered": (
        *(("max: 10", "max: 9"), "limit-changed", "breaking stronger"),
        *("GET http://api.example.com/orders", (15, 15)),
    ),
    "limit off": (("max: 10", "max: 0"), "limit-changed", "weaker", "GET http://api.example.com/orders", (15, 15)),
    "authentication gone": (
        *(("      - key-auth:\n", ""), "authentication-removed", "weaker"),
        *("GET http://api.example.com/orders", (14, 11)),
    ),
    "scope added": (
        *(("scopes: [read]", "scopes: [read, write]"), "scopes-changed", "breaking stronger"),
        *("GET http://api.example.com/orders", (3, 3)),
    ),
    "scope gone": (
        *((", scopes: [read]", ""), "scopes-changed", "weaker", "GET http://api.example.com/orders", (3, 3)),
    ),
    "time-out": (
        *(("proxyTimeout: 5000", "proxyTimeout: 100"), "proxy-changed", "breaking"),
        *("GET http://api.example.com/orders", (16, 16)),
    ),
    "service elsewhere": (
        *(("http://shop:8000", "http://shop:9000"), "service-moved", "neutral"),
        *("GET http://api.example.com/orders", (7, 7)),
    ),
    "another service": (
        *(("{serviceEndpoint: shop,", "{serviceEndpoint: bill,"), "re-routed", "breaking weaker"),
        *("GET http://api.example.com/orders", (16, 16)),
    ),
    "another status": (
        *(
            ("statusCode: 200", "statusCode: 503"),
            "answer-changed",
            "breaking",
            "GET http://localhost/health",
            (26, 26),
        ),
    ),
    "a port": (("port: 8080", "port: 8081"), "listener-changed", "breaking", "", (1, 1)),
    "headers": (
        *(("      - key-auth:\n", "      - key-auth:\n      - headers: {action: {forwardHeaders: {x: 1}}}\n"),),
        *("headers-added", "neutral", "GET http://api.example.com/orders", (11, 15)),
    ),
}


@pytest.mark.parametrize("name", ONE)
def test_a_change_has_its_class_its_places_and_its_witness(name: str, tmp_path: Path) -> None:
    edit, kind, classes, witness, lines = ONE[name]
    change = next(each for each in difference(tmp_path, BASE, replaced(edit)).changes if each.delta.kind == kind)
    assert " ".join(change.delta.classes) == classes
    assert change.witness == witness
    assert change.certain
    places = (change.delta.before, change.delta.after)
    assert tuple(place.line if place else 0 for place in places) == lines


def test_authentication_that_is_added_is_breaking_and_stronger(tmp_path: Path) -> None:
    found = difference(tmp_path, replaced(("      - key-auth:\n", "")), BASE)
    assert only(found).delta.classes == ("breaking", "stronger")
    assert found.fails(["stronger"])
    assert not found.fails(["weaker"])


def test_an_endpoint_that_is_added_opens_a_way_and_one_that_is_gone_breaks_one(tmp_path: Path) -> None:
    more = replaced(
        ("  health: {paths: /health}", "  health: {paths: /health}\n  new: {paths: /new}"),
        ("[billing]", "[billing, new]"),
    )
    added = [change for change in difference(tmp_path, BASE, more).changes if change.delta.kind == "added"]
    assert {change.delta.classes for change in added} == {("weaker",)}
    assert {change.witness for change in added} == {"GET http://localhost/new"}
    gone = [change for change in difference(tmp_path / "back", more, BASE).changes if change.delta.kind == "removed"]
    assert {change.delta.classes for change in gone} == {("breaking",)}


def test_a_condition_that_narrows_shows_a_request_of_those_that_are_refused_now(tmp_path: Path) -> None:
    after = replaced(("'^/billing/internal'", "'^/billing/(secret|internal)'"))
    for change in difference(tmp_path, BASE, after).changes:
        assert change.witness.endswith("/billing/secret")
        assert change.now == "403 by terminate"
        assert change.delta.classes == ("breaking",)


def test_an_expression_that_differs_may_be_weaker_and_may_break(tmp_path: Path) -> None:
    found = difference(tmp_path, BASE, replaced(("req.query.x == 1", "req.query.x == 2")))
    assert {name for change in found.changes for name in change.delta.classes} >= {"weaker", "breaking"}
    assert not any(change.certain for change in found.changes)


def test_an_endpoint_in_front_of_others_takes_their_requests(tmp_path: Path) -> None:
    after = replaced(
        ("  orders: {host", "  all: {host: api.example.com, paths: '/*'}\n  orders: {host"),
        ("[billing]", "[billing, all]"),
    )
    found = difference(tmp_path, BASE, after)
    assert any("`bill`" in change.delta.message and "`shop`" in change.delta.message for change in found.changes)


def test_the_order_of_endpoints_that_meet_is_a_difference(tmp_path: Path) -> None:
    one = replaced(
        ("  billing: {paths: '/billing/*'}", "  billing: {paths: '/billing/*'}\n  bills: {paths: '/b*'}"),
        ("[health]", "[health, bills]"),
    )
    other = replaced(
        ("  billing: {paths: '/billing/*'}", "  bills: {paths: '/b*'}\n  billing: {paths: '/billing/*'}"),
        ("[health]", "[health, bills]"),
    )
    assert difference(tmp_path, one, other).changes


def test_a_counter_that_is_split_is_weaker(tmp_path: Path) -> None:
    limit = "      - rate-limit: {action: {max: 1, delayMs: 0}}\n      - proxy: {action: {serviceEndpoint: shop}}\n"
    head = (
        "apiEndpoints: {a: {paths: /a}, b: {paths: /b}}\nserviceEndpoints: {shop: {url: 'http://s'}}\n"
        "policies: [rate-limit, proxy]\npipelines:\n"
    )
    one = f"{head}  p:\n    apiEndpoints: [a, b]\n    policies:\n{limit}"
    two = (
        f"{head}  p:\n    apiEndpoints: [a]\n    policies:\n{limit}  q:\n    apiEndpoints: [b]\n    policies:\n{limit}"
    )
    assert {change.delta.classes for change in difference(tmp_path, one, two).changes} == {("weaker",)}
    assert {change.delta.classes for change in difference(tmp_path / "back", two, one).changes} == {
        ("breaking", "stronger")
    }


SYSTEM = "oauth2: {grants: [authorization_code, refresh_token]}\naccessTokens: {timeToExpiry: 1000}\n"
OAUTH2 = BASE.replace("policies: [", "policies: [oauth2, ")


@pytest.mark.parametrize(
    ("edit", "classes"),
    [
        (("refresh_token", "refresh_token, password"), ("weaker",)),
        ((", refresh_token", ""), ("breaking", "stronger")),
        (("1000", "2000"), ("weaker",)),
        (("1000", "500"), ("stronger",)),
    ],
)
def test_grants_and_lifetimes(edit: Edit, classes: tuple[str, ...], tmp_path: Path) -> None:
    after = SYSTEM.replace(*edit)
    found = difference(tmp_path, OAUTH2, OAUTH2, systems=(SYSTEM, after))
    assert only(found).delta.classes == classes
    assert only(found).delta.after is not None


def test_options_with_other_methods_in_allow(tmp_path: Path) -> None:
    found = difference(tmp_path, BASE, replaced(("methods: [GET, POST]", "methods: [POST, GET]")))
    assert only(found).witness.startswith("OPTIONS ")


ANSWERING = "      - expression: {action: {jscode: \"res.status(418).send('tea')\"}}\n"


def test_behind_a_script_that_may_answer_nothing_is_certain(tmp_path: Path) -> None:
    """Perhaps it answers every request, and nobody ever sees what comes behind it."""
    health = ("      - terminate: {action: {statusCode: 200,", "      - terminate: {action: {statusCode: 503,")
    behind = ("    apiEndpoints: [health]\n    policies:\n", f"    apiEndpoints: [health]\n    policies:\n{ANSWERING}")
    assert only(difference(tmp_path, BASE, replaced(health))).certain
    assert not only(difference(tmp_path / "behind", replaced(behind), replaced(behind, health))).certain


def test_a_request_that_such_a_script_never_sees_is_the_witness_where_there_is_one(tmp_path: Path) -> None:
    asked = ANSWERING.replace("{action", "{condition: {name: pathMatch, pattern: '^/h'}, action")
    behind = ("    apiEndpoints: [health]\n    policies:\n", f"    apiEndpoints: [health]\n    policies:\n{asked}")
    health = ("      - terminate: {action: {statusCode: 200,", "      - terminate: {action: {statusCode: 503,")
    change = only(difference(tmp_path, replaced(behind), replaced(behind, health)))
    assert change.certain
    assert change.witness == "GET http://localhost/Health"


def test_what_falls_through_a_catch_all_in_front_of_many_routes_has_the_plainest_witness(tmp_path: Path) -> None:
    """It is too much to be cut by each route, but a request that is in no other row is known to fall through."""
    before = large.gateway(40)
    after = before
    for head, more in (
        ("apiEndpoints:\n", "  first: {paths: '*'}\n"),
        ("policies:\n", "  - log\n"),
        ("pipelines:\n", "  first: {apiEndpoints: [first], policies: [{log: {action: {message: seen}}}]}\n"),
    ):
        after = after.replace(f"\n{head}", f"\n{head}{more}", 1)
    changes = difference(tmp_path, before, after).changes
    assert "GET http://localhost/" in [change.witness for change in changes]
    assert {change.delta.kind for change in changes} == {"log-added"}


WANDERING = """\
http: {port: 1}
apiEndpoints:
  taken: {paths: /b}
  wanders: {paths: /a}
  hidden: {paths: /b}
serviceEndpoints: {s: {url: 'http://s'}}
policies: [log, proxy, terminate]
pipelines:
  taken: {apiEndpoints: [taken], policies: [{terminate: {action: {statusCode: 410}}}]}
  wanders: {apiEndpoints: [wanders], policies: [{log: {STEP}}]}
  hidden: {apiEndpoints: [hidden], policies: [{proxy: {action: {serviceEndpoint: s, proxyTimeout: 5000}}}]}
"""


@pytest.mark.parametrize(
    "step",
    [
        "action: {message: \"${req.url = '/b'}\"}",
        "condition: {name: expression, expression: \"req.url = '/b'\"}, action: {message: seen}",
    ],
    ids=["message", "condition"],
)
def test_a_route_that_only_a_script_leads_to_is_compared(step: str, tmp_path: Path) -> None:
    before = WANDERING.replace("STEP", step)
    found = difference(tmp_path, before, before.replace("5000", "100"))
    assert "GET http://localhost/a" in [
        change.witness for change in found.changes if change.delta.kind == "proxy-changed"
    ]


def test_what_a_script_leads_by_a_route_falls_through_though_that_answers_all_that_it_takes(tmp_path: Path) -> None:
    text = WANDERING.replace("{STEP}", "{action: {message: \"${req.url = '/c'}\"}}")
    text = text.replace("  taken: {paths: /b}\n", "").replace("  hidden: {paths: /b}", "  taken: {paths: /b}")
    before = "".join(line for line in text.splitlines(keepends=True) if not line.startswith("  hidden:"))
    after = before.replace("wanders: {paths: /a}", "wanders: {paths: '*'}")
    assert ("410 by terminate", "log, then 404 (no step answers)") in [
        (change.was, change.now) for change in difference(tmp_path, before, after).changes
    ]
