"""What answers besides the routes: with the paths that the runtime has, and who may ask."""

from pathlib import Path
from typing import cast

import pytest

from egc.compiler import compile_project
from egc.compiler.access.beside import Beside, beside
from egc.runtime.oauth2.secrets import PasswordHasher
from egc.runtime.oauth2.server import AuthorizationServer
from egc.runtime.store import Store
from tests.access.conftest import SHOP
from tests.access.views import of

OAUTH2 = SHOP.replace("key-auth", "oauth2")
KEY = "sha256:" + "0" * 64


def named(found: tuple[Beside, ...], kind: str) -> Beside:
    (one,) = (one for one in found if one.kind == kind)
    return one


@pytest.mark.parametrize("grants", ["[client_credentials]", "[authorization_code, refresh_token]", "[implicit]"])
def test_the_paths_of_the_authorization_server_are_those_of_the_runtime(grants: str) -> None:
    found = named(of(OAUTH2, f"oauth2: {{grants: {grants}}}\n").beside, "authorization server")
    server = AuthorizationServer(
        cast(Store, None),
        grants=grants.strip("[]").split(", "),
        access_ttl=1,
        refresh_ttl=1,
        code_ttl=1,
        hasher=cast(PasswordHasher, object()),
    )
    assert {path: frozenset(methods) for path, methods in found.paths} == dict(server.paths)


def test_nothing_answers_besides_routes_alone() -> None:
    assert of(SHOP).beside == ()


@pytest.mark.parametrize(
    ("admin", "address", "who"),
    [
        ("{port: 9876}", "localhost:9876", "this machine alone, without a key"),
        ("{port: 9876, host: 0.0.0.0}", "0.0.0.0:9876", "this machine alone, without a key"),
        (f"{{host: 10.0.0.1, auth: {{keyDigest: '{KEY}'}}}}", "10.0.0.1:9876", "whoever holds the admin key"),
        (f"{{allowedHosts: [ops.example], auth: {{keyDigest: '{KEY}'}}}}", "localhost:9876", "names ops.example"),
        ("{port: '${ADMIN_PORT:-9000}'}", "localhost:${ADMIN_PORT:-9000}", "this machine alone"),
    ],
)
def test_who_may_ask_the_admin_api(admin: str, address: str, who: str) -> None:
    found = named(of(f"admin: {admin}\n{SHOP}").beside, "Admin API")
    assert found.address == address
    assert who in found.who
    assert KEY not in found.who


def test_an_admin_api_that_compatibility_opens_is_open(tmp_path: Path) -> None:
    (tmp_path / "gateway.config.yml").write_text(f"admin: {{host: 0.0.0.0}}\n{SHOP}")
    plan = compile_project(tmp_path, {}, eg_compat=True).plan
    assert "whoever reaches the address, without a key" in named(tuple(beside(plan)), "Admin API").who


def test_routes_of_a_plugin_are_unknown() -> None:
    plan = compile_project(Path(__file__).parents[2] / "examples" / "plugin", {}).plan
    found = named(tuple(beside(plan)), "plugin")
    assert (found.name, found.exact) == ("callers", False)
