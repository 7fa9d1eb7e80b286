"""The keys that sign and verify JSON web tokens, as far as a configuration says them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from egc.compiler.lint._written import literal, written
from egc.compiler.node import Mapping, Node, Scalar, Sequence
from egc.compiler.review import Review

Family = Literal["secret", "RSA", "EC", "Ed", ""]
"""What a key is for; empty where nobody can tell."""

FAMILIES: dict[str, Family] = {
    **dict.fromkeys(("HS256", "HS384", "HS512"), "secret"),
    **dict.fromkeys(("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"), "RSA"),
    **dict.fromkeys(("ES256", "ES384", "ES512"), "EC"),
    **dict.fromkeys(("EdDSA", "Ed25519"), "Ed"),
}
"""What each algorithm takes for a key."""


@dataclass(frozen=True, slots=True)
class TokenKey:
    """A key with the algorithms that are wanted of it.

    Arguments:
        node: where it is written.
        text: the key itself, which nobody may print; None where a variable or a file holds it.
        algorithms: those that are listed, with their places.
    """

    node: Scalar
    text: str | None
    algorithms: tuple[tuple[str, Node], ...]

    @property
    def bits(self) -> tuple[Family, int]:
        """What it is and how large: the bytes of a secret times eight, the modulus of RSA; 0 where nobody can tell."""
        if self.text is None:
            return "", 0
        if "-----BEGIN " not in self.text:
            return "secret", 8 * len(self.text.encode())
        return _pem(self.text.encode())


def token_keys(review: Review) -> Iterator[TokenKey]:
    """The keys of `jwt` steps and that of access tokens. What Express Gateway's `jwt` takes, `secretOrPublicKey`."""
    for step in written(review, "jwt"):
        found = step.entry("secretOrPublicKey")
        if found is not None and isinstance(found.value, Scalar):
            listed = step.entry("algorithms")
            yield TokenKey(found.value, literal(found.value), tuple(names(listed.value if listed else None)))
    tokens = review.model.system.get("accessTokens")
    if review.plan.authorization is None or not isinstance(tokens, Mapping):
        return
    if not any(argument.keyword == "access_tokens" for argument in review.plan.authorization.arguments):
        return
    node, file = tokens.get("secretOrPrivateKey"), tokens.get("secretOrPrivateKeyFile")
    if isinstance(node, Scalar) and file is None:
        algorithm = tuple(names(tokens.get("algorithm"))) or (("HS256", node),)
        yield TokenKey(node, literal(node), algorithm)


def names(node: Node | None) -> Iterator[tuple[str, Node]]:
    """The words of a list, or the one that stands in its place, with their places."""
    for item in node.items if isinstance(node, Sequence) else (node,):
        if isinstance(item, Scalar) and isinstance(item.value, str) and item.value:
            yield item.value, item


def _pem(data: bytes) -> tuple[Family, int]:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
    from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
    from cryptography.x509 import load_pem_x509_certificate

    found: object = None
    try:
        if b"CERTIFICATE" in data:
            found = load_pem_x509_certificate(data).public_key()
        elif b"PRIVATE KEY" in data:
            found = load_pem_private_key(data, password=None).public_key()
        else:
            found = load_pem_public_key(data)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return "", 0
    if isinstance(found, rsa.RSAPublicKey):
        return "RSA", found.key_size
    if isinstance(found, ec.EllipticCurvePublicKey):
        return "EC", found.key_size
    return ("Ed", 256) if isinstance(found, ed25519.Ed25519PublicKey) else ("", 0)
