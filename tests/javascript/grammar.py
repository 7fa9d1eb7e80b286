"""Expressions of the language that the compiler takes, for Hypothesis: by the type that they mostly have."""

from hypothesis import strategies as st

Text = st.SearchStrategy[str]

_STRINGS = st.sampled_from(
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
_NUMBERS = st.sampled_from(
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
_PATHS = st.sampled_from(
    (
        *("req.method", "req.url", "req.originalUrl", "req.path", "req.hostname", "req.protocol", "req.httpVersion"),
        *("req.headers['x-mode']", "req.headers['x-count']", "req.headers.host", "req.headers.accept"),
        *("req.query.page", "req.query.empty", "req.query.filter.name", "req.params.kind", "req.body.name"),
    )
)
_LOOSE = st.sampled_from(
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
_UNARY = st.sampled_from(("-", "+", "!", "~", "typeof ", "void ", "!!", "- -"))
_BINARY = st.sampled_from(
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
_PATTERNS = st.sampled_from(
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
_REPLACEMENTS = st.sampled_from(
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
_CALLBACKS = st.sampled_from(
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
_MATHS = st.sampled_from(
    (*("abs", "ceil", "floor", "round", "trunc", "sign", "sqrt", "cbrt", "fround", "clz32", "log2", "log10"),)
)
_DATES = st.sampled_from(
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
_DATE_METHODS = st.sampled_from(
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
    return st.builds("({}).{}".format, receiver, st.one_of(*forms))


def _with(form: str, *parts: Text) -> Text:
    return st.builds(form.format, *parts)


def _leaf() -> Text:
    return st.one_of(_STRINGS, _NUMBERS, _PATHS, _LOOSE)


def _grown(inner: Text) -> Text:
    text = st.one_of(_STRINGS, _PATHS, inner)
    number = st.one_of(_NUMBERS, inner)
    values = st.lists(inner, max_size=4).map(", ".join)
    array = st.one_of(
        _with("[{}]", values),
        st.just("req.body.list"),
        st.just("req.query.tag"),
        _with("({}).split({})", text, st.one_of(_STRINGS, _PATTERNS)),
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
        _with("padStart({}, {})", st.sampled_from(("5", "2.9", "-1", "NaN", "'6'")), text),
        _with("padEnd({})", st.sampled_from(("5", "12"))),
        _with("repeat({})", st.sampled_from(("0", "2", "2.9", "-1", "'3'", "NaN"))),
        _with("replace({}, {})", st.one_of(_STRINGS, _PATTERNS), _REPLACEMENTS),
        _with("split({}, {})", st.one_of(_STRINGS, _PATTERNS), st.sampled_from(("undefined", "2", "0", "-1"))),
        _with("match({})?.length", _PATTERNS),
        _with("search({})", _PATTERNS),
        st.sampled_from(
            ("toLowerCase()", "toUpperCase()", "trim()", "trimStart()", "trimEnd()", "length", "toString()")
        ),
        st.sampled_from(("valueOf()", "normalize('NFD')", "hasOwnProperty('length')", "constructor === String")),
        _with("[{}]", number).map(lambda index: f"valueOf(){index}"),
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
        st.sampled_from(
            ("reduce((a, b) => a + b)", "reduceRight((a, b) => a + '-' + b)", "flat()", "flat(9)", "reverse()")
        ),
        _with("join({})", st.one_of(_STRINGS, st.just(""))),
        _with("includes({})", inner),
        _with("indexOf({})", inner),
        _with("lastIndexOf({})", inner),
        _with("concat({})", values),
        _with("slice({}, {})", number, number),
        _with("splice({}, {}, {})", number, number, inner),
        _with("push({})", values),
        _with("unshift({})", inner),
        _with("fill({}, {})", inner, number),
        st.sampled_from(
            ("pop()", "shift()", "sort()", "length", "toString()", "sort((a, b) => b - a)", "constructor === Array")
        ),
        _with("forEach({})", _CALLBACKS),
    )
    number_call = _call(
        number,
        _with("toFixed({})", st.sampled_from(("0", "2", "10", "-1", "20"))),
        st.sampled_from(("toString(10)", "toString(1)", "toString()")),
        _with("toPrecision({})", st.sampled_from(("1", "3", "17", "0"))),
        _with("toExponential({})", st.sampled_from(("0", "3", ""))),
        st.just("valueOf()"),
    )
    whole = _call(
        st.sampled_from(("255", "(-7)", "4294967296", "NaN", "9007199254740991")),
        st.sampled_from(("toString(2)", "toString(36)")),
    )
    builtin = st.one_of(
        _with("Math.{}({})", _MATHS, number),
        _with("Math.max({})", values),
        _with("Math.min({})", values),
        _with("Math.pow({}, {})", number, number),
        _with("parseInt({})", inner),
        _with("parseInt({}, {})", text, st.sampled_from(("2", "16", "8", "0", "1", "37"))),
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
        _with("JSON.stringify({}, null, {})", inner, st.sampled_from(("2", "'--'", "0", "99"))),
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
        _with("Array({})", st.sampled_from(("3", "1, 2", "-1", "'3'"))),
        _with("String.fromCharCode({})", values),
        _with("new Date({}).{}", _DATES, _DATE_METHODS),
        _with("Date.UTC({})", _DATES),
        _with("{}.test({})", _PATTERNS, text),
        _with("[...({}.exec({}) || [])]", _PATTERNS, text),
    )
    plain = st.one_of(
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
        _with("(({}) instanceof {})", inner, st.sampled_from(("Array", "Object", "Date", "String", "RegExp", "Error"))),
        _with(
            "(v => {})({})", st.sampled_from(("v", "v + v", "[v, v]", "typeof v", "v && v.a", "v?.a ?? 'none'")), inner
        ),
        _with("(({{a, b = {}, ...c}}) => [a, b, c])({})", inner, inner),
        _with("(([a, b = {}, ...c]) => [a, b, c])({})", inner, array),
        _with("[{}].concat({})[0]", values, inner),
        _with("Math.max(...{})", array),
    )
    return st.one_of(plain, plain, string_call, array_call, number_call, whole, builtin)


def expressions() -> Text:
    """Single expressions."""
    return st.recursive(_leaf(), _grown, max_leaves=6)


def programs() -> Text:
    """Several statements, whose completion value counts."""
    value = expressions()
    statement = st.one_of(
        _with("{};", value.map(lambda found: f"({found})")),
        _with("var a = {};", value),
        _with("let b = {}; b = [b, a];", value),
        _with("a = {};", value),
        _with("a += {};", value),
        _with("a ||= {};", value),
        _with("a &&= {};", value),
        _with("a ??= {};", value),
        _with("a++;", st.just("")),
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
        _with("a = [1]; a[{}] = 2; a;", st.sampled_from(("0", "1", "3", "'x'", "-1", "1.5"))),
    )
    once = st.lists(statement, min_size=1, max_size=4, unique_by=lambda found: found[:7])
    return once.map(lambda found: "var a = 0; " + " ".join(found))
