"""OB401: what of a request is a credential, and when it is text."""

import pytest

from egc.compiler.diagnostics import Diagnostic
from tests.lint.configurations import found
from tests.lint.proxied import proxied

NAME = "log-leaks-secret"
KEYS = "key-auth: {action: {disableQueryParam: true}}"


def logged(message: str, *before: str) -> list[Diagnostic]:
    return found(NAME, proxied(*(before or (KEYS,)), f'log: {{action: {{message: "{message}"}}}}'))


@pytest.mark.parametrize(
    ("message", "what"),
    [
        ("${req.headers.authorization}", "the header `authorization`"),
        ("a ${req.headers['Cookie']} b", "the header `Cookie`"),
        ("${egContext.req.headers.authorization}", "the header `authorization`"),
        ("${req.get('Authorization')}", "the header `Authorization`"),
        ("${req.headers.authorization.slice(7)}", "the header `authorization`"),
        ("${JSON.stringify(req.headers)}", "all headers"),
        ("${JSON.stringify(req.body)}", "the whole body"),
        ("${JSON.stringify({q: req.query})}", "the whole query"),
        ("${req.headers.authorization || 'none'}", "the header `authorization`"),
        ("${req.ip ? req.headers.cookie : ''}", "the header `cookie`"),
        ("${req.query.access_token}", "`access_token` of the query"),
        ("${req.body.user.password}", "`password` of the body"),
    ],
)
def test_a_credential(message: str, what: str) -> None:
    assert [one.message for one in logged(message)] == [f"this logs {what}"]


@pytest.mark.parametrize(
    "message",
    [
        "plain text",
        "${req.method} ${req.originalUrl} ${req.url}",
        "${req.headers} ${req.body} ${req}",
        "${req.headers.host} ${req.headers['user-agent']}",
        "${consumer.id} ${req.user.username}",
        "${req.headers.authorization ? 'with' : 'without'}",
        "${typeof req.headers.cookie} ${!!req.headers.cookie}",
        "${req.headers.authorization === undefined}",
        "${req.headers.authorization && 'with'} ${req.headers.cookie.length}",
        "${req.headers.authorization.startsWith('Bearer')}",
        "${req.query.page} ${req.body.title}",
        "${req.get('Host')}",
    ],
)
def test_no_credential(message: str) -> None:
    assert [one.message for one in logged(message)] == []


def test_a_url_where_keys_are_taken_from_the_query() -> None:
    (one,) = logged("${req.originalUrl}", "key-auth:")
    assert one.related[0].span.line == 12
    assert logged("${req.path}", "key-auth:") == []


def test_a_message_that_tells_the_query_twice_is_told_once() -> None:
    (one,) = logged("${req.originalUrl} is ${req.url}", "key-auth:")
    assert one.span.column < 50


def test_what_a_script_writes_with_console() -> None:
    step = 'expression: {action: {jscode: "console.log(req.headers); req.user = req.headers.authorization"}}'
    assert [one.message for one in found(NAME, proxied(KEYS, step))] == ["this logs all headers"]
