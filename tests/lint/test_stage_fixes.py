"""Fixes of what the stages report: the finding is gone, the rest of the file is as it was."""

from pathlib import Path

import pytest

from egc.compiler import check
from egc.compiler.diagnostics import Diagnostic, Report
from egc.compiler.mends import Text

TEXT = """# orders and more
apiEndpoints:
  orders: {host: a.example, paths: '/orders*', methods: [GET]}  # to read
  # to write
  writing:
    host: a.example
    paths: /writing
    methods: 'POST,PUT'
serviceEndpoints:
  orders: {url: 'http://localhost:3000'}
policies:
  - cors
  - terminate  # in the end
  - request-transformer
  - proxy
pipelines:
  all:
    apiEndpoints: [orders, writing]
    policies:
      - cors: {action: {origin: 'https://app.example.com'}}
      - request-transformer:
          action: {headers: {add: {X-A: req.ip}}}
      - proxy:
          action:
            serviceEndpoint: orders
            proxyTimeout: 1000
"""
FITTING = TEXT.replace("[GET]", "[GET, OPTIONS]").replace("'POST,PUT'", "'POST,PUT,OPTIONS'")


def told(text: str, directory: Path) -> Report:
    (directory / "gateway.config.yml").write_text(text, encoding="utf-8")
    return check(directory, {"T": "t"})


def mended(text: str, found: Diagnostic) -> str:
    assert found.fix is not None
    whole = Text("gateway.config.yml", text)
    for edit in sorted(found.fix.edits, key=lambda edit: edit.span, reverse=True):
        text = text[: whole.start(edit.span)] + edit.text + text[whole.end(edit.span) :]
    return text


def test_the_text_to_start_from_has_no_finding(tmp_path: Path) -> None:
    assert [one.code for one in told(FITTING, tmp_path)] == []


@pytest.mark.parametrize(
    ("code", "right", "wrong"),
    [
        ("CO104", "    host: a.example", "    hosts: a.example"),
        ("CO104", "origin: ", "orgin: "),
        ("CO104", "proxyTimeout: 1000", "proxyTimeuot: 1000"),
        ("CO103", "  - request-transformer\n", "  - request-transfomer\n  - request-transformer\n"),
        ("CO105", "[orders, writing]", "[orders, wirting]"),
        ("CO106", "serviceEndpoint: orders", "serviceEndpoint: order"),
        ("EX702", "req.ip", "reqq.ip"),
        ("EX701", "X-A: '\"Bearer ${T}\"'", "X-A: Bearer ${T}"),
    ],
)
def test_a_word_becomes_the_one_that_was_meant(code: str, right: str, wrong: str, tmp_path: Path) -> None:
    good = FITTING if right in FITTING else FITTING.replace("X-A: req.ip", right)
    bad = good.replace(right, wrong)
    (one,) = [one for one in told(bad, tmp_path) if one.code == code]
    again = mended(bad, one)
    assert again == (good if code != "CO103" else good.replace(right, right * 2))
    assert code not in {other.code for other in told(again, tmp_path)}


def test_a_key_is_not_given_twice(tmp_path: Path) -> None:
    bad = FITTING.replace("proxyTimeout: 1000", "proxyTimeout: 1000\n            proxyTimeuot: 2000")
    (one,) = told(bad, tmp_path)
    assert (one.code, one.fix) == ("CO104", None)


@pytest.mark.parametrize(
    ("listed", "after"),
    [
        ("\n  - cors\n  - request-transformer # last\n", "\n  - cors\n  - request-transformer # last\n  - proxy\n"),
        (" [cors, request-transformer]\n", " [cors, request-transformer, proxy]\n"),
    ],
)
def test_a_policy_is_listed_behind_the_others(listed: str, after: str, tmp_path: Path) -> None:
    before = "\n  - cors\n  - terminate  # in the end\n  - request-transformer\n  - proxy\n"
    bad = FITTING.replace(before, listed)
    (one,) = told(bad, tmp_path)
    assert (one.code, mended(bad, one)) == ("CO102", FITTING.replace(before, after))


def test_options_is_added_to_a_list_and_to_a_text(tmp_path: Path) -> None:
    text = TEXT
    for line in (3, 7):
        (one,) = [one for one in told(text, tmp_path) if one.span.line == line]
        assert one.code == "RT112"
        assert one.fix is not None
        assert not one.fix.safe
        text = mended(text, one)
    assert text == FITTING


@pytest.mark.parametrize(
    ("policy", "lines"),
    [
        ("key-auth", "      # who\n      - key-auth: {action: {disableQueryParam: true}}\n"),
        ("rate-limit", "      - rate-limit:\n          action: {max: 1}\n"),
    ],
)
def test_a_step_that_never_runs_goes_before_the_one_that_answers(policy: str, lines: str, tmp_path: Path) -> None:
    bad = FITTING.replace("  - proxy\n", f"  - proxy\n  - {policy}\n") + lines
    (one,) = [one for one in told(bad, tmp_path) if one.code == "RT106"]
    again = mended(bad, one)
    assert again == FITTING.replace("  - proxy\n", f"  - proxy\n  - {policy}\n").replace(
        "      - proxy:\n", f"{lines}      - proxy:\n"
    )
    assert "RT106" not in {other.code for other in told(again, tmp_path)}


def test_a_second_answer_goes(tmp_path: Path) -> None:
    bad = FITTING + "      - terminate: {action: {statusCode: 404}}  # never\n"
    (one,) = told(bad, tmp_path)
    assert (one.code, mended(bad, one)) == ("RT106", FITTING)


def test_an_endpoint_in_no_pipeline_goes_safely_where_nobody_else_takes_its_requests(tmp_path: Path) -> None:
    bad = FITTING.replace("  # to write", "  old: {host: a.example, paths: /old}\n  # to write")
    (one,) = told(bad, tmp_path)
    assert one.fix is not None
    assert one.fix.safe
    assert (one.code, mended(bad, one)) == ("RT105", FITTING)
    (one,) = told(bad.replace("/old", "/orders/old"), tmp_path)
    assert one.fix is not None
    assert not one.fix.safe


def test_an_endpoint_stays_that_a_pipeline_may_have_meant(tmp_path: Path) -> None:
    found = list(told(FITTING.replace("[orders, writing]", "[orders, wirting]"), tmp_path))
    assert [(one.code, one.fix is None) for one in found] == [("RT105", True), ("CO105", False)]


def test_an_endpoint_that_nobody_can_have_meant_leaves_the_pipeline(tmp_path: Path) -> None:
    bad = FITTING.replace("[orders, writing]", "[orders, invoices, writing]")
    (one,) = told(bad, tmp_path)
    assert (one.code, mended(bad, one)) == ("CO105", FITTING)


def test_one_url_of_two_kinds_goes_where_it_is_in_both(tmp_path: Path) -> None:
    url = "{url: 'http://localhost:3000'}"
    both = "{url: 'http://localhost:3000', urls: ['http://localhost:3000', 'http://localhost:3001']}"
    (one,) = told(FITTING.replace(url, both), tmp_path)
    assert one.code == "CO112"
    several = both.replace("url: 'http://localhost:3000', ", "")
    assert mended(FITTING.replace(url, both), one) == FITTING.replace(url, several)
    (one,) = told(
        FITTING.replace(url, both.replace("[", "['http://b', ").replace("'http://localhost:3000', 'http", "'http")),
        tmp_path,
    )
    assert (one.code, one.fix) == ("CO112", None)


def test_what_is_never_sent_of_a_url_goes(tmp_path: Path) -> None:
    bad = FITTING.replace("localhost:3000'", "localhost:3000/a#b'")
    (one,) = told(bad, tmp_path)
    assert (one.code, one.severity, mended(bad, one)) == ("CO112", "warning", bad.replace("#b", ""))
    (one,) = told(bad.replace("#b", "?b=1"), tmp_path)
    assert (one.code, one.severity) == ("CO112", "info")


def test_a_file_in_json_stays_json(tmp_path: Path) -> None:
    text = (
        '{"apiEndpoints": {"a": {"paths": "/a", "methods": ["GET"]}},\n "policies": ["cors"],\n'
        ' "pipelines": {"p": {"apiEndpoints": ["a"], "policies": [{"cors": {}}, {"terminate": {}}]}}}\n'
    )
    file = tmp_path / "gateway.config.json"
    for _ in range(2):
        file.write_text(text, encoding="utf-8")
        one = next(one for one in check(tmp_path, {}) if one.fix is not None)
        text = mended(text, one)
    assert '["cors", "terminate"]' in text
    assert '["GET", "OPTIONS"]' in text


@pytest.mark.parametrize(
    ("bad", "good"),
    [
        (
            "      - cors: {action: {origin: 'https://app.example.com'}}\n        # then\n        proxy:\n"
            "          action:\n            serviceEndpoint: orders\n",
            "      - cors: {action: {origin: 'https://app.example.com'}}\n        # then\n      - proxy:\n"
            "          action:\n            serviceEndpoint: orders\n",
        ),
        (
            "      - proxy:\n        -action:\n          # where to\n          serviceEndpoint: orders\n",
            "      - proxy:\n          action:\n            # where to\n            serviceEndpoint: orders\n",
        ),
        (
            "      - proxy:\n        condition: {name: never}\n\n        action: {serviceEndpoint: orders}  # 1\n",
            "      - proxy:\n          condition: {name: never}\n\n          action: {serviceEndpoint: orders}  # 1\n",
        ),
    ],
)
def test_what_stands_under_one_dash_goes_where_it_was_meant(bad: str, good: str, tmp_path: Path) -> None:
    head = FITTING[: FITTING.index("      - cors: {")]
    (one,) = [one for one in told(head + bad, tmp_path) if one.code not in ("CO107", "RT105")]
    assert (one.code, one.severity) == ("CO101", "error")
    assert one.fix is not None
    assert not one.fix.safe
    assert mended(head + bad, one) == head + good
    assert "CO101" not in {other.code for other in told(head + good, tmp_path)}


@pytest.mark.parametrize(
    "entry",
    [
        "      - {cors: , proxy: {action: {serviceEndpoint: orders}}}\n",
        "      - proxy: {action: {serviceEndpoint: orders}}\n        action: {serviceEndpoint: orders}\n",
        "      - proxy:\n        action: {serviceEndpoint: orders}\n        cors:\n",
    ],
)
def test_where_it_is_open_what_was_meant_nothing_is_moved(entry: str, tmp_path: Path) -> None:
    head = FITTING[: FITTING.index("      - cors: {")]
    assert [one.fix for one in told(head + entry, tmp_path) if one.code == "CO101"] == [None]


def test_an_endpoint_of_a_pipeline_that_stands_within_another_is_not_removed(tmp_path: Path) -> None:
    nested = FITTING.replace("[orders, writing]", "[orders]") + (
        "    of-writing:\n      apiEndpoints: [writing]\n      policies: [{terminate: {action: {statusCode: 204}}}]\n"
    )
    unread, unused = sorted((one for one in told(nested, tmp_path)), key=lambda one: one.code)[:2]
    assert (unread.code, unread.help) == ("CO104", "it reads like a pipeline: indent it as `all`")
    assert (unused.code, unused.fix) == ("RT105", None)


@pytest.mark.parametrize(
    ("step", "safe"),
    [
        # Served as it is: what callers get changes by the mend, and here more tokens open the endpoint.
        ("jwt: {action: {secretOrPublicKey: '${KEY:-k}', checkCredentialExists: false}}", False),
        # Refused as it is: nothing was served by it.
        ("key-auth: {acton: {disableQueryParam: true}}", True),
    ],
)
def test_a_key_that_was_not_read_is_mended_safely_only_where_nothing_is_served(
    step: str, safe: bool, tmp_path: Path
) -> None:
    name = step.partition(":")[0]
    bad = FITTING.replace("  - proxy\n", f"  - proxy\n  - {name}\n").replace(
        "      - proxy:\n", f"      - {step}\n      - proxy:\n"
    )
    (one,) = [one for one in told(bad, tmp_path) if one.code == "CO104"]
    assert one.fix is not None
    assert one.fix.safe is safe
