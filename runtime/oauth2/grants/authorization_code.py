"""Authorization code with PKCE (RFC 6749 section 4.1, RFC 7636)."""

import hashlib
import re
from base64 import urlsafe_b64encode
from typing import ClassVar

from egc.runtime.oauth2.errors import invalid_grant, invalid_request
from egc.runtime.oauth2.grants import AuthorizationRequest, Means, Pairs, TokenRequest
from egc.runtime.oauth2.parameters import only
from egc.runtime.oauth2.secrets import digest, new_hex, same
from egc.runtime.oauth2.tokens import Minted
from egc.runtime.store import AuthorizationCode as Code
from egc.runtime.store import User

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}\Z")
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}\Z")
_REFUSED = "Invalid authorization code"


class AuthorizationCode:
    """A code for the browser to carry, good once and for a short while, exchanged for tokens by its client."""

    name: ClassVar[str] = "authorization_code"
    response_type: ClassVar[str] = "code"
    in_fragment: ClassVar[bool] = False

    def __init__(self, means: Means) -> None:
        self._means = means

    def check(self, request: AuthorizationRequest) -> None:
        """S256 is the only method, and a public client must use it (RFC 7636 section 4.4.1, RFC 9700 section 2.1.1)."""
        challenge = request.parameters.get("code_challenge")
        method = request.parameters.get("code_challenge_method")
        if challenge is None:
            if method is not None:
                raise invalid_request("code_challenge_method without code_challenge")
            if request.client.is_public:
                raise invalid_request("code_challenge required: a public client must use PKCE")
            return
        if method != "S256":
            raise invalid_request("code_challenge_method must be S256")
        if not _CHALLENGE.match(challenge):
            raise invalid_request("code_challenge must be 43 characters of base64url")

    async def respond(self, request: AuthorizationRequest, user: User) -> Pairs:
        """A new code, bound to client, user, redirect URI, scopes and challenge (C238)."""
        code = new_hex()
        await self._means.store.create_code(
            Code(
                digest=digest(code),
                client_id=request.client.id,
                user_id=user.id,
                redirect_uri=request.redirect_uri_sent,
                scopes=request.scopes,
                code_challenge=request.parameters.get("code_challenge"),
                code_challenge_method=request.parameters.get("code_challenge_method"),
                family=new_hex(),
                expires_at=self._means.clock() + self._means.code_ttl,
            )
        )
        return (("code", code),)

    async def exchange(self, request: TokenRequest) -> Minted:
        """Tokens for a code (RFC 6749 section 4.1.3).

        A wrong client or redirect URI leaves the code to its owner (C230). A wrong verifier spends it: whoever sent
        it holds the code and is not the one who asked for it. A code presented again revokes its tokens.
        """
        parameters, store, now = request.parameters, self._means.store, self._means.clock()
        presented = digest(parameters.require("code"))
        code = await store.get_code(presented, now)
        if code is None:
            await store.redeem_code(presented, now)
            raise invalid_grant(_REFUSED)
        if code.client_id != request.client.id or not _same_redirect(code, request):
            raise invalid_grant(_REFUSED)
        if not _proven(code, parameters.get("code_verifier")):
            await store.redeem_code(presented, now)
            raise invalid_grant("The code_verifier does not match the code_challenge")
        user = await store.get_user(code.user_id)
        if user is None or not user.is_active:
            raise invalid_grant(_REFUSED)
        scopes = only(code.scopes, request.client.scopes)
        minted = self._means.mint.pair(code.client_id, code.user_id, scopes, self.name, code.family)
        if await store.redeem_code(presented, now, minted.records) is None:
            raise invalid_grant(_REFUSED)
        return minted


def _same_redirect(code: Code, request: TokenRequest) -> bool:
    """Identical to that of the authorization request; where that had none, none or the registered one."""
    sent = request.parameters.get("redirect_uri")
    if code.redirect_uri is None:
        return sent is None or sent in request.client.application.redirect_uris
    return sent == code.redirect_uri


def _proven(code: Code, verifier: str | None) -> bool:
    """PKCE (RFC 7636 section 4.6). A verifier where there was no challenge is refused (RFC 9700 section 2.1.1)."""
    if code.code_challenge is None or verifier is None:
        return code.code_challenge is None and verifier is None
    if not _VERIFIER.match(verifier):
        return False
    hashed = urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=")
    return same(hashed, code.code_challenge.encode())
