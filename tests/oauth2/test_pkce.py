"""PKCE cannot be skipped or downgraded (P25, RFC 7636, RFC 9700 section 2.1.1)."""

from itertools import product

import pytest

from tests.oauth2.house import CALLBACK, CHALLENGE, VERIFIER, Browser, House, answered

OTHER = "x" * 43
CHALLENGES: dict[str, dict[str, str]] = {
    "none": {},
    "S256": {"code_challenge": CHALLENGE, "code_challenge_method": "S256"},
    "plain": {"code_challenge": VERIFIER, "code_challenge_method": "plain"},
    "plain by default": {"code_challenge": VERIFIER},
    "method alone": {"code_challenge_method": "S256"},
    "malformed": {"code_challenge": "short", "code_challenge_method": "S256"},
}
VERIFIERS: dict[str, dict[str, str]] = {
    "none": {},
    "right": {"code_verifier": VERIFIER},
    "wrong": {"code_verifier": OTHER},
    "the challenge": {"code_verifier": CHALLENGE},
    "too short": {"code_verifier": VERIFIER[:42]},
    "too long": {"code_verifier": VERIFIER * 4},
}


def test_the_matrix_of_72_cells(house: House) -> None:
    clients = {public: house.client(CALLBACK, public=public) for public in (False, True)}
    browser: Browser = house.logged_in()
    for public, challenge, verifier in product(clients, CHALLENGES, VERIFIERS):
        cell = f"public={public}, challenge {challenge}, verifier {verifier}"
        query = {"response_type": "code", "client_id": clients[public].id, **CHALLENGES[challenge]}
        page = browser.get("/oauth2/authorize", query)
        may_ask = challenge == "S256" or (challenge == "none" and not public)
        if not may_ask:
            assert answered(page)["error"] == "invalid_request", cell
            continue
        code = answered(browser.decide(page))["code"]
        form = {"grant_type": "authorization_code", "code": code, **VERIFIERS[verifier]}
        result = house.token(clients[public], form)
        if (challenge, verifier) in (("S256", "right"), ("none", "none")):
            assert result.status_code == 200, cell
        else:
            assert (result.status_code, result.json["error"]) == (400, "invalid_grant"), cell


def test_the_example_of_rfc7636_appendix_b() -> None:
    assert CHALLENGE == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_a_wrong_verifier_spends_the_code(house: House) -> None:
    app = house.client(CALLBACK, public=True)
    code = house.code(app, code_challenge=CHALLENGE, code_challenge_method="S256")
    form = {"grant_type": "authorization_code", "code": code}
    assert house.token(app, form | {"code_verifier": OTHER}).status_code == 400
    assert house.token(app, form | {"code_verifier": VERIFIER}).status_code == 400


@pytest.mark.parametrize("public", [True, False])
def test_implicit_is_no_way_around_pkce(house: House, public: bool) -> None:
    app = house.client(CALLBACK, public=public)
    query = {} if public else {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
    assert answered(house.logged_in().ask(app, response_type="token", **query))["error"] == "unauthorized_client"


def test_a_public_client_has_no_secret_to_guess(house: House) -> None:
    app = house.client(CALLBACK, public=True, credential=False)
    for grant in ("client_credentials", "password"):
        result = house.token(app, {"grant_type": grant, "username": "u", "password": "p"})
        assert (result.status_code, result.json["error"]) == (400, "unauthorized_client")
    assert house.token(app, {"grant_type": "client_credentials", "client_secret": "x"}).status_code == 401
