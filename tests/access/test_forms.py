"""Text, JSON and CSV: what each says, and that nothing of a configuration gets out of its place."""

import csv
import json
from importlib.resources import files
from io import StringIO

import pytest
from jsonschema import Draft7Validator

from egc.compiler.access.csv import cell
from egc.compiler.access.text import terminal
from tests.access.conftest import SHOP, Access
from tests.access.views import of

UNKNOWN = """\
apiEndpoints:
  old: {paths: '/old/*'}
  prices: {paths: '/prices/*'}
serviceEndpoints:
  shop: {url: 'http://localhost:3000'}
policies: [expression, proxy]
pipelines:
  old:
    apiEndpoints: [old]
    policies:
      - expression: {action: {jscode: "req.url = req.url.replace('old', 'prices')"}}
  prices:
    apiEndpoints: [prices]
    policies:
      - proxy: {action: {serviceEndpoint: shop}}
"""

SECRETS = SHOP.replace("http://localhost:3000", "http://me:hunter2@localhost:3000").replace(
    "'http://localhost:3001'", "'http://${USER:-me}:${CODE:-hunter2}@${HOST:-localhost}:3001'"
)

EVIL = SHOP.replace("invoices:", '"\\e[31m<b>\\u202e=cmd|x":').replace("[invoices,", '["\\e[31m<b>\\u202e=cmd|x",')


def test_text_in_a_pipe_has_a_line_a_class_and_no_colour(access: Access) -> None:
    result = access()
    assert result.code == 0
    assert "\x1b" not in result.out
    lines = result.out.split("\n")
    table = lines[1 : lines.index("")]
    paths = ["/invoices/*", "/admin/*", "paths of", "/prices", "/lost", "every other path"]
    assert [next(path for path in paths if path in line) for line in table] == paths


def test_text_says_what_each_needs_and_where_it_ends(access: Access) -> None:
    lines = access().out.split("\n")
    invoices = next(line for line in lines if "/invoices/*" in line)
    for words in ("money", "key-auth [invoices.read]", "20 per 1 s", "billing", "GET http://api.example.com/invoices/"):
        assert words in invoices
    prices = next(line for line in lines if "/prices" in line)
    assert "nobody" in prices
    assert "http://localhost:3001, http://localhost:3002" in prices
    assert "no pipeline (404)" in next(line for line in lines if "/lost" in line)


def test_text_ends_with_a_legend_and_how_many_there_are(access: Access) -> None:
    lines = access().out.rstrip().split("\n")
    assert lines[-1] == "6 classes of requests, 1 reaches a service without authentication, 0 inexact"
    assert any(line.startswith("inexact ") for line in lines)


def test_what_is_unknown_is_said_to_be(access: Access) -> None:
    text = access(gateway=UNKNOWN).out
    assert "shop (inexact)" in text
    assert text.rstrip().endswith("2 inexact")
    found = json.loads(access("--format", "json", gateway=UNKNOWN).out)
    assert [row["exact"] for row in found["accesses"] if row["upstream"]] == [True, False]


def test_a_table_for_a_terminal_is_as_wide_as_that() -> None:
    text = terminal(of(SHOP), 140, colour=False)
    assert "\x1b" not in text
    table = text[: text.index("nobody         no policy")]
    assert "key-auth [invoices.read]" in table
    assert max(map(len, table.split("\n"))) <= 140
    assert "\x1b[31mnobody" in terminal(of(SHOP), 100, colour=True)


@pytest.mark.parametrize("gateway", [SHOP, UNKNOWN, EVIL, SECRETS])
def test_json_is_as_its_schema_says(access: Access, gateway: str) -> None:
    schema = json.loads(files("egc.schemas").joinpath("access.json").read_text(encoding="utf-8"))
    Draft7Validator(schema).validate(json.loads(access("--format", "json", gateway=gateway).out))


def test_json_has_the_places_of_all_that_decides(access: Access) -> None:
    found = json.loads(access("--format", "json", "--endpoint", "admin", "--upstream", "billing").out)
    (row,) = found["accesses"]
    assert row["methods"] == ["GET", "DELETE", "HEAD"]
    assert [proof["start"]["line"] for proof in row["authentication"]] == [15]
    assert row["endpoint"]["file"] == "config/gateway.config.yml"
    assert (row["endpoint"]["start"]["line"], row["limits"][0]["start"]["line"]) == (4, 16)
    assert row["witness"]["curl"] == (
        'curl -i --connect-to ::localhost:8080 -H "Authorization: apiKey $KEY" http://api.example.com/admin/'
    )
    assert found["summary"] == {"classes": 6, "shown": 1, "unauthenticated": 0, "inexact": 0}


def test_csv_has_a_row_a_class(access: Access) -> None:
    table = list(csv.DictReader(StringIO(access("--format", "csv").out)))
    assert len(table) == 6
    assert (table[0]["service"], table[0]["scopes"], table[0]["exact"]) == ("billing", "invoices.read", "yes")
    assert table[0]["place"] == "config/gateway.config.yml:3:44"
    assert table[2]["authenticated"] == "no"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", " =1", "\t=1"])
def test_csv_holds_no_formula(text: str) -> None:
    assert cell(text).startswith("'")


def test_csv_leaves_other_values_alone() -> None:
    assert cell("/a=b") == "/a=b"


@pytest.mark.parametrize("form", ["text", "csv", "html", "json"])
def test_names_move_no_cursor_and_turn_no_line_round(access: Access, form: str) -> None:
    result = access("--format", form, gateway=EVIL)
    assert result.code == 0
    assert "\x1b" not in result.out
    assert "\u202e" not in result.out


@pytest.mark.parametrize("form", ["text", "csv", "html", "json"])
def test_secrets_of_urls_are_in_no_form(access: Access, form: str) -> None:
    result = access("--format", form, gateway=SECRETS)
    assert result.code == 0
    assert "hunter2" not in result.out
    assert "localhost:3001" in result.out or "${HOST:-localhost}:3001" in result.out


def test_a_configuration_that_does_not_compile_is_3_in_the_form_that_was_asked_for(access: Access) -> None:
    result = access("--format", "json", gateway=SHOP.replace("serviceEndpoint: billing", "serviceEndpoint: bill"))
    assert result.code == 3
    assert [found["code"] for found in json.loads(result.out)["findings"]][-1] == "CO106"
    result = access("--format", "csv", gateway="a: [")
    assert (result.code, result.out) == (3, "")
    assert "YA101" in result.err
