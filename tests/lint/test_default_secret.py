"""SC108: what everybody knows."""

import pytest

from tests.lint.configurations import found
from tests.lint.pipelines import KEY_AUTH, PROXY, pipeline

NAME = "default-secret"


def jwt(key: str) -> str:
    return pipeline(f"- jwt: {{action: {{secretOrPublicKey: {key}}}}}\n{PROXY}")


@pytest.mark.parametrize(
    "key", ["secret", "your-256-bit-secret", "'${JWT_KEY:-changeme}'", "MySecret", "'12345'", "12345"]
)
def test_words_of_tutorials_are_found(key: str) -> None:
    (one,) = found(NAME, jwt(key))
    assert one.severity == "error"
    assert found("secret-in-config", jwt(key)) == []


def test_the_name_of_a_file_is_no_key() -> None:
    (one,) = found(NAME, jwt("../keys/public.pem"))
    assert one.help == "write `secretOrPublicKeyFile`"


@pytest.mark.parametrize("key", ["'${SECRET}'", "'${JWT_KEY:-}'", "pbvFmzoQ7nW3cYxT9rKdLs5hGqJ2uEa8"])
def test_other_keys_are_not(key: str) -> None:
    assert found(NAME, jwt(key)) == []


CIPHER, SESSION = "crypto: {cipherKey: sensitiveKey}\n", "session: {secret: keyboard cat}\n"


@pytest.mark.parametrize(
    ("secrets", "places"), [(CIPHER, [2]), (SESSION, [2]), (CIPHER + SESSION, [2, 3]), (SESSION + CIPHER, [3, 2])]
)
def test_what_the_templates_of_express_gateway_brought_is_one_warning(secrets: str, places: list[int]) -> None:
    (one,) = found(NAME, pipeline(KEY_AUTH + PROXY), "db: {redis: {emulate: true}}\n" + secrets)
    assert (one.severity, [one.span.line, *(related.span.line for related in one.related)]) == ("warning", places)
    assert one.related == () or "keyboard cat" not in one.message


def test_a_key_of_ones_own_is_not_remarked() -> None:
    system = "db: {redis: {emulate: true}}\ncrypto: {cipherKey: '${CIPHER_KEY}'}\nsession: {secret: '${SESSION}'}\n"
    assert found(NAME, pipeline(KEY_AUTH + PROXY), system) == []
