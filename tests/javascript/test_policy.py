"""The policy expression, and scripts elsewhere, as a gateway carries them out (D209-D211, D334-D340, D423, D433)."""

from pathlib import Path

import pytest

from egc.runtime import javascript as js
from egc.runtime.exchange import Answer, Answered
from egc.runtime.policies.expression import RunExpression
from tests.callers import ask, get
from tests.gateways import gateway, in_front_of
from tests.javascript.running import compiled, exchange
from tests.upstreams import Upstream


def policy(jscode: str) -> RunExpression:
    return RunExpression(jscode=compiled(jscode, "program"))


def test_a_script_that_changes_things_lets_the_pipeline_go_on() -> None:
    """D209"""
    x = exchange()
    assert policy("req.url = '/x'; 'ignored'")(x) is None
    assert x.url == "/x"


def test_an_answer_is_the_policys() -> None:
    """D211, D423"""
    answer = policy("res.status(403).send('no')")(exchange())
    assert isinstance(answer, Answer)
    assert (answer.status, answer.body) == (403, b"no")


def test_an_answer_of_any_other_script_ends_the_request() -> None:
    """D335-D339, D423"""
    with pytest.raises(Answered) as found:
        compiled("res.json({a: 1})")(exchange())
    assert found.value.answer.body == b'{"a":1}'


def test_an_exception_is_the_gateways_to_answer() -> None:
    """D210"""
    with pytest.raises(js.JSError):
        policy("null.x")(exchange())


def test_headers_that_a_script_sets_stay_on_later_answers() -> None:
    """D455"""
    x = exchange()
    policy("res.setHeader('X-A', '1'); res.set('X-B', ['2', 3])")(x)
    assert x.response_headers == [(b"x-a", b"1"), (b"x-b", b"2"), (b"x-b", b"3")]


@pytest.mark.parametrize(
    "jscode",
    [
        "res.set('x-a', 'a\\r\\nset-cookie: b')",
        "res.setHeader('x a', 'b')",
        "res.setHeader('x-a', undefined)",
        "res.setHeader('x-a', '\\u20ac')",
        "res.redirect('/a\\r\\nb')  || res.setHeader('x', 'a\\n')",
        "res.status(99).send('x')",
        "res.status('none').send('x')",
        "res.status(1000).end()",
        "res.send('a'); res.send('b')",
        "res.send('a'); res.setHeader('x', 'y')",
        "res.end({})",
    ],
)
def test_what_cannot_be_sent_is_an_error(jscode: str) -> None:
    """D303"""
    with pytest.raises(js.JSError):
        policy(jscode)(exchange())


def test_a_location_is_encoded() -> None:
    x = exchange()
    policy("res.redirect('/a\\r\\nb\\u20ac?c=%41%zz')")(x)
    assert (b"location", b"/a%0D%0Ab%E2%82%AC?c=%41%25zz") in x.response_headers


@pytest.mark.slow
def test_an_answer_keeps_the_request_from_the_service_and_an_exception_tells_nothing(
    tmp_path: Path,
) -> None:
    """D211, D380, D423, D433: a denial denies; a 500 has no stack"""
    with Upstream() as upstream:
        module = in_front_of(
            upstream.port,
            more="""
            from egc.runtime import javascript as js
            from egc.runtime.policies.expression import RunExpression

            def denied(x: Exchange) -> None:
                js.call(js.call(js.response(x), "status", 403), "send", "no")
                js.finish(x)

            def broken(x: Exchange) -> None:
                js.get(js.UNDEFINED, "secret")

            def in_a_condition(x: Exchange) -> Outcome:
                denied(x)
                return step(x)

            def deny(x: Exchange) -> Outcome:
                return RunExpression(jscode=denied)(x) or step(x)

            def fail(x: Exchange) -> Outcome:
                return RunExpression(jscode=broken)(x) or step(x)

            routes += [
                Route(ANY, "/denied", ANY, api, deny),
                Route(ANY, "/condition", ANY, api, in_a_condition),
                Route(ANY, "/broken", ANY, api, fail),
            ]
            """,
        )
        with gateway(tmp_path, module) as running:
            answers = [ask(running.port, get(path)) for path in ("/denied", "/condition", "/broken")]
    assert [(answer.status, answer.body) for answer in answers] == [
        (403, b"no"),
        (403, b"no"),
        (500, b"Internal Server Error"),
    ]
    assert [request.target for request in upstream.requests if request.target != "/"] == []
