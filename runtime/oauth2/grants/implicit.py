"""Implicit grant (RFC 6749 section 4.2), for configurations of Express Gateway (C220, N2)."""

from typing import ClassVar

from egc.runtime.oauth2.errors import OAuthError
from egc.runtime.oauth2.grants import AuthorizationRequest, Means, Pairs
from egc.runtime.oauth2.secrets import new_hex
from egc.runtime.oauth2.tokens import seconds
from egc.runtime.store import User


class Implicit:
    """An access token in the fragment of the redirect URI. No refresh token (section 4.2.2)."""

    name: ClassVar[str] = "implicit"
    response_type: ClassVar[str] = "token"
    in_fragment: ClassVar[bool] = True

    def __init__(self, means: Means) -> None:
        self._means = means

    def check(self, request: AuthorizationRequest) -> None:
        """A public client must use PKCE, which this grant does not have; there is no way around it by asking here."""
        if request.client.is_public or request.parameters.get("code_challenge") is not None:
            raise OAuthError("unauthorized_client", "PKCE needs response_type=code")

    async def respond(self, request: AuthorizationRequest, user: User) -> Pairs:
        """A new access token."""
        minted = self._means.mint.access(request.client.id, user.id, request.scopes, self.name, new_hex())
        await self._means.store.save_tokens(minted.records)
        pairs = [
            ("access_token", minted.access.reveal()),
            ("token_type", "Bearer"),
            ("expires_in", str(seconds(minted.lifetime))),
        ]
        if minted.scopes:
            pairs.append(("scope", " ".join(minted.scopes)))
        return pairs
