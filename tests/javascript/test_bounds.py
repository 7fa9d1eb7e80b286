"""No script holds a worker or fills its memory: growth ends in a RangeError, as it does in an engine."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egc.runtime import javascript as js
from egc.runtime import patterns
from tests.javascript.running import exchange, run


@pytest.mark.parametrize(
    "code",
    [
        "'ab'.repeat(1e6)",
        "'a'.repeat(2 ** 30)",
        "'a'.padStart(2 ** 21)",
        "'a'.padEnd(1e9, 'xy')",
        "const s = 'a'.repeat(1e6); s + s",
        "const s = 'a'.repeat(1e6); `${s}${s}`",
        "const s = 'a'.repeat(1e6); s.concat(s)",
        "'a'.repeat(3000).replace(/a/g, 'b'.repeat(3000))",
        "'a'.repeat(3000).replaceAll('a', 'b'.repeat(3000))",
        "'a'.repeat(3000).replace(/(a+)/, '$1$1'.repeat(500))",
        "[1, 2, 3].join('x'.repeat(1e6))",
        "new Array(2000).fill('x'.repeat(1000)).join()",
        "const a = [1]; a[1e9] = 1",
        "new Array(1e9)",
        "const a = []; a.length = 1e8",
        "const a = []; a.length = NaN",
        "const a = []; a.length = -Infinity",
        "new Array(NaN)",
        "new Array(Infinity)",
        "Object.assign([], { length: Infinity })",
        "'a'.repeat(1e6).split('')",
        "[...'a'.repeat(1e6)]",
        "const a = new Array(1e5).fill(1); a.concat(a, a)",
        "const a = new Array(1e5).fill(1); [a, a, a].flat()",
        "function f() { return f() } f()",
        "const f = n => n < 2 ? n : f(n - 1) + f(n - 2); f(60)",
        "const a = new Array(1000).fill(1); a.map(() => a.map(() => a.map(() => 1)))",
        "JSON.stringify(new Array(1e5).fill('x'.repeat(100)))",
        "JSON.stringify(new Array(1e5).fill([]), null, 10)",
        "encodeURIComponent('\\u20ac'.repeat(5e5))",
        "'%'.repeat(5e5).replace(/%/g, encodeURIComponent)",
        "String(JSON.parse('['.repeat(300) + ']'.repeat(300)))",
        "'\\u0315\\u0300'.repeat(5e4).normalize()",
        "'\\u0315\\u0300'.repeat(5e4).localeCompare('a')",
    ],
)
def test_growth_ends_in_a_range_error(code: str) -> None:
    with pytest.raises(js.JSError, match="RangeError"):
        run(code)


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("try { 'a'.repeat(1e9) } catch (e) { e instanceof RangeError && e.name }", "RangeError"),
        ("function f() { return f() } try { f() } catch (e) { e.name }", "RangeError"),
        ("const a = []; a.push(a); a.join() + a", ""),
        ("const a = []; a[0] = a; try { JSON.stringify(a) } catch (e) { e.name }", "TypeError"),
        ("'a'.repeat(1e6).length", 1_000_000),
    ],
)
def test_a_script_may_go_on_after_it(code: str, value: js.Value) -> None:
    assert run(code) == value


def test_a_run_has_its_calls_to_itself() -> None:
    """What one run has used up is there again for the next."""
    code = "new Array(90000).fill(0).map(v => v + 1).length"
    x = exchange()
    assert [run(code, x), run(code, x)] == [90_000, 90_000]


def test_a_regular_expression_takes_no_time_to_speak_of() -> None:
    assert run("/^(a+)+$/.test('a'.repeat(50000) + '!')") is False


def test_deep_json_is_read_or_refused() -> None:
    depth = 100_000
    with pytest.raises(js.JSError, match="SyntaxError"):
        run(f"JSON.parse('['.repeat({depth}) + ']'.repeat({depth}))")


def test_a_body_nested_deeply_is_no_bug() -> None:
    body: object = 1
    for _ in range(190):
        body = [body]
    assert run("JSON.stringify(req.body).length", exchange(body=body)) == 381


@pytest.mark.parametrize(
    "code",
    [
        "{list}.filter((one, at, all) => all.indexOf(one) === at)",
        "{list}.map((one, at) => at % 2 ? 1 : true).filter((one, at, all) => all.lastIndexOf(one) === at)",
        "new Array(1e5).fill(1).filter((one, at, all) => all.includes(true))",
        "const n = {list}.map(Number); n.filter(one => n.includes(NaN))",
        "{list}.reduce((made, one) => [...made, one], [])",
        "{list}.reduce((made, one) => made.concat([one]), [])",
        "{list}.reduce((made, one) => ({ ...made, [one]: 1 }), {})",
        "const t = 'ab'.repeat(5e4); {list}.filter(one => t.includes('zz'))",
    ],
)
def test_work_that_grows_with_the_square_of_a_list_counts_as_calls(code: str) -> None:
    """The list is a caller's: what is quick for ten items must not hold a worker for minutes with as many as fit."""
    with pytest.raises(js.JSError, match="Too many function calls"):
        run(code.replace("{list}", "'x'.repeat(18000).split('').map((x, at) => 'v' + at)"))


@pytest.mark.parametrize(
    ("code", "value"),
    [
        (
            "[1, true, 1, 'a', null, undefined, , NaN].map(one => [1, true, 'a'].indexOf(one)).join()",
            "0,1,0,2,-1,-1,,-1",
        ),
        (
            "[[true, 1, 1].indexOf(1), [1, 1].indexOf(true), [NaN].indexOf(NaN), [,].indexOf(undefined)].join()",
            "1,-1,-1,-1",
        ),
        (
            "[[true, 1].includes(1), [1].includes(true), [NaN].includes(NaN), [,].includes(undefined)].join()",
            "true,false,true,true",
        ),
        (
            "const a = [1, 2]; [a.includes(1, -1), a.indexOf(2, 1), [a].indexOf(a), [[]].includes([])].join()",
            "false,1,0,false",
        ),
        ("Object.keys({ ...{ b: 1, 2: 1, a: 1 }, b: 2, 1: 1 }).join()", "1,2,b,a"),
        ("[[5, , 7].at(-1), [5, , 7].at(1), [5].at(9)].join()", "7,,"),
    ],
)
def test_what_is_counted_is_what_it_was(code: str, value: js.Value) -> None:
    assert run(code) == value


def test_a_global_expression_encodes_a_text_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """RE2 reads UTF-8: a caller's text with many matches must not be encoded for each of them."""
    encoded: list[str] = []

    class Counting(patterns._Text):
        def __init__(self, string: str) -> None:
            encoded.append(string)
            super().__init__(string)

    monkeypatch.setattr(patterns, "_Text", Counting)
    text = "\u00e9 " * 1000
    assert run("req.body.replace(/\\S+/g, 'x')", exchange(body=text)) == "x " * 1000
    assert run("req.body.match(/(\u00e9|b)+?(?:c|d)*/g).length", exchange(body=text)) == 1000
    assert len(encoded) <= 2


@given(st.text("a\u00e9\u20ac\ud800\U0001f600", max_size=12), st.lists(st.integers(0, 13), max_size=8))
def test_offsets_of_a_text_do_not_depend_on_those_asked_for_before(text: str, asked: list[int]) -> None:
    seen = patterns._Text(text)
    for at in asked:
        offset = len(text[:at].encode("utf-8", "surrogatepass"))
        assert seen.offset(at) == offset
        assert seen.characters(offset) == min(at, len(text))
