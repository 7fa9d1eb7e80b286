"""The terminate policy (D321-D323): a fixed answer, with an entity tag."""

import pytest

from egc.runtime.exchange import Exchange
from egc.runtime.headers import Headers
from egc.runtime.policies.terminate import Terminate


def answered(step: Terminate, *fields: tuple[bytes, bytes], method: str = "GET") -> tuple[int, bytes, Headers]:
    """What the step answers."""
    answer = step(Exchange(method, "/", list(fields), "h", "http", "127.0.0.1"))
    return answer.status, answer.body, answer.headers


def test_defaults() -> None:
    """400, `Terminated`, as HTML (D321)."""
    status, body, headers = answered(Terminate())
    assert (status, body) == (400, b"Terminated")
    assert (b"content-type", b"text/html; charset=utf-8") in headers


def test_message_is_literal() -> None:
    """Nothing in it is evaluated (D322)."""
    assert answered(Terminate(status_code=200, message="${7*7} {{7*7}} \u00e9"))[1] == "${7*7} {{7*7}} \u00e9".encode()


@pytest.mark.parametrize("status", [204, 304])
def test_without_body(status: int) -> None:
    """204 and 304 have none (D323)."""
    assert answered(Terminate(status_code=status, message="x"))[1] == b""


def test_entity_tag() -> None:
    """A caller that has it already gets 304, unless it asks for a fresh one or the answer is no success (D323)."""
    step = Terminate(status_code=200, message="hello")
    tag = dict(answered(step)[2])[b"etag"]
    assert tag.startswith(b'W/"5-')
    for known in (tag, tag.removeprefix(b"W/"), b'"x", ' + tag, b"*"):
        assert answered(step, (b"if-none-match", known))[0] == 304
        assert answered(step, (b"if-none-match", known), method="HEAD")[0] == 304
        assert answered(step, (b"if-none-match", known), method="POST")[0] == 200
    assert answered(step, (b"if-none-match", b'"other"'))[0] == 200
    assert answered(step, (b"if-none-match", tag), (b"cache-control", b"no-cache"))[0] == 200
    assert answered(Terminate(message="hello"), (b"if-none-match", tag))[0] == 400
