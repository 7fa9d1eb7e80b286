"""The configuration and the schemas over the Admin API, where nothing can be changed: C137-C145, D11."""

import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from egc.compiler import compile_project, write
from tests.admin.house import House

GATEWAY = """\
http: {port: 8080}
admin: {port: 9876}
apiEndpoints:
  '10': {host: '*', paths: /ten}
  a: {host: '*', paths: ['/a', '/b']}   # a comment
  many: [{host: x.test}, {pathRegex: '^/z'}]
serviceEndpoints:
  up: {url: '${UP:-http://up.test}'}
policies: [terminate, oauth2, cors]
pipelines:
  p:
    apiEndpoints: [a, '10', many]
    policies:
      - cors: {action: {origin: !!js/regexp /x/i, maxAge: 60}}
      - terminate: {action: {statusCode: 200, message: 'hello ${WORD}'}}
"""

POLICY = "http://express-gateway.io/schemas/policies"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a build writes for the Admin API, with secrets in its environment."""
    directory = tmp_path_factory.mktemp("config")
    (directory / "gateway.config.yml").write_text(GATEWAY)
    (directory / "system.config.yml").write_text("oauth2: {grants: [implicit]}\n")
    (directory / "models").mkdir()
    model = {"$id": "http://x.test/users.json", "type": "object", "properties": {"team": {"type": "string"}}}
    (directory / "models" / "users.json").write_text(json.dumps(model))
    write(compile_project(directory, {"UP": "http://secret.test", "WORD": "secret"}), directory / "out")
    return directory / "out" / "admin.json"


@pytest.fixture
def shop(built: Path, tmp_path: Path) -> Iterator[House]:
    """An Admin API on that."""
    with House(tmp_path / "data", written=built) as house:
        yield house


def test_sections_are_shown_as_they_were_written(shop: House) -> None:
    """C137, C141: in the order of the file; what variables hold is nobody's business (D11)."""
    assert list(shop.get("/api-endpoints").json) == ["10", "a", "many"]
    assert shop.get("/service-endpoints").json == {"up": {"url": "${UP:-http://up.test}"}}
    assert shop.get("/policies").json == ["terminate", "oauth2", "cors"]
    assert shop.get("/pipelines").json["p"]["policies"] == [
        {"cors": {"action": {"origin": "/x/i", "maxAge": 60}}},
        {"terminate": {"action": {"statusCode": 200, "message": "hello ${WORD}"}}},
    ]
    assert shop.get("/pipelines/").headers["content-type"] == "application/json; charset=utf-8"
    assert "secret" not in shop.get("/pipelines").text + shop.get("/service-endpoints").text


def test_one_entry_is_shown_by_its_name(shop: House) -> None:
    """C138; another answers 404 with nothing behind it."""
    assert shop.get("/api-endpoints/many").json == [{"host": "x.test"}, {"pathRegex": "^/z"}]
    assert shop.get("/api-endpoints/10/").json == {"host": "*", "paths": "/ten"}
    for path in ("/api-endpoints/MANY", "/service-endpoints/a", "/pipelines/0"):
        missing = shop.get(path)
        assert (missing.status_code, missing.content) == (404, b"")
        assert "content-type" not in missing.headers


def test_head_and_entity_tags_hold_here_too(shop: House) -> None:
    got, head = shop.get("/pipelines/p"), shop.run(shop.ask("HEAD", "/pipelines/p"))
    assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", got.headers["etag"])
    assert shop.get("/schemas", headers={"If-None-Match": shop.get("/schemas").headers["etag"]}).status_code == 304


@pytest.mark.parametrize(
    ("text", "section", "entity"),
    [
        ("pipelines:\n", None, 404),
        ("", {}, 404),
        ("pipelines: [{name: p, policies: []}]\n", [{"name": "p", "policies": []}], 200),
    ],
)
def test_sections_that_are_no_mapping(tmp_path: Path, text: str, section: Any, entity: int) -> None:
    """C137: `null` for an empty one. Of a list the entries are found by name (D35)."""
    (tmp_path / "gateway.config.yml").write_text(f"admin: {{port: 9876}}\npolicies: []\n{text}")
    write(compile_project(tmp_path, {}), tmp_path / "out")
    with House(tmp_path / "data", written=tmp_path / "out" / "admin.json") as house:
        assert house.get("/pipelines").json == section
        assert house.get("/pipelines/p").status_code == entity


def test_schemas_of_what_is_loaded(shop: House, built: Path) -> None:
    """C144: the policies that are listed, and `jwt` with oauth2; models as the project has them; no word of ours."""
    kinds: dict[str, list[str]] = {}
    for one in shop.get("/schemas").json:
        kinds.setdefault(one["type"], []).append(one["schema"]["$id"])
    assert kinds["policy"] == [f"{POLICY}/{name}.json" for name in ("cors", "jwt", "oauth2", "terminate")]
    assert kinds["model"][0] == "http://x.test/users.json"
    assert sorted(kinds) == ["condition", "config", "model", "policy"]
    assert "http://express-gateway.io/schemas/conditions/pathExact.json" in kinds["condition"]
    assert "x-egc" not in built.read_text()


def test_schemas_by_kind_and_by_id(shop: House) -> None:
    """C145."""
    assert [one["type"] for one in shop.get("/schemas/model").json] == ["model"] * 3
    (found,) = shop.get("/schemas/http%3A%2F%2Fexpress-gateway.io%2Fschemas%2Fpolicies%2Fterminate.json").json.values()
    assert (found["$id"], found["required"]) == (f"{POLICY}/terminate.json", ["statusCode", "message"])
    assert shop.get("/SCHEMAS/nothing").json == []
    assert shop.get("/schemas/terminate").json == []


@pytest.mark.parametrize("number", [None, "", "no", "-1", "999", "file", "pipe"])
def test_without_anybody_to_ask_nothing_is_changed(
    shop: House, number: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """409 in one sentence: an artifact, `--no-watch`, or whatever else stands in the environment."""
    with (tmp_path / "file").open("w") as file, socket.socket() as stranger:
        given = {"file": str(file.fileno()), "pipe": str(stranger.fileno())}
        if number is not None:
            monkeypatch.setenv("EGC_EDITS", given.get(number, number))
        for path in ("/pipelines/p", "/api-endpoints/a", "/service-endpoints/up", "/policies/cors"):
            for result in (shop.put(path, {}), shop.delete(path)):
                assert result.status_code == 409
                assert "cannot be changed here: this gateway is compiled" in result.text
        os.fstat(file.fileno())


def test_a_key_is_asked_for_first(built: Path, tmp_path: Path) -> None:
    """P39: reading and changing, from any Host but ours too."""
    with House(tmp_path / "data", written=built, key_digest="sha256:" + "0" * 64) as house:
        for method, path in (("GET", "/pipelines"), ("GET", "/schemas"), ("PUT", "/policies/cors")):
            assert house.run(house.ask(method, path)).status_code == 401
            assert house.run(house.ask(method, path, host="evil.test")).status_code == 421


def test_there_is_nothing_for_a_gateway_without_an_admin_api(tmp_path: Path) -> None:
    (tmp_path / "gateway.config.yml").write_text("http: {port: 1}\npolicies: []\n")
    assert "admin.json" not in compile_project(tmp_path, {}).files
