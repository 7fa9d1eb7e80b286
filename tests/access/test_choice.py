"""Which classes of requests are shown: those of a service, of an endpoint, those that nobody has to be anybody for."""

import json
from typing import Any

from tests.access.conftest import Access

PASSING = """\
apiEndpoints:
  api: {paths: '/api'}
serviceEndpoints:
  inner: {url: 'http://localhost:3000'}
policies: [key-auth, proxy]
pipelines:
  main:
    apiEndpoints: [api]
    policies:
      - key-auth: {action: {passThrough: true}}
      - proxy: {action: {serviceEndpoint: inner}}
"""

CHECKED = PASSING.replace(
    "- proxy: {action: {serviceEndpoint: inner}}",
    "- proxy: {condition: {name: authenticated}, action: {serviceEndpoint: inner}}",
)

PREFLIGHT = PASSING.replace("key-auth, proxy", "cors, terminate, key-auth, proxy").replace(
    "- key-auth: {action: {passThrough: true}}", "- cors:\n      - key-auth:"
)

CERTIFIED = PASSING.replace("{action: {passThrough: true}}", "{condition: %}").replace(
    "%", "{name: not, condition: {name: tlsClientAuthenticated}}"
)


def rows(access: Access, *arguments: str, **files: str) -> list[dict[str, Any]]:
    """The classes of requests that are shown."""
    result = access("--format", "json", *arguments, **files)
    assert result.code == 0
    found: list[dict[str, Any]] = json.loads(result.out)["accesses"]
    return found


def reached(found: list[dict[str, Any]]) -> list[str]:
    return [row["upstream"]["service"] for row in found if row["upstream"]]


def test_only_what_reaches_a_service(access: Access) -> None:
    found = rows(access, "--upstream", "billing")
    assert {row["endpoint"]["name"] for row in found} == {"invoices", "admin"}
    assert set(reached(found)) == {"billing"}
    both = rows(access, "--upstream", "billing", "--upstream", "catalogue")
    assert {row["endpoint"]["name"] for row in both} == {"invoices", "admin", "prices"}


def test_only_what_belongs_to_an_endpoint(access: Access) -> None:
    assert [row["outcome"] for row in rows(access, "--endpoint", "lost")] == ["no pipeline"]


def test_an_unknown_name_is_a_usage_error_that_says_what_was_meant(access: Access) -> None:
    result = access("--upstream", "biling")
    assert (result.code, result.out) == (2, "")
    assert "there is no serviceEndpoint `biling`; did you mean `billing`?" in result.err
    assert access("--endpoint", "pricess").code == 2


def test_only_what_nobody_asks_for(access: Access) -> None:
    assert reached(rows(access, "--unauthenticated")) == ["catalogue"]


def test_pass_through_lets_nobody_in_as_somebody(access: Access) -> None:
    assert reached(rows(access, "--unauthenticated", gateway=PASSING)) == ["inner"]
    assert [row["authenticated"] for row in rows(access, "--upstream", "inner", gateway=PASSING)] == [False, True]


def test_pass_through_that_is_checked_later_is_authentication(access: Access) -> None:
    assert rows(access, "--unauthenticated", gateway=CHECKED) == []
    assert reached(rows(access, gateway=CHECKED)) == ["inner"]


def test_a_preflight_comes_to_something_but_reaches_no_service(access: Access) -> None:
    found = rows(access, "--unauthenticated", gateway=PREFLIGHT)
    assert [(row["methods"], row["outcome"], row["upstream"]) for row in found] == [(["OPTIONS"], "answered", None)]


def test_a_tls_certificate_is_authentication(access: Access) -> None:
    found = rows(access, "--upstream", "inner", gateway=CERTIFIED)
    assert {tuple(proof["policy"] for proof in row["authentication"]) for row in found} == {
        ("TLS certificate",),
        ("key-auth",),
    }
    assert rows(access, "--unauthenticated", gateway=CERTIFIED) == []


def test_404_is_nothing_that_anybody_gets(access: Access) -> None:
    assert "no route" not in {row["outcome"] for row in rows(access, "--unauthenticated")}
