"""Any JSON to any endpoint: a clear answer, never a 500, and never half a record (issue: bad input anywhere)."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.admin.conftest import EVE
from tests.admin.house import House

_NAMES = st.sampled_from(["eve", "shop", "k1", "s1", "none", "basic-auth", "key-auth", "%00", "..", "a%2Fb", "%FF"])
_ANY_NAME = _NAMES | st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6).map(
    lambda text: quote(text, safe="")
)
_WORDS = st.sampled_from(
    [
        "username", "firstname", "lastname", "email", "redirectUri", "redirectUris", "clientType", "name", "userId",
        "consumerId", "type", "credential", "scopes", "status", "isActive", "id", "password", "secret", "keyId",
        "keySecret", "passwordKey", "__proto__", "createdAt",
    ]
)  # fmt: skip
_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["eve", "shop", "basic-auth", "key-auth", "jwt", "oauth2", "s1", "k1", "true"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_WORDS | st.text(max_size=4), inner, max_size=4),
    max_leaves=8,
)
_BODIES = st.dictionaries(_WORDS, _VALUES, max_size=6) | _VALUES
_ROUTES = [
    ("POST", "/users"), ("PUT", "/users/{}"), ("PUT", "/users/{}/status"), ("GET", "/users/{}"),
    ("POST", "/apps"), ("PUT", "/apps/{}"), ("PUT", "/apps/{}/status"), ("GET", "/apps/{}"),
    ("POST", "/credentials"), ("GET", "/credentials/{}"), ("GET", "/credentials/{}/{}"),
    ("PUT", "/credentials/{}/{}/status"), ("PUT", "/credentials/{}/{}/scopes"),
    ("PUT", "/credentials/{}/{}/scopes/{}"), ("DELETE", "/credentials/{}/{}/scopes/{}"),
    ("POST", "/scopes"), ("PUT", "/scopes/{}"), ("GET", "/scopes/{}"), ("DELETE", "/scopes/{}"),
    ("DELETE", "/tokens/{}"), ("PUT", "/policies/{}"), ("DELETE", "/pipelines/{}"), ("PATCH", "/users/{}"),
]  # fmt: skip


@pytest.fixture(scope="module")
def furnished() -> Iterator[House]:
    """One house for all examples: what they leave behind must not break the next."""
    with tempfile.TemporaryDirectory() as place, House(Path(place) / "data") as house:
        house.made("/users", EVE)
        house.made("/apps", {"userId": "eve", "name": "shop"})
        house.post("/scopes", {"scopes": ["s1"]})
        house.made("/credentials", {"consumerId": "eve", "type": "key-auth", "credential": {"keyId": "k1"}})
        yield house


def whole(house: House) -> dict[str, Any]:
    """Everything that the API lists."""
    return {
        "users": house.get("/users?count=1000").json["users"],
        "apps": house.get("/apps?count=1000").json["apps"],
        "credentials": house.get("/credentials").json["credentials"],
        "scopes": house.get("/scopes").json["scopes"],
    }


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(route=st.sampled_from(_ROUTES), names=st.tuples(_ANY_NAME, _ANY_NAME, _ANY_NAME), body=_BODIES)
@example(route=("POST", "/users"), names=("", "", ""), body={**EVE, "username": "x", "email": "\ud800"})
@example(route=("POST", "/users"), names=("", "", ""), body={**EVE, "username": "\0"})
@example(route=("POST", "/users"), names=("", "", ""), body={**EVE, "username": "y", "colour": 2**70})
@example(
    route=("POST", "/credentials"),
    names=("", "", ""),
    body={"consumerId": "eve", "type": "jwt", "credential": {"keyId": 1e300, "scopes": None}},
)
def test_any_body_gets_a_clear_answer_and_leaves_no_half_record(
    furnished: House, route: tuple[str, str], names: tuple[str, str, str], body: Any
) -> None:
    method, template = route
    before = whole(furnished)
    result = furnished.run(furnished.ask(method, template.format(*names), body))
    assert result.status_code < 500, result.text
    after = whole(furnished)
    if result.status_code >= 400:
        assert result.text
        assert after == before
    for user in after["users"]:
        assert isinstance(user["username"], str)
        assert {"id", "firstname", "lastname", "createdAt", "updatedAt"} <= user.keys()
    consumers = {one["id"] for one in after["users"] + after["apps"]}
    assert {app["userId"] for app in after["apps"]} <= consumers
    assert {one["consumerId"] for one in after["credentials"]} <= consumers
    for one in after["credentials"]:
        assert set(one.get("scopes") or []) <= set(after["scopes"] or [])


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=200) | st.text(max_size=100).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_as_json_get_a_clear_answer(furnished: House, content: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    result = furnished.run(furnished.ask("POST", "/users", content=content, headers=headers))
    assert 400 <= result.status_code < 500
    assert result.text
