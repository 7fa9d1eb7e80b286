"""What request-transformer, headers and json-schema make of a request."""

import gzip
import json
import tracemalloc
import zlib
from typing import Any

import pytest

from egc.runtime import bodies
from egc.runtime.conditions.json_schema import JsonSchema
from egc.runtime.env import Misconfigured
from egc.runtime.errors import Refused
from egc.runtime.exchange import BODY_LIMIT, Exchange
from egc.runtime.javascript import UNDEFINED, JSError, Value
from egc.runtime.json_schema import Schema
from egc.runtime.policies.headers import Headers
from egc.runtime.policies.log import Log
from egc.runtime.policies.request_transformer import RequestTransformer
from tests.transform.exchanges import FORM, JSON, request, run

ORDER = Schema(
    {
        "type": "object",
        "properties": {"item": {"type": "string"}, "count": {"type": "integer", "minimum": 1, "default": 1}},
        "required": ("item",),
    }
)


def throws(x: Exchange) -> Value:
    raise JSError("thrown")


def undefined(x: Exchange) -> Value:
    return UNDEFINED


def transformed(x: Exchange, **changes: Any) -> Exchange:
    """The request behind a request-transformer."""
    run(RequestTransformer(**changes)(x))
    return x


def refusal(x: Exchange, **changes: Any) -> Refused:
    """How a request-transformer refuses it."""
    with pytest.raises(Refused) as refused:
        transformed(x, **(changes or {"body": {"remove": ["a"]}}))
    return refused.value


def values(x: Exchange, name: bytes) -> list[bytes]:
    return [value for key, value in x.headers if key == name]


# ---- Headers


def test_headers_are_added_then_removed_whatever_their_case() -> None:
    """D306, D421, D432; the caller's own field of the name is replaced, all lines of it."""
    x = request(b"", (b"x-user", b"mallory"), (b"x-user", b"again"), (b"x-del", b"1"))
    transformed(x, headers={"add": {"X-User": lambda x: "ada", "x-both": "b"}, "remove": ["X-Del", "X-BOTH"]})
    assert (values(x, b"x-user"), values(x, b"x-del"), values(x, b"x-both")) == ([b"ada"], [], [])


def test_a_later_script_sees_what_an_earlier_one_has_set() -> None:
    """D306: in the order of the file."""
    x = request()
    transformed(x, headers={"add": {"x-a": "1", "x-b": lambda x: (x.header(b"x-a") or b"?").decode() + "2"}})
    assert values(x, b"x-b") == [b"12"]


@pytest.mark.parametrize("script", [throws, undefined])
def test_a_header_without_value_fails_the_request(script: Any) -> None:
    """D314: undefined as well as an exception."""
    with pytest.raises(JSError):
        transformed(request(), headers={"add": {"x-a": script}})


def test_what_the_caller_names_in_connection_is_not_taken_from_a_step() -> None:
    """D421: a header that the gateway sets reaches the service, whatever the caller declares hop-by-hop."""
    x = request()
    x.connection_fields = frozenset((b"x-user",))
    transformed(x, headers={"add": {"x-user": "ada"}})
    assert b"x-user" not in x.connection_fields


def test_forget_takes_the_twins_along() -> None:
    """D422: some servers read `x_user` as `x-user`."""
    x = request(b"", (b"x-user", b"1"), (b"x_user", b"2"), (b"x-user-id", b"3"))
    x.forget(b"x-user")
    assert [name for name, _ in x.headers] == [b"host", b"x-user-id"]


def test_the_headers_policy_sets_request_headers() -> None:
    """D213, D397: prefix and key; D215, D421: in the place of the caller's, in any case."""
    x = request(b"", (b"eg-user", b"mallory"))
    Headers(headers_prefix="EG-", forward_headers={"User": lambda x: "ada", "n": 5})(x)
    assert (values(x, b"eg-user"), values(x, b"eg-n")) == ([b"ada"], [b"5"])


@pytest.mark.parametrize("name", ["", "x y", "x\r\ny", "é", "a:b"])
def test_a_name_that_is_none_is_not_built(name: str) -> None:
    with pytest.raises(Misconfigured, match="header name"):
        RequestTransformer(headers={"add": {name: "1"}})


# ---- Bodies


@pytest.mark.parametrize("pieces", [1, 7])
def test_a_json_body_is_changed_and_framed_anew(pieces: int) -> None:
    """D307, D311, D313: additions, then removals; one length, no coding, a bare type; characters as they are."""
    sent = '{"a": 1, "b": {"c": [null, 1.5]}, "d": "日"}'.encode()
    x = request(sent, (JSON[0], JSON[1] + b"; charset=utf-8"), (b"digest", b"sha-256=x"), pieces=pieces)
    transformed(x, body={"add": {"n": lambda x: [1, 2].__len__(), "t": "é", "a2": "x"}, "remove": ["a", "a2"]})
    body = '{"b":{"c":[null,1.5]},"d":"日","n":2,"t":"é"}'.encode()
    assert x.body == body
    assert values(x, b"content-length") == [b"%d" % len(body)]
    assert values(x, b"content-type") == [b"application/json"]
    assert not values(x, b"transfer-encoding") + values(x, b"digest")


def test_a_form_stays_a_form() -> None:
    """D307, D308: nested names are written with their brackets encoded; a second transformer leaves it a form."""
    x = request(b"a=1&x[y]=2&l[]=1&l[]=2", FORM)
    transformed(x, body={"add": {"b": "c d"}, "remove": ["a"]})
    assert x.body == b"x%5By%5D=2&l%5B0%5D=1&l%5B1%5D=2&b=c+d"
    transformed(x, body={"remove": ["l"]})
    assert (x.body, values(x, b"content-type")) == (b"x%5By%5D=2&b=c+d", [FORM[1]])


def test_scripts_see_the_body_and_each_other() -> None:
    """D307: `req.body` is what the scripts before have made of it."""
    seen: list[object] = []

    def look(x: Exchange) -> Value:
        seen.append(x.parsed)
        return "v"

    transformed(request(b'{"a":1}', JSON), body={"add": {"b": look, "c": look}})
    assert seen == [{"a": 1}, {"a": 1, "b": "v"}]


def test_an_undefined_property_is_left_out() -> None:
    """D314."""
    assert transformed(request(b'{"a":1,"b":2}', JSON), body={"add": {"a": undefined}}).body == b'{"b":2}'


@pytest.mark.parametrize(
    ("body", "header"),
    [
        (b"a=1", (b"content-type", b"text/plain")),
        (b'{"a":1}', (b"content-type", b"application/vnd.api+json")),
        (b'{"a":1}', (b"x-none", b"1")),
        (b"", JSON),
        (b'[1, {"a": 2}]', JSON),
    ],
)
def test_other_bodies_stay_as_they_are(body: bytes, header: tuple[bytes, bytes]) -> None:
    """D309, D399, D431: other types, empty bodies and lists (D310); no body is made where there was none."""
    x = request(body, header)
    before = list(x.headers)
    transformed(x, body={"add": {"b": "1"}})
    assert (x.body in (None, body), x.headers) == (True, before)


@pytest.mark.parametrize(
    "body",
    [
        *(b"{broken", b"5", b'"a"', b"null", b"\xff", b'{"a":NaN}', b'{"a":1e999}', b'{"a":1} x'),
        *(b"[" * 300 + b"]" * 300, b"[" * 90_000, b'{"a":' + b"9" * 5000 + b"}"),
    ],
)
def test_json_that_is_none_is_refused(body: bytes) -> None:
    """D310: also scalars; what is nested too deeply, and numbers that nobody can hold."""
    assert refusal(request(body, JSON)).status == 400


def test_a_body_is_bounded_as_sent_and_as_decoded() -> None:
    """D310: 100 kB; D143."""
    assert refusal(request(b'{"a":"%b"}' % (b"x" * BODY_LIMIT), JSON)).status == 413
    assert refusal(request(b'{"a":"%b"}' % (b"x" * BODY_LIMIT), JSON, pieces=9)).status == 413
    bomb = gzip.compress(b'{"a":"%b"}' % (b"x" * 50_000_000))
    assert refusal(request(bomb, JSON, (b"content-encoding", b"gzip"))).status == 413
    many = b"&".join([b"a=1"] * 1001)
    assert refusal(request(many, FORM)).status == 413
    assert refusal(request(b"a" + b"[b]" * 33 + b"=1", FORM)).status == 400


@pytest.mark.parametrize(
    ("coding", "encode"),
    [(b"gzip", gzip.compress), (b"deflate", zlib.compress), (b"GZIP", gzip.compress), (b"identity", bytes)],
)
def test_a_compressed_body_is_decoded_and_says_so(coding: bytes, encode: Any) -> None:
    """D312: the service gets plain text without Content-Encoding."""
    x = request(encode(b'{"a":1}'), JSON, (b"content-encoding", coding))
    transformed(x, body={"add": {"b": 2}})
    assert (x.body, values(x, b"content-encoding")) == (b'{"a":1,"b":2}', [])


def test_codings_and_charsets_that_are_not_known_are_refused() -> None:
    """D312: 415; a body that is not what its coding says is 400."""
    assert refusal(request(b"x", JSON, (b"content-encoding", b"br"))).status == 415
    assert refusal(request(b"x", JSON, (b"content-encoding", b"gzip"))).status == 400
    assert refusal(request(gzip.compress(b"{}")[:-3], JSON, (b"content-encoding", b"gzip"))).status == 400
    assert refusal(request(b"{}", (b"content-type", b"application/json; charset=latin-1"))).status == 415
    assert refusal(request(b"a=1", (b"content-type", FORM[1] + b"; charset=utf-16"))).status == 415
    x = request('{"a":"é"}'.encode("utf-16"), (b"content-type", b'application/json; charset="UTF-16"'))
    assert transformed(x, body={"remove": ["b"]}).body == '{"a":"é"}'.encode()


def test_half_a_surrogate_pair_stays_an_escape() -> None:
    """What no UTF-8 can hold goes on as it came."""
    x = transformed(request(b'{"a":"\\ud800"}', JSON), body={"add": {"b": "1"}})
    assert json.loads(x.body or b"") == {"a": "\ud800", "b": "1"}


def test_a_slow_body_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """A caller that sends nothing does not hold the request for ever."""
    import asyncio

    monkeypatch.setattr("egc.runtime.exchange.BODY_SECONDS", 0.01)
    x = request(b"{}", JSON)

    async def never() -> tuple[bytes, bool]:
        await asyncio.Event().wait()
        return b"", False

    x.receive = never
    assert refusal(x).status == 408


def test_an_invitation_is_used_up() -> None:
    """RFC 9110 section 10.1.1: once the body is here, the service is not asked whether it may come."""
    x = request(b'{"a":1}', JSON, (b"expect", b"100-continue"))
    x.expects_continue = True
    transformed(x, body={"remove": ["a"]})
    assert (x.expects_continue, values(x, b"expect")) == (False, [])


# ---- json-schema


def holds(x: Exchange, schema: Schema = ORDER) -> bool:
    return run(JsonSchema(schema=schema)(x))


@pytest.mark.parametrize(
    ("body", "header", "expected"),
    [
        (b'{"item":"tea","count":2}', JSON, True),
        (b'{"count":2}', JSON, False),
        (b'{"item":"tea","count":0}', JSON, False),
        (b"item=tea&count=3", FORM, True),
        (b"thing=tea", FORM, False),
        (b"item=tea", (b"content-type", b"text/plain"), False),
        (b"", JSON, False),
        (b"[]", JSON, False),
    ],
)
def test_a_schema_decides(body: bytes, header: tuple[bytes, bytes], expected: bool) -> None:
    """D140, D141, D401: also without `$id` (D145)."""
    assert holds(request(body, header)) is expected


def test_the_body_is_coerced_for_later_steps_and_sent_as_it_came() -> None:
    """D142, D144."""
    x = request(b'{"item": 5}', JSON)
    assert holds(x)
    assert (x.parsed, x.body) == ({"item": "5", "count": 1}, b'{"item": 5}')


def test_a_transformer_behind_it_writes_what_it_read() -> None:
    """D141: the body is parsed once."""
    x = request(b'{"item": 5}', JSON)
    assert holds(x)
    assert transformed(x, body={"add": {"b": "1"}}).body == b'{"item":"5","count":1,"b":"1"}'


def test_a_large_body_is_read_as_a_small_one() -> None:
    """D150, D426: where Express Gateway hangs."""
    assert holds(request(b'{"item":"%b"}' % (b"x" * 60_000), JSON, pieces=5))


@pytest.mark.parametrize(("body", "status"), [(b"{", 400), (b'{"item":"%b"}' % (b"x" * BODY_LIMIT), 413)])
def test_a_body_that_cannot_be_read_is_refused(body: bytes, status: int) -> None:
    """D143."""
    with pytest.raises(Refused) as refused:
        holds(request(body, JSON))
    assert refused.value.status == status


def test_a_schema_that_takes_too_long_is_given_up() -> None:
    """D426: alternatives inside of alternatives, on a body that is made for them."""
    inner = {"items": {"$ref": "#/definitions/a"}}
    schema = Schema({"$ref": "#/definitions/a", "definitions": {"a": {"type": "array", "anyOf": [
        {"allOf": [inner, {"type": "string"}]}, {"allOf": [inner, {"type": "string"}]}]}}})  # fmt: skip
    with pytest.raises(Refused) as refused:
        holds(request(b"[" * 60 + b"]" * 60, JSON), schema)
    assert refused.value.status == 400


def test_what_is_wrong_is_logged_where_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """D147: in the words of Ajv; nothing for a body that is right."""
    notes: list[tuple[object, ...]] = []
    monkeypatch.setattr("egc.runtime.log.note", lambda *said, **more: notes.append(said[1:]))
    condition = JsonSchema(schema=ORDER, log_errors=True)
    assert not run(condition(request(b"{}", JSON)))
    assert run(condition(request(b'{"item":"a"}', JSON)))
    assert notes == [("condition", "json-schema", "data should have required property 'item'")]


# ---- log


@pytest.mark.parametrize(("level", "messages"), [("info", 2), ("debug", 2), ("warn", 1), ("error", 1)])
def test_messages_are_quiet_by_level(monkeypatch: pytest.MonkeyPatch, level: str, messages: int) -> None:
    """D219; one that cannot be made is an error, which is never quiet (D218)."""
    notes: list[object] = []
    monkeypatch.setattr("egc.runtime.log.note", lambda *said, **more: notes.append(more["level"]))
    monkeypatch.setenv("LOG_LEVEL", level)
    for message in ("said", throws):
        Log(message=message)(request())
    assert notes == ["info", "error"][-messages:]


@pytest.mark.parametrize("multiple", [0.5, 1e308, 7])
@pytest.mark.parametrize("number", ["1" + "0" * 400, "-1" + "0" * 400])
def test_a_number_that_no_float_counts_is_held_against_multiple_of(multiple: float, number: str) -> None:
    """A caller's number of 400 digits is no reason to fail."""
    check = JsonSchema(schema=Schema({"properties": {"n": {"multipleOf": multiple}}}))
    assert run(check(request(f'{{"n":{number}}}'.encode(), JSON))) is False


# ---- Content codings


def test_what_is_too_long_is_never_made() -> None:
    """A small body that decodes to a large one takes no more memory than the limit asks for."""
    bomb = gzip.compress(bytes(20_000_000))
    tracemalloc.start()
    try:
        with pytest.raises(bodies.TooLong):
            bodies.inflate(bomb, b"gzip", BODY_LIMIT)
        assert tracemalloc.get_traced_memory()[1] < 10 * BODY_LIMIT
    finally:
        tracemalloc.stop()


def test_inflate_reads_several_members_and_drops_padding() -> None:
    """RFC 1952 section 2.2; what follows the last member is no data."""
    data = gzip.compress(b"ab") + gzip.compress(b"cd")
    assert bodies.inflate(data + b"\0\0", b"gzip", 4) == b"abcd"
    with pytest.raises(bodies.TooLong):
        bodies.inflate(data, b"gzip", 3)
