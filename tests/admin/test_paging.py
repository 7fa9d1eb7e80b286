"""Lists page to the end (C110 done right, N30): what is there throughout comes once, whatever else comes and goes."""

import itertools
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from egc.runtime.store import Token
from tests.admin.house import House

_NUMBERS = itertools.count()

_CHANGES = st.lists(st.sampled_from(["add", "remove", "remove", "switch"]), max_size=4)
"""What happens between two pages."""


class Records:
    """The records of one list, and how to change them."""

    def __init__(self, house: House, kind: str) -> None:
        self.house = house
        self.kind = kind
        self.ids: list[str] = []
        self.owner = ""
        if kind != "users":
            self.owner = house.made("/users", self._user())["id"]
        if kind == "tokens":
            self.owner = house.made("/apps", {"userId": self.owner, "name": f"app{next(_NUMBERS)}"})["id"]

    def add(self) -> None:
        number = next(_NUMBERS)
        if self.kind == "tokens":
            token = Token(
                f"t{number}",
                b"",
                "access",
                self.owner,
                None,
                (),
                "g",
                f"f{number}",
                0.0,
                time.time() + 1000 - number % 7,
            )
            assert self.house.run(self.house.store.save_tokens([token]))
            self.ids.append(token.id)
        elif self.kind == "apps":
            self.ids.append(self.house.made("/apps", {"userId": self.owner, "name": f"app{number}"})["id"])
        else:
            self.ids.append(self.house.made("/users", self._user())["id"])

    def remove(self, place: int) -> None:
        if self.ids:
            gone = self.ids.pop(place % len(self.ids))
            assert self.house.delete(f"/{self.kind}/{gone}").status_code in (200, 204)

    def switch(self, place: int) -> None:
        """Change one, which must not move it."""
        if self.ids and self.kind != "tokens":
            self.house.put(f"/{self.kind}/{self.ids[place % len(self.ids)]}/status", {"status": False})

    def page(self, count: int, start: Any) -> tuple[list[str], Any]:
        query = f"count={count}&start={start}" + (f"&consumer={self.owner}" if self.kind == "tokens" else "")
        answer = self.house.get(f"/{self.kind}?{query}").json
        return [one["id"] for one in answer[self.kind]], answer["nextKey"]

    def clear(self) -> None:
        while self.ids:
            self.remove(0)
        if self.owner and self.kind == "apps":
            self.house.delete(f"/users/{self.owner}")

    @staticmethod
    def _user() -> dict[str, str]:
        return {"username": f"user{next(_NUMBERS)}", "firstname": "F", "lastname": "L"}


@pytest.mark.parametrize("kind", ["users", "apps", "tokens"])
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    size=st.integers(0, 12),
    count=st.integers(1, 5),
    between=st.lists(_CHANGES, max_size=8),
    places=st.lists(st.integers(0, 50), min_size=1, max_size=6),
)
def test_what_is_there_throughout_comes_once(
    house: House, kind: str, size: int, count: int, between: list[list[str]], places: list[int]
) -> None:
    records = Records(house, kind)
    for _ in range(size):
        records.add()
    throughout, come, place = set(records.ids), [], itertools.cycle(places)
    start: Any = 0
    changes = iter(between)
    for _ in range(100):
        page, start = records.page(count, start)
        assert len(page) <= count
        assert page or not start, "an empty page is the last"
        come += page
        if not start:
            break
        for change in next(changes, []):
            if change == "add":
                records.add()
            else:
                getattr(records, change)(next(place))
        throughout &= set(records.ids)
    else:
        pytest.fail("no end after 100 pages")
    ours = [one for one in come if one in throughout]
    assert sorted(ours) == sorted(throughout)
    assert len(come) == len(set(come))
    records.clear()
