"""Where apps may have their answers sent: what no browser would be sent to is refused when it is registered."""

import logging
from typing import Any

import pytest

from tests.admin.house import House, said

USABLE = [
    "https://shop.test/cb",
    "https://shop.test/cb?page=1",
    "http://localhost:8080/ip",
    "http://127.0.0.1/cb",
    "http://[::1]:7000/cb",
    "com.example.app:/cb",
    "https://shop.test/*",
]


@pytest.mark.parametrize("uri", USABLE)
def test_what_leads_to_an_app_is_taken(house: House, eve: Any, uri: str) -> None:
    assert house.made("/apps", {"userId": "eve", "name": "x", "redirectUri": uri})["redirectUri"] == uri


@pytest.mark.parametrize(
    "uri",
    ["https://shop.test/cb#part", "javascript:alert(1)", "https:///cb", "data:text/html,x", "https://shop.test/\\cb"],
)
def test_what_nobody_is_sent_to_is_refused(house: House, eve: Any, uri: str) -> None:
    for body in ({"redirectUri": uri}, {"redirectUris": ["https://shop.test/cb", uri]}):
        result = house.post("/apps", {"userId": "eve", "name": "x", **body})
        name = next(iter(body))
        sentence = f"data.{name} should be an absolute URI without a fragment that leads to an app"
        assert (result.status_code, said(result)) == (400, sentence)
    assert house.get("/apps").json["apps"] == []


@pytest.mark.parametrize("uri", ["https://*.shop.test/cb", "https://*/cb"])
def test_a_host_is_no_pattern(house: House, eve: Any, uri: str) -> None:
    result = house.post("/apps", {"userId": "eve", "name": "x", "redirectUri": uri})
    assert result.status_code == 400
    assert "`*` is no pattern" in result.text


def test_a_change_is_looked_at_too(house: House, shop: Any) -> None:
    assert house.put("/apps/shop", {"redirectUri": "https://shop.test/cb#part"}).status_code == 400
    assert house.get("/apps/shop").json == shop


@pytest.mark.parametrize(("uri", "told"), [("http://shop.test/cb", True), *((uri, False) for uri in USABLE)])
def test_the_log_tells_of_plain_http(
    house: House, eve: Any, caplog: pytest.LogCaptureFixture, uri: str, told: bool
) -> None:
    with caplog.at_level(logging.WARNING, logger="egc"):
        house.made("/apps", {"userId": "eve", "name": "x", "redirectUris": [uri]})
    assert any("plain HTTP" in record.message for record in caplog.records) is told
