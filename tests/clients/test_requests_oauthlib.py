"""requests-oauthlib, unmodified, against a running gateway."""

import pytest
from oauthlib.oauth2 import BackendApplicationClient, InvalidGrantError  # type: ignore[import-untyped]  # ships no types
from requests_oauthlib import OAuth2Session  # type: ignore[import-untyped]  # ships no types

from tests.clients.conftest import CALLBACK, Authority


@pytest.fixture(autouse=True)
def _plain_http(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")


@pytest.mark.parametrize("public", [False, True])
def test_code_with_pkce_and_refresh(authority: Authority, public: bool) -> None:
    client_id = authority.public_id if public else authority.client_id
    secret = None if public else authority.client_secret
    session = OAuth2Session(client_id, redirect_uri=CALLBACK, scope=["read"], pkce="S256")
    url, state = session.authorization_url(f"{authority.issuer}/oauth2/authorize")
    answer = authority.allow(url)
    assert f"state={state}" in answer
    endpoint = f"{authority.issuer}/oauth2/token"
    token = session.fetch_token(
        endpoint, authorization_response=answer, client_secret=secret, include_client_id=public or None
    )
    assert token["scope"] == ["read"]
    assert session.get(f"{authority.issuer}/api").text == "in"

    extra = {"client_id": client_id} | ({} if secret is None else {"client_secret": secret})
    first = dict(token)
    second = session.refresh_token(endpoint, **extra)
    assert second["refresh_token"] != first["refresh_token"]
    assert authority.opens(second["access_token"]) == 200
    with pytest.raises(InvalidGrantError):
        session.refresh_token(endpoint, refresh_token=first["refresh_token"], **extra)
    assert authority.opens(second["access_token"]) == 401, "reuse revoked the family"


def test_client_credentials(authority: Authority) -> None:
    session = OAuth2Session(client=BackendApplicationClient(authority.client_id, scope=["read", "write"]))
    token = session.fetch_token(f"{authority.issuer}/oauth2/token", client_secret=authority.client_secret)
    assert token["scope"] == ["read", "write"]
    assert session.get(f"{authority.issuer}/api").text == "in"
