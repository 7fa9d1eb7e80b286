"""authlib, unmodified, against a running gateway."""

from typing import Any

import pytest
from authlib.common.security import generate_token  # type: ignore[import-untyped]  # ships no types
from authlib.integrations.base_client import OAuthError  # type: ignore[import-untyped]  # ships no types
from authlib.integrations.requests_client import OAuth2Session  # type: ignore[import-untyped]  # ships no types

from tests.clients.conftest import CALLBACK, Authority


@pytest.fixture(autouse=True)
def _plain_http(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")


def session_of(authority: Authority, method: str) -> Any:
    public = method == "none"
    return OAuth2Session(
        authority.public_id if public else authority.client_id,
        None if public else authority.client_secret,
        scope="read write",
        redirect_uri=CALLBACK,
        code_challenge_method="S256",
        token_endpoint_auth_method=method,
        token_endpoint=f"{authority.issuer}/oauth2/token",
        revocation_endpoint_auth_method=method,
    )


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post", "none"])
def test_code_with_pkce_refresh_and_revocation(authority: Authority, method: str) -> None:
    session, verifier = session_of(authority, method), generate_token(48)
    url, state = session.create_authorization_url(f"{authority.issuer}/oauth2/authorize", code_verifier=verifier)
    answer = authority.allow(url)
    token = session.fetch_token(authorization_response=answer, state=state, code_verifier=verifier)
    assert session.get(f"{authority.issuer}/api").text == "in"

    fresh = session.refresh_token(refresh_token=token["refresh_token"])
    assert fresh["refresh_token"] != token["refresh_token"]
    assert session.get(f"{authority.issuer}/api").text == "in"
    revoked = session.revoke_token(
        f"{authority.issuer}/oauth2/revoke", token=fresh["refresh_token"], token_type_hint="refresh_token"
    )
    assert revoked.status_code == 200
    assert authority.opens(fresh["access_token"]) == 401


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_client_credentials(authority: Authority, method: str) -> None:
    session = session_of(authority, method)
    session.fetch_token(grant_type="client_credentials")
    assert session.get(f"{authority.issuer}/api").text == "in"


def test_a_wrong_secret_is_an_error_it_understands(authority: Authority) -> None:
    session = session_of(authority, "client_secret_basic")
    session.client_secret = "wrong"
    with pytest.raises(OAuthError, match="invalid_client"):
        session.fetch_token(grant_type="client_credentials")
