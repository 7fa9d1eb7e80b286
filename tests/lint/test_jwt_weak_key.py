"""SC110: keys of JSON web tokens, and how long they must be."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.lint.configurations import found
from tests.lint.pipelines import KEY_AUTH, PROXY, pipeline

NAME = "jwt-weak-key"
LONG = "pbvFmzoQ7nW3cYxT9rKdLs5hGqJ2uEa8"


def jwt(key: str, more: str = "") -> str:
    return pipeline(f"- jwt: {{action: {{secretOrPublicKey: {key}{more}}}}}\n{PROXY}")


def pem(key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey) -> str:
    text = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    return '"' + text.replace("\n", "\\n") + '"'


@pytest.mark.parametrize(
    ("key", "more"),
    [
        (LONG[:31], ""),
        (f"'${{JWT_KEY:-{LONG[:31]}}}'", ""),
        (LONG, ", algorithms: [HS512]"),
    ],
)
def test_a_secret_is_as_long_as_the_hash(key: str, more: str) -> None:
    (one,) = found(NAME, jwt(key, more))
    assert one.severity == "error"
    assert LONG[:31] not in one.message + one.help


@pytest.mark.parametrize(
    ("key", "more"),
    [(LONG, ""), (LONG, ", algorithms: [HS256, HS512]"), ("'${JWT_KEY}'", ""), ("'${A}${B}'", "")],
)
def test_long_ones_and_those_that_nobody_can_read_here_are_fine(key: str, more: str) -> None:
    assert found(NAME, jwt(key, more)) == []


@pytest.mark.parametrize(("bits", "weak"), [(1024, True), (2048, False)])
def test_rsa_has_2048_bits(bits: int, weak: bool) -> None:
    key = rsa.generate_private_key(65537, bits).public_key()
    assert [one.severity for one in found(NAME, jwt(pem(key), ", algorithms: [RS256]"))] == ["error"] * weak


def test_a_curve_is_long_enough() -> None:
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    assert found(NAME, jwt(pem(key), ", algorithms: [ES256]")) == []


def test_algorithms_of_two_kinds_are_remarked() -> None:
    (one,) = found(NAME, jwt(LONG, ", algorithms: [HS256, RS256]"))
    assert (one.severity, one.span.line) == ("info", 11)
    assert "`RS256` never counts" in one.message
    assert len(found(NAME, jwt("'${KEY}'", ", algorithms: [HS256, RS256]"))) == 1
    assert found(NAME, jwt("'${KEY}'", ", algorithms: [RS256, PS256]")) == []


def test_the_key_of_access_tokens_counts_where_it_signs() -> None:
    system = (
        "db: {redis: {emulate: true}}\noauth2: {grants: [client_credentials]}\n"
        "accessTokens: {tokenType: {kind}, secretOrPrivateKey: short}\n"
    )
    verify = "- oauth2: {action: {jwt: {secretOrPublicKey: '${KEY}', checkCredentialExistence: false}}}\n"
    (one,) = found(NAME, pipeline(verify + PROXY), system.replace("{kind}", "jwt"))
    assert one.span.file == "system.config.yml"
    assert found(NAME, pipeline("- oauth2:\n" + PROXY), system.replace("{kind}", "opaque")) == []
    assert found(NAME, pipeline(KEY_AUTH + PROXY, listed="key-auth, proxy"), system.replace("{kind}", "jwt")) == []
