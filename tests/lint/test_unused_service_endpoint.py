"""CO107 and CO108: what nothing uses, and how it goes."""

import pytest

from egc.compiler.mends import Text
from tests.lint.configurations import found

TEXT = """apiEndpoints:
  payments: {paths: '/a*'}
serviceEndpoints:%s
policies:%s
pipelines:
  p:
    apiEndpoints: [payments]
    policies:
      - proxy: {action: {serviceEndpoint: orders}}
"""
ORDERS = "\n  orders: {url: 'http://localhost:1'} # first"
USED = "\n  - proxy # it"


def mended(name: str, services: str = ORDERS, policies: str = USED) -> str:
    """The text without what is told."""
    text = TEXT % (services, policies)
    (one,) = found(name, text)
    assert one.fix is not None
    assert one.fix.safe
    (edit,) = one.fix.edits
    whole = Text("gateway.config.yml", text)
    return text[: whole.start(edit.span)] + edit.text + text[whole.end(edit.span) :]


@pytest.mark.parametrize(
    "services",
    [
        f"\n  payments: {{url: 'http://localhost:2'}} # second{ORDERS}",
        f"{ORDERS}\n  payments: {{url: 'http://localhost:2'}}",
        f"{ORDERS}\n  payments:\n    urls:\n      - http://localhost:2\n      - http://localhost:3",
    ],
)
def test_a_service_goes_with_its_lines(services: str) -> None:
    assert mended("unused-service-endpoint", services) == TEXT % (ORDERS, USED)


def test_a_service_in_brackets_goes_alone() -> None:
    both = " {orders: {url: 'http://localhost:1'}, payments: {url: 'http://localhost:2'}}"
    assert mended("unused-service-endpoint", both) == TEXT % (" {orders: {url: 'http://localhost:1'}}", USED)


def test_comments_around_stay() -> None:
    services = f"\n  # what is paid\n  payments: {{url: 'http://localhost:2'}}\n  # what is ordered{ORDERS}"
    assert "  # what is paid\n  # what is ordered\n  orders" in mended("unused-service-endpoint", services)


def test_an_endpoint_or_a_pipeline_of_that_name_is_no_use_of_a_service() -> None:
    services = f"{ORDERS}\n  payments: {{url: 'http://localhost:2'}}"
    assert len(found("unused-service-endpoint", TEXT % (services, USED))) == 1


def test_a_service_that_a_policy_names_which_is_not_read_is_not_removed() -> None:
    services = f"{ORDERS}\n  payments: {{url: 'http://localhost:2'}}"
    unread = "spare:\n  - proxy: {action: {serviceEndpoint: payments}}\n"
    assert [one.fix for one in found("unused-service-endpoint", TEXT % (services, USED) + unread)] == [None]


def test_a_service_that_is_used_in_a_second_step_is_fine() -> None:
    services = f"{ORDERS}\n  payments: {{url: 'http://localhost:2'}}"
    text = (TEXT % (services, USED)).replace(
        "{action: {serviceEndpoint: orders}}",
        "[{condition: {name: never}, action: {serviceEndpoint: payments}}, {action: {serviceEndpoint: orders}}]",
    )
    assert found("unused-service-endpoint", text) == []


@pytest.mark.parametrize(
    ("policies", "left"),
    [
        ("\n  - jwt\n  - proxy # it", USED),
        ("\n  - proxy # it\n  - jwt   # old", USED),
        (" [jwt, proxy]", " [proxy]"),
        (" [proxy, jwt]", " [proxy]"),
    ],
)
def test_a_policy_goes_from_the_list(policies: str, left: str) -> None:
    assert mended("unused-whitelist-entry", policies=policies) == TEXT % (ORDERS, left)


def test_oauth2_in_the_list_turns_the_authorization_server_on() -> None:
    assert found("unused-whitelist-entry", TEXT % (ORDERS, " [proxy, oauth2]")) == []
