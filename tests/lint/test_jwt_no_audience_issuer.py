"""SC111: for whom a token was made, and who made it."""

import pytest

from tests.lint.configurations import found
from tests.lint.pipelines import PROXY, pipeline

SYSTEM = (
    "db: {redis: {emulate: true}}\noauth2: {grants: [client_credentials]}\n"
    "accessTokens: {tokenType: jwt, secretOrPrivateKey: '${KEY}'}\n"
)
NAME = "jwt-no-audience-issuer"
REMOTE = "jwksUri: https://login.example.com/keys"
SECRET = "secretOrPublicKey: '${JWT_KEY}'"


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        (REMOTE, "no audience and no issuer"),
        (f"{REMOTE}, issuer: https://login.example.com/", "no audience:"),
        (f"{REMOTE}, audience: orders", None),
        (SECRET, "no audience and no issuer"),
        (f"{SECRET}, issuer: https://login.example.com/", None),
        (f"{SECRET}, audience: orders", None),
        (f"{SECRET}, audience: ''", "no audience and no issuer"),
    ],
)
def test_what_tells_tokens_apart(parameters: str, said: str | None) -> None:
    messages = [one.message for one in found(NAME, pipeline(f"- jwt: {{action: {{{parameters}}}}}\n" + PROXY))]
    assert len(messages) == (said is not None)
    assert said is None or said in messages[0]


def test_tokens_of_its_own_are_for_itself() -> None:
    verify = "- oauth2: {action: {jwt: {secretOrPublicKey: '${KEY}', checkCredentialExistence: false}}}\n"
    assert found(NAME, pipeline(verify + PROXY), SYSTEM) == []
