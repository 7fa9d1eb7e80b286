"""What the rate-limit step counts, tells and refuses (D220-D235, D427-D429)."""

import json
import logging
from collections.abc import Callable

import pytest

from egc.runtime.env import Misconfigured
from egc.runtime.exchange import Exchange
from egc.runtime.javascript import JSError
from egc.runtime.policies import rate_limit
from egc.runtime.policies.rate_limit import RateLimit
from egc.runtime.store import Store, StoreError
from tests.rate_limit.callers import answer, fields, passes, refusal, request
from tests.rate_limit.conftest import Clock
from tests.store.conftest import Run

Limit = Callable[..., RateLimit]


# ---- Counting


def test_as_many_as_max_pass_and_no_more(limit: Limit, run: Run) -> None:
    """D222."""
    step = limit(max=3)
    assert [passes(run, step) for _ in range(5)] == [True, True, True, False, False]


def test_five_pass_by_default(store: Store, clock: Clock, run: Run) -> None:
    """D222."""
    step = RateLimit(store, counter="c")
    assert [passes(run, step) for _ in range(6)] == [True] * 5 + [False]


def test_max_0_refuses_nobody_and_tells_all_the_same(limit: Limit, run: Run) -> None:
    """D222."""
    step, x = limit(max=0), request()
    assert all(passes(run, step) for _ in range(20))
    assert passes(run, step, x)
    assert fields(x)["x-ratelimit-limit"] == fields(x)["x-ratelimit-remaining"] == "0"


def test_refused_requests_do_not_extend_the_window(limit: Limit, clock: Clock, run: Run) -> None:
    """D221, D235."""
    step = limit(max=1, window_ms=2000)
    passes(run, step)
    clock.now += 1.9
    assert not passes(run, step)
    clock.now += 0.1
    assert passes(run, step)


def test_addresses_are_counted_apart(limit: Limit, run: Run) -> None:
    """D220: without rateLimitBy the caller's address is the key."""
    step = limit(max=1)
    assert passes(run, step, request("192.0.2.1"))
    assert passes(run, step, request("192.0.2.2"))
    assert not passes(run, step, request("192.0.2.1"))


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("fe80::1%eth0", "fe80::2%eth0", True),
        ("not: an address", "not: an address", True),
    ],
)
def test_a_network_of_ipv6_is_one_caller(limit: Limit, run: Run, one: str, other: str, together: bool) -> None:
    """Who has one address of a network has 2^64 of them."""
    step = limit(max=1)
    assert passes(run, step, request(one))
    assert passes(run, step, request(other)) is not together


def test_a_template_gives_the_key(limit: Limit, run: Run) -> None:
    """D220."""
    step = limit(max=1, rate_limit_by=lambda x: x.url)
    assert passes(run, step, request("192.0.2.1"))
    assert not passes(run, step, request("192.0.2.2"))


def test_a_text_without_placeholders_is_one_key_for_all(limit: Limit, run: Run) -> None:
    step = limit(max=1, rate_limit_by="ip")
    assert passes(run, step, request("192.0.2.1"))
    assert not passes(run, step, request("192.0.2.2"))


def test_a_key_that_looks_like_an_address_is_not_that_address(limit: Limit, run: Run) -> None:
    """Nobody uses up the requests of another one's address by a key of his own choice."""
    keys = iter(["192.0.2.9", "undefined"])
    step = limit(max=1, rate_limit_by=lambda x: next(keys))
    assert passes(run, step, request("192.0.2.1"))
    assert passes(run, step, request("192.0.2.9"))


def test_text_of_half_characters_is_a_key(limit: Limit, run: Run) -> None:
    step = limit(max=1, rate_limit_by=lambda x: "\ud83d")
    assert passes(run, step)
    assert not passes(run, step)


def thrown(x: Exchange) -> str:
    raise JSError("nobody")


@pytest.mark.parametrize("script", [thrown, lambda x: "undefined", lambda x: "null", lambda x: ""])
def test_the_address_counts_where_there_is_no_key(
    limit: Limit, run: Run, script: Callable[[Exchange], str], caplog: pytest.LogCaptureFixture
) -> None:
    """D233, D427: in Express Gateway all requests without a key shared one counter."""
    step = limit(max=1, rate_limit_by=script)
    assert passes(run, step, request("192.0.2.1"))
    assert passes(run, step, request("192.0.2.2"))
    assert not passes(run, step, request("192.0.2.1"))
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "rate-limit p_1_rate_limit: no key" in caplog.text


def test_missing_keys_are_logged_again_after_a_minute(
    limit: Limit, clock: Clock, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    step = limit(rate_limit_by=lambda x: "")
    for _ in range(4):
        passes(run, step)
        clock.now += 31.0
    assert len(caplog.records) == 2


def test_what_a_caller_sent_does_not_forge_lines_of_the_log(
    limit: Limit, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    def throwing(x: Exchange) -> str:
        raise JSError("a\nb" * 1000)

    passes(run, limit(rate_limit_by=throwing))
    assert "\n" not in caplog.records[0].getMessage()
    assert len(caplog.records[0].getMessage()) < 1000


def test_steps_count_apart(limit: Limit, run: Run) -> None:
    """D232, D427: in Express Gateway all steps with equal keys shared one counter."""
    assert passes(run, limit(max=1, counter="p_1_rate_limit"))
    assert passes(run, limit(max=1, counter="q_1_rate_limit"))


def test_steps_that_name_one_counter_count_together(limit: Limit, run: Run) -> None:
    assert passes(run, limit(max=1, counter="all"))
    assert not passes(run, limit(max=1, counter="all"))


def test_a_window_of_another_length_is_another_counter(limit: Limit, run: Run) -> None:
    """D232: in Express Gateway the first hit of a key fixed the window for all steps."""
    assert passes(run, limit(max=1, counter="all", window_ms=60_000))
    assert passes(run, limit(max=1, counter="all", window_ms=1000))


def test_nobody_passes_uncounted(limit: Limit, store: Store, run: Run) -> None:
    """D234: without its store the gateway answers 503, not 500, and lets nobody through."""
    step = limit()
    run(store.close())
    with pytest.raises(StoreError):
        run(step(request()))


# ---- Headers


def test_every_request_is_told_where_it_stands(limit: Limit, run: Run) -> None:
    """D230; the headers stay on whatever the gateway answers later (D455)."""
    step, first, last = limit(max=2), request(), request()
    passes(run, step, first)
    assert fields(first) == {
        "x-ratelimit-limit": "2",
        "x-ratelimit-remaining": "1",
        "x-ratelimit-reset": "1700000061",
    }
    passes(run, step)
    refusal(run, step, last)
    assert fields(last)["x-ratelimit-remaining"] == "0"


def test_a_refusal_says_how_long_the_window_still_is(limit: Limit, clock: Clock, run: Run) -> None:
    """D429: Express Gateway named the whole window, however little of it was left."""
    step = limit(max=1, window_ms=60_000)
    passes(run, step)
    clock.now += 58.5
    headers = dict(refusal(run, step).headers)
    assert headers == {b"vary": b"Accept", b"retry-after": b"2"}


def test_retry_after_is_never_0(limit: Limit, clock: Clock, run: Run) -> None:
    step = limit(max=1, window_ms=1)
    passes(run, step)
    assert dict(refusal(run, step).headers)[b"retry-after"] == b"1"


def test_headers_false_sends_none_of_them(limit: Limit, run: Run) -> None:
    """D227, D230; `Vary` stays, for the body does vary."""
    step, x = limit(max=1, headers=False), request()
    passes(run, step, x)
    assert x.response_headers == []
    x = request()
    assert dict(refusal(run, step, x).headers) == {b"vary": b"Accept"}
    assert x.response_headers == []


def test_rate_limit_headers_none_keeps_retry_after(limit: Limit, run: Run) -> None:
    step, x = limit(max=1, rate_limit_headers="none"), request()
    passes(run, step, x)
    assert x.response_headers == []
    assert b"retry-after" in dict(refusal(run, step).headers)


def test_the_headers_of_the_last_step_count(limit: Limit, run: Run) -> None:
    x = request()
    x.response_headers.append((b"access-control-allow-origin", b"*"))
    passes(run, limit(max=7, counter="a"), x)
    passes(run, limit(max=9, counter="b"), x)
    assert fields(x)["x-ratelimit-limit"] == "9"
    assert fields(x)["access-control-allow-origin"] == "*"


def test_draft_11_names_policy_and_standing(limit: Limit, clock: Clock, run: Run) -> None:
    """draft-ietf-httpapi-ratelimit-headers-11 sections 3.1 and 4.1."""
    step, x = limit(max=5, window_ms=60_000, counter="orders", rate_limit_headers="draft-11"), request()
    passes(run, step)
    clock.now += 10.5
    passes(run, step, x)
    assert fields(x) == {"ratelimit-policy": '"orders";q=5;w=60', "ratelimit": '"orders";r=3;t=50'}


def test_draft_11_has_one_item_for_each_step(limit: Limit, run: Run) -> None:
    x = request()
    burst = limit(max=5, window_ms=1500, counter="burst", rate_limit_headers="draft-11")
    passes(run, burst, x)
    passes(run, limit(max=50, window_ms=86_400_000, counter="daily", rate_limit_headers="draft-11"), x)
    passes(run, burst, x)
    assert x.response_headers == [
        (b"ratelimit-policy", b'"daily";q=50;w=86400'),
        (b"ratelimit", b'"daily";r=49;t=86400'),
        (b"ratelimit-policy", b'"burst";q=5;w=2'),
        (b"ratelimit", b'"burst";r=3;t=2'),
    ]


def test_draft_11_quotes_names_and_bounds_numbers(limit: Limit, run: Run) -> None:
    """RFC 9651 sections 3.3.1 and 3.3.3."""
    x = request()
    passes(run, limit(max=10**17, window_ms=10**20, counter='a"b\\c\né', rate_limit_headers="draft-11"), x)
    assert fields(x) == {
        "ratelimit-policy": '"a\\"b\\\\c??";q=999999999999999;w=999999999999999',
        "ratelimit": '"a\\"b\\\\c??";r=999999999999999;t=999999999999999',
    }


def test_draft_11_says_nothing_where_there_is_no_limit(limit: Limit, run: Run) -> None:
    x = request()
    passes(run, limit(max=0, rate_limit_headers="draft-11"), x)
    assert x.response_headers == []


# ---- Refusals


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        (None, "text/html; charset=utf-8"),
        ("*/*", "text/html; charset=utf-8"),
        ("text/html", "text/html; charset=utf-8"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "text/html; charset=utf-8"),
        ("application/json", "application/json; charset=utf-8"),
        ("application/json, text/plain, */*", "application/json; charset=utf-8"),
        ("application/json, text/html", "application/json; charset=utf-8"),
        ("text/html, application/json", "text/html; charset=utf-8"),
        ("text/html;q=0.5, application/json;q=0.9", "application/json; charset=utf-8"),
        ("Application/JSON;charset=utf-8", "application/json; charset=utf-8"),
        ("application/*", "application/json; charset=utf-8"),
        ("application/json;q=0, */*", "text/html; charset=utf-8"),
        ("text/html;q=0, application/*;q=0.1", "application/json; charset=utf-8"),
        ("text/plain", "text/html; charset=utf-8"),
        ("image/png", "text/html; charset=utf-8"),
        ("application/json;q=much", "text/html; charset=utf-8"),
        (",;=,q=", "text/html; charset=utf-8"),
        ("application/xml," * 5000, "text/html; charset=utf-8"),
    ],
)
def test_a_refusal_is_html_or_json_and_never_406(limit: Limit, run: Run, accept: str | None, content_type: str) -> None:
    """D231, D429: Express Gateway answered 406 to who takes neither."""
    step = limit(max=1)
    passes(run, step)
    refused = refusal(run, step, request(accept=accept))
    assert (refused.status, refused.content_type) == (429, content_type)


def test_status_and_message_are_those_of_the_configuration(limit: Limit, run: Run) -> None:
    """D223, D224."""
    step = limit(max=1, status_code=420, message='Calm "down", ö')
    passes(run, step)
    assert (refusal(run, step).status, refusal(run, step).body) == (420, 'Calm "down", ö')
    assert json.loads(refusal(run, step, request(accept="application/json")).body) == {"message": 'Calm "down", ö'}


def test_by_default_it_is_429_with_a_sentence(limit: Limit, run: Run) -> None:
    """D223, D224."""
    step = limit(max=1)
    passes(run, step)
    refused = refusal(run, step)
    assert (refused.status, refused.body) == (429, "Too many requests, please try again later.")


# ---- Delays


def delays(run: Run, step: RateLimit, count: int) -> list[float]:
    found = []
    for _ in range(count):
        x = request()
        assert passes(run, step, x)
        found.append(x.delay)
    return found


def test_by_default_each_request_waits_a_second_longer(store: Store, clock: Clock, run: Run) -> None:
    """D229, D395."""
    assert delays(run, RateLimit(store, counter="c"), 5) == [0.0, 1.0, 2.0, 3.0, 4.0]


def test_hits_beyond_delay_after_wait(limit: Limit, run: Run) -> None:
    """D225, D226."""
    assert delays(run, limit(delay_after=2, delay_ms=700, max=4), 4) == [0.0, 0.0, 0.7, 1.4]


@pytest.mark.parametrize("off", [{"delay_after": 0}, {"delay_ms": 0}])
def test_0_is_no_delay(limit: Limit, run: Run, off: dict[str, int]) -> None:
    """D225, D226."""
    assert delays(run, limit(**{"delay_after": 1, "delay_ms": 1000} | off), 3) == [0.0, 0.0, 0.0]


def test_who_is_refused_does_not_wait(limit: Limit, run: Run) -> None:
    step, x = limit(delay_ms=1000, max=1), request()
    passes(run, step)
    refusal(run, step, x)
    assert x.delay == 0.0


def test_nobody_waits_longer_than_a_minute(limit: Limit, run: Run) -> None:
    step, x = limit(delay_ms=1_000_000, max=0), request()
    passes(run, step)
    x.delay = 5.0
    passes(run, step, x)
    assert x.delay == 60.0


def test_delays_of_several_steps_add_up(limit: Limit, run: Run) -> None:
    x = request()
    for counter in ("a", "b"):
        step = limit(delay_ms=300, counter=counter)
        passes(run, step)
        passes(run, step, x)
    assert x.delay == pytest.approx(0.6)


def test_only_so_many_wait_at_once(limit: Limit, clock: Clock, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limit, "MOST_WAITING", 3)
    step = limit(delay_ms=1000, max=0)
    assert delays(run, step, 4) == [0.0, 1.0, 2.0, 3.0]
    refused = refusal(run, step)
    assert (refused.status, dict(refused.headers)[b"retry-after"]) == (503, b"1")
    clock.now += 1.0
    assert passes(run, step)


# ---- What is not counted


@pytest.mark.parametrize(
    ("setting", "status", "counts"),
    [
        ({"skip_failed_requests": True}, 400, False),
        ({"skip_failed_requests": True}, 502, False),
        ({"skip_failed_requests": True}, 399, True),
        ({"skip_successful_requests": True}, 200, False),
        ({"skip_successful_requests": True}, 304, False),
        ({"skip_successful_requests": True}, 400, True),
        ({"skip_failed_requests": True, "skip_successful_requests": True}, 200, False),
        ({"skip_failed_requests": True, "skip_successful_requests": True}, 500, False),
        ({}, 500, True),
    ],
)
def test_answers_decide_what_counts(
    limit: Limit, run: Run, setting: dict[str, bool], status: int, counts: bool
) -> None:
    """D228."""
    step, x = limit(max=1, **setting), request()
    assert passes(run, step, x)
    answer(x, status)
    assert passes(run, step) is not counts


def test_requests_under_way_count(limit: Limit, run: Run) -> None:
    """D228: what is skipped is taken back with its answer, not before."""
    step = limit(max=1, skip_failed_requests=True)
    assert passes(run, step)
    assert not passes(run, step)


def test_a_refusal_is_not_taken_back(limit: Limit, run: Run) -> None:
    step, x = limit(max=1, skip_failed_requests=True), request()
    passes(run, step)
    refusal(run, step, x)
    assert not x.hooks


def test_a_late_answer_takes_nothing_from_the_next_window(limit: Limit, clock: Clock, run: Run) -> None:
    step, x = limit(max=1, window_ms=1000, skip_failed_requests=True), request()
    passes(run, step, x)
    clock.now += 1.0
    assert passes(run, step)
    answer(x, 500)
    assert not passes(run, step)


def test_a_hit_that_cannot_be_taken_back_stays(limit: Limit, store: Store, run: Run) -> None:
    step, x = limit(skip_failed_requests=True), request()
    passes(run, step, x)
    run(store.close())
    answer(x, 500)


# ---- Settings


@pytest.mark.parametrize(
    "setting",
    [{"window_ms": 0}, {"delay_after": -1}, {"delay_ms": -1}, {"max": -1}, {"status_code": 199}, {"status_code": 600}],
)
def test_numbers_from_the_environment_that_make_no_sense_are_refused_at_the_start(
    limit: Limit, setting: dict[str, int]
) -> None:
    with pytest.raises(Misconfigured, match="rate-limit: "):
        limit(**setting)
