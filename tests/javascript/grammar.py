"""Expressions of the language that the compiler takes, for Hypothesis: by the type that they mostly have."""

import random
from collections.abc import Callable, Sequence

from hypothesis import strategies as st

Text = Callable[[random.Random], str]
"""Makes a text of what it draws: a function rather than a strategy, for nested strategies grow without end."""


def pick(texts: Sequence[str]) -> Text:
    return lambda source: source.choice(texts)


def either(*ways: Text) -> Text:
    return lambda source: source.choice(ways)(source)


def listed(item: Text) -> Text:
    return lambda source: ", ".join(item(source) for _ in range(source.randrange(5)))


_BACKWARDS = "sort((a, b) => (String(b) > String(a)) - (String(b) < String(a)))"
"""A comparison that contradicts itself nowhere: what others come to is each engine's own affair."""

_STRINGS = pick(
    (
        *(
            "''",
            "'a'",
            "'abc'",
            "'10'",
            "'-3.5'",
            "' 7 '",
            "'0x1f'",
            "'1e3'",
            "'NaN'",
            "'Infinity'",
            "'true'",
            "'null'",
        ),
        *(
            "'a,b,,c'",
            "'aXbXc'",
            "'Hello World'",
            "'\\u00e9t\\u00e9'",
            "'\\u{1F600}!'",
            "'\\ud83d'",
            "'\\n\\t x \\u00a0'",
        ),
        *(
            "'$1-$&-$$'",
            "'%41%e9'",
            "'%C3%A9'",
            "'a/b?c=d&e'",
            '"it\'s"',
            "'ss'",
            "'\\u0130'",
            "'[1,{\"a\":2}]'",
            "'{'",
        ),
    )
)
_NUMBERS = pick(
    (
        *("0", "1", "2", "3", "7", "10", "255", "1e3", "0.1", "0.5", "1.5", "2.5", "-1", "(-0)", "1e21", "1e-7"),
        *(
            "123456789",
            "0.000001",
            "4294967296",
            "2147483648",
            "9007199254740993",
            "NaN",
            "Infinity",
            "-Infinity",
            "0x1F",
        ),
        *("1.005", "5e-324", "1.7976931348623157e308", "123.456", "1_000", "017", "0b11"),
    )
)
_PATHS = pick(
    (
        *("req.method", "req.url", "req.originalUrl", "req.path", "req.hostname", "req.protocol", "req.httpVersion"),
        *("req.headers['x-mode']", "req.headers['x-count']", "req.headers.host", "req.headers.accept"),
        *("req.query.page", "req.query.empty", "req.query.filter.name", "req.params.kind", "req.body.name"),
    )
)
_LOOSE = pick(
    (
        *("req.headers.missing", "req.query.none", "req.body.nothing", "req.body.age", "req.body.ok", "req.body.list"),
        *(
            "req.body.inner",
            "req.query.tag",
            "req.query",
            "req.params",
            "req.secure",
            "undefined",
            "null",
            "true",
            "false",
        ),
        *("req.body.inner.none", "req.nothing", "req.nothing.more", "req.body['na' + 'me']", "req.body?.list?.[1]"),
        *("req.nothing?.more.still", "req.nothing?.[0]", "req.nothing?.()", "[]", "({})", "[,1,,]", "({a: 1, b: [2]})"),
        *(
            "(typeof (() => 1))",
            "((a, b) => 1).length",
            "new Date(0)",
            "/a(b)?c/g",
            "[undefined, null]",
            "[[1, [2]], 3]",
            "({valueOf: () => 4})",
        ),
        *("({toString: () => 'str'})", "({a: {b: {c: 1}}})", "'' + {}", "[1, 2] + [3]", "(typeof req)"),
        *("(typeof nowhere)", "req.body.list.length", "globalThis === this", "new Number(3)", "new String('ab')"),
    )
)
_UNARY = pick(("-", "+", "!", "~", "typeof ", "void ", "!!", "- -"))
_BINARY = pick(
    (
        *(
            "+",
            "-",
            "*",
            "/",
            "%",
            "**",
            "&",
            "|",
            "^",
            "<<",
            ">>",
            ">>>",
            "==",
            "!=",
            "===",
            "!==",
            "<",
            "<=",
            ">",
            ">=",
        ),
        *("&&", "||", "??", "+", "+", "===", "==", "&&", "||"),
    )
)
_PATTERNS = pick(
    (
        *(
            "/a/",
            "/a/g",
            "/[a-c]+/g",
            "/(\\w)(\\d)?/",
            "/(\\w)(\\d)?/g",
            "/\\s+/g",
            "/^\\/api/",
            "/x*/g",
            "/X/gi",
            "/$/",
        ),
        *("/\\d+/", "/(?:a|b)/g", "/,/", "/./g", "/\\./", "/o/", "/l+/g", "/\\bW/", "/[^a-z]/gi", "/(a)|(b)/g"),
    )
)
_SEPARATORS = pick(
    ("/a/", "/[a-c]+/", "/(\\w)/", "/\\s+/", "/x*/", "/X/i", "/,/", "/(?:a|b)/", "/\\./", "/$/", "/(,)/")
)
"""Without groups that may take no part: of those QuickJS makes texts."""

_REPLACEMENTS = pick(
    (
        *(
            "''",
            "'<$&>'",
            "'$1'",
            "'$$'",
            "'$`'",
            '"$\'"',
            "'$2x'",
            "'$0'",
            "m => m + m",
            "(m, a) => a",
            "'-'",
            "'$10'",
        ),
        *("(m, ...rest) => rest.length", "() => undefined"),
    )
)
_CALLBACKS = pick(
    (
        *("v => v", "v => v + 1", "(v, i) => i", "(v, i, a) => a.length", "v => typeof v", "v => v > 1", "v => !!v"),
        *(
            "v => ({v})",
            "v => [v, v]",
            "String",
            "Number",
            "Boolean",
            "v => { return v === 'a' }",
            "function (v) { return v }",
        ),
        *("v => { if (v) { return 1 } else { return 0 } }", "(v = 5) => v", "({a}) => a", "v => v.x", "([a]) => a"),
        *("v => { const w = v; return w + w }", "isNaN", "parseInt"),
    )
)
_MATHS = pick((*("abs", "ceil", "floor", "round", "trunc", "sign", "sqrt", "fround", "clz32", "log2", "log10"),))
_DATES = pick(
    (
        *(
            "0",
            "1234567890123",
            "-1",
            "NaN",
            "2020, 1, 29",
            "2021, 1, 29, 25, 61",
            "99, 0",
            "'2020-02-30'",
            "'2024-02-29'",
        ),
        *(
            "'2020-01-01T00:00:00Z'",
            "'2020-01-01T12:30:00+02:00'",
            "'2020-01-01T12:30:15.123Z'",
            "'nonsense'",
            "8.64e15",
        ),
        *("8.64e15 + 1", "null", "true", "'1999'", "'1999-07'", "1e12, 3", "0, 0", "-1, 11, 31"),
    )
)
_DATE_METHODS = pick(
    (
        *(
            "getTime()",
            "getUTCFullYear()",
            "getUTCMonth()",
            "getUTCDate()",
            "getUTCHours()",
            "getUTCDay()",
            "valueOf()",
        ),
        *(
            "getUTCMinutes()",
            "getUTCMilliseconds()",
            "toISOString()",
            "toJSON()",
            "setUTCDate(31)",
            "setUTCMonth(14, 1)",
        ),
        *("setUTCHours(1, 2, 3, 4)", "setTime(5)", "setUTCFullYear(2024, 1, 30)", "setUTCMinutes(-1)"),
    )
)


def _call(receiver: Text, *forms: Text) -> Text:
    return _with("({}).{}", receiver, either(*forms))


def _with(form: str, *parts: Text) -> Text:
    return lambda source: form.format(*(part(source) for part in parts))


def _leaf() -> Text:
    return either(_STRINGS, _NUMBERS, _PATHS, _LOOSE)


def _grown(inner: Text) -> Text:
    text = either(_STRINGS, _PATHS, inner)
    number = either(_NUMBERS, inner)
    values = listed(inner)
    array = either(
        _with("[{}]", values),
        pick(("req.body.list",)),
        pick(("req.query.tag",)),
        _with("({}).split({})", text, either(_STRINGS, _SEPARATORS)),
    )
    string_call = _call(
        text,
        _with("charAt({})", number),
        _with("charCodeAt({})", number),
        _with("codePointAt({})", number),
        _with("concat({})", values),
        _with("includes({})", text),
        _with("indexOf({}, {})", text, number),
        _with("lastIndexOf({})", text),
        _with("lastIndexOf({}, {})", text, number),
        _with("startsWith({}, {})", text, number),
        _with("endsWith({})", text),
        _with("slice({}, {})", number, number),
        _with("substring({}, {})", number, number),
        _with("substr({}, {})", number, number),
        _with("padStart({}, {})", pick(("5", "2.9", "-1", "NaN", "'6'")), text),
        _with("padEnd({})", pick(("5", "12"))),
        _with("repeat({})", pick(("0", "2", "2.9", "-1", "'3'", "NaN"))),
        _with("replace({}, {})", either(_STRINGS, _PATTERNS), _REPLACEMENTS),
        _with("split({}, {})", either(_STRINGS, _SEPARATORS), pick(("undefined", "2", "0", "-1"))),
        _with("match({})?.length", _PATTERNS),
        _with("search({})", _PATTERNS),
        pick(("toLowerCase()", "toUpperCase()", "trim()", "trimStart()", "trimEnd()", "length", "toString()")),
        pick(("valueOf()", "normalize('NFD')", "hasOwnProperty('length')", "constructor === String")),
        _with("valueOf()[{}]", number),
    )
    array_call = _call(
        array,
        _with("map({})", _CALLBACKS),
        _with("filter({})", _CALLBACKS),
        _with("some({})", _CALLBACKS),
        _with("every({})", _CALLBACKS),
        _with("find({})", _CALLBACKS),
        _with("findIndex({})", _CALLBACKS),
        _with("flatMap({})", _CALLBACKS),
        _with("reduce((a, b) => a + b, {})", inner),
        pick(("reduce((a, b) => a + b)", "reduceRight((a, b) => a + '-' + b)", "flat()", "flat(9)", "reverse()")),
        _with("join({})", either(_STRINGS, pick(("",)))),
        _with("includes({})", inner),
        _with("indexOf({})", inner),
        _with("lastIndexOf({})", inner),
        _with("concat({})", values),
        _with("slice({}, {})", number, number),
        _with("splice({}, {}, {})", number, number, inner),
        _with("push({})", values),
        _with("unshift({})", inner),
        _with("fill({}, {})", _STRINGS, number),
        pick(("pop()", "shift()", "sort()", "length", "toString()", _BACKWARDS, "constructor === Array")),
        _with("forEach({})", _CALLBACKS),
    )
    number_call = _call(
        number,
        _with("toFixed({})", pick(("0", "2", "10", "-1", "20"))),
        pick(("toString(10)", "toString(1)", "toString()")),
        _with("toPrecision({})", pick(("1", "3", "17", "0"))),
        _with("toExponential({})", pick(("0", "3", ""))),
        pick(("valueOf()",)),
    )
    whole = _call(
        pick(("255", "(-7)", "4294967296", "NaN", "1023")),
        pick(("toString(2)", "toString(36)")),
    )
    builtin = either(
        _with("Math.{}({})", _MATHS, number),
        _with("Math.max({})", values),
        _with("Math.min({})", values),
        _with("Math.pow({}, {})", number, number),
        _with("parseInt({})", inner),
        _with("parseInt({}, {})", text, pick(("2", "16", "8", "0", "1", "37"))),
        _with("parseFloat({})", text),
        _with("Number({})", inner),
        _with("String({})", inner),
        _with("Boolean({})", inner),
        _with("isNaN({})", inner),
        _with("isFinite({})", inner),
        _with("Number.isInteger({})", inner),
        _with("encodeURIComponent({})", text),
        _with("decodeURIComponent({})", text),
        _with("encodeURI({})", text),
        _with("decodeURI({})", text),
        _with("escape({})", text),
        _with("unescape({})", text),
        _with("JSON.stringify({})", inner),
        _with("JSON.stringify({}, null, {})", inner, pick(("2", "'--'", "0", "99"))),
        _with("JSON.stringify({}, ['a', 'b'])", inner),
        _with("JSON.stringify({}, (k, v) => typeof v === 'number' ? v + 1 : v)", inner),
        _with("JSON.parse({})", text),
        _with("JSON.parse(JSON.stringify({}))", inner),
        _with("JSON.parse('[1,{{\"a\":2}}]', (k, v) => Array.isArray(v) ? v : {})", inner),
        _with("Object.keys({})", inner),
        _with("Object.values({})", inner),
        _with("Object.entries({})", inner),
        _with("Object.assign({{}}, {}, {})", inner, inner),
        _with("Object.is({}, {})", inner, inner),
        _with("Array.isArray({})", inner),
        _with("Array.from({})", text),
        _with("Array.of({})", values),
        _with("Array({})", pick(("3", "1, 2", "-1", "'3'"))),
        _with("String.fromCharCode({})", values),
        _with("new Date({}).{}", _DATES, _DATE_METHODS),
        _with("Date.UTC({})", _DATES),
        _with("{}.test({})", _PATTERNS, text),
        _with("[...({}.exec({}) || [])]", _PATTERNS, text),
    )
    plain = either(
        _with("({} {} {})", inner, _BINARY, inner),
        _with("({} {} {})", inner, _BINARY, inner),
        _with("{}({})", _UNARY, inner),
        _with("({} ? {} : {})", inner, inner, inner),
        _with("[{}]", values),
        _with("[...{}, {}]", array, inner),
        _with("({{a: {}, ['k' + {}]: {}}})", inner, number, inner),
        _with("({{...[{}], z: {}}})", inner, inner),
        _with("({{2: {}, b: 1, 1: {}}})", inner, inner),
        _with("`a${{{}}}b${{{}}}`", inner, inner),
        _with("({}, {})", inner, inner),
        _with("({})[{}]", inner, inner),
        _with("({})?.[{}]", inner, inner),
        _with("({}).a?.b", inner),
        _with("(({}) in ({}))", text, inner),
        _with("(({}) instanceof {})", inner, pick(("Array", "Object", "Date", "String", "RegExp", "Error"))),
        _with("(v => {})({})", pick(("v", "v + v", "[v, v]", "typeof v", "v && v.a", "v?.a ?? 'none'")), inner),
        _with("(({{a, b = {}, ...c}}) => [a, b, c])({})", inner, inner),
        _with("(([a, b = {}, ...c]) => [a, b, c])({})", inner, array),
        _with("[{}].concat({})[0]", values, inner),
        _with("Math.max(...{})", array),
    )
    return either(plain, plain, string_call, array_call, number_call, whole, builtin)


def _expression(depth: int) -> Text:
    """An expression that is nested up to so many levels."""
    if depth == 0:
        return _leaf()
    inner = _expression(depth - 1)
    return either(_leaf(), *[_grown(inner)] * 2)


EXPRESSION = _expression(3)


def expressions() -> st.SearchStrategy[str]:
    """Single expressions."""
    return st.randoms(use_true_random=False).map(EXPRESSION)


def _program() -> Text:
    """Several statements, whose completion value counts."""
    value = EXPRESSION
    statement = either(
        _with("({});", value),
        _with("var a = {};", value),
        _with("let b = {}; b = [b, a];", value),
        _with("a = {};", value),
        _with("a += {};", value),
        _with("a ||= {};", value),
        _with("a &&= {};", value),
        _with("a ??= {};", value),
        _with("a++;", pick(("",))),
        _with("if ({}) {{ a = {} }} else {{ ({}) }}", value, value, value),
        _with("if ({}) ({});", value, value),
        _with("{{ let c = {}; c + 1 }}", value),
        _with("try {{ ({}) }} catch (e) {{ a = e.name; 'caught' }}", value),
        _with("try {{ ({}) }} finally {{ a = 1 }}", value),
        _with("({} && (a = {}));", value, value),
        _with("const [d, ...f] = [{}, {}]; [f, d];", value, value),
        _with("const {{x = {}, y: [z] = [1]}} = {{}}; [x, z];", value),
        _with("function g(p, q = {}) {{ var r = p; {{ let r = 2; p = r }} return [p, q, r] }} g({});", value, value),
        _with("({{a: {}}}).a;", value),
        _with("throw {};", value),
        _with("a = {{n: {}}}; delete a.n; a.m = {}; a;", value, value),
        _with("a = [1]; a[{}] = 2; a;", pick(("0", "1", "3", "'x'", "-1", "1.5"))),
    )

    def program(source: random.Random) -> str:
        """Some statements, one of each kind at most."""
        found = {}
        for _ in range(source.randrange(1, 5)):
            made = statement(source)
            found[made[:7]] = made
        return "var a = 0; " + " ".join(found.values())

    return program


PROGRAM = _program()


def programs() -> st.SearchStrategy[str]:
    """Programs of several statements."""
    return st.randoms(use_true_random=False).map(PROGRAM)
