"""`req` and egContext, live both ways (D98, D116-D126, D346)."""

import pytest

from egc.runtime import javascript as js
from egc.runtime.exchange import Claims
from egc.runtime.store import Application, Token, User
from tests.javascript.running import BODY, compiled, exchange, run

USER = User("u1", "ann", True, 0.0, 1.5, {"firstname": "Ann", "email": "a@example.com", "age": 3})
APPLICATION = Application("a1", "u1", False, 0.0, 0.0, {"name": "shop"})


def token(**changes: object) -> Token:
    values: dict[str, object] = {
        "id": "t1",
        "digest": b"",
        "kind": "access",
        "client_id": "a1",
        "user_id": "u1",
        "scopes": ("read", "write"),
        "grant": "password",
        "family": "f",
        "created_at": 1.0,
        "expires_at": 2.0,
    }
    return Token(**{**values, **changes})  # type: ignore[arg-type]  # the values above are of their types


def test_the_url_is_live() -> None:
    """D346, D349, D358"""
    x = exchange()
    assert run("req.url = req.url.replace('/api', ''); req.path", x) == "/items/7"
    assert x.url.startswith("/items/7?page=10")
    assert run("req.originalUrl", x) == x.original_url


def test_an_url_is_text() -> None:
    with pytest.raises(js.JSError, match="must be a string"):
        run("req.url = 5")


def test_the_query_is_that_of_the_caller() -> None:
    """D98: it is read once, of the URL as it came; what scripts change in it stays."""
    x = exchange()
    assert run("req.url = '/x?page=3'; req.query.mine = 1; req.query.page", x) == "10"
    assert run("req.query.mine", x) == 1


def test_the_method_is_live_but_head_stays_head() -> None:
    x = exchange()
    run("req.method = 'POST'", x)
    assert x.method == "POST"
    for method in ("'HEAD'", "'CONNECT'", "'NONE'", "5", "'GE\\nT'"):
        with pytest.raises(js.JSError):
            run(f"req.method = {method}", exchange())
    with pytest.raises(js.JSError):
        run("req.method = 'GET'", exchange("HEAD"))


@pytest.mark.parametrize(
    "form", ["req.headers['X-Mode'] = 'new'", "req.headers['x-mode'] = 'new'", "h = req.headers; h['X-mode'] = 'new'"]
)
def test_a_header_that_is_set_replaces_the_callers_whatever_its_case(form: str) -> None:
    """D215, D421"""
    x = exchange()
    run(form, x)
    assert [value for name, value in x.headers if name == b"x-mode"] == [b"new"]


def test_a_header_that_a_script_spells_its_own_way_is_found_so() -> None:
    """D357"""
    x = exchange()
    assert run("req.headers.APIKey = 'k'; [req.headers.APIKey, req.headers.apikey].join()", x) == "k,k"
    assert run("req.headers['X-Mode'] === undefined", exchange()) is True
    assert (b"apikey", b"k") in x.headers
    assert run("delete req.headers.APIKey; 'APIKey' in req.headers", x) is False
    assert (b"apikey", b"k") not in x.headers


def test_a_header_is_deleted_by_its_name() -> None:
    x = exchange()
    run("delete req.headers['x-mode']", x)
    assert x.header(b"x-mode") is None


@pytest.mark.parametrize(
    "code",
    [
        "req.headers.a = 'x\\r\\nevil: 1'",
        "req.headers.a = 'x\\0'",
        "req.headers.a = undefined",
        "req.headers.a = '\\u20ac'",
        "req.headers['a b'] = 'x'",
        "req.headers['a:'] = 'x'",
        "req.headers['eg-consumer-id'] = 'root'",
        "req.headers['eg_consumer_id'] = 'root'",
        "req.headers['EG-Request-ID'] = 'mine'",
        "req.headers.host = 'a b'",
    ],
)
def test_what_no_header_can_be_is_an_error(code: str) -> None:
    """D214, D303, D422"""
    x = exchange()
    before = list(x.headers)
    with pytest.raises(js.JSError, match="TypeError"):
        run(code, x)
    assert x.headers == before


def test_the_callers_consumer_header_is_not_seen() -> None:
    """D156, D422"""
    x = exchange(headers=[(b"host", b"a"), (b"eg-consumer-id", b"root"), (b"eg_consumer_id", b"root")])
    assert run("req.headers['eg-consumer-id'] === undefined && !('eg_consumer_id' in req.headers)", x) is True
    assert run("Object.keys(req.headers).join()", x) == "host"
    x.consumer = USER
    assert run("req.headers['eg-consumer-id']", x) == "u1"
    run("req.headers['eg-consumer-id'] = req.user.id; req.headers['eg-consumer-type'] = req.user.type", x)
    assert x.header(b"eg-consumer-type") == b"user"


def test_headers_are_folded_as_node_does() -> None:
    """D126"""
    x = exchange(
        headers=[
            (b"a", b"1"),
            (b"a", b"2"),
            (b"cookie", b"c=1"),
            (b"cookie", b"d=2"),
            (b"user-agent", b"x"),
            (b"user-agent", b"y"),
            (b"b", b"\xe9"),
        ]
    )
    assert run("JSON.stringify(req.headers)", x) == '{"a":"1, 2","cookie":"c=1; d=2","user-agent":"x","b":"\xe9"}'


def test_host_follows_its_header() -> None:
    x = exchange()
    assert run("req.headers.host = 'other.example:81'; req.hostname", x) == "other.example"
    assert x.host == "other.example:81"


def test_the_address_is_written_as_node_does() -> None:
    """D126, D352: `req.ip` and `req.connection.remoteAddress`"""
    x = exchange()
    assert run("req.ip + ' ' + req.connection.remoteAddress", x) == "::ffff:10.0.0.1 ::ffff:10.0.0.1"
    x.client = "2001:db8::1"
    assert run("req.ip", x) == "2001:db8::1"


def test_a_user_has_the_shape_of_express_gateway() -> None:
    """D120, D125, D353"""
    x = exchange()
    assert run("typeof consumer + typeof req.user", x) == "undefinedundefined"
    x.consumer, x.token = USER, token()
    found = js.to_json(run("consumer", x))
    assert found == {
        "type": "user",
        "id": "u1",
        "username": "ann",
        "firstname": "Ann",
        "email": "a@example.com",
        "age": 3,
        "isActive": True,
        "createdAt": "Thu Jan 01 1970 00:00:00 GMT+0000 (Coordinated Universal Time)",
        "updatedAt": "Thu Jan 01 1970 00:00:01 GMT+0000 (Coordinated Universal Time)",
        "token": {
            "id": "t1",
            "consumerId": "a1",
            "scopes": ["read", "write"],
            "expiresAt": 2000,
            "authType": "oauth2",
            "createdAt": 1000,
            "authenticatedUserId": "u1",
        },
    }
    assert run("consumer === req.user && consumer === egContext.consumer", x) is True
    assert run("req.user.seen = 1; consumer.seen", x) == 1


def test_an_application_and_claims_are_consumers_too() -> None:
    """D125, D190, D253"""
    x = exchange()
    x.consumer = APPLICATION
    assert (
        run("[consumer.type, consumer.name, consumer.userId, consumer.isActive].join()", x)
        == "application,shop,u1,false"
    )
    x.consumer = Claims({"sub": "s", "roles": ["a"], "n": 2**60})
    assert run("[req.user.sub, req.user.roles[0], req.user.n, req.user.id].join()", x) == "s,a,1152921504606847000,"


def test_a_script_may_make_the_consumer() -> None:
    """D346"""
    x = exchange()
    run("req.user = {id: 'me', role: 'admin'}", x)
    assert x.consumer == Claims({"id": "me", "role": "admin"})
    assert run("req.user.role + consumer.id", x) == "adminme"
    run("delete req.user", x)
    assert x.consumer is None
    with pytest.raises(js.JSError):
        run("req.user = 'root'", x)


def test_the_body_is_what_a_step_has_parsed() -> None:
    """D126, D141, D307"""
    assert run("req.body.name + req.body.inner.b", exchange(body=BODY)) == "Ada2"
    assert run("typeof req.body", exchange()) == "undefined"
    x = exchange(body={"a": 1})
    run("req.body = {b: [1, undefined]}", x)
    assert x.parsed == {"b": [1, None]}


def test_params_and_route_are_those_of_the_match() -> None:
    """D98"""
    assert run("[req.params.kind, req.params[0], req.route.path].join()", exchange()) == "items,7,/api/:kind/*"


def test_the_context_is_the_pipelines() -> None:
    """D97, D100, D116-D119, D123: what belongs to the pipeline goes with it, what belongs to the request stays"""
    x = exchange()
    run("left = 1; var also = 2; req.kept = 3; res.kept = 4", x)
    first = run("requestID", x)
    assert isinstance(first, str)
    assert len(first) == 22
    assert run("egContext.requestID", x) == first == x.request_id
    assert x.route is not None
    x.begin(x.route, x.groups)
    names = ("left", "also")
    assert (
        run("[typeof left, typeof also, req.kept, res.kept].join()", x, known_names=names) == "undefined,undefined,3,4"
    )
    assert run("requestID", x) != first
    assert run("[apiEndpoint.apiEndpointName, apiEndpoint.scopes].join()", x) == "items,read,write"


def test_the_context_contains_itself() -> None:
    """D121"""
    assert run("egContext.egContext.req === req && this === egContext && globalThis.res === res") is True


def test_built_in_objects_are_not_the_scripts_to_change() -> None:
    """All requests share them (D347)."""
    for code in (
        "x = [].constructor; x.mine = 1",
        "x = Object; x.prototype.a = 1",
        "x = 'a'.trim; x.a = 1",
        "x = Math; x['P' + 'I'] = 3",
    ):
        with pytest.raises(js.JSError, match="read only"):
            run(code)


def test_there_is_no_way_out_of_the_language() -> None:
    """D347, D412, D434"""
    for code in (
        "req.constructor.constructor === Function",
        "[].constructor.constructor('return 1')()",
        "''.__proto__",
    ):
        try:
            found = run(code, known_names=("Function",))
        except (js.JSError, AssertionError):
            continue
        assert found is js.UNDEFINED or found is False
    for name in ("__class__", "__dict__", "__globals__", "__init__", "properties", "prototype", "native"):
        assert run(f"req['{name}']") is js.UNDEFINED
        assert run(f"(() => 1)['{name}']") is js.UNDEFINED


def test_plugins_members_that_are_not_there_are_undefined() -> None:
    """`req.kauth` and its like: a member of undefined throws when the request comes, not at build"""
    assert run("typeof req.kauth") == "undefined"
    with pytest.raises(js.JSError, match="Cannot read properties of undefined"):
        compiled("req.headers['x-uid'] = req.kauth.grant.access_token.content.email")(exchange())
