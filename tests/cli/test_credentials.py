"""`egc credentials`, `credential:scopes`, `scopes` and `tokens` against a real Admin API."""

import time
from pathlib import Path

import pytest

from egc.runtime.oauth2.secrets import digest
from egc.runtime.store import Token
from tests.cli.conftest import Egc
from tests.cli.gateway import Gateway


@pytest.fixture(autouse=True)
def val(egc: Egc, gateway: object) -> str:
    """The id of the user val, who is there."""
    return egc("users", "create", "-q", "-p", "username=val", "-p", "firstname=V", "-p", "lastname=K").out.strip()


def create(egc: Egc, *arguments: str) -> dict[str, object]:
    """The credential that a command made."""
    created = egc("credentials", "create", *arguments).json
    assert isinstance(created, dict)
    return created


def test_a_secret_that_was_made_is_shown(egc: Egc, val: str) -> None:
    result = egc("credentials", "create", "-c", "val", "-t", "oauth2")
    created = result.json
    assert isinstance(created, dict)
    assert (result.code, created["id"]) == (0, val)
    assert len(str(created["secret"])) == 36
    assert result.err == f"✔ Created {val}\n"


def test_a_password_that_was_given_is_not_shown(egc: Egc) -> None:
    result = egc("credentials", "create", "-c", "val", "-t", "basic-auth", "-p", "password=bacon")
    assert result.code == 0
    assert "bacon" not in result.out + result.err


def test_a_password_of_digits_is_text(egc: Egc) -> None:
    assert egc("credentials", "create", "-c", "val", "-t", "basic-auth", "-p", "password=12345").code == 0


def test_a_password_can_be_piped(egc: Egc) -> None:
    result = egc("credentials", "create", "-c", "val", "-t", "basic-auth", "--ask-secret", stdin="bacon\n")
    assert result.code == 0
    assert "bacon" not in result.out + result.err
    assert "password" not in create(egc, "-c", "val", "-t", "oauth2")
    assert egc("credentials", "create", "-c", "val", "-t", "jwt", "--ask-secret", stdin="").code == 2


@pytest.mark.parametrize(
    ("type_", "secret"), [("basic-auth", "password"), ("oauth2", "secret"), ("key-auth", ""), ("jwt", "")]
)
def test_quiet_shows_id_and_secret(egc: Egc, val: str, type_: str, secret: str) -> None:
    shown = egc("credentials", "create", "-q", "-c", "val", "-t", type_).out.strip()
    identifier, colon, made = shown.partition(":")
    assert colon
    assert len(made) >= 22
    if secret:
        assert identifier == val
    else:
        assert egc("credentials", "info", "-t", type_, identifier, "-q").out.strip() == identifier


def test_quiet_with_a_chosen_password_shows_the_id(egc: Egc, val: str) -> None:
    result = egc("credentials", "create", "-q", "-c", "val", "-t", "basic-auth", "-p", "password=bacon")
    assert result.out == f"{val}\n"


def test_values_are_json_where_they_are_json_and_one_scope_is_a_list(egc: Egc) -> None:
    egc("scopes", "create", "read", "write")
    assert create(egc, "-c", "val", "-t", "key-auth", "-p", 'scopes=["read", "write"]')["scopes"] == ["read", "write"]
    assert create(egc, "-c", "val", "-t", "key-auth", "-p", "scopes=read")["scopes"] == ["read"]


def test_refusals_are_the_servers_words(egc: Egc) -> None:
    create(egc, "-c", "val", "-t", "oauth2")
    again = egc("credentials", "create", "-c", "val", "-t", "oauth2")
    assert (again.code, again.out, again.err) == (1, "", "✖ Credential already exists and is active\n")
    nobody = egc("credentials", "create", "-c", "nobody", "-t", "oauth2")
    assert (nobody.code, "nobody" in nobody.err) == (1, True)


@pytest.mark.parametrize(
    "arguments",
    [("-t", "oauth2"), ("-c", "val"), ("-c", "val", "-t", "magic"), ("--stdin", "--ask-secret"), ("-c", "val", "x")],
)
def test_parsing_is_strict(egc: Egc, arguments: tuple[str, ...]) -> None:
    assert egc("credentials", "create", *arguments).code == 2


def test_lines_of_stdin_win_over_flags(egc: Egc, val: str) -> None:
    lines = '{"type": "oauth2"}\n{"consumer": "nobody"}\n{"password": "bacon"}\n'
    result = egc("credentials", "create", "--stdin", "-c", "val", "-t", "basic-auth", "-q", stdin=lines)
    assert result.code == 1
    first, second = result.out.splitlines()
    assert first.startswith(f"{val}:")
    assert second == val
    assert result.err.startswith("✖ line 2: ")


def test_info_of_nothing_fails(egc: Egc) -> None:
    result = egc("credentials", "info", "-t", "key-auth", "nothing")
    assert (result.code, result.out, result.err) == (1, "", "✖ Credential not found: nothing\n")


def test_list_shows_active_ones_unless_told_otherwise(egc: Egc, val: str) -> None:
    create(egc, "-c", "val", "-t", "oauth2")
    key = create(egc, "-c", "val", "-t", "key-auth")["keyId"]
    assert egc("credentials", "deactivate", "-t", "oauth2", val).err == f"✔ Deactivated {val}\n"

    def ids(*arguments: str) -> list[str]:
        return egc("credentials", "list", "-q", *arguments).out.split()

    assert ids("-c", "val") == [key]
    assert ids("-f", "archived") == [val]
    assert set(ids("-f", "active", "archived")) == set(ids("-f", "active", "-f", "archived")) == {val, key}
    assert egc("credentials", "list", "active").code == 2
    assert egc("credentials", "list", "-f", "gone").code == 2
    everything = egc("credentials", "list", "--json").json
    assert isinstance(everything, list)
    assert everything[0]["type"] == "key-auth"


def test_a_list_of_none_and_of_nobody(egc: Egc) -> None:
    none = egc("credentials", "list", "-c", "val")
    assert (none.code, none.out, none.err) == (0, "", "Consumer val has no credentials\n")
    nobody = egc("credentials", "list", "-c", "nobody")
    assert (nobody.code, nobody.err) == (1, "✖ Consumer not found: nobody\n")


def test_several_are_switched_each_for_itself(egc: Egc) -> None:
    one, two = (str(create(egc, "-c", "val", "-t", "key-auth")["keyId"]) for _ in range(2))
    result = egc("credentials", "deactivate", "-t", "key-auth", one, "nothing", two)
    assert result.code == 1
    assert [line[0] for line in result.err.splitlines()] == ["✔", "✖", "✔"]
    assert egc("credential", "activate", "-t", "key-auth", one, two, "-q").out.split() == [one, two]


def test_scopes_of_a_credential(egc: Egc) -> None:
    egc("scopes", "create", "read", "write")
    key = str(create(egc, "-c", "val", "-t", "key-auth")["keyId"])
    where = ("-t", "key-auth", "--keyid", key)

    def held() -> object:
        found = egc("credentials", "info", "-t", "key-auth", key).json
        assert isinstance(found, dict)
        return found["scopes"]

    added = egc("credential:scopes", "add", *where, "read", "unknown{}", "write")
    assert added.code == 1
    assert added.err.splitlines()[0] == f"✔ Scope read added to {key}"
    assert added.err.splitlines()[1].startswith("✖ Error adding scope unknown{} : ")
    assert held() == ["write", "read"]
    assert egc("credential:scopes", "remove", *where, "read").err == f"✔ Scope read removed from {key}\n"
    assert egc("credential:scope", "set", *where, "read", "write", "-q").err == ""
    assert held() == ["read", "write"]
    assert egc("credential:scopes", "set", *where, "read").err == f"✔ Scopes read set for {key}\n"
    assert egc("credential:scopes", "remove", "-t", "key-auth", "--id", "nothing", "read").code == 1
    assert egc("credential:scopes", "add", "-t", "key-auth", "read").code == 2


def test_scopes(egc: Egc) -> None:
    assert egc("scopes", "list").err == "You have no scopes\n"
    assert egc("scopes", "create", "read", "write").err == "✔ Created read,write\n"
    assert egc("scopes", "create", "admin", "read").code == 1
    assert egc("scopes", "list").out == "read\nwrite\n"
    assert egc("scopes", "list", "--json").json == ["read", "write"]
    assert egc("scope", "info", "read").out == "read\n"
    assert egc("scopes", "info", "none").err == "✖ Scope not found: none\n"
    assert egc("scopes", "rm", "read").err == "✔ Removed read\n"
    gone = egc("scopes", "remove", "read", "write", "-q")
    assert (gone.code, gone.out, gone.err) == (1, "write\n", "✖ Scope not found: read\n")
    assert egc("scopes", "create", "-q", "a", "b").out == "a\nb\n"


def test_a_token_is_revoked_by_its_id(egc: Egc, gateway: Gateway, val: str) -> None:
    now = time.time()
    secret = "b1f7252fe6f24a0d98d98cc87693579c"
    app = egc("apps", "create", "-q", "-u", "val", "-p", "name=testapp").out.strip()
    tokens = [
        Token(f"t{n}", digest(secret), "access", app, val, (), "implicit", f"f{n}", now, now + 60) for n in (1, 2)
    ]
    assert gateway.run(gateway.store.save_tokens(tokens))
    result = egc("tokens", "revoke", f"t1|{secret}", f"t0|{secret}", "t2")
    assert result.code == 1
    assert result.err.splitlines() == [
        f"✔ Access token has been revoked: t1|{secret}",
        "✖ Token not found: t0",
        "✔ Access token has been revoked: t2",
    ]
    assert gateway.run(gateway.store.get_token("t1")) is None
    assert egc("token", "revoke", "t1", "--json").json == [{"id": "t1", "error": "Token not found: t1"}]


# ---- Beyond Express Gateway


def test_a_secret_is_rotated_and_shown_once(egc: Egc, val: str) -> None:
    old = create(egc, "-c", "val", "-t", "oauth2")["secret"]
    new = egc("credentials", "rotate", "-t", "oauth2", val, "-q").out.strip().removeprefix(f"{val}:")
    assert len(new) == 36
    assert new != old
    assert egc("credentials", "rotate", "-t", "key-auth", "nobody").code == 1


def test_a_password_is_changed(egc: Egc, val: str, gateway: Gateway, tmp_path: Path) -> None:
    (tmp_path / "old").write_text("bacon\n")
    assert egc("credentials", "create", "-c", "val", "-t", "basic-auth", "--secret-file", "old").code == 0
    before = gateway.run(gateway.store.get_credential("basic-auth", val))
    result = egc("users", "password", "val", stdin="eggs\n")
    assert (result.code, result.out, result.err) == (0, "", "✔ Changed the password of val\n")
    after = gateway.run(gateway.store.get_credential("basic-auth", val))
    assert before is not None
    assert after is not None
    assert before.secret != after.secret


def test_a_password_that_cannot_be_changed_is_told(egc: Egc) -> None:
    assert egc("users", "password", "nobody", stdin="eggs\n").err == "✖ User not found: nobody\n"
    told = egc("users", "password", "val", stdin="eggs\n")
    assert (told.code, told.err) == (1, "✖ User without a basic-auth credential: val\n")


@pytest.mark.parametrize(("content", "code"), [("", 2), ("\nbacon", 2), ("x" * 5000, 2), (None, 4), (b"\xff\xfe", 4)])
def test_a_file_that_holds_no_secret(egc: Egc, tmp_path: Path, content: str | bytes | None, code: int) -> None:
    if content is not None:
        (tmp_path / "secret").write_bytes(content if isinstance(content, bytes) else content.encode())
    result = egc("credentials", "create", "-c", "val", "-t", "basic-auth", "--secret-file", "secret")
    assert result.code == code
    assert "bacon" not in result.err


def test_credentials_are_removed(egc: Egc, val: str) -> None:
    create(egc, "-c", "val", "-t", "oauth2")
    assert egc("credentials", "remove", "-t", "oauth2", val, "nobody").code == 1
    assert egc("credentials", "list", "-c", "val", "--json").json == []
    assert egc("credentials", "rm", "-t", "oauth2", val).err == f"✖ Credential not found: {val}\n"


def test_tokens_of_a_consumer_are_listed_to_the_end_and_revoked(egc: Egc, val: str, gateway: Gateway) -> None:
    app = egc("apps", "create", "-q", "-u", "val", "-p", "name=a").out.strip()
    now = time.time()
    tokens = [
        Token(f"t{n}", digest(secret := f"{n}"), "access", app, val, (), "implicit", f"f{secret}", now, now + 60 + n)
        for n in range(230)
    ]
    gateway.run(gateway.store.save_tokens(tokens))
    listed = egc("tokens", "list", "-c", "val", "--all", "-q").out.split()
    assert sorted(listed) == sorted(token.id for token in tokens)
    first = egc("tokens", "list", "-c", app)
    assert len(first.out.split('"id"')) - 1 == 100
    assert first.err == "There are more tokens: --all shows them.\n"
    assert egc("tokens", "revoke", "-c", "val").err == "✔ Revoked 230 tokens of val\n"
    assert egc("tokens", "list", "-c", "val").err == "Consumer val has no tokens\n"
    assert egc("tokens", "revoke", "-c", "nobody").err == "✖ Consumer not found: nobody\n"


@pytest.mark.parametrize("words", [("revoke",), ("revoke", "-c", "val", "t1"), ("list",)])
def test_whose_tokens_must_be_said(egc: Egc, words: tuple[str, ...]) -> None:
    assert egc("tokens", *words).code == 2
