"""Expectations: each kind holds and is broken by the right request; what cannot be read or decided never passes."""

import json
from pathlib import Path

import pytest

from egc.compiler.cli import main
from tests.access.conftest import SHOP, Access
from tests.access.test_forms import UNKNOWN

PLUGIN = Path(__file__).parents[2] / "examples" / "plugin"


def file(sentence: str, **about: str) -> str:
    """A file with one expectation; `about` is what stands beside it, as YAML."""
    more = "".join(f"    {name}: {value}\n" for name, value in about.items())
    return f"access:\n  - expect: '{sentence}'\n{more}"


HOLDS = [
    ("no unauthenticated request reaches billing", {}),
    ("no unauthenticated request reaches any service", {"except": "[prices]"}),
    ("no unauthenticated request reaches endpoint invoices", {}),
    ("only key-auth reaches billing", {}),
    ("only oauth2 or key-auth reaches billing", {}),
    ("only scope admin reaches billing", {"path": "/admin/*"}),
    ("only scope admin or invoices.read reaches billing", {}),
    ("only scope admin reaches billing", {"methods": "[DELETE]", "pathRegex": "^/adm"}),
    ("every request to billing is rate limited", {}),
    ("nothing reaches billing", {"path": "/prices"}),
    ("nothing reaches billing", {"host": "other.example.com"}),
    ("nothing reaches billing", {"methods": "POST", "paths": "[/admin, /admin/*]"}),
    ("nothing reaches lost", {}),
    ("catalogue is reached only by prices", {}),
    ("billing is reached only by admin and invoices", {}),
    ("every request is answered 404", {"path": "[/lost, /nowhere/*]"}),
    ("every request is answered 404", {"hostRegex": "^api[.]example[.]com$", "path": "/nowhere"}),
]

BROKEN = [
    ("no unauthenticated request reaches catalogue", {}, "GET http://localhost/prices", "nobody asks"),
    ("no unauthenticated request reaches prices", {}, "GET http://localhost/prices", "nobody asks"),
    ("no unauthenticated request reaches any service", {"methods": "POST"}, "POST http://localhost/prices", "nobody"),
    ("only oauth2 reaches billing", {}, "GET http://api.example.com/invoices/", "with `key-auth [invoices.read]`"),
    ("only scope admin reaches billing", {}, "GET http://api.example.com/invoices/", "with `key-auth [invoices.read]`"),
    ("only scope admin and invoices.read reaches billing", {}, "GET http://api.example.com/invoices/", "with"),
    ("only scope admin reaches catalogue", {}, "GET http://localhost/prices", "without any authentication"),
    ("every request to catalogue is rate limited", {}, "GET http://localhost/prices", "nothing limits"),
    (
        "nothing reaches billing",
        {"methods": "[DELETE]", "path": "/adm*"},
        "DELETE http://api.example.com/admin/",
        "`billing`",
    ),
    ("billing is reached only by admin", {}, "GET http://api.example.com/invoices/", "through `invoices`"),
    ("every request is answered 404", {"path": "/prices"}, "GET http://localhost/prices", "reaches `catalogue`"),
    (
        "every request is answered 404",
        {"path": "/admin/*", "methods": "OPTIONS"},
        "OPTIONS http://api.example.com/admin/",
        "answered with the methods",
    ),
]


@pytest.mark.parametrize(("sentence", "about"), HOLDS)
def test_what_holds(access: Access, sentence: str, about: dict[str, str]) -> None:
    result = access("--format", "concise", expect=file(sentence, **about))
    assert (result.code, result.out) == (0, "")
    assert "All expectations of config/egc.access.yml hold." in result.err


@pytest.mark.parametrize(("sentence", "about", "witness", "why"), BROKEN)
def test_what_does_not_hold_has_a_witness(
    access: Access, sentence: str, about: dict[str, str], witness: str, why: str
) -> None:
    result = access("--format", "json", expect=file(sentence, **about))
    assert result.code == 1
    (found,) = json.loads(result.out)["findings"]
    assert (found["code"], found["name"], found["severity"]) == ("AC101", "expectation-broken", "error")
    assert (found["file"], found["start"]["line"]) == ("config/egc.access.yml", 2)
    assert found["witness"].startswith(f"{witness} -> ")
    assert why in found["message"]
    assert result.err == ""


def test_a_broken_expectation_leads_to_the_places_that_break_it(access: Access) -> None:
    result = access("--format", "json", expect=file("every request to any service is rate limited"))
    (found,) = json.loads(result.out)["findings"]
    assert [(one["file"], one["start"]["line"]) for one in found["related"]] == [
        ("config/gateway.config.yml", 5),
        ("config/gateway.config.yml", 21),
    ]


def test_text_shows_the_table_and_below_it_what_does_not_hold(access: Access) -> None:
    result = access(expect=file("nothing reaches catalogue"))
    assert result.code == 1
    assert result.out.index("METHODS") < result.out.index("config/egc.access.yml:2:13: error[AC101]")
    assert result.out.rstrip().endswith("1 error")


@pytest.mark.parametrize("form", ["csv", "html"])
def test_a_table_that_a_program_reads_is_not_spoilt_by_findings(access: Access, form: str) -> None:
    result = access("--format", form, expect=file("nothing reaches catalogue"))
    assert result.code == 1
    assert "error[AC101]" in result.err
    assert "error[AC101]" not in result.out


def test_github_is_shown_the_line(access: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    expect = file("nothing reaches catalogue")
    line = "::error file=config/egc.access.yml,line=2,col=13,"
    assert access("--format", "github", expect=expect).out.startswith(line)
    access()
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert access(expect=expect).out.startswith(line)
    assert access().out.startswith("METHODS")


def test_a_file_elsewhere_is_called_as_it_was(access: Access, tmp_path: Path) -> None:
    (tmp_path / "ci").mkdir()
    (tmp_path / "ci" / "who.yml").write_text(file("nothing reaches catalogue"))
    found = json.loads(access("--format", "json", "--expect", "ci/who.yml").out)["findings"]
    assert [one["file"] for one in found] == ["ci/who.yml"]
    assert {one["file"] for one in found[0]["related"]} == {"config/gateway.config.yml"}


def test_a_file_that_is_not_there_is_no_success(access: Access) -> None:
    result = access("--expect", "nowhere.yml")
    assert result.code == 3
    assert "nowhere.yml cannot be read" in result.out


def test_what_nobody_can_tell_fails(access: Access) -> None:
    expect = file("no unauthenticated request reaches shop", path="/old/*")
    result = access("--format", "json", gateway=UNKNOWN, expect=expect)
    assert result.code == 1
    (found,) = json.loads(result.out)["findings"]
    assert (found["code"], found["name"]) == ("AC102", "expectation-undecided")
    assert "nobody can tell" in found["message"]


def test_a_pattern_beyond_regular_languages_leaves_nobody_sure(access: Access) -> None:
    gateway = SHOP.replace("prices: {paths: '/prices'}", "prices: {pathRegex: '(?<=/)prices'}")
    result = access("--format", "concise", gateway=gateway, expect=file("nothing reaches catalogue"))
    assert result.code == 1
    assert "AC102" in result.out


def test_what_is_surely_broken_is_said_rather_than_what_may_be(access: Access) -> None:
    result = access("--format", "concise", gateway=UNKNOWN, expect=file("no unauthenticated request reaches shop"))
    assert result.code == 1
    assert "AC101" in result.out
    assert "GET http://localhost/prices/" in result.out


@pytest.mark.parametrize(
    ("sentence", "about", "code"),
    [
        ("every request is answered 404", {"path": "/nowhere"}, 1),
        ("only ip-allow-list reaches orders", {}, 0),
        ("no unauthenticated request reaches orders", {}, 1),
    ],
)
def test_plugins_bring_routes_that_nobody_knows_and_policies_that_count(
    tmp_path: Path, sentence: str, about: dict[str, str], code: int
) -> None:
    (tmp_path / "who.yml").write_text(file(sentence, **about))
    assert main(["access", str(PLUGIN), "--expect", str(tmp_path / "who.yml"), "--format", "concise"]) == code


def test_a_preflight_that_cors_answers_does_not_reach_an_endpoint(access: Access) -> None:
    gateway = SHOP.replace("[key-auth,", "[cors, key-auth,").replace("- key-auth:", "- cors:\n      - key-auth:")
    expect = file("no unauthenticated request reaches endpoint invoices")
    assert access("--format", "concise", gateway=gateway, expect=expect).code == 0


def test_a_limit_that_refuses_nobody_is_none(access: Access) -> None:
    gateway = SHOP.replace("max: 20", "max: 0")
    result = access("--format", "concise", gateway=gateway, expect=file("every request to billing is rate limited"))
    assert result.code == 1


def test_a_scope_that_pass_through_does_not_ask_for_is_none(access: Access) -> None:
    gateway = SHOP.replace("- key-auth:", "- key-auth: {action: {passThrough: true}}")
    assert access("--format", "concise", gateway=gateway, expect=file("only scope admin reaches admin")).code == 1


@pytest.mark.parametrize(
    ("sentence", "about", "code", "said"),
    [
        ("nobody comes to billing", {}, "AC103", "this sentence says nothing"),
        ("nothing raeches billing", {}, "AC103", "did you mean `nothing reaches billing`?"),
        ("nothing reaches biling", {}, "AC104", "did you mean `billing`?"),
        ("nothing reaches endpoint billing", {}, "AC104", "there is no apiEndpoint `billing`"),
        ("only scope admni reaches billing", {}, "AC104", "did you mean `admin`?"),
        ("only key-aut reaches billing", {}, "AC104", "did you mean `key-auth`?"),
        ("billing is reached only by price", {}, "AC104", "did you mean `prices`?"),
        ("nothing reaches billing", {"except": "pricse"}, "AC104", "did you mean `prices`?"),
        ("nothing reaches billing", {"methods": "DELTE"}, "AC103", "did you mean `DELETE`?"),
        ("nothing reaches billing", {"metods": "GET"}, "AC103", "did you mean `methods`?"),
        ("nothing reaches billing", {"path": "admin"}, "AC103", "write /admin"),
        ("nothing reaches billing", {"pathRegex": "("}, "AC103", "does not compile"),
        ("nothing reaches billing", {"path": "/a", "pathRegex": "b"}, "AC103", "write one of them"),
        ("nothing reaches billing", {"methods": "[]"}, "AC103", "empty list"),
        ("nothing reaches billing", {"host": "7"}, "AC103", "text or a list of texts"),
        ("every request is answered 404", {}, "AC103", "say of which"),
    ],
)
def test_what_cannot_be_read_is_3_with_its_place(
    access: Access, sentence: str, about: dict[str, str], code: str, said: str
) -> None:
    result = access(expect=file(sentence, **about))
    assert result.code == 3
    assert f"error[{code}]" in result.out
    assert said in result.out
    assert "METHODS" not in result.out
    assert "config/egc.access.yml:" in result.out


@pytest.mark.parametrize("text", ["access: 7", "acces: []", "access: [7]", "access: [{path: /x}]", "[]", "a: b: c"])
def test_a_file_of_another_form_is_3(access: Access, text: str) -> None:
    assert access("--format", "concise", expect=text).code == 3


def test_a_file_without_expectations_expects_nothing(access: Access) -> None:
    assert access("--format", "concise", expect="access: []\n").code == 0


def test_a_name_of_both_kinds_needs_a_word(access: Access) -> None:
    gateway = SHOP.replace("prices:", "billing:").replace("[prices]", "[billing]")
    result = access(gateway=gateway, expect=file("nothing reaches billing"))
    assert result.code == 3
    assert "write `service billing` or `endpoint billing`" in result.out
    assert access(gateway=gateway, expect=file("only key-auth reaches service billing")).code == 0
    assert access(gateway=gateway, expect=file("no unauthenticated request reaches endpoint billing")).code == 1


def test_an_expectation_about_no_request_is_said_to_be_idle(access: Access) -> None:
    result = access("--format", "json", expect=file("only scope admin reaches billing", path="/admni/*"))
    assert result.code == 0
    (found,) = json.loads(result.out)["findings"]
    assert (found["code"], found["severity"]) == ("AC105", "warning")
