"""Resource owner password credentials (RFC 6749 section 4.3), for configurations of Express Gateway (C221, N5)."""

from typing import ClassVar

from egc.runtime.oauth2.errors import OAuthError, Throttled, invalid_grant, too_many
from egc.runtime.oauth2.grants import Means, TokenRequest
from egc.runtime.oauth2.parameters import scope_list, within
from egc.runtime.oauth2.secrets import new_hex
from egc.runtime.oauth2.tokens import Minted


class Password:
    """Tokens for a user's name and password, which a client with a secret sends."""

    name: ClassVar[str] = "password"

    def __init__(self, means: Means) -> None:
        self._means = means

    async def exchange(self, request: TokenRequest) -> Minted:
        """Tokens for the user (C231)."""
        client = request.client
        if client.is_public:
            raise OAuthError("unauthorized_client", "A public client may not use the password grant")
        username = request.parameters.require("username")
        password = request.parameters.require("password")
        scopes = scope_list(request.parameters.get("scope"))
        within(scopes, client.scopes)
        try:
            user = await self._means.owners.authenticate(username, password, request.address)
        except Throttled as wait:
            raise too_many(wait) from None
        if user is None:
            raise invalid_grant("Invalid resource owner credentials")
        minted = self._means.mint.pair(client.id, user.id, scopes, self.name, new_hex())
        await self._means.store.save_tokens(minted.records)
        return minted
