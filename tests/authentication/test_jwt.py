"""jwt: a token that the configured key signed, in time, for us, opens; every other is 401, whatever is in it."""

import json
import time
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egc.runtime.exchange import Claims
from egc.runtime.policies import jwt
from egc.runtime.policies.jwt import JWT
from egc.runtime.signatures import Unacceptable, read
from tests.authentication.gate import Gate, asked, bearer, part, sealed, token

SECRET = "a secret that two sides share"


@pytest.fixture
def payload(gate: Gate) -> JWT:
    """A policy that takes the payload for the consumer."""
    return JWT(gate.store, secret_or_public_key=SECRET, check_credential_existence=False)


def test_the_payload_is_the_consumer(gate: Gate, payload: JWT) -> None:
    """Where no credential is looked for (D190); the token goes on to the service (D157)."""
    x = gate.knock(payload, bearer(token({"id": "joe-1", "a": [1]}, SECRET)))
    assert isinstance(x.consumer, Claims)
    assert (x.consumer.values, x.consumer.id) == ({"id": "joe-1", "a": [1]}, "joe-1")
    assert any(name == b"authorization" for name, _ in x.headers)


def test_the_holder_of_the_credential_is_the_consumer(gate: Gate) -> None:
    """`sub` is the keyId of an active credential of an active user (D189, C80); its secret signs nothing."""
    user = gate.user("ann", None)
    credential = gate.credential("jwt", "device-1", user, "not used")
    door = JWT(gate.store, secret_or_public_key=SECRET)
    mine = bearer(token({"sub": "device-1"}, SECRET))
    assert gate.knock(door, mine).consumer == user
    assert not gate.opens(door, bearer(token({"sub": "device-1"}, "not used")))
    assert not gate.opens(door, bearer(token({"sub": "device-2"}, SECRET)))
    assert not gate.opens(door, bearer(token({"id": "device-1"}, SECRET)))
    gate.switch(credential, active=False)
    assert not gate.opens(door, mine)
    gate.switch(credential, active=True)
    assert gate.opens(door, mine)
    gate.run(gate.store.set_user_active(user.id, False, gate.now))
    assert not gate.opens(door, mine)


def test_the_subject_is_a_text(gate: Gate) -> None:
    """RFC 7519 section 4.1.2: nothing else finds a credential, and nothing else is more than 401."""
    gate.credential("jwt", "17", gate.user("ann", None))
    door = JWT(gate.store, secret_or_public_key=SECRET)
    assert gate.opens(door, bearer(token({"sub": "17"}, SECRET)))
    for subject in (17, 17.0, True, None, "", [], ["17"], {"sub": "17"}, "\ud800", "1\u00007"):
        assert not gate.opens(door, bearer(token({"sub": subject}, SECRET)))


@pytest.mark.parametrize(
    ("claims", "opens"),
    [
        ({}, True), ({"exp": 4e9}, True), ({"exp": 4000000000.5}, True), ({"exp": 10**30}, True), ({"nbf": 1}, True),
        ({"iat": 4e9}, True), ({"nbf": 0}, True), ({"exp": 1}, False), ({"exp": 0}, False), ({"exp": -1}, False),
        ({"nbf": 4e9}, False), ({"nbf": 10**30}, False), ({"exp": "4000000000"}, False), ({"exp": "x"}, False),
        ({"exp": None}, False), ({"exp": True}, False), ({"exp": [4e9]}, False), ({"exp": {}}, False),
        ({"nbf": "1"}, False), ({"nbf": None}, False), ({"nbf": False}, False), ({"nbf": []}, False),
    ],
)  # fmt: skip
def test_times(gate: Gate, payload: JWT, claims: Mapping[str, Any], opens: bool) -> None:
    """`exp` and `nbf` count where they are, and are numbers; `iat` does not (D188)."""
    assert gate.opens(payload, bearer(token(claims, SECRET))) is opens


def test_there_is_no_leeway(gate: Gate, payload: JWT, monkeypatch: pytest.MonkeyPatch) -> None:
    """D188, and a token that was good is looked at again when it has expired."""
    now = [1_000_000.9]
    monkeypatch.setattr(time, "time", lambda: now[0])
    header = bearer(token({"exp": 1_000_010, "nbf": 1_000_000}, SECRET))
    assert gate.opens(payload, header)
    now[0] = 1_000_009.9
    assert gate.opens(payload, header)
    now[0] = 1_000_010.0
    assert not gate.opens(payload, header)
    now[0] = 999_999.9
    assert not gate.opens(payload, bearer(token({"exp": 1_000_011, "nbf": 1_000_000}, SECRET)))


@pytest.mark.parametrize(
    ("claims", "opens"),
    [
        ({"aud": "shop", "iss": "bank"}, True), ({"aud": ["x", "shop"], "iss": "bank"}, True), ({"iss": "bank"}, False),
        ({"aud": "shop"}, False), ({"aud": "shop", "iss": "thief"}, False), ({"aud": "Shop", "iss": "bank"}, False),
        ({"aud": "shops", "iss": "bank"}, False), ({"aud": [], "iss": "bank"}, False),
        ({"aud": {"shop": 1}, "iss": "bank"}, False), ({"aud": [["shop"]], "iss": "bank"}, False),
        ({"aud": "shop", "iss": ["bank"]}, False), ({"aud": None, "iss": "bank"}, False),
    ],
)  # fmt: skip
def test_audience_and_issuer(gate: Gate, claims: Mapping[str, Any], opens: bool) -> None:
    """D179, D180."""
    door = JWT(
        gate.store, secret_or_public_key=SECRET, audience="shop", issuer="bank", check_credential_existence=False
    )
    assert gate.opens(door, bearer(token(claims, SECRET))) is opens


@pytest.mark.parametrize(
    ("claims", "opens"),
    [
        ({"scope": "a b"}, True), ({"scope": "b x a"}, True), ({"scp": "a b"}, True), ({"scp": ["a", "b"]}, True),
        ({"scopes": ["b", "a"]}, True), ({"scopes": "a b"}, True), ({"scope": ["a", "b"]}, True), ({}, False),
        ({"scope": "a"}, False), ({"scope": "ab"}, False), ({"scope": "a,b"}, False), ({"scope": "a\tb"}, False),
        ({"scope": ["a b"]}, False), ({"scope": {"a": 1, "b": 1}}, False), ({"scope": None}, False),
        ({"scope": 1}, False),
        ({"scope": "a", "scp": "b"}, False), ({"scope": [["a"], "b"]}, False),
    ],
)  # fmt: skip
def test_scopes_of_the_token(gate: Gate, payload: JWT, claims: Mapping[str, Any], opens: bool) -> None:
    """D191 done right (D424): they must hold those of the endpoint; the refusal names these."""
    header = bearer(token(claims, SECRET))
    assert gate.opens(payload, header, scopes=("a", "b")) is opens
    if not opens:
        challenge = asked(gate.refused(payload, header, scopes=("a", "b")))
        assert challenge == 'Bearer realm="egc", error="insufficient_scope", scope="a b"'
    unchecked = JWT(gate.store, secret_or_public_key=SECRET, check_credential_existence=False, check_scopes=False)
    assert gate.opens(unchecked, header, scopes=("a", "b"))


def test_scopes_of_the_credential(gate: Gate) -> None:
    """Where a credential is looked for, its scopes count, and what the token says of scopes does not (C90)."""
    user = gate.user("ann", None)
    gate.credential("jwt", "rich", user, scopes=("read", "write"))
    gate.credential("jwt", "poor", user)
    door = JWT(gate.store, secret_or_public_key=SECRET)
    assert gate.opens(door, bearer(token({"sub": "rich"}, SECRET)), scopes=("read",))
    assert not gate.opens(door, bearer(token({"sub": "poor", "scope": "read"}, SECRET)), scopes=("read",))
    unchecked = JWT(gate.store, secret_or_public_key=SECRET, check_scopes=False)
    assert gate.opens(unchecked, bearer(token({"sub": "poor"}, SECRET)), scopes=("read",))


def test_a_refused_scope_leaves_who_was_known(gate: Gate) -> None:
    """A consumer that an earlier step found stays, and is not replaced by one that may not pass."""
    user = gate.user("ann", None)
    door = JWT(gate.store, secret_or_public_key=SECRET, check_credential_existence=False, pass_through=True)
    x = gate.knock(door, bearer(token({"id": "x"}, SECRET)), scopes=("a",), consumer=user)
    assert x.consumer == user


def test_extractors(gate: Gate) -> None:
    """D177, D178, D185, and header names without case (D186, D432)."""
    good = token({}, SECRET)

    def door(extractor: Any, name: str | None = None) -> JWT:
        return JWT(
            gate.store,
            secret_or_public_key=SECRET,
            check_credential_existence=False,
            jwt_extractor=extractor,
            jwt_extractor_field=name,
        )

    bare = door("header", "X-Token")
    assert gate.opens(bare, ("x-tOKEN", good))
    assert not gate.opens(bare, ("X-Token", f"Bearer {good}"))
    assert not gate.opens(bare, bearer(good))
    assert gate.refused(bare, ("X-Token", good), ("X-Token", good)).status == 400
    query = door("query", "t")
    assert gate.opens(query, url=f"/?a=b&t={good}")
    assert not gate.opens(query, url=f"/?t={good}&t={good}")
    assert not gate.opens(query, url=f"/?T={good}")
    assert not gate.opens(query, bearer(good))
    scheme = door("authScheme", "Device")
    assert gate.opens(scheme, ("Authorization", f"dEVICE {good}"))
    assert gate.opens(scheme, ("Authorization", f"Device   {good}"))
    assert not gate.opens(scheme, bearer(good))
    assert asked(gate.refused(scheme)) == 'Device realm="egc"'
    usual = door("authBearer", "ignored")
    for value in ("Bearer", f"Bearer {good} x", f"Bearer{good}", good, f"Basic {good}", "", f"x Bearer {good}"):
        assert not gate.opens(usual, ("Authorization", value))


def parts(*values: bytes) -> str:
    """A token of these parts."""
    return ".".join(map(part, values))


HOSTILE = {
    "duplicate member of the payload": sealed(b'{"alg":"HS256"}', b'{"sub":"a","sub":"b"}', SECRET),
    "duplicate member of the header": sealed(b'{"alg":"none","alg":"HS256"}', b"{}", SECRET),
    "duplicate member deep down": sealed(b'{"alg":"HS256"}', b'{"a":[{"b":1,"b":2}]}', SECRET),
    "NaN": sealed(b'{"alg":"HS256"}', b'{"exp":NaN}', SECRET),
    "Infinity": sealed(b'{"alg":"HS256"}', b'{"exp":Infinity}', SECRET),
    "1e400": sealed(b'{"alg":"HS256"}', b'{"exp":1e400}', SECRET),
    "-1e400": sealed(b'{"alg":"HS256"}', b'{"nbf":-1e400}', SECRET),
    "ten thousand digits": sealed(b'{"alg":"HS256"}', b'{"exp":%b}' % (b"9" * 10000), SECRET),
    "nested lists": sealed(b'{"alg":"HS256"}', b'{"a":%b}' % (b"[" * 5000 + b"]" * 5000), SECRET),
    "nested objects": sealed(b'{"alg":"HS256"}', b'{"a":' * 2000 + b"1" + b"}" * 2000, SECRET),
    "half a pair": sealed(b'{"alg":"HS256"}', b'{"id":"\\ud800"}', SECRET),
    "half a pair, in capitals": sealed(b'{"alg":"HS256"}', b'{"id":"\\uDFFF"}', SECRET),
    "a list": sealed(b'{"alg":"HS256"}', b"[]", SECRET),
    "a text": sealed(b'{"alg":"HS256"}', b'"x"', SECRET),
    "null": sealed(b'{"alg":"HS256"}', b"null", SECRET),
    "no JSON": sealed(b'{"alg":"HS256"}', b"{", SECRET),
    "nothing": sealed(b'{"alg":"HS256"}', b"", SECRET),
    "no UTF-8": sealed(b'{"alg":"HS256"}', b'{"a":"\xff"}', SECRET),
    "UTF-16": sealed(b'{"alg":"HS256"}', '{"a":1}'.encode("utf-16"), SECRET),
    "a byte order mark": sealed(b'{"alg":"HS256"}', b'\xef\xbb\xbf{"a":1}', SECRET),
    "crit": sealed(b'{"alg":"HS256","crit":["exp"]}', b"{}", SECRET),
    "crit without members": sealed(b'{"alg":"HS256","crit":[]}', b"{}", SECRET),
    "b64": sealed(b'{"alg":"HS256","b64":false,"crit":["b64"]}', b"{}", SECRET),
    "b64 alone": sealed(b'{"alg":"HS256","b64":true}', b"{}", SECRET),
    "alg none": parts(b'{"alg":"none"}', b"{}", b""),
    "alg None": sealed(b'{"alg":"None"}', b"{}", SECRET),
    "alg null": sealed(b'{"alg":null}', b"{}", SECRET),
    "alg a list": sealed(b'{"alg":["HS256"]}', b"{}", SECRET),
    "alg in lower case": sealed(b'{"alg":"hs256"}', b"{}", SECRET),
    "alg of another kind": sealed(b'{"alg":"RS256"}', b"{}", SECRET),
    "no alg": sealed(b"{}", b"{}", SECRET),
    "a header that is a list": sealed(b'["alg"]', b"{}", SECRET),
    "a header without end": sealed(b'{"alg":"HS256"', b"{}", SECRET),
    "kid a number": sealed(b'{"alg":"HS256","kid":1}', b"{}", SECRET),
    "no signature": sealed(b'{"alg":"HS256"}', b"{}", SECRET).rpartition(".")[0] + ".",
    "two parts": sealed(b'{"alg":"HS256"}', b"{}", SECRET).rpartition(".")[0],
    "four parts": sealed(b'{"alg":"HS256"}', b"{}", SECRET) + ".x",
    "encrypted and compressed": parts(b'{"alg":"dir","enc":"A128GCM","zip":"DEF"}', b"", b"x", b"x", b"x"),
    "padding": sealed(b'{"alg":"HS256"}', b"{}", SECRET) + "=",
    "huge": sealed(b'{"alg":"HS256"}', b'{"a":"%b"}' % (b"x" * 20000), SECRET),
    "dots": "." * 1000,
    "one letter": "x",
    "no letter of base64": "\u00e9.\u00e9.\u00e9",
    "a quote": '".".".',
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_tokens(gate: Gate, payload: JWT, name: str) -> None:
    """Signed with the right secret where they are signed at all: 401, never 500 (D192)."""
    assert not gate.opens(payload, bearer(HOSTILE[name]))


def test_every_changed_letter_is_noticed(gate: Gate, payload: JWT) -> None:
    good = token({"id": "joe"}, SECRET)
    assert gate.opens(payload, bearer(good))
    for index, letter in enumerate(good):
        changed = good[:index] + ("A" if letter != "A" else "B") + good[index + 1 :]
        assert not gate.opens(payload, bearer(changed)), index


LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
TREES = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8)


@given(TREES)
def test_any_header_is_read_or_refused(value: Any) -> None:
    """No header makes the reader raise anything but its one refusal."""
    try:
        read(parts(json.dumps(value).encode(), b"{}", b"x"))
    except Unacceptable:
        return
    assert isinstance(value, dict)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        read(text)
    except Unacceptable:
        return


def test_pass_through(gate: Gate) -> None:
    """D183: whoever does not authenticate goes on as anonymous."""
    door = JWT(gate.store, secret_or_public_key=SECRET, check_credential_existence=False, pass_through=True)
    for header in ([], [bearer("x")], [bearer(token({}, "other"))]):
        x = gate.knock(door, *header)
        assert (x.consumer, x.response_headers) == (None, [(b"eg-consumer-id", b"anonymous")])
    assert gate.knock(door, bearer(token({}, SECRET))).consumer is not None


def test_steps_are_independent(gate: Gate) -> None:
    """D193: what one step has found good is nothing to another."""
    first, second = (
        JWT(gate.store, secret_or_public_key=secret, check_credential_existence=False) for secret in ("one", "two")
    )
    header = bearer(token({}, "one"))
    assert gate.opens(first, header)
    assert not gate.opens(second, header)
    assert gate.opens(first, header)


def test_a_good_token_is_verified_once(gate: Gate, payload: JWT, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is known by a keyed hash then, and at most a couple of thousand are."""
    seen: list[str] = []

    def counted(text: str) -> Any:
        seen.append(text)
        return read(text)

    monkeypatch.setattr(jwt, "read", counted)
    monkeypatch.setattr(jwt, "_REMEMBERED", 3)
    good = [token({"n": number}, SECRET) for number in range(4)]
    for _ in range(3):
        assert gate.opens(payload, bearer(good[0]))
    assert seen == [good[0]]
    for text in good[1:]:
        assert gate.opens(payload, bearer(text))
    assert gate.opens(payload, bearer(good[0]))
    assert len(seen) == 5
    assert len(payload._verified._claims) == 3
    assert not any(text.encode() in payload._verified._claims for text in good)
