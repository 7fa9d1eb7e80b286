"""`egc users` against a real Admin API."""

import json

import pytest

from tests.cli.conftest import Egc
from tests.cli.gateway import Gateway

VAL = ("-p", "username=val", "-p", "firstname=Valeri", "-p", "lastname=Karpov")

pytestmark = pytest.mark.usefixtures("gateway")


def test_create_shows_the_user_on_stdout_and_the_id_on_stderr(egc: Egc) -> None:
    result = egc("users", "create", *VAL)
    assert result.code == 0
    user = result.json
    assert isinstance(user, dict)
    assert (user["username"], user["firstname"], user["isActive"]) == ("val", "Valeri", True)
    assert result.err == f"✔ Created {user['id']}\n"
    assert result.out.startswith("{\n  ")


def test_create_quiet_shows_the_id_only(egc: Egc) -> None:
    result = egc("users", "create", "-q", *VAL)
    assert result.err == ""
    found = egc("users", "info", "val", "-q")
    assert found.out == result.out
    assert len(result.out.splitlines()) == 1


def test_create_twice_fails_with_the_servers_words(egc: Egc) -> None:
    egc("users", "create", *VAL)
    result = egc("users", "create", *VAL)
    assert (result.code, result.out, result.err) == (1, "", "✖ username already exists\n")


def test_create_with_a_bad_value_fails_once(egc: Egc) -> None:
    result = egc("users", "create", *VAL, "-p", "email=nonsense")
    assert result.code == 1
    assert result.err == '✖ data.email should match format "email"\n'


@pytest.mark.parametrize("option", ["nokey", "=value", "empty=", "username=again"])
def test_a_property_that_is_none_is_a_usage_error(egc: Egc, option: str) -> None:
    result = egc("users", "create", *VAL, "-p", option)
    assert result.code == 2
    assert "invalid property option" in result.err
    assert egc("users", "list").out == ""


def test_an_invalid_property_does_not_show_its_value(egc: Egc) -> None:
    assert "bacon" not in egc("users", "create", "-p", "=bacon").err


def test_create_from_stdin_makes_one_for_each_line(egc: Egc) -> None:
    lines = "\n".join(json.dumps({"username": name, "firstname": "F", "lastname": "L"}) for name in ("a", "b", "c"))
    result = egc("users", "create", "--stdin", stdin=f"\n{lines}\n\n")
    assert (result.code, result.out) == (0, "")
    assert result.err == "✔ Created a\n✔ Created b\n✔ Created c\n"


def test_create_from_stdin_quiet_shows_ids(egc: Egc) -> None:
    result = egc("users", "create", "--stdin", "-q", stdin='{"username": "a", "firstname": "F", "lastname": "L"}')
    assert result.out == egc("users", "info", "a", "-q").out


def test_a_refused_line_does_not_keep_the_others_out(egc: Egc) -> None:
    lines = '{"username": "a"}\n{"username": "b", "firstname": "F", "lastname": "L"}\n'
    result = egc("users", "create", "--stdin", stdin=lines)
    assert result.code == 1
    assert result.err.splitlines() == [
        "✖ line 1: data should have required property 'firstname'",
        "✔ Created b",
    ]
    documents = egc("users", "create", "--stdin", "--json", stdin=lines.replace('"b"', '"c"')).json
    assert isinstance(documents, list)
    assert documents[0]["line"] == 1
    assert documents[1]["username"] == "c"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "stdin is empty"),
        ('{"username": "a"}\n{oops}', "line 2, column 2: this is not JSON"),
        ("[1]", "no JSON object"),
        ("\xff", "not JSON"),
        ('{"username": NaN}', "not JSON"),
        ("[" * 60_000, "not JSON"),
        ('"' + "x" * 200_000, "longer than 128 KiB"),
    ],
)
def test_a_bad_line_sends_nothing(egc: Egc, text: str, words: str) -> None:
    result = egc("users", "create", "--stdin", stdin=text)
    assert result.code == 2
    assert words in result.err
    assert egc("users", "list", "-q").out == ""


def test_info_shows_json_by_name_and_by_id(egc: Egc) -> None:
    identifier = egc("users", "create", "-q", *VAL).out.strip()
    assert egc("users", "info", "val").json == egc("users", "info", identifier).json


def test_info_of_nobody_fails(egc: Egc) -> None:
    result = egc("users", "info", "nobody")
    assert (result.code, result.out, result.err) == (1, "", "✖ User not found: nobody\n")


def test_list_writes_one_object_after_another(egc: Egc) -> None:
    for name in ("a", "b"):
        egc("users", "create", "-p", f"username={name}", "-p", "firstname=F", "-p", "lastname=L")
    text = egc("users", "list").out
    first, end = json.JSONDecoder().raw_decode(text)
    second = json.loads(text[end:])
    assert {first["username"], second["username"]} == {"a", "b"}
    assert sorted(egc("users", "list", "-q").out.split()) == ["a", "b"]
    assert len(json.loads(egc("users", "list", "--json").out)) == 2


def test_an_empty_list_says_so(egc: Egc) -> None:
    result = egc("users", "list")
    assert (result.code, result.out, result.err) == (0, "", "You have no users\n")
    assert egc("users", "list", "--json").json == []


def test_list_all_follows_the_pages(egc: Egc) -> None:
    lines = "\n".join(json.dumps({"username": f"u{n}", "firstname": "F", "lastname": "L"}) for n in range(105))
    egc("users", "create", "--stdin", stdin=lines)
    page = egc("users", "list", "-q")
    assert len(page.out.split()) == 100
    assert "--all" in egc("users", "list").err
    assert len(set(egc("users", "list", "-q", "-a").out.split())) == 105


def test_update_changes_only_what_is_given(egc: Egc) -> None:
    identifier = egc("users", "create", "-q", *VAL).out.strip()
    result = egc("users", "update", "val", "-p", "firstname=Val")
    assert (result.code, result.out, result.err) == (0, "", "✔ Updated val\n")
    user = egc("users", "info", "val").json
    assert isinstance(user, dict)
    assert (user["firstname"], user["lastname"]) == ("Val", "Karpov")
    assert egc("users", "update", "val", "-q", "-p", "firstname=V").out == identifier + "\n"


def test_update_of_nobody_fails(egc: Egc) -> None:
    result = egc("users", "update", "nobody", "-p", "firstname=V")
    assert (result.code, result.err) == (1, "✖ User not found: nobody\n")


def test_update_of_an_unknown_property_fails(egc: Egc) -> None:
    egc("users", "create", *VAL)
    result = egc("users", "update", "val", "-p", "colour=red")
    assert (result.code, "colour" in result.err) == (1, True)


def test_several_are_removed_and_one_that_is_missing_is_named(egc: Egc) -> None:
    egc("users", "create", *VAL)
    result = egc("users", "rm", "nobody", "val")
    assert result.code == 1
    assert result.err == "✖ User not found: nobody\n✔ Removed val\n"
    assert egc("users", "list").err == "You have no users\n"


def test_remove_quiet_and_json(egc: Egc) -> None:
    egc("users", "create", *VAL)
    assert egc("users", "remove", "val", "-q").out == "val\n"
    assert egc("users", "remove", "val", "--json").json == [{"id": "val", "error": "User not found: val"}]


def test_the_word_for_a_status_comes_from_the_server(egc: Egc) -> None:
    egc("users", "create", *VAL)
    assert egc("users", "activate", "val").err == "✔ Active val\n"
    assert egc("users", "deactivate", "val").err == "✔ Deactivated val\n"
    assert egc("users", "deactivate", "val").err == "✔ Inactive val\n"
    assert egc("user", "activate", "val").err == "✔ Activated val\n"
    assert egc("users", "activate", "val", "-q").out == "val\n"
    assert egc("users", "deactivate", "nobody").code == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("users",),
        ("users", "creat"),
        ("users", "info"),
        ("users", "info", "a", "b"),
        ("users", "list", "--nonsense"),
        ("users", "remove"),
    ],
)
def test_parsing_is_strict(egc: Egc, arguments: tuple[str, ...]) -> None:
    result = egc(*arguments)
    assert (result.code, result.out) == (2, "")
    assert "Usage:" in result.err


def test_a_key_is_needed_where_the_gateway_has_one(
    egc: Egc, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = egc("admin-key", "--json").json
    assert isinstance(made, dict)
    with Gateway(tmp_path_factory.mktemp("locked"), key_digest=made["keyDigest"]) as locked:
        monkeypatch.setenv("EG_ADMIN_URL", locked.url)
        refused = egc("users", "list")
        assert (refused.code, "EGC_ADMIN_KEY" in refused.err) == (1, True)
        monkeypatch.setenv("EGC_ADMIN_KEY", made["key"])
        assert egc("users", "list").code == 0
