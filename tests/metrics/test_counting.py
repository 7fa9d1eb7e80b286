"""What is counted, and how it is shown."""

import ast
import re
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from egc.runtime.exchange import Exchange
from egc.runtime.metrics import AUTHENTICATION, UPSTREAM
from tests.metrics.conftest import FAILURES, Counting

README = Path(__file__).parents[2] / "README.md"
RUNTIME = Path(__file__).parents[2] / "runtime"
AUTHENTICATING = ("basic_auth", "jwt", "key_auth", "oauth2", "oauth2_introspect")


def test_requests_are_told_apart_by_endpoint_pipeline_method_and_class_of_status(counting: Counting) -> None:
    for method, path in (
        ("GET", "/fine"),
        ("GET", "/fine/too"),
        ("POST", "/fine"),
        ("PROPFIND", "/slow"),
        ("PUT", "/x"),
    ):
        counting.ask(method, path)
    counting.ask("GET", "/never")
    counting.ask("GET", "/users", port=82)
    # endpoint, handler, method, pipeline, status
    assert counting.numbers("egc_requests_total") == {
        ("one", "pipeline", "GET", "fine", "2xx"): 2,
        ("one", "pipeline", "POST", "fine", "2xx"): 1,
        ("two", "pipeline", "other", "slow", "2xx"): 1,
        ("three", "pipeline", "GET", "", "4xx"): 1,
        ("", "gateway", "PUT", "", "4xx"): 1,
        ("", "admin", "GET", "", "2xx"): 1,
    }


def test_callers_make_no_new_series(counting: Counting) -> None:
    for number in range(300):
        counting.ask(f"M{number}", f"/path{number}", headers={"X": str(number)})
    assert counting.numbers("egc_requests_total") == {("", "gateway", "other", "", "4xx"): 300}


def test_durations_are_counted_by_their_bounds(counting: Counting) -> None:
    counting.ask("GET", "/fine")
    x = Exchange("GET", "/", [], "", "http", "")
    for seconds in (0.001, 0.0011, 3.0, 100.0):
        counting.metrics.counter()(x, 200, 0, seconds, "")
    buckets = counting.numbers("egc_request_duration_seconds_bucket")
    of_gateway = {labels[2]: value for labels, value in buckets.items() if labels[1] == "gateway"}
    assert (of_gateway["0.001"], of_gateway["0.0025"], of_gateway["5.0"], of_gateway["+Inf"]) == (1, 2, 3, 4)
    assert counting.numbers("egc_request_duration_seconds_count")["", "gateway", ""] == 4
    assert counting.numbers("egc_request_duration_seconds_sum")["", "gateway", ""] == pytest.approx(103.0021)


@pytest.mark.parametrize(
    ("word", "name", "labels"),
    [
        ("upstream_reset", "egc_upstream_errors_total", ("four", "it-fails", "upstream_reset")),
        ("upstream_timeout", "egc_upstream_errors_total", ("four", "it-fails", "upstream_timeout")),
        ("bad_token", "egc_auth_failures_total", ("four", "it-fails", "bad_token")),
        ("no_scope", "egc_auth_failures_total", ("four", "it-fails", "no_scope")),
        ("rate_limited", "egc_rate_limited_total", ("four", "it-fails")),
    ],
)
def test_failures_are_told_apart_by_what_they_were(
    counting: Counting, word: str, name: str, labels: tuple[str, ...]
) -> None:
    counting.ask("GET", f"/fails/{word}")
    counting.ask("GET", "/fails/unheard_of")
    text = counting.scrape().text
    told = re.findall(r"^(egc_(?:upstream|auth|rate|store_unavailable)\w*)\{", text, re.MULTILINE)
    assert told == [name]
    assert counting.numbers(name) == {labels: 1}


def test_delays_are_counted(counting: Counting) -> None:
    counting.ask("GET", "/slow")
    assert counting.numbers("egc_rate_delayed_total") == {("two", "slow"): 1}


@pytest.mark.parametrize("status", [0, 100, 199, 599, 600, 999])
def test_any_status_has_its_class(counting: Counting, status: int) -> None:
    counting.metrics.counter()(Exchange("GET", "/", [], "", "http", ""), status, 0, 0.1, "client_gone")
    [labels] = counting.numbers("egc_requests_total")
    assert labels[-1] == {0: "none", 1: "1xx", 5: "5xx"}.get(status // 100, "other")


def test_store_workers_and_build_are_told(counting: Counting) -> None:
    assert counting.numbers("egc_store_up") == {(): 1}
    assert 0 < counting.numbers("egc_store_check_seconds")[()] < 5
    assert counting.numbers("egc_workers") == {(): 1}
    [(_, source, version)] = counting.numbers("egc_build_info")
    assert source == "0123456789ab"
    assert version


def test_a_store_that_is_gone_is_told_and_the_rest_goes_on(counting: Counting) -> None:
    assert counting.store is not None
    counting.ask("GET", "/fine")
    counting.run(counting.store.close())
    result = counting.scrape()
    assert result.status == 200
    assert counting.numbers("egc_store_up") == {(): 0}
    assert counting.numbers("egc_requests_total")["one", "pipeline", "GET", "fine", "2xx"] == 1


def test_prometheus_gets_the_form_that_it_names(counting: Counting) -> None:
    counting.ask("GET", "/fine")
    plain = counting.scrape()
    assert plain.headers["content-type"].startswith("text/plain; version=0.0.4")
    named = counting.scrape(headers={"Accept": "application/openmetrics-text;version=1.0.0;q=0.5,text/plain"})
    assert named.headers["content-type"].startswith("application/openmetrics-text")
    # Their parser has no annotations.
    parse: Any = openmetrics.text_string_to_metric_families
    families = parse(named.text)
    assert {family.name for family in families} >= {"egc_requests", "egc_build"}
    assert counting.scrape(headers={"Accept": "application/openmetrics-text;version=x"}).status == 200


def test_nobody_sees_them_without_the_key_nor_by_another_host_nor_on_the_public_listener(tmp_path: Path) -> None:
    with Counting(tmp_path, key_digest="sha256:" + "0" * 64) as counting:
        assert counting.scrape().status == 401
        assert counting.scrape(host="attacker.test").status == 421
        assert counting.ask("GET", "/metrics").status == 404


def test_where_no_file_can_be_had_a_worker_shows_its_own(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "data").mkdir(mode=0o700)
    (tmp_path / "data" / "metrics").write_text("in the way")
    with Counting(tmp_path / "data") as counting:
        counting.ask("GET", "/fine")
        assert counting.numbers("egc_requests_total")["one", "pipeline", "GET", "fine", "2xx"] == 1
    assert "Metrics are those of one worker each" in caplog.text


def test_what_was_counted_before_a_restart_is_there_after_it(tmp_path: Path) -> None:
    for total in (1, 2, 3):
        with Counting(tmp_path / "data") as counting:
            counting.ask("GET", "/fine")
            assert counting.numbers("egc_requests_total")["one", "pipeline", "GET", "fine", "2xx"] == total


def test_every_failure_of_a_service_has_its_series() -> None:
    raised = set()
    for path in RUNTIME.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id.startswith("Upstream"):
                raised |= {arg.value for arg in node.args[:1] if isinstance(arg, ast.Constant)}
    assert raised - {"client_gone"} == set(UPSTREAM)


def test_every_refusal_of_an_authenticating_policy_has_its_series() -> None:
    files = [RUNTIME / "authentication.py", *(RUNTIME / "policies" / f"{name}.py" for name in AUTHENTICATING)]
    told = {word for path in files for word in re.findall(r'"((?:no|bad|two|too_many)_[a-z_]+)"', path.read_text())}
    assert told == set(AUTHENTICATION)


def test_the_readme_names_every_metric_with_its_labels(counting: Counting) -> None:
    for path in ("/fine", "/slow", "/nowhere", *(f"/fails/{word}" for word in FAILURES)):
        counting.ask("GET", path)
    counting.metrics.counter()(Exchange("GET", "/", [], "", "http", ""), 503, 0, 0.1, "store_unavailable")
    written = {
        name: set(re.findall(r"`(\w+)`", labels))
        for names, labels in re.findall(r"^\| (`egc_.*?) \| (.*?) \|", README.read_text(), re.MULTILINE)
        for name in re.findall(r"`(\w+)`", names)
    }
    shown = {
        family.name + ("_total" if family.type == "counter" else "_info" if family.type == "info" else ""): {
            label for sample in family.samples for label in sample.labels if label != "le"
        }
        for family in text_string_to_metric_families(counting.scrape().text)
    }
    assert shown == written
