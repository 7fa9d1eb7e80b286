"""Codes and refresh tokens work once, for their client; replay revokes (P24, P26, RFC 9700 section 4.14)."""

import asyncio
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode

import falcon.asgi
import pytest
from falcon.testing import ASGIConductor, Result

from egc.runtime.oauth2 import AuthorizationServer
from tests.oauth2.house import ALL_GRANTS, CALLBACK, CHALLENGE, VERIFIER, Client, House, answered

S256 = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}


def exchange(house: House, client: Client, code: str, **more: str) -> Result:
    return house.token(client, {"grant_type": "authorization_code", "code": code, **more})


def refresh(house: House, client: Client, token: str, **more: str) -> Result:
    return house.token(client, {"grant_type": "refresh_token", "refresh_token": token, **more})


def refused(result: Result, error: str = "invalid_grant") -> bool:
    return (result.status_code, result.json["error"]) == (400, error)


def in_parallel(house: House, client: Client, form: dict[str, str], times: int) -> list[Result]:
    async def work() -> list[Result]:
        sent = form | client.form
        return await asyncio.gather(*(house.post_form("/oauth2/token", sent) for _ in range(times)))

    return house.run(work())


def test_rfc6749_4_1_2_a_code_used_twice_is_denied_and_its_tokens_are_revoked(house: House) -> None:
    app = house.client(CALLBACK)
    code = house.code(app)
    tokens = exchange(house, app, code).json
    assert house.is_live(tokens["access_token"])
    assert refused(exchange(house, app, code))
    assert not house.is_live(tokens["access_token"])
    assert refused(refresh(house, app, tokens["refresh_token"]))


def test_one_of_64_parallel_redemptions_of_a_code_succeeds(house: House) -> None:
    app = house.client(CALLBACK)
    form = {"grant_type": "authorization_code", "code": house.code(app)}
    results = in_parallel(house, app, form, 64)
    assert sorted(result.status_code for result in results) == [200] + [400] * 63
    winner = next(result for result in results if result.status_code == 200)
    assert not house.is_live(winner.json["access_token"]), "the replays revoked what it produced"


def test_two_workers_redeem_each_of_20_codes_once_however_many_ask(house: House) -> None:
    """P24: two stores that share what they keep, as two workers have."""
    store = house.stores()
    server = AuthorizationServer(store, grants=ALL_GRANTS, access_ttl=7200, refresh_ttl=7200, code_ttl=300)
    app: falcon.asgi.App[falcon.asgi.Request, falcon.asgi.Response] = falcon.asgi.App()
    server.mount(app)
    client, browser = house.client(CALLBACK), house.logged_in()
    codes = [house.code(client, browser) for _ in range(20)]

    async def work() -> list[list[int]]:
        await store.open()
        await server.open()
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        statuses = []
        async with ASGIConductor(app) as other:
            for code in codes:
                form = client.form | {"grant_type": "authorization_code", "code": code}
                body = urlencode(form)
                here = [house.post_form("/oauth2/token", form) for _ in range(16)]
                there = [other.simulate_post("/oauth2/token", body=body, headers=headers) for _ in range(16)]
                results = await asyncio.gather(*here, *there)
                statuses.append(sorted(result.status_code for result in results))
        await server.close()
        await store.close()
        return statuses

    assert house.run(work()) == [[200] + [400] * 31] * 20


def test_one_of_64_parallel_uses_of_a_refresh_token_succeeds(house: House) -> None:
    app = house.client(CALLBACK)
    first = exchange(house, app, house.code(app)).json
    results = in_parallel(house, app, {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}, 64)
    assert sorted(result.status_code for result in results) == [200] + [400] * 63
    winner = next(result for result in results if result.status_code == 200).json
    assert refused(refresh(house, app, winner["refresh_token"]))
    assert not house.is_live(winner["access_token"])


def test_a_wrong_client_or_redirect_uri_leaves_the_code_to_its_owner(house: House) -> None:
    app, rogue = house.client(CALLBACK), house.client(CALLBACK)
    code = house.code(app, redirect_uri=CALLBACK)
    assert refused(exchange(house, rogue, code, redirect_uri=CALLBACK))
    assert refused(exchange(house, app, code, redirect_uri="https://else.test/cb"))
    assert exchange(house, app, code, redirect_uri=CALLBACK).status_code == 200


def test_rfc6749_4_1_2_a_code_expires(house: House) -> None:
    app = house.client(CALLBACK)
    code = house.code(app)
    house.now += 300
    assert refused(exchange(house, app, code))


def test_a_code_of_a_user_who_was_deactivated_is_refused(house: House) -> None:
    app, val = house.client(CALLBACK), house.user()
    code = house.code(app, house.logged_in(val))
    house.run(house.store.set_user_active(val.id, False, house.now))
    assert refused(exchange(house, app, code))


def test_rfc6749_6_refresh_tokens_rotate_and_reuse_revokes_the_family(house: House) -> None:
    app = house.client(CALLBACK)
    first = exchange(house, app, house.code(app)).json
    second = refresh(house, app, first["refresh_token"]).json
    third = refresh(house, app, second["refresh_token"]).json
    assert refused(refresh(house, app, first["refresh_token"]))
    for tokens in (first, second, third):
        assert not house.is_live(tokens["access_token"])
    assert refused(refresh(house, app, third["refresh_token"]))


def test_rfc6749_6_a_refresh_token_is_bound_to_its_client(house: House) -> None:
    app, rogue = house.client(CALLBACK), house.client(CALLBACK)
    first = exchange(house, app, house.code(app)).json
    assert refused(refresh(house, rogue, first["refresh_token"]))
    assert refresh(house, app, first["refresh_token"]).status_code == 200


def test_half_a_refresh_token_is_none_and_an_access_token_is_none(house: House) -> None:
    app = house.client(CALLBACK)
    first = exchange(house, app, house.code(app)).json
    token_id, _, secret = first["refresh_token"].partition("|")
    halves = [
        token_id,
        f"{token_id}|",
        f"|{secret}",
        f"{token_id}|{'0' * 32}",
        f"{token_id}|{secret}0",
        "|",
        "nonsense|here",
    ]
    for half in [*halves, first["access_token"], "x" * 5000 + "|y"]:
        assert refused(refresh(house, app, half)), half
    assert refresh(house, app, first["refresh_token"]).status_code == 200


def test_a_spent_refresh_token_with_the_wrong_secret_revokes_nothing(house: House) -> None:
    app = house.client(CALLBACK)
    first = exchange(house, app, house.code(app)).json
    second = refresh(house, app, first["refresh_token"]).json
    assert refused(refresh(house, app, first["refresh_token"].partition("|")[0] + "|" + "0" * 32))
    assert house.is_live(second["access_token"])


def test_a_refresh_token_expires(house: House) -> None:
    app = house.client(CALLBACK)
    first = exchange(house, app, house.code(app)).json
    house.now += 7200
    assert refused(refresh(house, app, first["refresh_token"]))


def test_rfc6749_6_scope_narrows_for_the_access_token_and_the_new_refresh_token_keeps_its_own(house: House) -> None:
    app = house.client(CALLBACK, scopes=["read", "write"])
    first = exchange(house, app, house.code(app, scope="read write")).json
    second = refresh(house, app, first["refresh_token"], scope="read").json
    assert second["scope"] == "read"
    third = refresh(house, app, second["refresh_token"]).json
    assert third["scope"] == "read write"


def test_rfc6749_6_scope_never_grows_and_asking_for_more_spends_nothing(house: House) -> None:
    app = house.client(CALLBACK, scopes=["read", "write"])
    first = exchange(house, app, house.code(app, scope="read")).json
    assert refused(refresh(house, app, first["refresh_token"], scope="read write"), "invalid_scope")
    assert refresh(house, app, first["refresh_token"]).json["scope"] == "read"


def test_a_scope_taken_from_the_client_is_not_given_again(house: House) -> None:
    app = house.client(CALLBACK, scopes=["read", "write"])
    first = exchange(house, app, house.code(app, scope="read write")).json
    credential = house.run(house.store.get_credential("oauth2", app.id))
    assert credential is not None
    house.run(house.store.update_credential(replace(credential, scopes=("read",))))
    assert refresh(house, app, first["refresh_token"]).json["scope"] == "read"


def test_a_server_without_the_refresh_grant_gives_out_no_refresh_tokens(tmp_path: Path) -> None:
    with House(tmp_path / "data", grants=("authorization_code",)) as house:
        app = house.client(CALLBACK)
        tokens = exchange(house, app, house.code(app)).json
        assert "refresh_token" not in tokens
        assert refused(refresh(house, app, "a|b"), "unsupported_grant_type")
        assert answered(house.logged_in().ask(app, response_type="token"))["error"] == "unsupported_response_type"


def test_everything_is_there_after_a_restart(tmp_path: Path) -> None:
    directory = tmp_path / "data"
    with House(directory) as house:
        app = house.client(CALLBACK)
        spent, fresh = house.code(app, None, **S256), house.code(app, None, **S256)
        first = exchange(house, app, spent, code_verifier=VERIFIER).json
    with House(directory) as house:
        assert house.is_live(first["access_token"])
        assert exchange(house, app, fresh, code_verifier=VERIFIER).status_code == 200
        assert refused(exchange(house, app, spent, code_verifier=VERIFIER))
        assert not house.is_live(first["access_token"])


@pytest.mark.parametrize("house", ["sqlite"], indirect=True)
def test_nothing_secret_is_readable_in_the_store(house: House) -> None:
    app = house.client(CALLBACK, secret="chosen-secret-marker")
    browser = house.logged_in()
    unused = house.code(app, browser)
    tokens = exchange(house, app, house.code(app, browser)).json
    secrets = [unused, "bacon", "chosen-secret-marker", *browser.cookies.values()]
    secrets += [tokens[name].partition("|")[2] for name in ("access_token", "refresh_token")]
    files = [path.read_bytes() for path in house.directory.iterdir() if path.is_file()]
    assert files
    for secret in secrets:
        assert all(secret.encode() not in content for content in files), "a secret lies open in the store"
