"""The store against a model of plain dictionaries: any sequence of operations, from two workers, with restarts."""

import asyncio
import tempfile
from collections.abc import Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from egc.runtime.store import Application, AuthorizationCode, Conflict, Credential, Session, Store, Token, User
from egc.runtime.store.redis import RedisStore
from egc.runtime.store.sqlite import SQLiteStore
from tests.redis_servers import RedisServer

R = TypeVar("R")

_USERS = st.sampled_from(["u1", "u2", "u3"])
_APPLICATIONS = st.sampled_from(["a1", "a2", "a3"])
_NAMES = st.sampled_from(["shop", "blog", "ütf-8 ✓", "x' OR 1=1 --"])
_SCOPES = st.sampled_from(["read", "write", "a b"])
_IDS = st.sampled_from(["1", "2", "3", "4"])
_FAMILIES = st.sampled_from(["f1", "f2", "f3"])
_PAYLOADS = st.dictionaries(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.text(st.characters(exclude_categories=["Cs"])),
    max_size=3,
)
Kind = Literal["access", "refresh"]
_KINDS: st.SearchStrategy[Kind] = st.sampled_from(["access", "refresh"])


class StoreMachine(RuleBasedStateMachine):
    """Every operation is done on the store and on the model; what they answer and what they hold must agree."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.place = tempfile.TemporaryDirectory()
        self.now = 1000.0
        self.users: dict[str, User] = {}
        self.applications: dict[str, Application] = {}
        self.credentials: dict[str, Credential] = {}
        self.scopes: list[str] = []
        self.codes: dict[bytes, tuple[AuthorizationCode, bool]] = {}
        self.live: dict[str, Token] = {}
        self.spent: dict[str, Token] = {}
        self.revoked: set[str] = set()
        self.sessions: dict[bytes, Session] = {}
        self.failures: dict[bytes, list[float]] = {}
        self.workers: list[Store] = []
        self.turn = 0

    @initialize()
    def start(self) -> None:
        self.workers = [self.opened(), self.opened()]

    def teardown(self) -> None:
        for worker in self.workers:
            self.run(worker.close())
        self.runner.close()
        self.place.cleanup()

    def made(self) -> Store:
        """One more worker's store, not opened."""
        return SQLiteStore(Path(self.place.name) / "data")

    def opened(self) -> Store:
        store = self.made()
        self.run(store.open())
        return store

    def run(self, work: Coroutine[Any, Any, R]) -> R:
        return self.runner.run(work)

    def accepted(self, work: Coroutine[Any, Any, None]) -> bool:
        try:
            self.run(work)
        except Conflict:
            return False
        return True

    @property
    def store(self) -> Store:
        """The workers in turn."""
        self.turn += 1
        return self.workers[self.turn % len(self.workers)]

    # Users and applications

    @rule(id_=_USERS, username=_NAMES, payload=_PAYLOADS, active=st.booleans())
    def create_user(self, id_: str, username: str, payload: dict[str, Any], active: bool) -> None:
        user = User(id_, username, active, self.now, self.now, payload)
        taken = id_ in self.users or any(other.username == username for other in self.users.values())
        assert self.accepted(self.store.create_user(user)) is not taken
        if not taken:
            self.users[id_] = user

    @rule(id_=_USERS, payload=_PAYLOADS, late=st.booleans())
    def update_user(self, id_: str, payload: dict[str, Any], late: bool) -> None:
        known = self.users.get(id_, User(id_, "nobody", True, 0.0, 0.0))
        changed = replace(known, properties=payload, updated_at=self.tick())
        seen = known.updated_at - 1 if late else known.updated_at
        done = id_ in self.users and not late
        assert self.run(self.store.update_user(changed, seen=seen)) is done
        if done:
            self.users[id_] = changed

    @rule(id_=_USERS, active=st.booleans())
    def switch_user(self, id_: str, active: bool) -> None:
        now = self.tick()
        self.run(self.store.set_user_active(id_, active, now))
        if id_ in self.users:
            self.users[id_] = replace(self.users[id_], is_active=active, updated_at=now)
            for application in list(self.applications.values()):
                if application.user_id == id_ and application.is_active and not active:
                    self.applications[application.id] = replace(application, is_active=False, updated_at=now)

    @rule(id_=_USERS)
    def delete_user(self, id_: str) -> None:
        self.run(self.store.delete_user(id_))
        self.users.pop(id_, None)
        for application in list(self.applications.values()):
            if application.user_id == id_:
                self.forget_application(application.id)
        self.credentials = {key: one for key, one in self.credentials.items() if one.consumer_id != id_}
        self.codes = {key: pair for key, pair in self.codes.items() if pair[0].user_id != id_}
        self.live = {key: one for key, one in self.live.items() if one.user_id != id_}
        self.spent = {key: one for key, one in self.spent.items() if one.user_id != id_}
        self.sessions = {key: one for key, one in self.sessions.items() if one.user_id != id_}

    @rule(id_=_APPLICATIONS, owner=_USERS, name=_NAMES)
    def create_application(self, id_: str, owner: str, name: str) -> None:
        application = Application(id_, owner, True, self.now, self.now, {"name": name})
        fits = owner in self.users and id_ not in self.applications and not self.named(owner, name)
        assert self.accepted(self.store.create_application(application)) is fits
        if fits:
            self.applications[id_] = application

    @precondition(lambda self: self.applications)
    @rule(data=st.data(), name=_NAMES, active=st.booleans())
    def update_application(self, data: st.DataObject, name: str, active: bool) -> None:
        known = self.applications[data.draw(st.sampled_from(sorted(self.applications)))]
        changed = replace(known, properties={"name": name}, is_active=active, updated_at=self.tick())
        other = self.named(known.user_id, name)
        fits = other is None or other.id == known.id

        async def update() -> None:
            assert await self.store.update_application(changed)

        assert self.accepted(update()) is fits
        if fits:
            self.applications[known.id] = changed

    @rule(id_=_APPLICATIONS)
    def delete_application(self, id_: str) -> None:
        self.run(self.store.delete_application(id_))
        self.forget_application(id_)

    # Credentials and scopes

    @rule(
        id_=_IDS, consumer=_USERS | _APPLICATIONS, scopes=st.none() | st.lists(_SCOPES, unique=True), payload=_PAYLOADS
    )
    def create_credential(self, id_: str, consumer: str, scopes: list[str] | None, payload: dict[str, Any]) -> None:
        granted = None if scopes is None else tuple(scopes)
        credential = Credential("key-auth", id_, consumer, True, self.now, self.now, "sha256:00", granted, payload)
        exists = consumer in self.users or consumer in self.applications
        fits = exists and id_ not in self.credentials and set(granted or ()) <= set(self.scopes)
        assert self.accepted(self.store.create_credential(credential)) is fits
        if fits:
            self.credentials[id_] = credential

    @rule(id_=_IDS)
    def delete_credential(self, id_: str) -> None:
        known = self.credentials.pop(id_, None)
        assert self.run(self.store.delete_credential("key-auth", id_)) is (known is not None)

    @rule(scopes=st.lists(_SCOPES, min_size=1))
    def create_scopes(self, scopes: list[str]) -> None:
        fits = not set(scopes) & set(self.scopes)
        assert self.accepted(self.store.create_scopes(scopes)) is fits
        if fits:
            self.scopes += dict.fromkeys(scopes)

    @rule(scope=_SCOPES)
    def delete_scope(self, scope: str) -> None:
        assert self.run(self.store.delete_scope(scope)) is (scope in self.scopes)
        if scope in self.scopes:
            self.scopes.remove(scope)
            for key, one in self.credentials.items():
                if one.scopes is not None:
                    self.credentials[key] = replace(one, scopes=tuple(held for held in one.scopes if held != scope))

    # Codes and tokens

    @precondition(lambda self: self.applications)
    @rule(data=st.data(), id_=_IDS, family=_FAMILIES, life=st.sampled_from([5.0, 50.0]))
    def create_code(self, data: st.DataObject, id_: str, family: str, life: float) -> None:
        client = self.applications[data.draw(st.sampled_from(sorted(self.applications)))]
        digest = id_.encode() * 32
        if digest in self.codes or family in self.revoked:
            return
        code = AuthorizationCode(
            digest, client.id, client.user_id, None, ("read",), None, None, family, self.now + life
        )
        self.run(self.store.create_code(code))
        self.codes[digest] = (code, False)

    @rule(id_=_IDS, token_id=_IDS)
    def redeem(self, id_: str, token_id: str) -> None:
        digest = id_.encode() * 32
        code, spent = self.codes.get(digest, (None, False))
        tokens = []
        if code is not None and token_id not in self.live and token_id not in self.spent:
            tokens = [self.token(token_id, "access", code.client_id, code.family)]
        valid = code is not None and not spent and code.expires_at > self.now
        assert self.run(self.store.get_code(digest, self.now)) == (code if valid else None)
        redeemed = self.run(self.store.redeem_code(digest, self.now, tokens))
        assert redeemed == (code if valid else None)
        if code is not None and valid:
            self.codes[digest] = (code, True)
            self.live |= {token.id: token for token in tokens}
        elif code is not None and spent:
            self.revoke(code.family)

    @precondition(lambda self: self.applications)
    @rule(data=st.data(), id_=_IDS, family=_FAMILIES, kind=_KINDS)
    def save_token(self, data: st.DataObject, id_: str, family: str, kind: Kind) -> None:
        if id_ in self.live or id_ in self.spent:
            return
        token = self.token(id_, kind, data.draw(st.sampled_from(sorted(self.applications))), family)
        fits = family not in self.revoked
        assert self.run(self.store.save_tokens([token])) is fits
        if fits:
            self.live[id_] = token

    @rule(id_=_IDS, successor=_IDS)
    def rotate(self, id_: str, successor: str) -> None:
        old = self.live.get(id_) or self.spent.get(id_)
        if old is None or old.kind != "refresh" or successor in self.live or successor in self.spent:
            return
        new = self.token(successor, "refresh", old.client_id, old.family)
        rotated = self.run(self.store.rotate(old, [new]))
        assert rotated is (id_ in self.live)
        if rotated:
            self.spent[id_] = self.live.pop(id_)
            self.live[successor] = new
        else:
            self.revoke(old.family)

    @rule(id_=_IDS)
    def revoke_token(self, id_: str) -> None:
        assert self.run(self.store.revoke_token(id_)) is (self.live.pop(id_, None) is not None)

    @rule(family=_FAMILIES)
    def revoke_family(self, family: str) -> None:
        self.run(self.store.revoke_family(family))
        self.revoke(family)

    # Sessions, guesses, time, restarts

    @rule(id_=_IDS, replaces=st.none() | _IDS, data=_PAYLOADS, user=st.none() | _USERS)
    def save_session(self, id_: str, replaces: str | None, data: dict[str, Any], user: str | None) -> None:
        if user is not None and user not in self.users:
            return
        session = Session(id_.encode(), user, data, self.now, self.now + 20)
        old = None if replaces is None else replaces.encode()
        self.run(self.store.save_session(session, old))
        if old is not None:
            self.sessions.pop(old, None)
        self.sessions[session.id] = session

    @rule(key=_IDS)
    def record_failure(self, key: str) -> None:
        self.failures.setdefault(key.encode(), []).append(self.now)
        assert self.run(self.store.record_failure(key.encode(), self.now, 30.0)) == self.recent(key.encode())

    @rule(seconds=st.sampled_from([1.0, 10.0, 60.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def purge(self) -> None:
        self.run(self.store.purge(self.now))
        self.codes = {key: pair for key, pair in self.codes.items() if pair[0].expires_at > self.now}
        self.live = {key: one for key, one in self.live.items() if one.expires_at > self.now}
        self.spent = {key: one for key, one in self.spent.items() if one.expires_at > self.now}
        self.sessions = {key: one for key, one in self.sessions.items() if one.expires_at > self.now}

    @rule(which=st.sampled_from([0, 1]))
    def restart(self, which: int) -> None:
        self.run(self.workers[which].close())
        self.workers[which] = self.opened()

    @invariant()
    def holds_what_the_model_holds(self) -> None:
        if not self.workers:
            return
        store = self.store
        users, _ = self.run(store.list_users(0, 100))
        assert {user.id: user for user in users} == self.users
        applications, _ = self.run(store.list_applications(0, 100))
        assert {one.id: one for one in applications} == self.applications
        assert {one.id: one for one in self.run(store.list_credentials())} == self.credentials
        assert self.run(store.list_scopes()) == self.scopes
        for id_ in "1234":
            live = self.live.get(id_)
            assert self.run(store.get_token(id_)) == live
            assert self.run(store.spent_refresh(id_)) == self.spent.get(id_)
            assert self.run(store.get_session(id_.encode())) == self.sessions.get(id_.encode())
            assert self.run(store.failures(id_.encode(), self.now, 30.0)) == self.recent(id_.encode())
            found = self.run(store.authenticate(id_))
            if live is None or live.kind != "access" or not self.applications[live.client_id].is_active:
                assert found is None
            else:
                assert found is not None
                assert (found.token, found.client) == (live, self.applications[live.client_id])

    # The model's own bookkeeping

    def tick(self) -> float:
        self.now += 0.001
        return self.now

    def named(self, owner: str, name: str) -> Application | None:
        return next((one for one in self.applications.values() if (one.user_id, one.name) == (owner, name)), None)

    def token(self, id_: str, kind: Kind, client: str, family: str) -> Token:
        return Token(id_, b"d" * 32, kind, client, None, ("read",), "g", family, self.now, self.now + 40)

    def recent(self, key: bytes) -> int:
        return sum(at > self.now - 30.0 for at in self.failures.get(key, []))

    def revoke(self, family: str) -> None:
        self.revoked.add(family)
        self.live = {key: one for key, one in self.live.items() if one.family != family}
        self.codes = {key: (code, spent or code.family == family) for key, (code, spent) in self.codes.items()}

    def forget_application(self, id_: str) -> None:
        self.applications.pop(id_, None)
        self.credentials = {key: one for key, one in self.credentials.items() if one.consumer_id != id_}
        self.codes = {key: pair for key, pair in self.codes.items() if pair[0].client_id != id_}
        self.live = {key: one for key, one in self.live.items() if one.client_id != id_}
        self.spent = {key: one for key, one in self.spent.items() if one.client_id != id_}


SETTINGS = settings(max_examples=15, stateful_step_count=30, deadline=None)


def test_the_store_does_what_the_model_does() -> None:
    run_state_machine_as_test(StoreMachine, settings=SETTINGS)


@pytest.mark.slow
def test_the_redis_store_does_what_the_model_does(redis: RedisServer) -> None:
    class RedisMachine(StoreMachine):
        def __init__(self) -> None:
            super().__init__()
            self.namespace = redis.namespace()

        def made(self) -> Store:
            return RedisStore(host="127.0.0.1", port=redis.port, namespace=self.namespace)

    run_state_machine_as_test(RedisMachine, settings=SETTINGS)
