"""Two gateways on one Redis are one: what one gives out the other knows, and what one shuts the other shuts."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import pytest

from egc.runtime.store import Store
from tests.redis.pair import CALLBACK, LIMIT, SECRET, Caller, Pair, furnish, give_code

pytestmark = pytest.mark.slow

R = TypeVar("R")

CALLERS = 32


def at_once(pair: Pair, work: Callable[[Caller, int], R]) -> list[R]:
    """What CALLERS callers, half of them at each gateway, bring home; each is told which gateway is its."""

    def one(number: int) -> R:
        caller = Caller(pair)
        try:
            return work(caller, number % 2)
        finally:
            caller.close()

    with ThreadPoolExecutor(CALLERS) as pool:
        return list(pool.map(one, range(CALLERS)))


def token_of(caller: Caller, which: int, name: str) -> str:
    answer = caller.oauth(which, "/oauth2/token", f"{name}-app", grant_type="client_credentials")
    assert answer is not None
    assert answer[0] == 200, answer
    return str(answer[1]["access_token"])


def test_a_token_of_one_opens_the_other_until_one_revokes_it(pair: Pair, caller: Caller) -> None:
    pair.keep(lambda store: furnish(store, "ann"))
    for issuer in (0, 1):
        token = token_of(caller, issuer, "ann")
        assert [caller.public(which, "/token", f"Bearer {token}") for which in (0, 1)] == [200, 200]
        revoked = caller.oauth(issuer, "/oauth2/revoke", "ann-app", token=token)
        assert revoked is not None
        assert revoked[0] == 200
        assert [caller.public(which, "/token", f"Bearer {token}") for which in (1, 0)] == [401, 401]


def test_a_key_switched_off_at_one_is_shut_at_both_with_the_answer(pair: Pair, caller: Caller) -> None:
    pair.keep(lambda store: furnish(store, "bob"))
    for which in (0, 1, 0, 1):
        for status, expected in ((False, 401), (True, 200)):
            answer = caller.admin(which, "PUT", "/credentials/key-auth/bob-key/status", {"status": status})
            assert answer is not None
            assert answer[0] == 200
            found = [caller.public(other, "/key", f"apiKey bob-key:{SECRET}") for other in (1 - which, which)]
            assert found == [expected, expected]


def test_a_limit_is_one_for_both(pair: Pair) -> None:
    """D234."""

    def send(caller: Caller, which: int) -> Counter[int | None]:
        return Counter(caller.public(which, "/limited") for _ in range(2 * LIMIT // CALLERS))

    found = sum(at_once(pair, send), Counter())
    assert found[200] == LIMIT
    assert found[429] == found.total() - LIMIT


def test_a_code_works_once_whoever_asks_where(pair: Pair) -> None:
    async def prepare(store: Store) -> None:
        await furnish(store, "cleo")
        for number in range(10):
            await give_code(store, "cleo", f"code{number}")

    pair.keep(prepare)
    for number in range(10):

        def redeem(caller: Caller, which: int, code: str = f"code{number}") -> int | None:
            answer = caller.oauth(
                which, "/oauth2/token", "cleo-app", grant_type="authorization_code", code=code, redirect_uri=CALLBACK
            )
            return None if answer is None else answer[0]

        assert Counter(at_once(pair, redeem)) == {200: 1, 400: CALLERS - 1}


def test_a_refresh_token_is_rotated_once_and_its_family_dies(pair: Pair, caller: Caller) -> None:
    async def prepare(store: Store) -> None:
        await furnish(store, "dan")
        await give_code(store, "dan", "dan-code")

    pair.keep(prepare)
    first = caller.oauth(
        0, "/oauth2/token", "dan-app", grant_type="authorization_code", code="dan-code", redirect_uri=CALLBACK
    )
    assert first is not None
    refresh = first[1]["refresh_token"]

    def rotate(caller: Caller, which: int) -> tuple[int, str]:
        answer = caller.oauth(which, "/oauth2/token", "dan-app", grant_type="refresh_token", refresh_token=refresh)
        assert answer is not None
        return answer[0], str(answer[1].get("access_token", ""))

    found = at_once(pair, rotate)
    assert [status for status, _ in found].count(200) == 1
    for token in (first[1]["access_token"], *(token for _, token in found if token)):
        assert [caller.public(which, "/token", f"Bearer {token}") for which in (0, 1)] == [401, 401]


def test_a_name_is_given_once(pair: Pair) -> None:
    def create(caller: Caller, which: int) -> int | None:
        answer = caller.admin(which, "POST", "/users", {"username": "eve", "firstname": "E", "lastname": "V"})
        return None if answer is None else answer[0]

    assert Counter(at_once(pair, create)) == {200: 1, 409: CALLERS - 1}
