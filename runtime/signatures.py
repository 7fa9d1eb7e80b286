"""JSON web signatures, read strictly (RFC 7515, RFC 8725): the key says which algorithms there are, never the token."""

import re
import warnings
from base64 import b64decode
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_der_public_key
from cryptography.x509 import load_der_x509_certificate
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import ECKey, Key, OctKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry
from joserfc.util import urlsafe_b64decode, urlsafe_b64encode

from egc.runtime import env
from egc.runtime.store import Json
from egc.runtime.strict_json import read_object

ALGORITHMS = {
    name: JWSRegistry.algorithms[name]
    for name in (
        "HS256",
        "HS384",
        "HS512",
        "RS256",
        "RS384",
        "RS512",
        "PS256",
        "PS384",
        "PS512",
        "ES256",
        "ES384",
        "ES512",
        "EdDSA",
        "Ed25519",
    )
}
"""What signs and verifies here, by name; `none` is not among them (RFC 8725 section 3.1)."""

# Keys are as long as the other side made them; a gateway's log is not the place to say so once more.
warnings.filterwarnings("ignore", category=SecurityWarning)

_CURVES = ("Ed25519", "Ed448")
_PEM = b"-----BEGIN "
_SSH = re.compile(rb"\s*(?:ssh|ecdsa)-\S+\s+AAAA")
_LEFT_OF_PEM = re.compile(rb"(?:KEY|CERTIFICATE)-{3,}", re.IGNORECASE)


class Unacceptable(Exception):
    """A token that is not good; the text says why, for the log."""


@dataclass(frozen=True, slots=True)
class Signed:
    """A token taken apart; nothing in it has been verified."""

    header: Mapping[str, Json]
    algorithm: str
    kid: str | None
    payload: bytes
    signed: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class VerifyingKey:
    """A key with the algorithms that it may be used for (RFC 8725 section 3.1), and its name in a key set."""

    key: Key
    algorithms: frozenset[str]
    kid: str | None = None

    def made(self, token: Signed) -> bool:
        """Whether this key made the token's signature."""
        if token.algorithm not in self.algorithms:
            return False
        try:
            return bool(ALGORITHMS[token.algorithm].verify(token.signed, token.signature, self.key))
        except (JoseError, ValueError):
            return False


def read(token: str) -> Signed:
    """Take a token apart. Raises Unacceptable.

    It must be of three parts: one of five is encrypted, and is none of ours (RFC 7516). `crit` asks for what is not
    done here, `b64` for another reading of the payload (RFC 7797).
    """
    parts = token.split(".")
    if len(parts) != 3:
        raise Unacceptable("not three parts")
    try:
        head, payload, signature = (urlsafe_b64decode(part.encode("ascii")) for part in parts)
        header = read_object(head)
    except ValueError as error:
        raise Unacceptable(f"not a signed token: {error}") from None
    algorithm, kid = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise Unacceptable("an algorithm that does not count")
    if "crit" in header or "b64" in header or not isinstance(kid, str | None):
        raise Unacceptable("a header that is not understood")
    return Signed(header, algorithm, kid, payload, token.rpartition(".")[0].encode(), signature)


def material(text: str | None, file: str | None) -> bytes:
    """What a configuration gives as a key: the text, or what is in the file, which counts where both are given (C34).

    Raises ValueError for a file that cannot be read.
    """
    if file is None:
        return (text or "").encode()
    path = env.file(file)
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror or error}") from None


def read_key(material: bytes) -> Key:
    """The key that a configuration gives: PEM of a certificate or key, else the bytes of a shared secret (D187).

    What looks like PEM is never a shared secret: whoever knows a public key could sign with it.
    Raises ValueError, whose text does not hold the key.
    """
    if not material:
        raise ValueError("is empty")
    if _PEM not in material:
        if _is_asymmetric(material):
            raise ValueError("is a key or certificate, but not in PEM")
        try:
            return OctKey.import_key(material)
        except (JoseError, ValueError):
            raise ValueError("is a public key, but not in PEM") from None
    for kind in (RSAKey, ECKey, OKPKey):
        try:
            return kind.import_key(material)
        except (JoseError, ValueError, TypeError):
            continue
    raise ValueError("is not a certificate or key in PEM that can be read")


def _is_asymmetric(material: bytes) -> bool:
    """Whether bytes that are no PEM were meant as a key of a pair: a part of PEM, its middle alone, a JSON web key."""
    plain = material.replace(b"\0", b"")
    if _LEFT_OF_PEM.search(plain) or _SSH.match(plain):
        return True
    if plain.lstrip().startswith(b"{"):
        with suppress(ValueError):
            return read_object(plain).get("kty") not in (None, "oct")
    try:
        data = b64decode(b"".join(plain.split()), validate=True)
    except ValueError:
        return False
    for load in (load_der_public_key, load_der_x509_certificate, partial(load_der_private_key, password=None)):
        with suppress(ValueError, TypeError, UnsupportedAlgorithm):
            load(data)
            return True
    return False


def algorithms_of(key: Key) -> frozenset[str]:
    """The algorithms that a key is made for: its kind and curve decide."""
    if isinstance(key, OKPKey) and key.curve_name not in _CURVES:
        return frozenset()
    found = set()
    for name, algorithm in ALGORITHMS.items():
        try:
            algorithm.check_key(key)
        except JoseError:
            continue
        found.add(name)
    return frozenset(found)


def verifying_key(material: bytes, wanted: Sequence[str]) -> VerifyingKey:
    """A configured key with those of its algorithms that are wanted; none wanted means all of them.

    Raises ValueError where none are left.
    """
    key = read_key(material)
    algorithms = algorithms_of(key)
    if wanted:
        algorithms &= frozenset(wanted)
    if not algorithms:
        raise ValueError("cannot be used with any of the `algorithms`")
    return VerifyingKey(key, algorithms)


def sign(header: bytes, payload: bytes, algorithm: str, key: Key) -> str:
    """A signed token in compact form (RFC 7515 section 7.1); `header` and `payload` are JSON."""
    signed = urlsafe_b64encode(header) + b"." + urlsafe_b64encode(payload)
    signature = ALGORITHMS[algorithm].sign(signed, key)
    return (signed + b"." + urlsafe_b64encode(signature)).decode()
