"""SC109: which algorithms count, and what is proposed where that can be told."""

import pytest

from tests.lint.configurations import found
from tests.lint.pipelines import KEY_AUTH, PROXY, pipeline

SYSTEM = (
    "db: {redis: {emulate: true}}\noauth2: {grants: [client_credentials]}\n"
    "accessTokens: {tokenType: jwt, algorithm: ES256, secretOrPrivateKey: '${KEY}'}\n"
)
NAME = "jwt-no-algorithms"


@pytest.mark.parametrize(
    ("parameters", "algorithm"),
    [
        ("secretOrPublicKey: '${JWT_SECRET}'", "HS256"),
        ("secretOrPublicKey: abc", "HS256"),
        ("secretOrPublicKey: '${JWT_PUBLIC_KEY}'", None),
        ("secretOrPublicKeyFile: public.pem", None),
        ("jwksUri: https://login.example.com/keys", None),
    ],
)
def test_a_fix_is_offered_where_the_algorithm_is_plain(parameters: str, algorithm: str | None) -> None:
    (one,) = found(NAME, pipeline(f"- jwt: {{action: {{{parameters}}}}}\n" + PROXY))
    assert one.severity == "info"
    assert (one.fix.edits[0].text if one.fix else None) == (f"algorithms: [{algorithm}], " if algorithm else None)


def test_a_list_is_enough_and_an_empty_one_is_none() -> None:
    step = "- jwt: {action: {secretOrPublicKey: '${JWT_SECRET}', algorithms: []}}\n"
    (one,) = found(NAME, pipeline(step + PROXY))
    assert one.fix is None
    assert found(NAME, pipeline(step.replace("[]", "[HS256]") + PROXY)) == []


def test_tokens_of_its_own_are_signed_as_system_config_says() -> None:
    verify = "- oauth2: {action: {jwt: {secretOrPublicKey: '${PUBLIC}', checkCredentialExistence: false}}}\n"
    (one,) = found(NAME, pipeline(verify + PROXY), SYSTEM)
    assert one.fix is not None
    assert one.fix.edits[0].text == "algorithms: [ES256], "


def test_other_policies_have_no_algorithms() -> None:
    assert found(NAME, pipeline(KEY_AUTH + PROXY)) == []
