"""SC117: who may fill the headers that a service believes."""

import pytest

from tests.lint.configurations import found
from tests.lint.pipelines import KEY_AUTH, PROXY, pipeline

NAME = "identity-header-not-stripped"
SET = "- request-transformer: {action: {headers: {add: {X-User: consumer.username}}}}\n"
TWO = "orders: {host: api.example.com, paths: '/orders*'}"
PUBLIC = "  catalogue: {host: api.example.com, paths: '/catalogue*', public: true}\n"


def beside(steps: str, other: str) -> str:
    """Two pipelines to services; `other` is that of the public endpoint."""
    text = pipeline(steps, service="backend: {url: 'http://localhost:3000'}\nstatic: {url: 'http://localhost:3001'}")
    text = text.replace("serviceEndpoints:\n", f"{PUBLIC}serviceEndpoints:\n", 1)
    lines = "".join(f"      {line}\n" for line in other.rstrip("\n").split("\n"))
    return f"{text}  open:\n    apiEndpoints: [catalogue]\n    policies:\n{lines}"


def test_the_other_way_to_the_service_is_found_and_mended() -> None:
    (one,) = found(NAME, beside(KEY_AUTH + SET + PROXY, PROXY))
    assert one.span.line == 19
    assert one.confidence == "heuristic"
    assert one.fix is not None
    assert one.fix.safe
    assert "remove: ['x-user']" in one.fix.edits[0].text


@pytest.mark.parametrize(
    "other",
    [
        "- request-transformer: {action: {headers: {remove: [x-user]}}}\n" + PROXY,
        "- request-transformer: {action: {headers: {add: {x-user: \"'nobody'\"}}}}\n" + PROXY,
        "- proxy: {action: {serviceEndpoint: static}}\n",
        "- proxy: {action: {serviceEndpoint: backend, headers: {X-User: nobody}}}\n",
        KEY_AUTH + "- expression: {action: {jscode: \"req.headers['x-user'] = consumer.id\"}}\n" + PROXY,
        KEY_AUTH + SET.replace("{action", "{condition: {name: authenticated}, action") + PROXY,
        "- terminate: {action: {statusCode: 204}}\n",
    ],
)
def test_where_it_does_not_come_from_the_caller_all_is_fine(other: str) -> None:
    assert found(NAME, beside(KEY_AUTH + SET + PROXY, other)) == []


def test_headers_that_say_nothing_of_the_caller_are_fine() -> None:
    step = "- request-transformer: {action: {headers: {add: {x-version: \"'2'\", x-path: req.path}}}}\n"
    assert found(NAME, beside(KEY_AUTH + step + PROXY, PROXY)) == []


def test_a_header_that_a_script_reads_stays_and_that_is_proven() -> None:
    some = SET.replace("{action", "{condition: {name: authenticated}, action")
    reads = "- log: {action: {message: \"${req.headers['x-user']}\"}}\n"
    passing = KEY_AUTH.replace("}}", ", passThrough: true}}")
    (one,) = found(NAME, pipeline(passing + some + reads + PROXY))
    assert (one.severity, one.confidence) == ("error", "proven")
    assert found(NAME, pipeline(passing + some + PROXY)) == []


def test_a_pipeline_that_nobody_reaches_is_not_looked_at() -> None:
    text = beside(KEY_AUTH + SET + PROXY, PROXY).replace("apiEndpoints: [catalogue]", "apiEndpoints: []")
    assert found(NAME, text) == []
