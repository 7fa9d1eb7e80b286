"""What cannot be compiled is told with its place, and what to write instead.

D50, D343, D434 and D435; promises, of which nobody would see anything, among it (D348).
"""

import pytest

from egc.compiler.javascript import Kind, assigned_names, compile_script, function_names
from egc.runtime.javascript import JSError
from tests.javascript.running import compiled, exchange, function, run


def problem(text: str, kind: Kind = "expression", known: tuple[str, ...] = ()) -> tuple[str, int, int]:
    """Code, line and column of the problem that a script has."""
    (found,) = compile_script(text, kind, "script", known_names=known).problems
    return found.code, found.line, found.column


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("req ==== 1", ("EX701", 1, 8)),
        ("req.method === 'GET", ("EX701", 1, 16)),
        ("if (req.a) {\n  req.b = ;\n}", ("EX701", 2, 9)),
        ("let a = 1; let a = 2", ("EX701", 1, 16)),
        ("return 5", ("EX701", 1, 1)),
        ("req.a ?? req.b || req.c", ("EX701", 1, 1)),
        ("'\\u{zz}'", ("EX701", 1, 1)),
        ("${req.method}", ("EX701", 1, 1)),
        ("-1 ** 2", ("EX701", 1, 1)),
        ("((a, a) => 1)", ("EX701", 1, 6)),
    ],
)
def test_a_syntax_error_is_told_at_its_place(text: str, place: tuple[str, int, int]) -> None:
    assert problem(text) == place


@pytest.mark.parametrize(
    ("text", "place", "help"),
    [
        ("chunked", (1, 1), "'chunked'"),
        ("reqq.method", (1, 1), "`req`"),
        ("req.method +\n  response.a", (2, 3), "`res`"),
        ("process.env.HOME", (1, 1), "${NAME}"),
        ("[1].map(v => w)", (1, 14), "quotes"),
    ],
)
def test_an_unknown_name_is_told_with_what_was_meant(text: str, place: tuple[int, int], help: str) -> None:
    found = compile_script(text, "expression", "script").problems[0]
    assert (found.code, found.line, found.column) == ("EX702", *place)
    assert help in found.help


@pytest.mark.parametrize(
    ("text", "help"),
    [
        ("for (const k of req.a) {}", "Object.keys"),
        ("while (true) {}", "forEach"),
        ("for (;;) {}", "forEach"),
        ("Promise.resolve(1)", "promise"),
        ("switch (req.a) {}", "if"),
        ("class A {}", "functions"),
        ("async () => 1", "return"),
        ("function* f() {}", "array"),
        ("new Map()", "object"),
        ("eval('1')", "code"),
        ("new RegExp('a')", "literal"),
        ("Math.rond(1)", "Math.round"),
        ("'a'.toUperCase()", "toUpperCase"),
        ("res.sendFile('/etc/passwd')", "send"),
        ("res.cookie('a', 'b')", ""),
        ("req.on('end', () => 1)", ""),
        ("run('1')", "code"),
        ("egContext.evaluateAsTemplateString('x')", "template"),
        ("requestStream", "request-transformer"),
        ("f`x`", "()"),
        ("12n", "number"),
        ("/(a)\\1/", ""),
        ("req = 1", "another name"),
        ("egContext.requestID = 'x'", "another name"),
        ("req.path = '/x'", "req.url"),
        ("Math.PI = 3", "variable"),
        ("const a = 1; a = 2", "let"),
        ("({ get a() { return 1 } })", "property"),
        ("import('x')", "plugin"),
        ("req.constructor.constructor('return process')()", ""),
        ("(() => { b; let b = 1 })()", "first"),
    ],
)
def test_what_is_not_supported_is_told_with_the_nearest_form(text: str, help: str) -> None:
    problems = compile_script(text, "program", "script", known_names=("f",)).problems
    if not problems:
        with pytest.raises(JSError, match="not a"):
            function(compile_script(text, "program", "script"))(exchange())
        return
    assert problems[0].code == "EX703"
    assert help in problems[0].help


def test_a_template_knows_its_own_places() -> None:
    """Columns count in the text as it is written, without the back-ticks around it (D342)."""
    assert problem("${req.method} ${reqq}", "template") == ("EX702", 1, 17)
    assert problem("a ` b", "template")[0] == "EX701"


def test_a_script_with_a_problem_throws_what_an_engine_would() -> None:
    for text, name in (("req ==== 1", "SyntaxError"), ("chunked", "ReferenceError")):
        script = function(compile_script(text, "expression", "script"))
        with pytest.raises(JSError, match=name):
            script(exchange())


def test_names_that_another_script_makes_are_known() -> None:
    """D344: var, functions and undeclared assignments stay for later scripts of the run."""
    maker = (
        "var one = 1; two = 2; this.three = 3; egContext.four = 4; function five() {} let six; (() => { seven = 7 })()"
    )
    names = assigned_names(maker, "program")
    assert names == {"one", "two", "three", "four", "five", "six", "seven"}
    assert compile_script("one + two + three + four + six + seven", "expression", "s", known_names=names).problems == ()
    assert problem("one")[0] == "EX702"


def test_names_of_functions_and_blocks_stay_inside() -> None:
    assert assigned_names("(a => { let b = 1; a = b; { const c = 2 } })(1)", "program") == frozenset()


def test_a_name_that_no_script_has_made_yet_is_a_reference_error() -> None:
    with pytest.raises(JSError, match="ReferenceError"):
        run("later", known_names=("later",))
    assert run("typeof later", known_names=("later",)) == "undefined"


def test_methods_that_scripts_make_may_be_called() -> None:
    assert {"helper", "twice"} <= function_names("egContext.helper = v => v; req.o = {twice(v) {}}", "program")
    assert run("const o = {twice: v => v * 2}; o.twice(4)") == 8


def test_constants_are_recognized() -> None:
    for text, value in (("'SAMEORIGIN'", "SAMEORIGIN"), ("200", 200), ("true", True), ("null", None), ("-1.5;", -1.5)):
        found = compile_script(text, "expression", "script").constant
        assert found is not None
        assert found.value == value
    assert compile_script("ip", "template", "script").constant is not None
    assert compile_script("req.ip", "expression", "script").constant is None
    assert compile_script("1; 'a'", "expression", "script").constant is not None


def test_a_deep_or_long_script_is_refused() -> None:
    assert problem("(" * 400 + "1" + ")" * 400)[0] == "EX703"
    assert problem("'" + "a" * 70_000 + "'")[0] == "EX703"


@pytest.mark.parametrize(
    "text",
    [
        "if (req.a) " * 110 + "1",
        "req" + "?.a" * 110,
        "req.a ? " * 110 + "1" + " : 2" * 110,
        "try { " * 25 + "1" + "} catch (e) {}" * 25,
        "try { throw 1 } catch (e) { " * 20 + "1" + "}" * 20,
    ],
)
def test_what_python_would_not_load_is_refused_when_it_is_built(text: str) -> None:
    """Levels of indentation and of `try` are bounded: the module of such a script could not be imported."""
    assert problem(text) == ("EX703", 1, 1)
    assert problem(text, "program") == ("EX703", 1, 1)


def test_only_scripts_that_may_answer_ask_whether_they_did() -> None:
    answers = {
        "res.send('x')": True,
        "req.res.send('x')": True,
        "res['se' + 'nd']('x')": True,
        "const r = res; r.send('x')": True,
        "egContext.res.end()": True,
        "const {send} = res; send.call(res, 'x')": True,
        "req.method": False,
        "res.statusCode": False,
        "req.url = '/x'": False,
    }
    for text, expected in answers.items():
        assert compile_script(text, "program", "script").answers is expected, text


def test_text_of_a_script_is_never_code() -> None:
    """D434: quotes, comments and line ends in the text stay text."""
    for text in ("'\"\"\"\\n\\'; import os #'", "'\\\\'", "`${'${'}`", "'\\r\\n\\0\\u2028'", '"\'"', "/* \n */ '#'"):
        compiled(text)(exchange())
