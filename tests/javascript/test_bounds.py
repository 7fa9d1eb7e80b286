"""No script holds a worker or fills its memory: growth ends in a RangeError, as it does in an engine."""

import pytest

from egc.runtime import javascript as js
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
