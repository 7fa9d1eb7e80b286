"""What is written into a module is Python that ruff and mypy have nothing against, whatever the script."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import SearchStrategy

from egc.compiler.javascript import Kind, compile_script
from tests.javascript.grammar import expressions, programs

ROOT = Path(__file__).parents[2]
IMPORTS = "from egc.runtime import Exchange\nfrom egc.runtime import javascript as js\n"
OWN = (
    "if (req.method !== 'GET') { res.status(400).send('no') }",
    "if (req.a) { true } else { false }",
    "try { JSON.parse(req.query.x) } catch (e) { res.status(400).json({error: e.message}) } finally { req.a = 1 }",
    "const f = n => n && f(n - 1); f(3)",
    "[1].forEach(v => { if (v) { return 1 } else { return 2 } })",
    "[1].forEach(v => { let a; a = 2; })",
    "[1].map(function (v) { function g(a) { return a ? 1 : 2 } return g(v) + (this === undefined) })",
    "let s = 0; (() => { let k = 0; [1].forEach(v => { k += v; s += k }); return k })()",
    "req.body.list.filter(v => v.name === 'a' && v.x).map(v => v.name.toUpperCase()).join(', ') + ' and more'",
    "(() => { if (req.a) { throw new Error('x') } else { return 4 } })()",
    "req.headers['x'] && req.headers['y'] || req.method === 'GET'",
    "!(req.method === 'GET' && req.secure) && !(req.protocol === 'https')",
    'req.headers[\'accept\'] || "it\'s \\"quoted\\" \\u00e9 \\u{1F600} \\\\ "',
    "req.headers['" + "x" * 90 + "'] === '" + "y" * 90 + "'",
)


def written(count: int) -> str:
    """A module of generated scripts."""
    texts: list[str] = []

    def collect(strategy: SearchStrategy[str]) -> None:
        @seed(1)
        @settings(
            max_examples=count,
            phases=[Phase.generate],
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(strategy)
        def take(text: str) -> None:
            texts.append(text)

        take()

    collect(expressions())
    collect(programs())
    parts = [IMPORTS]
    kinds: tuple[Kind, ...] = ("expression", "program")
    for index, text in enumerate((*OWN, *texts)):
        script = compile_script(text, kinds[index % 2], f"script_{index}")
        parts += [f"\n\n{line}\n" for line in script.before]
        parts.append(f"\n\n{script.head}\n{script.body}\n")
    return "".join(parts).replace("\n\n\n\n", "\n\n\n")


def tool(*arguments: str) -> str:
    done = subprocess.run([sys.executable, "-m", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


@pytest.mark.slow
def test_the_module_is_as_ruff_and_mypy_like_it(tmp_path: Path) -> None:
    path = tmp_path / "gateway.py"
    path.write_text(written(60))
    config = str(ROOT / "pyproject.toml")
    assert tool("ruff", "check", "--config", config, str(path)) == ""
    assert tool("ruff", "format", "--check", "--diff", "--config", config, str(path)) == ""
    assert tool("mypy", "--strict", str(path)) == ""


def test_the_text_of_the_script_stands_above_its_code() -> None:
    script = compile_script("if (req.a) {\n  req.b = 'é\t'\n}", "program", "script")
    assert script.body.startswith("    # if (req.a) {\n    #   req.b = '??'\n    # }\n")


def test_what_is_known_at_build_is_not_asked_at_run_time() -> None:
    body = compile_script("req.method === 'GET' && req.headers['x-mode'] === 'on'", "expression", "script").body
    assert body.splitlines()[-1] == '    return x.method == "GET" and js.same(js.header(x, "x-mode"), "on")'
