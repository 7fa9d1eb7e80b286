"""`egc migrate`: what comes, what stays behind and why, and that it is safe to run twice."""

import asyncio
import gzip
import io
import json
from collections.abc import Callable, Coroutine, Iterable
from pathlib import Path
from typing import Any, TypeVar

import pytest

from egc.compiler.cli import main
from egc.compiler.migrate.cipher import UnknownCipher, decryption, derive
from egc.compiler.migrate.dump import Dump
from egc.compiler.migrate.records import is_generated_key, seconds
from egc.runtime.oauth2.secrets import PasswordHasher, digest, stored_digest
from egc.runtime.store import Store
from egc.runtime.store.sqlite import SQLiteStore
from tests.migrate import eg_records as eg
from tests.migrate.record import DUMP, HERE

R = TypeVar("R")
GENERATED = "2Hh2rGxNh6fq8492ncCGyn"
"""58a5ad5c-1234-4abc-9def-0123456789ab in base 62."""


@pytest.fixture
def migrate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> "Migrate":
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EGC_CIPHER_KEY", eg.CIPHER_KEY)
    monkeypatch.delenv("EGC_DATA", raising=False)

    def run(lines: Iterable[eg.Line], *options: str, code: int = 0) -> dict[str, Any]:
        dump = eg.write(tmp_path / "dump.jsonl", lines)
        found = main(["migrate", "--from-dump", str(dump), "--to", str(tmp_path / "data"), "--json", *options])
        captured = capsys.readouterr()
        assert found == code, captured
        told: dict[str, Any] = json.loads(captured.out) if captured.out else {"error": captured.err}
        return told

    return run


Migrate = Callable[..., dict[str, Any]]


def kept(directory: Path, look: Callable[[Store], Coroutine[Any, Any, R]]) -> R:
    """What a store answers."""

    async def run() -> R:
        store = SQLiteStore(directory / "data")
        await store.open()
        try:
            return await look(store)
        finally:
            await store.close()

    return asyncio.run(run())


def reasons(told: dict[str, Any], section: str) -> list[tuple[str, list[str]]]:
    return [(one["why"], one["keys"]) for one in told[section]]


def test_key_and_iv_are_those_of_the_recorded_vector() -> None:
    key, iv = derive("sensitiveKey", 32, 16)
    assert key.hex() == "3de890927d9d70f3e50b1624fc848534f13de88542616598aeb711ebdd1824dd"
    assert iv.hex() == "34cbb32c7065daa4c94262a5d245c007"
    assert decryption("aes256", "sensitiveKey")(eg.ENCRYPTED) == eg.SECRET


@pytest.mark.parametrize("text", ["", "zz", "00", eg.ENCRYPTED[:-2], "0" * 96, "00" * 5000])
def test_what_does_not_decrypt_is_no_secret(text: str) -> None:
    assert decryption("aes256", "sensitiveKey")(text) is None
    assert decryption("aes256", "another key")(eg.ENCRYPTED) is None


def test_a_cipher_that_cannot_be_undone_is_named() -> None:
    with pytest.raises(UnknownCipher, match="rc4"):
        decryption("rc4", "key")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (eg.DATE, 1795468737.0),
        ("Mon Nov 23 2026 22:18:57 GMT+0100 (Mitteleuropäische Normalzeit)", 1795468737.0),
        ("yesterday", None),
        ("", None),
        (None, None),
    ],
)
def test_dates_are_those_of_javascript(text: str | None, found: float | None) -> None:
    assert seconds(text) == found


def test_only_a_random_uuid_counts_as_a_key_that_nobody_chose() -> None:
    assert is_generated_key(GENERATED)
    assert not is_generated_key("aaaaaaaaaaaaaaaaaaaaaa")
    assert not is_generated_key("my secret")
    assert not is_generated_key("Z" * 22)


def test_everything_comes_under_its_own_id(migrate: Migrate, tmp_path: Path) -> None:
    lines = [
        {"key": "scope", "hash": {"read": "true"}},
        {"key": "username:val", "set": [eg.USER_ID]},
        eg.user(email="v@example.com"),
        eg.app(redirectUri="https://shop.test/cb"),
        eg.password(),
        eg.key("k1", GENERATED, scopes='["read"]'),
        {"key": f"key-auth:{eg.USER_ID}", "set": ["k1"]},
        {"key": "key-auth:undefined", "set": ["k1"]},
        eg.token(scopes='["read"]', authType="oauth2", authenticatedUserId=eg.USER_ID),
        eg.token("r" * 32, "refresh", scopes='["read"]', authType="oauth2", authenticatedUserId=eg.USER_ID),
    ]
    told = migrate(lines)
    assert {title: counts for title, counts in told["records"].items() if counts} == {
        "scopes": {"new": 1},
        "users": {"new": 1},
        "apps": {"new": 1},
        "passwords": {"new": 1},
        "API keys": {"new": 1},
        "access tokens": {"new": 1},
        "refresh tokens": {"new": 1},
    }

    async def look(store: Store) -> None:
        user = await store.find_user("val")
        assert user is not None
        assert (user.id, user.created_at, dict(user.properties)) == (
            eg.USER_ID,
            1795468737.0,
            {"firstname": "V", "lastname": "K", "email": "v@example.com"},
        )
        held = await store.identify("key-auth", "k1")
        assert held is not None
        assert held.credential.secret == stored_digest(GENERATED)
        assert held.credential.scopes == ("read",)
        found = await store.authenticate(eg.TOKEN_ID)
        assert found is not None
        assert (found.client.id, found.user, found.token.scopes) == (eg.APP_ID, user, ("read",))
        assert (found.token.digest, found.token.expires_at) == (digest(eg.SECRET), eg.ALIVE / 1000)
        refresh = await store.get_token("r" * 32)
        assert refresh is not None
        assert refresh.family == found.token.family

    kept(tmp_path, look)


def test_a_key_that_a_person_chose_is_hashed_slowly(migrate: Migrate, tmp_path: Path) -> None:
    migrate([eg.user(), eg.key("k1", "my own secret")])
    credential = kept(tmp_path, lambda store: store.get_credential("key-auth", "k1"))
    assert credential is not None
    assert credential.secret is not None
    assert credential.secret.startswith("$argon2id$")
    assert asyncio.run(PasswordHasher().verify("my own secret", credential.secret))
    told = migrate([eg.user(), eg.key("k1", "my own secret")])
    assert told["records"]["API keys"] == {"same": 1}


def test_no_secret_in_clear_reaches_the_disk(migrate: Migrate, tmp_path: Path) -> None:
    told = migrate([eg.user(password="clear word"), eg.app(), eg.key("k1", "my own secret"), eg.token()])
    assert reasons(told, "notes") == [("its property `password` was in clear and stays behind", [f"user:{eg.USER_ID}"])]
    data = b"".join(path.read_bytes() for path in (tmp_path / "data").iterdir())
    for secret in ("clear word", "my own secret", eg.SECRET, eg.ENCRYPTED):
        assert secret.encode() not in data
        assert secret not in json.dumps(told)


def test_a_second_run_changes_nothing_and_says_so(migrate: Migrate, tmp_path: Path) -> None:
    lines = [{"key": "scope", "hash": {"read": "true"}}, eg.user(), eg.app(), eg.password(), eg.token()]
    migrate(lines)
    told = migrate(lines)
    assert [counts for counts in told["records"].values() if counts] == [{"same": 1}] * 5


def test_what_was_changed_in_the_store_is_left_and_told(migrate: Migrate, tmp_path: Path) -> None:
    migrate([eg.user(), eg.app()])
    told = migrate([eg.user(firstname="Other"), eg.app()], code=1)
    assert reasons(told, "different") == [("other properties", [f"user:{eg.USER_ID}"])]
    user = kept(tmp_path, lambda store: store.get_user(eg.USER_ID))
    assert user is not None
    assert user.properties["firstname"] == "V"


def test_a_second_run_brings_nothing_back_that_was_revoked_or_deleted(migrate: Migrate, tmp_path: Path) -> None:
    lines = [eg.user(), eg.app(), eg.user("u2", "eve"), eg.token()]
    migrate(lines)

    async def revoke(store: Store) -> None:
        assert await store.revoke_token(eg.TOKEN_ID)
        await store.delete_user("u2")

    kept(tmp_path, revoke)
    told = migrate(lines)
    assert told["records"]["users"] == {"same": 1, "gone": 1}
    assert told["records"]["access tokens"] == {"gone": 1}
    assert kept(tmp_path, lambda store: store.get_token(eg.TOKEN_ID)) is None
    assert kept(tmp_path, lambda store: store.get_user("u2")) is None
    assert migrate(lines, "--again", "--dry-run")["records"]["users"] == {"same": 1, "new": 1}
    assert migrate(lines, "--again")["records"]["users"] == {"same": 1, "new": 1}


def test_a_dry_run_says_the_same_and_changes_nothing(migrate: Migrate, tmp_path: Path) -> None:
    lines = [eg.user(), eg.app(), eg.token()]
    told = migrate(lines, "--dry-run")
    assert told["dry_run"] is True
    assert not (tmp_path / "data").exists()
    assert told["records"] == migrate(lines)["records"]
    before = {path.name: path.read_bytes() for path in (tmp_path / "data").iterdir() if path.suffix == ".db"}
    assert migrate([*lines, eg.user("u2", "eve")], "--dry-run")["records"]["users"] == {"same": 1, "new": 1}
    assert {path.name: path.read_bytes() for path in (tmp_path / "data").iterdir() if path.suffix == ".db"} == before


@pytest.mark.parametrize(
    ("line", "why", "dead"),
    [
        (eg.token(archived="true"), "it is revoked or expired", True),
        (eg.token(expiresAt="1000"), "it is expired", True),
        (eg.token(expiresAt=""), "it is no token: it has no expiresAt", True),
        (eg.token(expiresAt="soon"), "its expiresAt is no time", False),
        (eg.token(client="nobody"), "its client nobody is deleted", True),
        (eg.token(client=eg.USER_ID), "its client … is a user; only applications are clients here (N15)", False),
        (eg.token(authenticatedUser="gone"), "its user gone is deleted", False),
        (eg.token(scopes="read"), "its scopes cannot be read", False),
        (eg.token(tokenEncrypted="00"), "its secret cannot be decrypted with this cipher key and algorithm", False),
        (eg.password(password="plain"), "its password is no bcrypt hash", False),
        (eg.password("nobody"), "its user or application nobody is deleted", True),
        (eg.key("a:b", GENERATED), "a keyId with a colon never opened anything", True),
        (eg.app("a2", "nobody"), "its owner nobody is not there", False),
        (eg.app("a2", ""), "it has no owner", False),
        ({"key": "user:u2"}, "it is no hash", False),
        ({"key": "user:u2", "set": ["x"]}, "it is no hash", False),
    ],
)
def test_what_stays_behind_is_named_with_the_reason(migrate: Migrate, line: eg.Line, why: str, dead: bool) -> None:
    alive = eg.token("b" * 32, "refresh")
    told = migrate([eg.user(), eg.app(), alive, line], code=0 if dead else 1)
    assert reasons(told, "dead" if dead else "left") == [(why, [line["key"]])]


def test_two_users_of_one_name_both_come(migrate: Migrate, tmp_path: Path) -> None:
    lines = [{"key": "username:val", "set": ["u2"]}, eg.user("u1", "val"), eg.user("u2", "val")]
    assert migrate(lines)["records"]["users"] == {"new": 2}
    user = kept(tmp_path, lambda store: store.find_user("val"))
    assert user is not None
    assert user.id == "u2"
    assert migrate(lines)["records"]["users"] == {"same": 2}


def test_two_apps_of_one_name_both_come(migrate: Migrate, tmp_path: Path) -> None:
    lines = [eg.user(), eg.app("a1"), eg.app("a2")]
    assert migrate(lines)["records"]["apps"] == {"new": 2}
    apps = kept(tmp_path, lambda store: store.applications_of(eg.USER_ID))
    assert [app.name for app in apps] == ["shop", "shop (a2)"]
    assert migrate(lines)["records"]["apps"] == {"same": 2}


def test_a_scope_that_nobody_registered_is_registered_for_its_holder(migrate: Migrate, tmp_path: Path) -> None:
    told = migrate([eg.user(), eg.key("k1", GENERATED, scopes='["write"]')])
    assert reasons(told, "notes") == [("its scope 'write' was not registered, and is now", ["key-auth:k1"])]
    assert kept(tmp_path, lambda store: store.list_scopes()) == ["write"]


def test_a_wrong_cipher_key_carries_nothing(migrate: Migrate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EGC_CIPHER_KEY", "another")
    told = migrate([eg.user(), eg.app(), eg.token()], code=4)
    assert "the cipher key or the algorithm is another one. Nothing was carried" in told["error"]
    assert kept(tmp_path, lambda store: store.get_user(eg.USER_ID)) is None


def test_the_cipher_key_comes_from_a_file(migrate: Migrate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EGC_CIPHER_KEY")
    (tmp_path / "key").write_text(f"{eg.CIPHER_KEY}\n")
    told = migrate([eg.user(), eg.app(), eg.token()], "--cipher-key-file", str(tmp_path / "key"))
    assert told["records"]["access tokens"] == {"new": 1}


@pytest.mark.parametrize(("typed", "code"), [(eg.CIPHER_KEY, 0), ("wrong", 4)])
def test_the_cipher_key_is_read_from_stdin_before_any_other(
    migrate: Migrate, monkeypatch: pytest.MonkeyPatch, typed: str, code: int
) -> None:
    monkeypatch.setenv("EGC_CIPHER_KEY", "another")
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{typed}\n"))
    migrate([eg.user(), eg.app(), eg.token()], "--cipher-key", code=code)


def test_the_cipher_key_comes_from_the_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The variable in it, and the store that its gateway opens."""
    monkeypatch.delenv("EGC_CIPHER_KEY", raising=False)
    monkeypatch.delenv("EGC_DATA", raising=False)
    monkeypatch.setenv("OLD_KEY", eg.CIPHER_KEY)
    config = tmp_path / "config"
    config.mkdir()
    (config / "gateway.config.yml").write_text("admin: {port: 1}\npolicies: []\n")
    (config / "system.config.yml").write_text("crypto: {cipherKey: '${OLD_KEY}'}\ndb: {redis: {emulate: true}}\n")
    dump = eg.write(tmp_path / "dump.gz", [eg.user(), eg.app(), eg.token()], compress=True)
    assert main(["migrate", "--from-dump", str(dump), "--to", str(config)]) == 0
    assert "access tokens: 1 new" in capsys.readouterr().out
    assert kept(config, lambda store: store.get_token(eg.TOKEN_ID)) is not None


def test_keys_that_express_gateway_made_count_as_such() -> None:
    source = Dump(HERE / DUMP)
    made = [entry for entry in source.entries("key-auth") if entry.type == "hash" and not entry.id.startswith("chosen")]
    assert len(made) > 50
    assert [entry.id for entry in made if not is_generated_key(entry.fields["keySecret"])] == []


def test_the_report_has_a_line_for_each_key(migrate: Migrate, tmp_path: Path) -> None:
    migrate([eg.user(), eg.app("a2", "nobody")], "--report", str(tmp_path / "report"), code=1)
    assert [json.loads(line) for line in (tmp_path / "report").read_text().splitlines()] == [
        {"key": "application:a2", "is": "left", "why": "its owner nobody is not there"}
    ]
    assert (tmp_path / "report").stat().st_mode & 0o777 == 0o600


HEAD = b'{"format":"express-gateway-redis","version":1,"namespace":"EG"}\n'


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", ":1: this is no dump of Express Gateway"),
        (b"[]\n", ":1: this is no dump of Express Gateway"),
        (b'{"format":"express-gateway-redis","version":2}\n', ":1: this is a dump of version 2"),
        (HEAD, ":2: the dump was cut off"),
        (HEAD + b"{\n", ":2: this is no JSON"),
        (HEAD + b"[" * 100_000 + b"\n", ":2: this is no JSON"),
        (HEAD + b"\xff\n", ":2: this is no JSON"),
        (HEAD + b"7\n", ":2: a line must be an object"),
        (HEAD + b'{"key":7}\n', ":2: a line must be an object"),
        (HEAD + b'{"key":"user:u","hash":[]}\n', ':2: "hash" must be an object'),
        (HEAD + b'{"key":"user:u","hash":{"a":{}}}\n', ':2: "hash" must be an object whose values are texts'),
        (HEAD + b'{"key":"user:u","set":"a"}\n', ':2: "set" must be a list of texts'),
        (HEAD + b'{"key":"user:u","hash":{"a":"\\ud800"}}\n', ":2: a text is no Unicode"),
        (HEAD + b'\n{"end":1}\n', ":3: 0 keys were read, but the dump says that it has 1"),
        (HEAD + b'{"end":0}\n{}\n', ":3: there is something behind the end"),
        (HEAD + b" " * (8 * 1024 * 1024 + 2), ":2: the line is longer than"),
        (gzip.compress(HEAD, mtime=0)[:-9], ":2: the gzip data is damaged or cut off"),
        (
            HEAD + json.dumps({"key": "user:u", "hash": {str(n): "" for n in range(1001)}}).encode() + b"\n",
            ":2: user:u is larger than anything that Express Gateway writes",
        ),
    ],
)
def test_a_damaged_dump_is_refused_with_its_line_and_carries_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], data: bytes, said: str
) -> None:
    (tmp_path / "dump").write_bytes(data)
    assert main(["migrate", "--from-dump", str(tmp_path / "dump"), "--to", str(tmp_path / "data")]) == 4
    assert said in capsys.readouterr().err
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    "line",
    [
        "migrate",
        "migrate --from-redis redis://localhost --from-dump dump",
        "migrate --from-dump dump --to-dump other",
        "migrate --from-dump dump --to data --algorithm rc4",
        "migrate --from-dump dump --to data --cipher-key a --cipher-key-file dump",
    ],
)
def test_words_that_do_not_go_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    monkeypatch.chdir(tmp_path)
    eg.write(tmp_path / "dump", [eg.user()])
    assert main(line.split()) == 2


def test_a_redis_that_is_not_there_is_named_without_its_password(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = "redis://user:hidden@127.0.0.1:1/0"
    assert main(["migrate", "--from-redis", url, "--to", str(tmp_path / "data")]) == 4
    told = capsys.readouterr().err
    assert "127.0.0.1:1/0" in told
    assert "hidden" not in told
