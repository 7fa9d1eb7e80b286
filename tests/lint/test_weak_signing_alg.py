"""OA308: who can make the tokens that others verify."""

import pytest

from tests.lint.configurations import found
from tests.lint.pipelines import PROXY, pipeline

NAME = "weak-signing-alg"
VERIFY = "- oauth2: {action: {jwt: {secretOrPublicKey: '${KEY}', checkCredentialExistence: false}}}\n"


def system(more: str, kind: str = "jwt") -> str:
    return (
        "db: {redis: {emulate: true}}\noauth2: {grants: [client_credentials]}\n"
        f"accessTokens: {{tokenType: {kind}, secretOrPrivateKey: '${{KEY}}'{more}}}\n"
    )


@pytest.mark.parametrize(
    ("more", "severity"),
    [
        (", algorithm: HS256, audience: orders", "warning"),
        (", audience: [orders, invoices]", "warning"),
        ("", "info"),
        (", algorithm: HS512", "info"),
    ],
)
def test_a_shared_secret_is_told_of(more: str, severity: str) -> None:
    assert [one.severity for one in found(NAME, pipeline(VERIFY + PROXY), system(more))] == [severity]


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "PS512", "EdDSA"])
def test_pairs_of_keys_are_fine(algorithm: str) -> None:
    assert found(NAME, pipeline(VERIFY + PROXY), system(f", algorithm: {algorithm}, audience: orders")) == []


def test_opaque_tokens_are_not_signed() -> None:
    assert found(NAME, pipeline("- oauth2:\n" + PROXY), system(", audience: orders", kind="opaque")) == []
