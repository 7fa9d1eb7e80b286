"""`egc apps` against a real Admin API; what it has in common with `egc users` is tested there."""

import pytest

from tests.cli.conftest import Egc


@pytest.fixture(autouse=True)
def val(egc: Egc, gateway: object) -> str:
    """The id of the user val, who is there."""
    return egc("users", "create", "-q", "-p", "username=val", "-p", "firstname=V", "-p", "lastname=K").out.strip()


def test_create_shows_the_app_and_its_owner(egc: Egc, val: str) -> None:
    result = egc("apps", "create", "-u", "val", "-p", "name=testapp", "-p", "redirectUri=http://localhost:8080/ip")
    app = result.json
    assert isinstance(app, dict)
    assert (result.code, app["userId"], app["name"]) == (0, val, "testapp")
    assert result.err == f"✔ Created {app['id']}\n"


def test_create_without_owner_is_a_usage_error(egc: Egc) -> None:
    result = egc("apps", "create", "-p", "name=testapp")
    assert (result.code, "must include --stdin or -u, --user" in result.err) == (2, True)


def test_create_for_nobody_fails(egc: Egc) -> None:
    result = egc("apps", "create", "-u", "nobody", "-p", "name=testapp")
    assert (result.code, result.out, result.err) == (1, "", "✖ The specified user does not exist\n")


def test_stdin_names_the_owner_for_each_line_or_for_all(egc: Egc, val: str) -> None:
    lines = '{"user": "val", "name": "one"}\n{"name": "two"}\n'
    result = egc("apps", "create", "--stdin", "-u", val, "--json", stdin=lines)
    apps = result.json
    assert isinstance(apps, list)
    assert [(app["name"], app["userId"]) for app in apps] == [("one", val), ("two", val)]
    ids = egc("app", "list", "-q").out.split()
    assert sorted(ids) == sorted(app["id"] for app in apps)


def test_a_line_without_owner_fails(egc: Egc) -> None:
    result = egc("apps", "create", "--stdin", stdin='{"name": "one"}')
    assert (result.code, result.err.startswith("✖ line 1: ")) == (1, True)


def test_info_quiet_still_shows_json(egc: Egc) -> None:
    egc("apps", "create", "-u", "val", "-p", "name=testapp")
    assert egc("apps", "info", "testapp", "-q").json == egc("apps", "info", "testapp").json


def test_an_unknown_app_is_called_an_app(egc: Egc) -> None:
    for arguments in (("info", "x"), ("update", "x", "-p", "name=y"), ("remove", "x"), ("activate", "x")):
        result = egc("apps", *arguments)
        assert (result.code, result.err) == (1, "✖ App not found: x\n")


def test_update_quiet_shows_what_was_named(egc: Egc) -> None:
    egc("apps", "create", "-u", "val", "-p", "name=testapp")
    assert egc("apps", "update", "testapp", "-q", "-p", "redirectUri=http://a.test/").out == "testapp\n"
    app = egc("apps", "info", "testapp").json
    assert isinstance(app, dict)
    assert app["redirectUri"] == "http://a.test/"


def test_status_and_removal(egc: Egc) -> None:
    identifier = egc("apps", "create", "-q", "-u", "val", "-p", "name=testapp").out.strip()
    assert egc("apps", "deactivate", identifier).err == f"✔ Deactivated {identifier}\n"
    assert egc("apps", "activate", identifier).err == f"✔ Activated {identifier}\n"
    assert egc("apps", "remove", identifier, "-q").out == f"{identifier}\n"
    assert egc("apps", "list").err == "You have no apps\n"
