"""OA303, OA304: grants that are on, and those that nobody has asked for."""

import pytest

from tests.lint.configurations import found
from tests.lint.pipelines import KEY_AUTH, PROXY, pipeline

OAUTH2 = pipeline("- oauth2:\n" + PROXY)


def system(grants: str) -> str:
    return f"db: {{redis: {{emulate: true}}}}\noauth2: {{grants: [{grants}]}}\n"


@pytest.mark.parametrize(("name", "grant"), [("implicit-grant", "implicit"), ("password-grant", "password")])
def test_a_grant_that_is_listed_is_found_where_it_stands(name: str, grant: str) -> None:
    (one,) = found(name, OAUTH2, system(f"authorization_code, {grant}"))
    assert (one.span.file, one.span.line, one.severity) == ("system.config.yml", 2, "error")


@pytest.mark.parametrize("name", ["implicit-grant", "password-grant"])
def test_other_grants_are_fine(name: str) -> None:
    assert found(name, OAUTH2, system("authorization_code, client_credentials, refresh_token")) == []


@pytest.mark.parametrize("name", ["implicit-grant", "password-grant"])
def test_without_an_authorization_server_there_are_no_grants(name: str) -> None:
    assert found(name, pipeline(KEY_AUTH + PROXY, listed="key-auth, proxy"), system("implicit, password")) == []


@pytest.mark.parametrize("name", ["implicit-grant", "password-grant"])
def test_grants_that_are_not_listed_are_told_of_by_another_finding(name: str) -> None:
    assert found(name, OAUTH2) == []
    (one,) = found("grants-not-listed", OAUTH2)
    assert "`implicit` and `password`" in one.message


def test_a_server_that_no_pipeline_uses_is_told_as_such() -> None:
    (one,) = found("grants-not-listed", pipeline(KEY_AUTH + PROXY, listed="key-auth, oauth2, proxy"))
    assert "no pipeline uses `oauth2`" in one.message
