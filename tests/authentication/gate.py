"""Requests to one policy, as a pipeline makes them, and the consumers that it may find."""

import asyncio
import hmac
import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import pytest

from egc.runtime.errors import Refused
from egc.runtime.exchange import Exchange
from egc.runtime.oauth2.secrets import stored_digest
from egc.runtime.routing import ANY, Endpoint, Route
from egc.runtime.store import Application, Credential, CredentialType, User
from tests.oauth2.house import House, hashed

Policy = Callable[[Exchange], Awaitable[None]]
Header = tuple[str, str]

_DIGESTS = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}


class Gate(House):
    """A store with an authorization server beside it, for its users and clients."""

    def credential(
        self,
        type_: CredentialType,
        name: str,
        consumer: User | Application | str,
        secret: str = "a-secret",
        *,
        scopes: Sequence[str] | None = None,
        kind: Literal["chosen", "generated"] = "chosen",
    ) -> Credential:
        """A credential of that id, with its scopes registered."""
        owner = consumer if isinstance(consumer, str) else consumer.id
        known = self.run(self.store.list_scopes())
        missing = [scope for scope in scopes or () if scope not in known]
        if missing:
            self.run(self.store.create_scopes(missing))
        stored = stored_digest(secret) if kind == "generated" else hashed(secret)
        made = Credential(
            type_, name, owner, True, self.now, self.now, stored, tuple(scopes) if scopes is not None else None
        )
        self.run(self.store.create_credential(made))
        return made

    def switch(self, credential: Credential, active: bool) -> None:
        """Switch a credential on or off."""
        assert self.run(self.store.update_credential(replace(credential, is_active=active)))

    async def arrive(
        self,
        policy: Policy,
        *headers: Header,
        url: str = "/",
        scopes: Sequence[str] = (),
        client: str = "192.0.2.1",
        consumer: User | Application | None = None,
    ) -> Exchange:
        """One request; raises what the policy raises."""
        fields = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]
        x = Exchange("GET", url, [(b"host", b"h"), *fields], "h", "http", client)
        x.consumer = consumer
        x.begin(Route(ANY, ANY, ANY, Endpoint("api", scopes=tuple(scopes)), None), ())
        await policy(x)
        return x

    def knock(self, policy: Policy, *headers: Header, **options: Any) -> Exchange:
        """One request, waited for."""
        return self.run(self.arrive(policy, *headers, **options))

    def opens(self, policy: Policy, *headers: Header, **options: Any) -> bool:
        """Whether a request gets in; any other refusal than 401 is raised."""
        try:
            x = self.knock(policy, *headers, **options)
        except Refused as error:
            if error.status != 401:
                raise
            return False
        assert x.consumer is not None
        return True

    def refused(self, policy: Policy, *headers: Header, **options: Any) -> Refused:
        """The refusal of a request."""
        with pytest.raises(Refused) as refused:
            self.knock(policy, *headers, **options)
        return refused.value

    def together(self, *requests: Awaitable[Any]) -> list[Any]:
        """Several requests at once; what each gives or raises."""

        async def all_of_them() -> list[Any]:
            return list(await asyncio.gather(*requests, return_exceptions=True))

        return self.run(all_of_them())


def basic(name: str, password: str) -> Header:
    """An Authorization field (RFC 7617)."""
    return "Authorization", "Basic " + b64encode(f"{name}:{password}".encode()).decode()


def bearer(token: str) -> Header:
    """An Authorization field (RFC 6750)."""
    return "Authorization", f"Bearer {token}"


def asked(refused: Refused) -> str:
    """The WWW-Authenticate field of a refusal."""
    return dict(refused.headers)[b"www-authenticate"].decode()


def part(value: bytes) -> str:
    """One part of a token."""
    return urlsafe_b64encode(value).rstrip(b"=").decode()


def token(claims: Mapping[str, Any] | bytes, secret: str, alg: str = "HS256", **header: Any) -> str:
    """A token signed with a shared secret, made by hand; `claims` may be bytes that are no JSON."""
    payload = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    return sealed(json.dumps({"alg": alg, **header}).encode(), payload, secret, alg)


def sealed(header: bytes, payload: bytes, secret: str, alg: str = "HS256") -> str:
    """A token of these bytes, signed with a shared secret."""
    signed = f"{part(header)}.{part(payload)}"
    return f"{signed}.{part(hmac.digest(secret.encode(), signed.encode(), _DIGESTS[alg]))}"
