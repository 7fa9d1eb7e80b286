"""The store contract, one promise a test, on every implementation in conftest.STORES."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from egc.runtime.store import Application, Conflict, Credential, Store, User
from tests.store.conftest import Run
from tests.store.records import APPLICATION, CODE, CREDENTIAL, REFRESH, SESSION, TOKEN, USER, furnish, token

BOB = User("u2", "bob", True, 20.0, 20.0)


# ---- Users ------------------------------------------------------------------------


def test_user_is_found_by_id_and_by_name_as_it_was_stored(store: Store, run: Run) -> None:
    run(store.create_user(USER))
    assert run(store.get_user("u1")) == USER
    assert run(store.find_user("eve")) == USER


def test_unknown_user_is_none(store: Store, run: Run) -> None:
    assert run(store.get_user("u1")) is None
    assert run(store.find_user("\ud800")) is None


def test_properties_keep_their_order(store: Store, run: Run) -> None:
    run(store.create_user(replace(USER, properties={"b": 1, "a": 2, "ü": "é"})))
    user = run(store.get_user("u1"))
    assert user is not None
    assert list(user.properties) == ["b", "a", "ü"]


@pytest.mark.parametrize(
    ("taken", "field"), [(replace(BOB, username="eve"), "username"), (replace(BOB, id="u1"), "id")]
)
def test_username_and_id_are_unique(store: Store, run: Run, taken: User, field: str) -> None:
    run(store.create_user(USER))
    with pytest.raises(Conflict) as caught:
        run(store.create_user(taken))
    assert caught.value.field == field
    assert run(store.find_user("bob")) is None


def test_one_of_many_simultaneous_creations_of_a_name_succeeds(store: Store, run: Run) -> None:
    async def race() -> list[BaseException | None]:
        users = [replace(USER, id=f"u{number}") for number in range(20)]
        return await asyncio.gather(*map(store.create_user, users), return_exceptions=True)

    outcomes = run(race())
    assert outcomes.count(None) == 1
    assert all(isinstance(outcome, Conflict) for outcome in outcomes if outcome is not None)


def _all_pages(list_page: Callable[[int], tuple[Sequence[User | Application], int]]) -> list[list[str]]:
    pages, cursor = [], 0
    while True:
        page, cursor = list_page(cursor)
        pages.append([record.id for record in page])
        if cursor == 0:
            return pages


def test_pages_hold_everything_once_in_order_and_none_is_empty(store: Store, run: Run) -> None:
    for number in range(7):
        run(store.create_user(User(f"u{number}", f"name{number}", True, 1.0, 1.0)))
    pages = _all_pages(lambda start: run(store.list_users(start, 3)))
    assert pages == [["u0", "u1", "u2"], ["u3", "u4", "u5"], ["u6"]]
    assert _all_pages(lambda start: run(store.list_users(start, 7))) == [[f"u{number}" for number in range(7)]]


def test_a_page_after_a_deletion_skips_nobody(store: Store, run: Run) -> None:
    for number in range(4):
        run(store.create_user(User(f"u{number}", f"name{number}", True, 1.0, 1.0)))
    _, cursor = run(store.list_users(0, 2))
    run(store.delete_user("u1"))
    rest, end = run(store.list_users(cursor, 5))
    assert [user.id for user in rest] == ["u2", "u3"]
    assert end == 0


def test_the_empty_list_ends_at_once(store: Store, run: Run) -> None:
    assert run(store.list_users(0, 10)) == ([], 0)
    assert run(store.list_applications(0, 10)) == ([], 0)


def test_update_user_replaces_properties_flag_and_time(store: Store, run: Run) -> None:
    run(store.create_user(USER))
    changed = replace(USER, is_active=False, updated_at=50.0, properties={"lastname": "Moon"})
    assert run(store.update_user(changed)) is True
    assert run(store.get_user("u1")) == changed


def test_update_of_what_is_gone_or_was_changed_meanwhile_is_refused(furnished: Store, run: Run) -> None:
    run(furnished.create_credential(CREDENTIAL))
    assert run(furnished.update_user(BOB)) is False
    assert run(furnished.update_user(replace(USER, updated_at=50.0), seen=9.0)) is False
    assert run(furnished.update_application(replace(APPLICATION, updated_at=50.0), seen=9.0)) is False
    assert run(furnished.update_credential(replace(CREDENTIAL, updated_at=50.0), seen=9.0)) is False
    assert run(furnished.get_user("u1")) == USER
    assert run(furnished.update_user(replace(USER, updated_at=50.0), seen=10.0)) is True


def test_deactivating_a_user_deactivates_the_applications_and_activating_does_not_return_them(
    furnished: Store, run: Run
) -> None:
    run(furnished.set_user_active("u1", False, 60.0))
    assert run(furnished.get_user("u1")) == replace(USER, is_active=False, updated_at=60.0)
    assert run(furnished.get_application("a1")) == replace(APPLICATION, is_active=False, updated_at=60.0)
    run(furnished.set_user_active("u1", True, 70.0))
    application = run(furnished.get_application("a1"))
    assert application is not None
    assert not application.is_active


def test_deleting_a_user_leaves_nothing_that_hangs_on_it(furnished: Store, run: Run) -> None:
    run(furnished.create_credential(CREDENTIAL))
    run(furnished.create_credential(replace(CREDENTIAL, type="oauth2", id="a1", consumer_id="a1")))
    run(furnished.create_code(CODE))
    run(furnished.save_tokens([TOKEN]))
    run(furnished.save_session(SESSION))
    run(furnished.delete_user("u1"))
    assert run(furnished.get_application("a1")) is None
    assert run(furnished.list_credentials()) == []
    assert run(furnished.redeem_code(CODE.digest, 0.0)) is None
    assert run(furnished.get_token("t1")) is None
    assert run(furnished.get_session(SESSION.id)) is None


def test_a_user_made_again_under_the_same_id_inherits_nothing(furnished: Store, run: Run) -> None:
    run(furnished.save_tokens([TOKEN]))
    assert run(furnished.authenticate("t1")) is not None
    run(furnished.delete_user("u1"))
    run(furnished.create_user(replace(USER, properties={})))
    run(furnished.create_application(replace(APPLICATION, properties={"name": "other"})))
    assert run(furnished.authenticate("t1")) is None
    run(furnished.save_tokens([TOKEN]))
    found = run(furnished.authenticate("t1"))
    assert found is not None
    assert found.client.name == "other"
    assert found.user is not None
    assert found.user.properties == {}


# ---- Applications -----------------------------------------------------------------


def test_application_is_found_by_id_name_and_owner(furnished: Store, run: Run) -> None:
    assert run(furnished.get_application("a1")) == APPLICATION
    assert run(furnished.find_applications("shop")) == [APPLICATION]
    assert run(furnished.applications_of("u1")) == [APPLICATION]
    assert run(furnished.list_applications(0, 10)) == ([APPLICATION], 0)


def test_a_name_is_taken_for_its_owner_only(furnished: Store, run: Run) -> None:
    run(furnished.create_user(BOB))
    with pytest.raises(Conflict) as caught:
        run(furnished.create_application(replace(APPLICATION, id="a2")))
    assert caught.value.field == "name"
    second = replace(APPLICATION, id="a2", user_id="u2")
    run(furnished.create_application(second))
    assert run(furnished.find_applications("shop")) == [APPLICATION, second]


def test_an_application_needs_its_owner(store: Store, run: Run) -> None:
    with pytest.raises(Conflict) as caught:
        run(store.create_application(APPLICATION))
    assert caught.value.field == "userId"


def test_a_renamed_application_is_found_by_its_new_name_only(furnished: Store, run: Run) -> None:
    renamed = replace(APPLICATION, properties={"name": "store"}, updated_at=50.0)
    assert run(furnished.update_application(renamed)) is True
    assert run(furnished.find_applications("shop")) == []
    assert run(furnished.find_applications("store")) == [renamed]
    run(furnished.create_application(replace(APPLICATION, id="a2")))
    with pytest.raises(Conflict):
        run(furnished.update_application(replace(APPLICATION, id="a2", properties={"name": "store"})))


def test_deleting_an_application_takes_its_credentials_codes_and_tokens(furnished: Store, run: Run) -> None:
    """C75, done whole."""
    run(furnished.create_credential(replace(CREDENTIAL, consumer_id="a1")))
    run(furnished.create_code(CODE))
    run(furnished.save_tokens([TOKEN]))
    run(furnished.delete_application("a1"))
    assert run(furnished.list_credentials()) == []
    assert run(furnished.get_code(CODE.digest, 0.0)) is None
    assert run(furnished.get_token("t1")) is None
    assert run(furnished.get_user("u1")) == USER


# ---- Credentials and scopes -------------------------------------------------------


def test_credential_is_read_as_it_was_stored(furnished: Store, run: Run) -> None:
    run(furnished.create_scopes(["one", "two"]))
    credential = replace(CREDENTIAL, scopes=("two", "one"))
    run(furnished.create_credential(credential))
    assert run(furnished.get_credential("key-auth", "k1")) == credential
    assert run(furnished.get_credential("jwt", "k1")) is None


def test_no_scopes_and_an_empty_list_stay_different(furnished: Store, run: Run) -> None:
    run(furnished.create_credential(CREDENTIAL))
    run(furnished.create_credential(replace(CREDENTIAL, id="k2", scopes=())))
    first, second = run(furnished.list_credentials())
    assert (first.scopes, second.scopes) == (None, ())


def test_a_key_id_is_never_taken_over(furnished: Store, run: Run) -> None:
    run(furnished.create_credential(replace(CREDENTIAL, is_active=False)))
    with pytest.raises(Conflict) as caught:
        run(furnished.create_credential(replace(CREDENTIAL, consumer_id="a1")))
    assert caught.value.field == "keyId"
    found = run(furnished.get_credential("key-auth", "k1"))
    assert found is not None
    assert found.consumer_id == "u1"


def test_one_active_password_a_consumer_and_an_inactive_one_is_replaced_whole(furnished: Store, run: Run) -> None:
    run(furnished.create_scopes(["one"]))
    old = replace(CREDENTIAL, type="basic-auth", id="u1", scopes=("one",), properties={"old": True})
    run(furnished.create_credential(old))
    new = replace(old, secret="sha256:11", scopes=None, properties={})
    with pytest.raises(Conflict):
        run(furnished.create_credential(new))
    run(furnished.update_credential(replace(old, is_active=False)))
    run(furnished.create_credential(new))
    assert run(furnished.get_credential("basic-auth", "u1")) == new


def test_a_credential_needs_its_consumer(store: Store, run: Run) -> None:
    with pytest.raises(Conflict) as caught:
        run(store.create_credential(CREDENTIAL))
    assert caught.value.field == "consumerId"


def test_credentials_of_a_consumer_come_by_type_then_by_creation(furnished: Store, run: Run) -> None:
    made: list[Credential] = [
        replace(CREDENTIAL, type="oauth2", id="u1"),
        replace(CREDENTIAL, id="k2"),
        replace(CREDENTIAL, id="k1"),
        replace(CREDENTIAL, type="basic-auth", id="u1"),
    ]
    for credential in made:
        run(furnished.create_credential(credential))
    run(furnished.create_credential(replace(CREDENTIAL, id="k9", consumer_id="a1")))
    listed = run(furnished.credentials_of("u1"))
    assert [(one.type, one.id) for one in listed] == [
        ("basic-auth", "u1"),
        ("key-auth", "k2"),
        ("key-auth", "k1"),
        ("oauth2", "u1"),
    ]
    assert len(run(furnished.list_credentials())) == 5


def test_unknown_scopes_are_refused_and_nothing_changes(furnished: Store, run: Run) -> None:
    with pytest.raises(Conflict) as caught:
        run(furnished.create_credential(replace(CREDENTIAL, scopes=("nope",))))
    assert caught.value.field == "scopes"
    run(furnished.create_credential(CREDENTIAL))
    with pytest.raises(Conflict):
        run(furnished.update_credential(replace(CREDENTIAL, scopes=("nope",))))
    assert run(furnished.get_credential("key-auth", "k1")) == CREDENTIAL


def test_a_deleted_credential_is_gone(furnished: Store, run: Run) -> None:
    run(furnished.create_credential(CREDENTIAL))
    assert run(furnished.delete_credential("key-auth", "k1")) is True
    assert run(furnished.delete_credential("key-auth", "k1")) is False
    assert run(furnished.get_credential("key-auth", "k1")) is None


def test_scopes_are_created_all_or_none(store: Store, run: Run) -> None:
    run(store.create_scopes(["one", "two"]))
    with pytest.raises(Conflict):
        run(store.create_scopes(["three", "one"]))
    assert run(store.list_scopes()) == ["one", "two"]


def test_a_deleted_scope_leaves_every_credential(furnished: Store, run: Run) -> None:
    run(furnished.create_scopes(["one", "two", "with space"]))
    run(furnished.create_credential(replace(CREDENTIAL, scopes=("one", "two"))))
    run(furnished.create_credential(replace(CREDENTIAL, type="oauth2", id="a1", consumer_id="a1", scopes=("one",))))
    assert run(furnished.delete_scope("one")) is True
    assert run(furnished.delete_scope("one")) is False
    assert [credential.scopes for credential in run(furnished.list_credentials())] == [("two",), ()]


# ---- Codes ------------------------------------------------------------------------


def test_a_code_can_be_looked_at_and_is_redeemed_once(furnished: Store, run: Run) -> None:
    run(furnished.create_code(CODE))
    assert run(furnished.get_code(CODE.digest, 50.0)) == CODE
    assert run(furnished.redeem_code(CODE.digest, 50.0)) == CODE
    assert run(furnished.get_code(CODE.digest, 50.0)) is None
    assert run(furnished.redeem_code(CODE.digest, 50.0)) is None


def test_an_unknown_or_expired_code_is_none(furnished: Store, run: Run) -> None:
    run(furnished.create_code(CODE))
    assert run(furnished.redeem_code(b"?" * 32, 50.0)) is None
    assert run(furnished.get_code(CODE.digest, 100.0)) is None
    assert run(furnished.redeem_code(CODE.digest, 100.0)) is None


def test_redeeming_stores_the_tokens_with_it(furnished: Store, run: Run) -> None:
    run(furnished.create_code(CODE))
    assert run(furnished.redeem_code(CODE.digest, 50.0, [TOKEN, REFRESH])) == CODE
    assert run(furnished.get_token("t1")) == TOKEN
    assert run(furnished.get_token("r1")) == REFRESH


def test_a_second_presentation_of_a_code_revokes_what_it_was_exchanged_for(furnished: Store, run: Run) -> None:
    run(furnished.create_code(CODE))
    run(furnished.redeem_code(CODE.digest, 50.0, [TOKEN, REFRESH]))
    run(furnished.redeem_code(CODE.digest, 51.0, [token("t2"), token("r2", kind="refresh")]))
    for id_ in ("t1", "r1", "t2", "r2"):
        assert run(furnished.get_token(id_)) is None


def test_tokens_of_a_revoked_family_are_not_stored(furnished: Store, run: Run) -> None:
    run(furnished.create_code(CODE))
    run(furnished.redeem_code(CODE.digest, 50.0))
    run(furnished.redeem_code(CODE.digest, 50.0))
    assert run(furnished.save_tokens([TOKEN, REFRESH])) is False
    assert run(furnished.get_token("t1")) is None


def test_a_code_of_a_revoked_family_is_dead(furnished: Store, run: Run) -> None:
    run(furnished.create_code(CODE))
    run(furnished.revoke_family("f1"))
    assert run(furnished.redeem_code(CODE.digest, 50.0, [TOKEN])) is None


# ---- Tokens -----------------------------------------------------------------------


def test_a_token_authenticates_with_its_client_and_user(furnished: Store, run: Run) -> None:
    run(furnished.save_tokens([TOKEN, token("t2", user_id=None, scopes=())]))
    for _ in range(2):
        found = run(furnished.authenticate("t1"))
        assert found is not None
        assert (found.token, found.client, found.user) == (TOKEN, APPLICATION, USER)
    alone = run(furnished.authenticate("t2"))
    assert alone is not None
    assert (alone.token.scopes, alone.user) == ((), None)


def test_a_refresh_token_does_not_authenticate(furnished: Store, run: Run) -> None:
    run(furnished.save_tokens([REFRESH]))
    assert run(furnished.authenticate("r1")) is None


def test_authentication_sees_every_change_of_client_and_user(furnished: Store, run: Run) -> None:
    run(furnished.save_tokens([TOKEN]))
    run(furnished.authenticate("t1"))
    run(furnished.update_user(replace(USER, properties={"firstname": "Eva"})))
    run(furnished.update_application(replace(APPLICATION, properties={"name": "store"})))
    found = run(furnished.authenticate("t1"))
    assert found is not None
    assert found.user is not None
    assert (found.user.properties, found.client.name) == ({"firstname": "Eva"}, "store")


def test_an_inactive_client_or_user_does_not_authenticate_until_it_is_active_again(furnished: Store, run: Run) -> None:
    run(furnished.save_tokens([TOKEN]))
    run(furnished.update_application(replace(APPLICATION, is_active=False)))
    assert run(furnished.authenticate("t1")) is None
    run(furnished.update_application(APPLICATION))
    assert run(furnished.authenticate("t1")) is not None
    run(furnished.update_user(replace(USER, is_active=False)))
    assert run(furnished.authenticate("t1")) is None


def test_tokens_are_stored_all_or_none(furnished: Store, run: Run) -> None:
    assert run(furnished.save_tokens([TOKEN, token("t2", client_id="gone")])) is False
    assert run(furnished.get_token("t1")) is None


def test_live_tokens_of_a_client_are_listed_oldest_first(furnished: Store, run: Run) -> None:
    run(furnished.save_tokens([token("t2", created_at=25.0), TOKEN, REFRESH, token("t0", expires_at=40.0)]))
    assert [found.id for found in run(furnished.find_tokens("a1", 40.0))] == ["r1", "t1", "t2"]
    assert run(furnished.find_tokens("a2", 40.0)) == []


def test_tokens_of_a_consumer_come_in_pages_that_leave_none_out(furnished: Store, run: Run) -> None:
    kept = [token(f"t{number}", expires_at=100.0 + number // 3) for number in range(10)]
    run(furnished.save_tokens([*kept, token("old", expires_at=40.0), token("alone", user_id=None, expires_at=200.0)]))
    run(furnished.save_tokens([REFRESH]))
    run(furnished.rotate(REFRESH, [replace(REFRESH, id="r2")]))

    def listed(consumer: str, count: int) -> list[str]:
        found, after = run(furnished.tokens_of(consumer, 40.0, count))
        ids = [one.id for one in found]
        while after:
            assert len(found) == count
            run(furnished.save_tokens([token(f"new{len(ids)}-{count}-{consumer}", expires_at=50.0)]))
            found, after = run(furnished.tokens_of(consumer, 40.0, count, after))
            ids += [one.id for one in found]
        return ids

    own = [one.id for one in kept]
    assert listed("u1", 100) == [*own, "r2"]
    assert listed("a1", 100) == [*own, "alone", "r2"]
    assert listed("nobody", 100) == []
    assert [id_ for id_ in listed("a1", 3) if not id_.startswith("new")] == [*own, "alone", "r2"]
    assert [id_ for id_ in listed("u1", 1) if not id_.startswith("new")] == [*own, "r2"]
    with pytest.raises(ValueError, match="no place"):
        run(furnished.tokens_of("u1", 40.0, 1, "nan:t1"))


def test_tokens_of_a_consumer_are_revoked_with_what_could_bring_new_ones(furnished: Store, run: Run) -> None:
    run(furnished.create_application(replace(APPLICATION, id="a2", properties={"name": "other"})))
    run(furnished.create_code(replace(CODE, family="f3", expires_at=1000.0)))
    others = token("t9", client_id="a2", user_id=None, family="f9")
    run(furnished.save_tokens([TOKEN, REFRESH, token("t2", family="f2"), token("old", family="f4", expires_at=40.0)]))
    run(furnished.save_tokens([others]))
    assert run(furnished.revoke_tokens("u1", 40.0)) == 3
    assert run(furnished.find_tokens("a1", 0.0)) == []
    assert run(furnished.redeem_code(CODE.digest, 40.0, [token("t5", family="f3")])) is None
    assert run(furnished.rotate(REFRESH, [replace(REFRESH, id="r2")])) is False
    assert run(furnished.save_tokens([token("t6", family="f2")])) is False
    assert run(furnished.save_tokens([token("t7", family="f7")])) is True
    assert run(furnished.get_token("t9")) == others
    assert run(furnished.revoke_tokens("a2", 40.0)) == 1
    assert run(furnished.revoke_tokens("a2", 40.0)) == 0


def test_sessions_of_a_user_end_together(furnished: Store, run: Run) -> None:
    run(furnished.create_user(replace(USER, id="u2", username="bob")))
    for number, user_id in enumerate(("u1", "u1", "u2", None)):
        run(furnished.save_session(replace(SESSION, id=bytes([number]) * 32, user_id=user_id)))
    assert run(furnished.end_sessions("u1")) == 2
    assert [run(furnished.get_session(bytes([number]) * 32)) is None for number in range(4)] == [
        True,
        True,
        False,
        False,
    ]
    assert run(furnished.end_sessions("u1")) == 0


def test_a_revoked_token_is_gone(furnished: Store, run: Run) -> None:
    run(furnished.save_tokens([TOKEN, REFRESH]))
    assert run(furnished.revoke_token("t1")) is True
    assert run(furnished.revoke_token("t1")) is False
    assert run(furnished.authenticate("t1")) is None
    assert run(furnished.get_token("r1")) == REFRESH


def test_a_revoked_family_takes_its_tokens_only(furnished: Store, run: Run) -> None:
    run(furnished.save_tokens([TOKEN, REFRESH, token("t2", family="f2")]))
    run(furnished.revoke_family("f1"))
    assert [found.id for found in run(furnished.find_tokens("a1", 0.0))] == ["t2"]
    assert run(furnished.save_tokens([token("t3")])) is False


def test_rotation_replaces_the_refresh_token_and_remembers_it(furnished: Store, run: Run) -> None:
    run(furnished.save_tokens([REFRESH]))
    successors = [token("t2"), replace(REFRESH, id="r2")]
    assert run(furnished.rotate(REFRESH, successors)) is True
    assert run(furnished.get_token("r1")) is None
    assert run(furnished.spent_refresh("r1")) == REFRESH
    assert run(furnished.spent_refresh("r2")) is None
    assert [run(furnished.get_token(new.id)) for new in successors] == successors


def test_reuse_of_a_rotated_token_revokes_the_family(furnished: Store, run: Run) -> None:
    run(furnished.save_tokens([TOKEN, REFRESH]))
    run(furnished.rotate(REFRESH, [replace(REFRESH, id="r2")]))
    assert run(furnished.rotate(REFRESH, [replace(REFRESH, id="r3")])) is False
    for id_ in ("t1", "r1", "r2", "r3"):
        assert run(furnished.get_token(id_)) is None


def test_simultaneous_rotations_leave_no_live_token_of_the_family(furnished: Store, run: Run) -> None:
    run(furnished.save_tokens([REFRESH]))

    async def race() -> list[bool]:
        return await asyncio.gather(
            *(furnished.rotate(REFRESH, [replace(REFRESH, id=f"n{number}")]) for number in range(20))
        )

    assert run(race()).count(True) == 1
    assert run(furnished.find_tokens("a1", 0.0)) == []


# ---- Sessions, guesses, purge -----------------------------------------------------


def test_a_session_is_kept_replaced_and_deleted(furnished: Store, run: Run) -> None:
    run(furnished.save_session(SESSION))
    assert run(furnished.get_session(SESSION.id)) == SESSION
    after_login = replace(SESSION, id=b"n" * 32, data={})
    run(furnished.save_session(after_login, replaces=SESSION.id))
    assert run(furnished.get_session(SESSION.id)) is None
    assert run(furnished.get_session(after_login.id)) == after_login
    run(furnished.save_session(replace(after_login, data={"more": True})))
    changed = run(furnished.get_session(after_login.id))
    assert changed is not None
    assert changed.data == {"more": True}
    run(furnished.delete_session(after_login.id))
    assert run(furnished.get_session(after_login.id)) is None


def test_a_session_without_user_is_kept(store: Store, run: Run) -> None:
    run(store.save_session(replace(SESSION, user_id=None)))
    assert run(store.get_session(SESSION.id)) is not None


def test_failures_are_counted_within_the_window(store: Store, run: Run) -> None:
    assert run(store.failures(b"k", 100.0, 60.0)) == 0
    assert [run(store.record_failure(b"k", now, 60.0)) for now in (100.0, 130.0, 159.0, 160.0)] == [1, 2, 3, 3]
    assert run(store.failures(b"k", 190.0, 60.0)) == 2
    assert run(store.failures(b"other", 160.0, 60.0)) == 0
    run(store.clear_failures(b"k"))
    assert run(store.failures(b"k", 160.0, 60.0)) == 0


def test_purge_deletes_what_has_expired_and_nothing_else(furnished: Store, run: Run) -> None:
    """N38: nothing stays for ever."""
    run(furnished.save_tokens([TOKEN, REFRESH]))
    run(furnished.rotate(REFRESH, [replace(REFRESH, id="r2", expires_at=2000.0)]))
    run(furnished.create_code(CODE))
    run(furnished.save_session(SESSION))
    run(furnished.record_failure(b"k", 50.0, 50.0))
    assert run(furnished.purge(99.0)) == 0
    assert run(furnished.purge(100.0)) == 4
    assert run(furnished.spent_refresh("r1")) is not None
    assert run(furnished.purge(1000.0)) == 1
    assert run(furnished.spent_refresh("r1")) is None
    assert run(furnished.get_token("r2")) is not None


# ---- Several workers, closing -----------------------------------------------------


def test_a_worker_reads_what_another_was_told_is_stored(another: Callable[[], Store], run: Run) -> None:
    one, two = another(), another()
    for number in range(20):
        user = User(f"u{number}", f"name{number}", True, 1.0, 1.0)
        run((one if number % 2 else two).create_user(user))
        assert run((two if number % 2 else one).get_user(user.id)) == user


def test_a_token_revoked_by_one_worker_opens_nothing_at_another(another: Callable[[], Store], run: Run) -> None:
    one, two = another(), another()
    run(furnish(one))
    run(one.save_tokens([TOKEN, token("t2"), token("t3", family="f3")]))
    for id_, revoke in (
        ("t1", lambda: one.revoke_token("t1")),
        ("t2", lambda: one.revoke_family("f1")),
        ("t3", lambda: one.set_user_active("u1", False, 50.0)),
    ):
        assert run(two.authenticate(id_)) is not None
        run(revoke())
        assert run(two.authenticate(id_)) is None


def test_what_was_acknowledged_is_there_after_closing_and_opening(another: Callable[[], Store], run: Run) -> None:
    first = another()
    run(first.create_user(USER))
    run(first.close())
    assert run(another().get_user("u1")) == USER


def test_closing_finishes_what_was_accepted(another: Callable[[], Store], run: Run) -> None:
    first = another()

    async def write_and_close() -> None:
        users = [User(f"u{number}", f"name{number}", True, 1.0, 1.0) for number in range(50)]
        writes = [asyncio.create_task(first.create_user(user)) for user in users]
        await asyncio.sleep(0)
        await first.close()
        await asyncio.gather(*writes)

    run(write_and_close())
    page, _ = run(another().list_users(0, 100))
    assert len(page) == 50


def test_a_write_that_fails_leaves_its_neighbours_whole(store: Store, run: Run) -> None:
    run(store.create_user(USER))

    async def together() -> list[BaseException | None]:
        names = ("a", "eve", "b", "eve", "c")
        users = [User(f"n{number}", name, True, 1.0, 1.0) for number, name in enumerate(names)]
        return await asyncio.gather(*map(store.create_user, users), return_exceptions=True)

    outcomes = run(together())
    assert [isinstance(outcome, Conflict) for outcome in outcomes] == [False, True, False, True, False]
    page, _ = run(store.list_users(0, 10))
    assert [user.username for user in page] == ["eve", "a", "b", "c"]


def test_text_that_is_no_unicode_is_refused_not_a_bug(store: Store, run: Run) -> None:
    with pytest.raises(Conflict):
        run(store.create_user(replace(USER, username="\udc80")))


def test_check_passes_on_a_working_store(store: Store, run: Run) -> None:
    run(store.check())
