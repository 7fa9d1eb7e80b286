"""Refresh tokens, rotated at every use (RFC 6749 section 6, RFC 9700 section 4.14)."""

from typing import ClassVar

from egc.runtime.oauth2.errors import invalid_grant
from egc.runtime.oauth2.grants import Means, TokenRequest
from egc.runtime.oauth2.parameters import only, scope_list, within
from egc.runtime.oauth2.secrets import same
from egc.runtime.oauth2.tokens import Minted, read
from egc.runtime.store import Token

_REFUSED = "Invalid refresh token"


class RefreshToken:
    """A new access token and a new refresh token for a refresh token, once. Its reuse revokes the family."""

    name: ClassVar[str] = "refresh_token"

    def __init__(self, means: Means) -> None:
        self._means = means

    async def exchange(self, request: TokenRequest) -> Minted:
        """Tokens for the client whose token it is, with the same scopes, or fewer where `scope` says so (section 6)."""
        client, store, means = request.client, self._means.store, self._means
        token = await self._presented(request.parameters.require("refresh_token"))
        if token.client_id != client.id or token.expires_at <= means.clock():
            raise invalid_grant(_REFUSED)
        if token.user_id is not None:
            user = await store.get_user(token.user_id)
            if user is None or not user.is_active:
                raise invalid_grant(_REFUSED)
        asked = scope_list(request.parameters.get("scope"))
        within(asked, token.scopes)
        scopes = only(asked or token.scopes, client.scopes)
        minted = means.mint.pair(client.id, token.user_id, scopes, token.grant, token.family, token.scopes)
        if not await store.rotate(token, minted.records):
            raise invalid_grant(_REFUSED)
        return minted

    async def _presented(self, text: str) -> Token:
        """The live refresh token with that text, both halves. Raises OAuthError invalid_grant."""
        parts = read(text)
        if parts is None:
            raise invalid_grant(_REFUSED)
        token_id, presented = parts
        token = await self._means.store.get_token(token_id)
        if token is not None and token.kind == "refresh" and same(token.digest, presented):
            return token
        spent = None if token is not None else await self._means.store.spent_refresh(token_id)
        if spent is not None and same(spent.digest, presented):
            await self._means.store.revoke_family(spent.family)
        raise invalid_grant(_REFUSED)
