"""RT102: when `*` before a named host takes its requests, and when that is how one writes it."""

import pytest

from egc.compiler.diagnostics import Diagnostic
from tests.lint.configurations import found

REST = """
serviceEndpoints:
  s: {url: 'http://localhost:3000'}
  t: {url: 'http://localhost:3001'}
policies: [proxy]
pipelines:
  any:
    apiEndpoints: [any]
    policies: [{proxy: {action: {serviceEndpoint: s}}}]
  own:
    apiEndpoints: [own]
    policies: [{proxy: {action: {serviceEndpoint: t}}}]
"""


def told(first: str, second: str) -> list[Diagnostic]:
    return found("wildcard-host-first", f"apiEndpoints:\n  {first}\n  {second}\n{REST}")


@pytest.mark.parametrize("host", ["host: '*', ", "", "host: '', "])
def test_all_that_is_lost_to_any_host_is_an_error(host: str) -> None:
    (one,) = told(f"any: {{{host}paths: /x}}", "own: {host: b.example, paths: /x}")
    assert (one.severity, one.span.line) == ("error", 3)
    assert one.witness == "GET http://b.example/x -> endpoint `any`, pipeline `any`"


def test_a_part_that_is_lost_is_a_warning() -> None:
    (one,) = told("any: {paths: '/x*'}", "own: {host: '*.b.example', paths: '/:a'}")
    assert (one.severity, one.witness) == (
        "warning",
        "GET http://a.b.example/x -> endpoint `any`, pipeline `any`",
    )


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("own: {host: b.example, paths: /x}", "any: {paths: /x}"),
        ("any: {paths: /x}", "own: {host: b.example, paths: /y}"),
        ("any: {paths: /health}", "own: {host: b.example, paths: '/*'}"),
        ("any: {paths: /x, methods: [GET]}", "own: {host: b.example, paths: /x, methods: [POST]}"),
        ("any: {paths: /x}", "own: {host: b.example, paths: '/x/*'}"),
    ],
)
def test_named_hosts_first_exceptions_and_other_requests_are_fine(first: str, second: str) -> None:
    assert told(first, second) == []
