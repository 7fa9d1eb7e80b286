"""SC103: the Admin API behind a service of its own gateway."""

import pytest

from tests.lint.configurations import found
from tests.lint.pipelines import KEY_AUTH, PROXY, pipeline

NAME = "admin-exposed"
HEAD = "http: {port: 8080}\nadmin: {port: 9876, host: localhost}\n"


def admin(url: str, steps: str = PROXY, head: str = HEAD) -> str:
    return pipeline(steps, service=f"backend: {{url: '{url}'}}", head=head)


@pytest.mark.parametrize("url", ["http://localhost:9876", "http://127.0.0.1:9876/", "http://[::1]:9876/users"])
def test_a_service_of_this_machine_with_the_port_of_the_admin_api_is_it(url: str) -> None:
    (one,) = found(NAME, admin(url))
    assert (one.severity, one.span.line) == ("error", 6)
    assert "without credentials" in one.witness


def test_the_port_may_be_left_to_its_default() -> None:
    assert len(found(NAME, admin("http://localhost:9876", head="http: {port: 8080}\nadmin: {host: localhost}\n"))) == 1


def test_whoever_must_authenticate_is_still_no_administrator() -> None:
    (one,) = found(NAME, admin("http://localhost:9876", KEY_AUTH + PROXY))
    assert one.severity == "warning"


@pytest.mark.parametrize("url", ["http://localhost:9877", "http://backend:9876", "https://admin.example.com"])
def test_another_port_or_machine_is_another_service(url: str) -> None:
    assert found(NAME, admin(url)) == []


def test_a_key_of_its_own_is_enough() -> None:
    head = "http: {port: 8080}\nadmin: {port: 9876, host: localhost, auth: {keyDigest: '${DIGEST}'}}\n"
    assert found(NAME, admin("http://localhost:9876", head=head)) == []


def test_without_an_admin_api_nothing_is_exposed() -> None:
    assert found(NAME, admin("http://localhost:9876", head="http: {port: 8080}\n")) == []


def test_ports_from_different_variables_are_the_same_by_chance_only() -> None:
    head = "http: {port: 8080}\nadmin: {port: '${ADMIN_PORT}', host: localhost}\n"
    ports = {"ADMIN_PORT": "3000", "BACKEND_PORT": "3000"}
    assert found(NAME, admin("http://localhost:${BACKEND_PORT}", head=head), environ=ports) == []
    assert len(found(NAME, admin("http://localhost:${ADMIN_PORT}", head=head), environ=ports)) == 1


def test_a_service_that_nothing_leads_to_exposes_nothing() -> None:
    unused = "backend: {url: 'http://localhost:3000'}\nadmin: {url: 'http://localhost:9876'}"
    assert found(NAME, pipeline(PROXY, service=unused, head=HEAD)) == []
