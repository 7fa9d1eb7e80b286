"""Keys for tests, made once a run, and tokens that they sign."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey

from egc.runtime.signatures import sign

_CURVES = {"ES256": ec.SECP256R1(), "ES384": ec.SECP384R1(), "ES512": ec.SECP521R1()}


@cache
def private(algorithm: str, number: int = 0) -> Key:
    """A key that signs with an algorithm; another for each number."""
    if algorithm.startswith(("RS", "PS")):
        return _rsa(number)
    if algorithm in _CURVES:
        return ECKey.import_key(_pem(ec.generate_private_key(_CURVES[algorithm])))
    return OKPKey.import_key(_pem(ed25519.Ed25519PrivateKey.generate()))


@cache
def _rsa(number: int) -> Key:
    return RSAKey.import_key(_pem(rsa.generate_private_key(65537, 2048)))


def _pem(key: Any) -> bytes:
    made: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return made


def public_pem(key: Key) -> str:
    """The public key as people put it into configurations."""
    assert not isinstance(key.public_key, bytes)
    made: bytes = key.public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return made.decode()


def jwk(key: Key, kid: str | None = None, **members: Any) -> dict[str, Any]:
    """The public key as a member of a key set."""
    return {**key.as_dict(private=False), **({} if kid is None else {"kid": kid}), **members}


def signed(claims: Mapping[str, Any], key: Key, algorithm: str, **header: Any) -> str:
    """A token signed with a private key."""
    return sign(json.dumps({"alg": algorithm, **header}).encode(), json.dumps(claims).encode(), algorithm, key)
