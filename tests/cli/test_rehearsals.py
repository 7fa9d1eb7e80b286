"""`egc route`, `egc trace` and `egc test`: what they print, and what they tell the shell."""

import json
import re
import shutil
import xml.etree.ElementTree as Xml
from pathlib import Path

import pytest

from tests.cli.conftest import Egc
from tests.cli.terminal import Terminal
from tests.rehearsal.house import HOUSE, write

EXAMPLES = Path(__file__).parents[2] / "examples"


def line(text: str) -> int:
    """The line of the configuration that holds a text."""
    return next(number for number, one in enumerate(HOUSE.split("\n"), 1) if text in one)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return write(tmp_path / "config")


def test_route_shows_endpoint_steps_and_url(egc: Egc, config: Path) -> None:
    result = egc("route", "GET", "/orders/7?a=b")
    assert result.code == 0
    assert result.out == (
        "GET http://localhost/orders/7?a=b\n\n"
        f"L{line('orders: {host')}   apiEndpoint orders takes it, pipeline orders\n"
        f"L{line('- oauth2:')}    oauth2: asks who is calling with the scopes read\n"
        f"L{line('stripPath')}    proxy: asks backend\n\n"
        "GET http://backend.example/base/7?a=b\n"
    )


def test_route_says_what_a_script_decides(egc: Egc, config: Path) -> None:
    result = egc("route", "GET", "/scripted", "--format", "json")
    assert result.code == 0
    (route,) = result.json["routes"]  # type: ignore[index]  # JSON
    stop, *_, proxy = route["steps"]
    assert (stop["runs"], stop["depends_on"]) == ("depends", ["expression req.headers['x-stop'] === 'yes'"])
    assert (proxy["runs"], proxy["upstream"][0]["url"]) == ("depends", "http://backend.example/base/scripted")
    assert "if the request comes so far" in egc("route", "GET", "/scripted").out


@pytest.mark.parametrize(
    ("method", "url", "sentence"),
    [
        ("GET", "/odrers/7", "takes the path `/odrers/7`"),
        ("GET", "/odrers/7", "the nearest is apiEndpoint `orders`: path `/orders/*`"),
        ("DELETE", "http://shop.example/shop", "takes DELETE"),
        ("GET", "/shop", "host `shop.example`"),
        ("GET", "/nowhere", "is in no pipeline"),
        ("GET", "http://[::1", "refused before any endpoint is asked"),
    ],
)
def test_route_says_why_nothing_takes_a_request(egc: Egc, config: Path, method: str, url: str, sentence: str) -> None:
    result = egc("route", method, url)
    assert result.code == 1
    assert sentence in result.out


@pytest.mark.parametrize("arguments", [("GET", "ftp://x/y"), ("GET", "x"), ("G T", "/x"), ("GET", "/a b"), ("", "/")])
def test_what_is_no_request_is_told(egc: Egc, config: Path, arguments: tuple[str, str]) -> None:
    result = egc("route", *arguments)
    assert (result.code, result.out) == (2, "")


def test_trace_shows_decisions_and_no_secret(egc: Egc, config: Path) -> None:
    result = egc("trace", "GET /keys?token=abc123", "--as", "key:mine")
    assert result.code == 0
    assert f"L{line('- key-auth:')}" in result.out
    assert "passed, the caller is" in result.out
    assert "backend.example/base\n" in result.out
    assert "authorization: ***" in result.out
    assert "abc123" not in result.out + result.err


def test_secrets_of_the_environment_are_not_shown(egc: Egc, config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    proxied = "serviceEndpoint: shop, headers: {x-plain: 'a ${SHOP_SECRET}'}"
    text = (config / "gateway.config.yml").read_text().replace("serviceEndpoint: shop", proxied)
    (config / "gateway.config.yml").write_text(text)
    monkeypatch.setenv("SHOP_SECRET", "hunter22")
    for form in ("text", "json"):
        result = egc("trace", "GET http://shop.example/shop", "--format", form)
        assert result.code == 0
        assert "a ***" in result.out
        assert "hunter22" not in result.out + result.err


def test_trace_in_json_has_every_event_with_its_place(egc: Egc, config: Path) -> None:
    result = egc("trace", "POST http://shop.example/shop", "--format", "json")
    document = result.json
    assert isinstance(document, dict)
    assert [(event["event"], event["line"]) for event in document["events"]] == [
        ("route", line("shop: {host")),
        ("condition", line("condition: {name: method")),
        ("step", line("- terminate:")),
    ]
    assert document["answer"]["status"] == 405


def test_trace_names_near_users_of_a_store(egc: Egc, config: Path) -> None:
    from tests.rehearsal.test_rehearsal import filled

    filled(config / "data")
    result = egc("trace", "GET /people", "--as", "user:amn")
    assert result.code == 4
    assert "there is no user `amn` in the store; did you mean `ann`?" in result.err
    assert egc("trace", "GET /people", "--as", "user:ann").code == 0


def test_trace_says_why_it_is_404(egc: Egc, config: Path) -> None:
    result = egc("trace", "GET /none")
    assert result.code == 1
    assert "404 Not Found (no route)" in result.out


TESTS = """
services:
  backend: {status: 201, json: {id: 7}}
tests:
  - name: needs a token
    request: GET /orders/7
    expect: {status: 401, endpoint: orders, pipeline: orders, service: null}
  - name: reads
    request: GET /orders/7
    as: app:web
    scopes: [read]
    expect:
      status: 2xx
      json: {id: 7}
      headers: {content-type: application/json, x-none: null, via: true}
      upstream: {method: GET, url: 'http://backend.example/base/7', headers: {authorization: null}}
  - name: two of three
    requests:
      - {request: GET /counted, times: 2, expect: {status: 201}}
      - {request: GET /counted, expect: {status: 429}}
  - name: counts anew
    request: GET /counted
    expect: {status: 201}
"""


def test_tests_pass(egc: Egc, config: Path) -> None:
    (config / "egc.test.yml").write_text(TESTS)
    result = egc("test")
    assert (result.code, result.out) == (0, "4 passed\n")
    assert "✔ reads" in egc("test", "-v").out
    assert egc("test", "-k", "reads").out == "1 passed\n"


@pytest.mark.parametrize(
    ("table", "options", "sentence"),
    [
        ("tests: []\n", [], "there are no tests"),
        (TESTS, ["-k", "raeds"], "no test's name holds 'raeds'"),
        (TESTS, ["-k", "raeds", "--format", "junit"], "no test's name holds 'raeds'"),
    ],
)
def test_no_tests_have_not_passed(egc: Egc, config: Path, table: str, options: list[str], sentence: str) -> None:
    (config / "egc.test.yml").write_text(table)
    result = egc("test", *options)
    assert (result.code, result.out) == (2, "")
    assert sentence in result.err


@pytest.mark.parametrize(
    ("place", "sentence"),
    [("/dev/zero", "the body is longer than 16 MiB"), ("latin1", "the body is no text in UTF-8")],
)
def test_a_body_that_cannot_be_sent_is_told(egc: Egc, config: Path, place: str, sentence: str) -> None:
    (config.parent / "latin1").write_bytes(b"caf\xe9")
    result = egc("trace", "POST /orders/7", "--body", f"@{place}")
    assert (result.code, result.out) == (2, "")
    assert sentence in result.err


@pytest.mark.parametrize(
    ("right", "wrong", "sentence", "decided"),
    [
        (
            "status: 401",
            "status: 200",
            "status: expected 200, got 401",
            "oauth2 answers with 401 Unauthorized, no token",
        ),
        ("endpoint: orders", "endpoint: shop", "endpoint: expected shop, got orders", "oauth2"),
        (
            "id: 7}\n      headers",
            "id: 8}\n      headers",
            'json: expected {"id": 8}, got {"id": 7}',
            "proxy asks backend",
        ),
        ("x-none: null", "x-none: a", "header x-none: expected a, got none", "proxy"),
        ("base/7'", "base/8'", "sent url: expected http://backend.example/base/8, got http://b", "proxy"),
        ("authorization: null", "host: x", "sent header host: expected x, got backend.example", "proxy"),
        ("times: 2", "times: 3", "status: expected 201, got 429", "rate-limit answers with 429"),
    ],
)
def test_a_wrong_expectation_fails_with_its_line(
    egc: Egc, config: Path, right: str, wrong: str, sentence: str, decided: str
) -> None:
    text = TESTS.replace(right, wrong)
    assert text != TESTS
    (config / "egc.test.yml").write_text(text)
    result = egc("test")
    assert result.code == 1
    found = re.search(r"egc\.test\.yml:(\d+): (.*)\n +config/gateway\.config\.yml:(\d+): (.*)", result.out)
    assert found is not None
    assert found[2].startswith(sentence)
    assert found[4].startswith(decided)
    policy = decided.partition(" ")[0]
    assert f"- {policy}:" in HOUSE.split("\n")[int(found[3]) - 1]
    assert wrong.partition("\n")[0].partition(":")[0].split("/")[0] in text.split("\n")[int(found[1]) - 1]


@pytest.mark.parametrize(
    ("text", "place", "sentence"),
    [
        ("tests:\n  - {nam: x, request: GET /, expect: {}}\n", "2:6", "did you mean `name`?"),
        ("tests:\n  - {request: GET /, expect: {statsu: 200}}\n", "2:31", "did you mean `status`?"),
        ("tests:\n  - {request: GET /, expect: {status: 20}}\n", "2:39", "`20` is no status"),
        ("tests:\n  - {request: GET /, expect: {service: bakend}}\n", "2:40", "did you mean `backend`?"),
        ("tests:\n  - {request: GET /, expect: {endpoint: ordres}}\n", "2:41", "did you mean `orders`?"),
        ("services: {bakend: {}}\ntests: []\n", "1:12", "did you mean `backend`?"),
        ("tests:\n  - {request: GET /, as: ap:web, expect: {}}\n", "2:26", "did you mean app?"),
        ("tests:\n  - {request: 'FETCH me', expect: {}}\n", "2:15", "is no URL"),
        ("tests:\n  - {expect: {}}\n", "2:5", "there is no `request`"),
        ("tests: {}\n", "1:8", "`tests` is a list"),
        ("a: [\n", "2:1", "this is not YAML"),
    ],
)
def test_mistakes_of_a_test_file_have_a_place(egc: Egc, config: Path, text: str, place: str, sentence: str) -> None:
    (config / "egc.test.yml").write_text(text)
    result = egc("test")
    assert (result.code, result.out) == (3, "")
    assert f"config/egc.test.yml:{place}" in result.err
    assert sentence.replace("did you mean app?", "did you mean `app`?") in result.err


def test_a_configuration_that_does_not_compile_is_3(egc: Egc, config: Path) -> None:
    (config / "egc.test.yml").write_text(TESTS)
    (config / "gateway.config.yml").write_text("pipelines: 7\n")
    for words in (("test",), ("route", "GET", "/"), ("trace", "GET /")):
        assert egc(*words).code == 3


def test_formats_say_the_same(egc: Egc, config: Path) -> None:
    (config / "egc.test.yml").write_text(TESTS.replace("status: 401", "status: 200"))
    document = egc("test", "--format", "json").json
    assert isinstance(document, dict)
    assert (document["passed"], document["failed"]) == (3, 1)
    assert document["tests"][0]["failures"][0]["gateway"]["line"] == line("- oauth2:")
    result = egc("test", "--format", "junit")
    assert result.code == 1
    suite = Xml.fromstring(result.out)[0]
    assert (suite.get("tests"), suite.get("failures")) == ("4", "1")
    assert [case.get("name") for case in suite if case.find("failure") is not None] == ["needs a token"]


def test_coverage_counts_endpoints_methods_and_both_sides(egc: Egc, config: Path) -> None:
    (config / "egc.test.yml").write_text(
        "tests:\n  - {request: POST http://shop.example/shop, expect: {status: 405}}\n"
    )
    result = egc("test", "--format", "json", "--min-coverage", "50")
    assert result.code == 1
    assert "less than 50 %" in result.err
    items = {one["name"]: one for one in result.json["coverage"]["items"]}  # type: ignore[index]  # JSON
    assert items["shop"]["missing"] == ["GET"]
    assert items["method POST"]["missing"] == ["does not hold"]
    assert items["orders"]["missing"] == ["requested", "any method"]
    assert egc("test", "--min-coverage", "10").code == 0


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(path.parent.name for path in EXAMPLES.glob("*/gateway.config.yml")))
def test_a_first_draft_passes_as_written(egc: Egc, tmp_path: Path, name: str) -> None:
    import shutil

    shutil.copytree(EXAMPLES / name, tmp_path / name)
    assert egc("test", "--init", name).code == 0
    result = egc("test", name)
    assert (result.code, result.out.endswith(" passed\n")) == (0, True)
    assert "0 passed" not in result.out
    again = egc("test", "--init", name)
    assert (again.code, "is not overwritten" in again.err) == (4, True)


@pytest.mark.slow
def test_a_first_draft_has_the_refused_and_the_admitted_request(egc: Egc, config: Path) -> None:
    assert egc("test", "--init").code == 0
    text = (config / "egc.test.yml").read_text()
    assert 'BACKEND_URL: "http://backend.example/base"' in text
    assert "GET localhost/orders/ is answered with 401" in text
    assert 'as: "app:tester"\n    scopes: [read]' in text
    assert egc("test").code == 0


@pytest.mark.slow
@pytest.mark.parametrize("columns", ["60", "200"])
def test_a_terminal_shows_no_line_longer_than_it_is_wide(config: Path, columns: str) -> None:
    (config / "egc.test.yml").write_text(TESTS.replace("status: 401", "status: 200"))
    for words in (("trace", "GET /keys", "--as", "key:mine"), ("route", "GET", "/scripted"), ("test", "--coverage")):
        with Terminal(*words, directory=config.parent, environ={"COLUMNS": columns}) as terminal:
            terminal.wait()
            shown = [one.rpartition("\r\x1b[K")[2] for one in terminal.seen.split("\n")]
            assert max(map(len, shown)) <= int(columns)


def test_a_plugin_that_does_not_take_its_settings_is_no_bug_of_egc(egc: Egc, tmp_path: Path) -> None:
    shutil.copytree(EXAMPLES / "plugin", tmp_path / "plugin")
    description = tmp_path / "plugin" / "plugins" / "callers" / "plugin.json"
    description.write_text(json.dumps({**json.loads(description.read_text()), "properties": {}}))
    for words in (["trace", "GET /"], ["route", "GET", "/"]):
        result = egc(*words, str(tmp_path / "plugin"))
        assert (result.code, result.out) == (4, "")
        assert "a plugin fails, plugins.callers: TypeError: Callers.__init__() missing" in result.err
