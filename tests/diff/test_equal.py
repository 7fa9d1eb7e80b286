"""What means the same is no difference."""

from pathlib import Path

import pytest

from tests.diff.configurations import BASE, difference, replaced

SAME = {
    "comments": replaced(("http:", "# a comment\nhttp:")),
    "order of arguments": replaced(
        ("serviceEndpoint: shop, proxyTimeout: 5000", "proxyTimeout: 5000, serviceEndpoint: shop")
    ),
    "order of services": replaced(
        ("  shop: {url: 'http://shop:8000'}\n", ""),
        ("'https://bill.internal'}\n", "'https://bill.internal'}\n  shop: {url: 'http://shop:8000'}\n"),
    ),
    "renamed pipeline": replaced(("  orders:\n    api", "  other:\n    api")),
    "renamed endpoint": replaced(("  health: {", "  alive: {"), ("[health]", "[alive]")),
    "renamed service": replaced(("  shop:", "  store:"), ("serviceEndpoint: shop", "serviceEndpoint: store")),
    "order of the list of policies": replaced(("basic-auth, cors, ", "cors, basic-auth, ")),
    "order of endpoints that do not meet": replaced(
        ("  health: {paths: /health}\n", ""),
        ("apiEndpoints:\n  orders", "apiEndpoints:\n  health: {paths: /health}\n  orders"),
    ),
    "a default that is written": replaced(("max: 10,", "max: 10, statusCode: 429,")),
    "a default that only the schema has": replaced(
        ("proxyTimeout: 5000", "proxyTimeout: 5000, followRedirects: false, autoRewrite: false")
    ),
    "the other spelling of a literal path": replaced(("paths: /health", "paths: /Health/")),
    "what cannot be reached": replaced(
        ("message: ok}}", "message: ok}}\n      - proxy: {action: {serviceEndpoint: shop}}")
    ),
}


@pytest.mark.parametrize("name", SAME)
def test_equal_meaning_is_no_difference(name: str, tmp_path: Path) -> None:
    assert difference(tmp_path, BASE, SAME[name]).changes == ()
    assert difference(tmp_path / "back", SAME[name], BASE).changes == ()


def test_a_renamed_endpoint_that_a_script_asks_for_is_a_difference(tmp_path: Path) -> None:
    asking = ("- key-auth:\n", "- key-auth:\n      - log: {action: {message: '${apiEndpoint.apiEndpointName}'}}\n")
    renamed = (("  orders: {", "  ordering: {"), ("[orders]", "[ordering]"))
    (change,) = difference(tmp_path, replaced(asking), replaced(asking, *renamed)).changes
    assert not change.certain
