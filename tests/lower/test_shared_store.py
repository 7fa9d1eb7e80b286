"""`db.redis` becomes the store of the module (C19-C22)."""

from pathlib import Path

import pytest

from tests.lower.project import build, findings, told
from tests.lower.test_names import OAUTH

GRANTS = "oauth2: {grants: [client_credentials]}\n"


def store_of(tmp_path: Path, redis: str) -> str:
    """The statement that makes the store, in one line."""
    module = build(tmp_path, OAUTH, f"{GRANTS}db: {{redis: {redis}}}").files["gateway.py"]
    lines = module[module.index("\nstore = ") + 1 :].split("\nauthorization")[0].split("\n")
    return " ".join(line.partition("  #")[0].strip() for line in lines).strip()


@pytest.mark.parametrize("redis", ["{emulate: true, host: h}", "{emulate: '${EMULATE:-true}'}"])
def test_emulated_means_the_embedded_store(tmp_path: Path, redis: str) -> None:
    assert store_of(tmp_path, redis) == "store = SQLiteStore(env.data_dir(__file__))"


def test_without_anything_about_redis_the_store_is_the_embedded_one(tmp_path: Path) -> None:
    assert "SQLiteStore" in build(tmp_path, OAUTH, GRANTS).files["gateway.py"]


def test_without_settings_it_is_the_redis_of_this_machine(tmp_path: Path) -> None:
    assert store_of(tmp_path, "{}") == 'store = RedisStore( host="localhost", port=6379, namespace="EG", )'


def test_every_setting_reaches_the_store(tmp_path: Path) -> None:
    redis = (
        "{emulate: false, host: '${REDIS_HOST}', port: '${REDIS_PORT:-6380}', db: 2, username: gateway, "
        "password: '${REDIS_PASSWORD}', namespace: shop, keyPrefix: 'live:', connectTimeout: 500, "
        "tls: {caFile: ca.pem, certFile: c.pem, keyFile: k.pem, rejectUnauthorized: false}}"
    )
    assert store_of(tmp_path, redis) == (
        'store = RedisStore( host=env.text("REDIS_HOST"), port=env.port("REDIS_PORT", 6380), db=2, '
        'username="gateway", password=env.text("REDIS_PASSWORD"), key_prefix="live:", connect_timeout=0.5, tls=True, '
        'ca_file="ca.pem", cert_file="c.pem", key_file="k.pem", reject_unauthorized=False, namespace="shop", )'
    )


def test_a_socket_takes_the_place_of_host_and_port(tmp_path: Path) -> None:
    assert store_of(tmp_path, "{path: /run/redis.sock}").startswith('store = RedisStore( path="/run/redis.sock",')


def test_sentinels_take_the_place_of_host_and_port(tmp_path: Path) -> None:
    redis = "{sentinels: [{host: a}, {host: b, port: 1}], name: group, sentinelPassword: '${S}'}"
    made = store_of(tmp_path, redis)
    assert 'name="group", sentinel_password=env.text("S"), sentinels=(("a", 26379), ("b", 1)), namespace="EG"' in made
    assert "localhost" not in made


def test_a_sentinel_without_host_is_an_error(tmp_path: Path) -> None:
    system = f"{GRANTS}db: {{redis: {{sentinels: [{{port: 1}}]}}}}"
    assert told(findings(tmp_path, OAUTH, system), "missing-property").span.file == "system.config.yml"


def test_an_option_of_the_old_client_is_said_to_have_no_effect(tmp_path: Path) -> None:
    compiled = build(tmp_path, OAUTH, f"{GRANTS}db: {{redis: {{host: h, maxRetriesPerRequest: 3}}}}")
    assert "maxRetriesPerRequest" in told(list(compiled.report), "option-without-effect").message


def test_an_unknown_option_of_tls_is_an_error(tmp_path: Path) -> None:
    system = f"{GRANTS}db: {{redis: {{tls: {{servername: other}}}}}}"
    assert told(findings(tmp_path, OAUTH, system), "unsupported-tls-option").severity == "error"


def test_a_database_that_is_no_number_is_an_error(tmp_path: Path) -> None:
    assert told(findings(tmp_path, OAUTH, f"{GRANTS}db: {{redis: {{db: two}}}}"), "wrong-value").severity == "error"
