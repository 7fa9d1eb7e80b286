"""RT103: overlaps that only the order decides, and orders that say what they mean."""

import pytest

from tests.lint.configurations import found

REST = """
serviceEndpoints:
  s: {url: 'http://localhost:3000'}
  t: {url: 'http://localhost:3001'}
policies: [proxy]
pipelines:
  first:
    apiEndpoints: [first]
    policies: [{proxy: {action: {serviceEndpoint: s}}}]
  second:
    apiEndpoints: [second]
    policies: [{proxy: {action: {serviceEndpoint: t}}}]
"""


def told(first: str, second: str, rest: str = REST) -> list[str]:
    text = f"apiEndpoints:\n  first: {{{first}}}\n  second: {{{second}}}\n{rest}"
    return [one.witness.partition(" -> ")[0] for one in found("overlapping-endpoints", text)]


@pytest.mark.parametrize(
    ("first", "second", "witness"),
    [
        ("paths: '/a/:x'", "paths: '/:y/b'", "GET http://localhost/a/b"),
        ("paths: '/a/*', methods: [GET]", "paths: /a/b", "GET http://localhost/a/b"),
        ("host: '*.example.com', paths: /a", "host: 'api.*.com', paths: /a", "GET http://api.example.com/a"),
        ("pathRegex: '^/a.*z$'", "paths: '/*b/z'", "GET http://localhost/ab/z"),
    ],
)
def test_a_request_of_both_is_shown(first: str, second: str, witness: str) -> None:
    assert told(first, second) == [witness]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("paths: /a/b", "paths: '/a/*'"),
        ("paths: /a/b", "paths: '/a/*', methods: [GET]"),
        ("paths: /a", "paths: '/a/*'"),
        ("paths: '/a/*'", "paths: /a"),
        ("host: b.example, paths: '/*'", "paths: /x"),
        ("paths: /a, methods: [GET]", "paths: /a, methods: [POST]"),
        ("paths: '/a/:x'", "paths: '/:y/b/c'"),
        ("pathRegex: '/api/auth.*'", "pathRegex: '/api/user.*'"),
        ("paths: '*'", "paths: /a"),
        ("paths: '*/favicon.ico'", "paths: '/a/*'"),
    ],
)
def test_exceptions_first_and_what_other_rules_tell_are_fine(first: str, second: str) -> None:
    assert told(first, second) == []


def test_it_makes_no_difference_within_one_pipeline() -> None:
    one = REST.replace("[first]", "[first, second]").replace("apiEndpoints: [second]", "apiEndpoints: []")
    assert told("paths: '/a/:x'", "paths: '/:y/b'", one) == []
    scoped = "paths: '/:y/b', scopes: [admin]"
    assert told("paths: '/a/:x'", scoped, one) == ["GET http://localhost/a/b"]


def test_one_endpoint_that_takes_a_part_of_several_is_told_once() -> None:
    text = "apiEndpoints:\n  first: {paths: '/a/:x'}\n  b: {paths: '/:y/b'}\n  c: {paths: '/:y/c'}\n"
    (one,) = found("overlapping-endpoints", text + REST.replace("[second]", "[b, c]"))
    assert (one.span.line, [related.span.line for related in one.related]) == (3, [2, 4])
    assert one.message.endswith("gets them, and of 1 more endpoint")
