"""Access tokens that say themselves what they are: JSON web tokens (RFC 9068)."""

import json
import math
from collections.abc import Sequence

from egc.runtime import env
from egc.runtime.signatures import algorithms_of, material, read_key, sign
from egc.runtime.store import Json, Token


class SignedTokens:
    """Writes access tokens as system.config says (C29-C34).

    Arguments:
        secret_or_private_key: a shared secret, or a private key in PEM.
        secret_or_private_key_file: a file with the same, which counts where both are given.
        algorithm: one that the key is made for.
        issuer, audience: `iss` and `aud`, where given.
        subject: `sub` of every token; where not given, the user, or the client where there is none.

    Raises Misconfigured where the key cannot sign.
    """

    def __init__(
        self,
        *,
        secret_or_private_key: str | None = None,
        secret_or_private_key_file: str | None = None,
        algorithm: str = "HS256",
        issuer: str | None = None,
        subject: str | None = None,
        audience: Sequence[str] = (),
    ) -> None:
        name = "secretOrPrivateKey" if secret_or_private_key_file is None else "secretOrPrivateKeyFile"
        try:
            self._key = read_key(material(secret_or_private_key, secret_or_private_key_file))
        except ValueError as error:
            raise env.Misconfigured(f"accessTokens: {name} {error}") from None
        if not self._key.is_private or algorithm not in algorithms_of(self._key):
            raise env.Misconfigured(f"accessTokens: {name} is no key that signs with {algorithm}")
        self._algorithm = algorithm
        self._header = json.dumps({"alg": algorithm, "typ": "at+jwt"}).encode()
        self._subject = subject
        self._fixed: dict[str, Json] = {} if issuer is None else {"iss": issuer}
        if audience:
            self._fixed["aud"] = audience[0] if len(audience) == 1 else list(audience)

    def write(self, token: Token) -> str:
        """The text of an access token: the claims of Express Gateway (C252), and those of RFC 9068 section 2.2."""
        claims: dict[str, Json] = {"consumerId": token.client_id}
        if token.scopes:
            claims |= {"scopes": list(token.scopes), "scope": " ".join(token.scopes)}
        claims |= self._fixed
        claims |= {
            "sub": self._subject or token.user_id or token.client_id,
            "client_id": token.client_id,
            "jti": token.id,
            "iat": math.floor(token.created_at),
            "exp": math.ceil(token.expires_at),
        }
        return sign(self._header, json.dumps(claims).encode(), self._algorithm, self._key)
