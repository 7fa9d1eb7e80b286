"""Access tokens as JSON web tokens: what is in them, and that the jwt policy takes them (D240, C252-C257)."""

import json
from base64 import urlsafe_b64decode
from pathlib import Path
from typing import Any

import pytest

from egc.runtime.env import Misconfigured
from egc.runtime.oauth2.signed import SignedTokens
from egc.runtime.policies.jwt import JWT
from tests.authentication.gate import Gate, bearer
from tests.authentication.keys import private, public_pem
from tests.oauth2.house import CALLBACK, Client, answered

SECRET = "a secret of the gateway"


def claims(token: str) -> dict[str, Any]:
    """What a token says."""
    part = token.split(".")[1]
    found: dict[str, Any] = json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


def client_token(gate: Gate, client: Client, scope: str = "read") -> dict[str, Any]:
    result = gate.token(client, {"grant_type": "client_credentials", "scope": scope})
    assert result.status_code == 200, result.text
    return dict(result.json)


def test_the_claims(tmp_path: Path) -> None:
    """Those of Express Gateway and those of RFC 9068; as long as configured, in seconds (C253), and told (N11)."""
    signed = SignedTokens(secret_or_private_key=SECRET, issuer="me", audience=("shop",))
    with Gate(tmp_path / "data", access_tokens=signed, access_ttl=60.0) as gate:
        client = gate.client(scopes=("read", "write"))
        answer = client_token(gate, client, "read write")
        found = claims(answer["access_token"])
        assert (answer["expires_in"], answer["token_type"]) == (60, "Bearer")
        assert 60 <= found.pop("exp") - found.pop("iat") <= 61
        assert len(found.pop("jti")) == 32
        assert found == {
            "consumerId": client.id, "client_id": client.id, "sub": client.id, "scopes": ["read", "write"],
            "scope": "read write", "iss": "me", "aud": "shop",
        }  # fmt: skip
        header = json.loads(urlsafe_b64decode(answer["access_token"].split(".")[0] + "=="))
        assert header == {"alg": "HS256", "typ": "at+jwt"}


def test_the_user_is_the_subject_unless_one_is_configured(tmp_path: Path) -> None:
    """RFC 9068 section 2.2; C30."""
    for subject in (None, "fixed"):
        signed = SignedTokens(secret_or_private_key=SECRET, subject=subject, audience=("a", "b"))
        with Gate(tmp_path / f"{subject}", access_tokens=signed) as gate:
            found = claims(gate.tokens(gate.client(CALLBACK))["access_token"])
            users, _ = gate.run(gate.store.list_users(0, 10))
            logged_in = users[-1]
            assert found["sub"] == (subject or logged_in.id)
            assert found["aud"] == ["a", "b"]
            assert "scope" not in found


def test_refresh_tokens_stay_opaque_and_rotate(tmp_path: Path) -> None:
    """C255: a refresh gives another JSON web token; reuse of a refresh token gives none."""
    with Gate(tmp_path / "data", access_tokens=SignedTokens(secret_or_private_key=SECRET)) as gate:
        client = gate.client(CALLBACK)
        tokens = gate.tokens(client)
        form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
        assert "|" in tokens["refresh_token"]
        again = gate.token(client, form)
        assert again.status_code == 200
        assert claims(again.json["access_token"])["consumerId"] == client.id
        assert gate.token(client, form).status_code == 400


def test_the_implicit_grant_gives_one_too(tmp_path: Path) -> None:
    """Express Gateway gave an opaque one, which its own policy refused."""
    with Gate(tmp_path / "data", access_tokens=SignedTokens(secret_or_private_key=SECRET)) as gate:
        client = gate.client(CALLBACK)
        answer = answered(gate.logged_in().allow(client, response_type="token"))
        assert claims(answer["access_token"])["client_id"] == client.id


def test_none_is_stored(tmp_path: Path) -> None:
    with Gate(tmp_path / "data", access_tokens=SignedTokens(secret_or_private_key=SECRET)) as gate:
        client = gate.client(scopes=("read",))
        client_token(gate, client)
        assert gate.run(gate.store.find_tokens(client.id, gate.now)) == []


@pytest.mark.parametrize("algorithm", ["HS256", "HS512", "RS256", "PS384", "ES256", "ES512", "EdDSA"])
def test_the_jwt_policy_takes_them(tmp_path: Path, algorithm: str) -> None:
    """With the secret, or with the public half of the key; scopes of the endpoint count (C257 done right)."""
    shared = algorithm.startswith("HS")
    key = None if shared else private(algorithm)
    secret = SECRET if key is None else key.as_pem(private=True).decode()  # type: ignore[union-attr]  # no shared one
    (tmp_path / "key").write_text(secret)
    signed = SignedTokens(secret_or_private_key_file=str(tmp_path / "key"), algorithm=algorithm, issuer="me")
    with Gate(tmp_path / "data", access_tokens=signed) as gate:
        token = client_token(gate, gate.client(scopes=("read", "write")))["access_token"]
        public = SECRET if key is None else public_pem(key)
        door = JWT(gate.store, secret_or_public_key=public, issuer="me", check_credential_existence=False)
        assert gate.opens(door, bearer(token))
        assert gate.opens(door, bearer(token), scopes=("read",))
        assert not gate.opens(door, bearer(token), scopes=("write",))
        other = JWT(gate.store, secret_or_public_key=public, issuer="other", check_credential_existence=False)
        assert not gate.opens(other, bearer(token))


def test_keys_that_do_not_sign(tmp_path: Path) -> None:
    """The gateway does not start, and does not repeat the key."""
    pem = private("RS256").as_pem(private=True).decode()  # type: ignore[union-attr]  # it is an RSA key
    public = public_pem(private("RS256"))
    for key, algorithm in (("", "HS256"), (public, "RS256"), (pem, "HS256"), (pem, "ES256"), (SECRET, "RS256")):
        with pytest.raises(Misconfigured, match="accessTokens: secretOrPrivateKey") as error:
            SignedTokens(secret_or_private_key=key, algorithm=algorithm)
        assert not key or key[:60] not in str(error.value)
    with pytest.raises(Misconfigured, match="No such file"):
        SignedTokens(secret_or_private_key_file=str(tmp_path / "none"))
