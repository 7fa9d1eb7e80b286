"""Client credentials (RFC 6749 section 4.4)."""

from typing import ClassVar

from egc.runtime.oauth2.errors import OAuthError
from egc.runtime.oauth2.grants import Means, TokenRequest
from egc.runtime.oauth2.parameters import scope_list, within
from egc.runtime.oauth2.secrets import new_hex
from egc.runtime.oauth2.tokens import Minted


class ClientCredentials:
    """An access token for the client itself. No refresh token (section 4.4.3)."""

    name: ClassVar[str] = "client_credentials"

    def __init__(self, means: Means) -> None:
        self._means = means

    async def exchange(self, request: TokenRequest) -> Minted:
        """A token without a user. Only for clients that have a secret (section 4.4)."""
        client = request.client
        if client.is_public:
            raise OAuthError("unauthorized_client", "A public client has no credentials of its own")
        scopes = scope_list(request.parameters.get("scope"))
        within(scopes, client.scopes)
        minted = self._means.mint.access(client.id, None, scopes, self.name, new_hex())
        await self._means.store.save_tokens(minted.records)
        return minted
