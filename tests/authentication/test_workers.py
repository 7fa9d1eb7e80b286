"""Two workers: whoever is switched off is out at once on both, whatever each of them remembers."""

import json
from pathlib import Path

import pytest
import requests

from tests.authentication.gate import basic, bearer, token
from tests.running import Running, free_port

pytestmark = pytest.mark.slow

GATEWAY = """
http: {port: PORT, hostname: 127.0.0.1}
admin: {port: ADMIN, host: 127.0.0.1}
apiEndpoints: {basic: {paths: /basic}, key: {paths: /key}, jwt: {paths: /jwt}}
policies: [basic-auth, key-auth, jwt, terminate]
pipelines:
  basic: {apiEndpoints: [basic], policies: [{basic-auth: }, {terminate: {action: {statusCode: 200}}}]}
  key: {apiEndpoints: [key], policies: [{key-auth: }, {terminate: {action: {statusCode: 200}}}]}
  jwt:
    apiEndpoints: [jwt]
    policies: [{jwt: {action: {secretOrPublicKey: '${KEY}'}}}, {terminate: {action: {statusCode: 200}}}]
"""
ROUNDS = 24
"""Requests on connections of their own: enough for both workers to take some."""


def statuses(gateway: Running, path: str, header: tuple[str, str]) -> set[int]:
    """What so many callers are answered."""
    return {requests.get(gateway.url + path, headers=dict([header]), timeout=10).status_code for _ in range(ROUNDS)}


def test_switched_off_on_every_worker(tmp_path: Path) -> None:
    """Credential, then user, of every kind (decision 17); D189."""
    config, port, admin = tmp_path / "config", free_port(), free_port()
    config.mkdir()
    (config / "gateway.config.yml").write_text(GATEWAY.replace("PORT", str(port)).replace("ADMIN", str(admin)))
    (config / "system.config.yml").write_text("db: {redis: {emulate: true}}\n")
    env = {"WEB_CONCURRENCY": "2", "KEY": "shared", "EGC_DATA": str(tmp_path / "data")}
    with Running.project(config, port=port, admin_port=admin, env=env) as gateway:

        def tell(method: str, path: str, body: object) -> None:
            answer = requests.request(method, gateway.admin + path, json=body, timeout=10)
            assert answer.status_code == 200, answer.text

        tell("POST", "/users", {"username": "ann", "firstname": "Ann", "lastname": "Lee"})
        user = requests.get(f"{gateway.admin}/users/ann", timeout=10).json()["id"]
        for kind, credential in (
            ("basic-auth", {"password": "bacon"}),
            ("key-auth", {"keyId": "k1", "keySecret": "s1"}),
            ("jwt", {"keyId": "d1", "keySecret": "x"}),
        ):
            tell("POST", "/credentials", {"consumerId": "ann", "type": kind, "credential": credential})
        callers = {
            "basic-auth": (user, "/basic", basic("ann", "bacon")),
            "key-auth": ("k1", "/key", ("Authorization", "apiKey k1:s1")),
            "jwt": ("d1", "/jwt", bearer(token({"sub": "d1"}, "shared"))),
        }
        for kind, (name, path, header) in callers.items():
            assert statuses(gateway, path, header) == {200}, kind
            tell("PUT", f"/credentials/{kind}/{name}/status", {"status": False})
            assert statuses(gateway, path, header) == {401}, kind
            tell("PUT", f"/credentials/{kind}/{name}/status", {"status": True})
            assert statuses(gateway, path, header) == {200}, kind
        tell("PUT", "/users/ann/status", {"status": False})
        for kind, (_, path, header) in callers.items():
            assert statuses(gateway, path, header) == {401}, kind
    assert "bacon" not in gateway.output()
    assert json.dumps("shared") not in gateway.output()
