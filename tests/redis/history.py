"""Callers that do one thing after another at two gateways, and say where an answer cannot be true.

Each caller is the only one who changes what is its own, so that whatever it reads, and wherever, must be what it was
last told. Where no answer came, or a 503, nobody knows: both may be true from then on. Names that all callers want are
given to one of them. A read that finds what was never written, or no longer is, is a violation.
"""

import threading
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.redis.pair import SECRET, Caller, Pair

UNKNOWN = object()
NAMES = 40


@dataclass
class Shared:
    """What all callers write down."""

    violations: list[str] = field(default_factory=list)
    given: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    """Who was told that a name is theirs."""
    done: Counter[str] = field(default_factory=Counter)
    """How often each operation was answered, and how often it was not."""
    count: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


class Possible:
    """The values that something may have, by what its only writer was told."""

    def __init__(self, value: Any) -> None:
        self.values = {value}

    def told(self, value: Any, *, known: bool) -> None:
        """A write of `value` was answered, or it is not known whether it was done."""
        self.values = {value} if known else self.values | {value}


class Player:
    """One caller with a user, an API key and an application of its own (`pair.furnish`)."""

    def __init__(self, pair: Pair, name: str, number: int, shared: Shared) -> None:
        self._name = name
        self._number = number
        self._shared = shared
        self._random = Random(number)
        self._caller = Caller(pair, seconds=10)
        self._lastname = Possible("0")
        self._key = Possible(True)
        self._user = Possible(False)
        self._tokens: list[tuple[str, Possible]] = []

    def play(self, operations: int) -> None:
        """Do so many, each at either gateway."""
        choices = (
            *((self.read_name, 3), (self.write_name, 2), (self.use_key, 3), (self.switch_key, 1)),
            *((self.take_token, 2), (self.use_token, 4), (self.revoke_token, 2)),
            *((self.make_user, 1), (self.remove_user, 1), (self.read_user, 2), (self.want_name, 1), (self.pass_by, 1)),
        )
        works = self._random.choices([work for work, _ in choices], [weight for _, weight in choices], k=operations)
        for work in works:
            answered = work(self._random.randrange(2))
            with self._shared.lock:
                self._shared.done[f"{work.__name__}{'' if answered else ' (no answer)'}"] += 1
                self._shared.count += 1
        self._caller.close()

    def _check(self, what: str, found: Any, possible: Possible) -> None:
        if found not in possible.values:
            self._shared.violations.append(f"{self._name}: {what} is {found!r}, not one of {possible.values!r}")

    def _say(self, text: str) -> None:
        self._shared.violations.append(f"{self._name}: {text}")

    def _asked(self, which: int, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """An answer of the Admin API; status 0 where nobody knows what came of it."""
        answer = self._caller.admin(which, method, path, body)
        return (0, None) if answer is None or answer[0] == 503 else answer

    # What each has of its own

    def read_name(self, which: int) -> bool:
        status, user = self._asked(which, "GET", f"/users/{self._name}")
        if status == 200:
            self._check("lastname", user["lastname"], self._lastname)
        elif status:
            self._say(f"its user is answered {status}")
        return bool(status)

    def write_name(self, which: int) -> bool:
        value = str(self._random.getrandbits(32))
        status, _ = self._asked(which, "PUT", f"/users/{self._name}", {"lastname": value})
        if status not in (0, 200, 204):
            self._say(f"a change of its user is answered {status}")
        self._lastname.told(value, known=status in (200, 204))
        return bool(status)

    def use_key(self, which: int) -> bool:
        status = self._caller.public(which, "/key", f"apiKey {self._name}-key:{SECRET}")
        if status not in (None, 503):
            self._check("what its key opens", status == 200, self._key)
        return status not in (None, 503)

    def switch_key(self, which: int) -> bool:
        active = self._random.random() < 0.5
        path = f"/credentials/key-auth/{self._name}-key/status"
        status, _ = self._asked(which, "PUT", path, {"status": active})
        if status not in (0, 200):
            self._say(f"switching its key is answered {status}")
        self._key.told(active, known=status == 200)
        return bool(status)

    def take_token(self, which: int) -> bool:
        answer = self._caller.oauth(which, "/oauth2/token", f"{self._name}-app", grant_type="client_credentials")
        if answer is None or answer[0] == 503:
            return False
        if answer[0] == 200:
            self._tokens = [*self._tokens[-4:], (answer[1]["access_token"], Possible(True))]
        else:
            self._say(f"a token is answered {answer[0]}")
        return True

    def use_token(self, which: int) -> bool:
        if not self._tokens:
            return True
        token, works = self._random.choice(self._tokens)
        status = self._caller.public(which, "/token", f"Bearer {token}")
        if status not in (None, 503):
            self._check("what a token opens", status == 200, works)
        return status not in (None, 503)

    def revoke_token(self, which: int) -> bool:
        if not self._tokens:
            return True
        token, works = self._random.choice(self._tokens)
        answer = self._caller.oauth(which, "/oauth2/revoke", f"{self._name}-app", token=token)
        known = answer is not None and answer[0] == 200
        works.told(False, known=known)
        return known

    def make_user(self, which: int) -> bool:
        body = {"username": f"{self._name}-child", "firstname": "A", "lastname": "B"}
        status, _ = self._asked(which, "POST", "/users", body)
        if status in (200, 409):
            self._check("whether its user was there", status == 409, self._user)
        elif status:
            self._say(f"a user is answered {status}")
        self._user.told(True, known=status in (200, 409))
        return bool(status)

    def remove_user(self, which: int) -> bool:
        status, _ = self._asked(which, "DELETE", f"/users/{self._name}-child")
        if status in (200, 204, 404):
            self._check("whether there is a user to delete", status != 404, self._user)
        elif status:
            self._say(f"a deletion is answered {status}")
        self._user.told(False, known=bool(status))
        return bool(status)

    def read_user(self, which: int) -> bool:
        status, _ = self._asked(which, "GET", f"/users/{self._name}-child")
        if status:
            self._check("whether its user is there", status == 200, self._user)
        return bool(status)

    # What all want

    def want_name(self, which: int) -> bool:
        name = f"wanted-{self._random.randrange(NAMES)}"
        status, _ = self._asked(which, "POST", "/users", {"username": name, "firstname": "A", "lastname": "B"})
        if status == 200:
            with self._shared.lock:
                self._shared.given[name].append(self._number)
        elif status not in (0, 409):
            self._say(f"a name is answered {status}")
        return bool(status)

    def pass_by(self, which: int) -> bool:
        """What needs no state is answered whatever becomes of it."""
        status = self._caller.public(which, "/open")
        if status not in (None, 200):
            self._say(f"what needs no state is answered {status}")
        return status is not None
