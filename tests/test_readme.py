"""The README shows what is: the emitted module, what `egc validate` prints, the policies. `--golden` rewrites it."""

import re
from pathlib import Path

import pytest

from egc.compiler.access.sentences import SENTENCES
from egc.compiler.cli import main
from egc.compiler.reference import Topic, topics
from egc.compiler.rules import pages

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"

MISTAKEN = """\
apiEndpoints:
  api: {host: '*', paths: '/ip'}
serviceEndpoints:
  httpbin: {url: 'https://httpbin.org'}
policies: [proxy]
pipelines:
  default:
    apiEndpoints: [api]
    policies:
      - proxy: {action: {serviceEndpoint: htpbin}}
"""

OPEN = """\
apiEndpoints:
  invoices: {paths: '/invoices/*', scopes: [invoices.read]}
  exports: {paths: '/exports/*'}
serviceEndpoints:
  billing: {url: 'http://localhost:3000'}
policies: [oauth2, proxy]
pipelines:
  invoices:
    apiEndpoints: [invoices]
    policies:
      - oauth2:
      - proxy: {action: {serviceEndpoint: billing}}
  exports:
    apiEndpoints: [exports]
    policies:
      - proxy: {action: {serviceEndpoint: billing}}
"""

EXPECTED = """\
access:
  - expect: no unauthenticated request reaches billing
  - expect: only scope invoices.read reaches billing
    path: /invoices/*
    methods: [GET]
"""


SERVED = f"http: {{port: 8080}}\n{OPEN}"

TESTED = """\
services:
  billing: {json: {total: 12}}        # what the stub answers; 200 `ok` where nothing is said
tests:
  - name: who may read invoices reads them
    request: GET /invoices/7
    as: app:web
    scopes: [invoices.read]
    expect: {status: 200, service: billing, upstream: {url: 'http://localhost:3000/invoices/7'}}
  - name: exports need a token
    request: GET /exports/all
    expect: {status: 401}
"""


def emitted() -> str:
    """The tutorial's module."""
    text = (ROOT / "examples" / "oauth2-tutorial" / "gateway.py").read_text()
    return f"```python\n{text}```\n"


def printed(directory: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """What `egc validate` says to a misspelt name."""
    (directory / "gateway.config.yml").write_text(MISTAKEN)
    main(["validate", "--format", "text", str(directory)])
    return f"```\n$ egc validate config\n{capsys.readouterr().out.replace(f'{directory}/', 'config/').strip()}\n```\n"


def expected(directory: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """A file of expectations, and what `egc access` says where one does not hold: what stands below its table."""
    (directory / "gateway.config.yml").write_text(OPEN)
    (directory / "egc.access.yml").write_text(EXPECTED)
    main(["access", "--format", "text", str(directory)])
    out = capsys.readouterr().out.replace(f"{directory}/", "config/")
    below = out[out.index("config/egc.access.yml:") :].strip()
    return f"```yaml\n{EXPECTED}```\n```\n$ egc access config\n...\n{below}\n```\n"


def traced(directory: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """The decisions about a request that is refused."""
    (directory / "gateway.config.yml").write_text(SERVED)
    main(["trace", "GET /invoices/7", str(directory)])
    return f"```\n$ egc trace 'GET /invoices/7' config\n{capsys.readouterr().out.strip()}\n```\n"


def played(directory: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """A test file, and what `egc test` says where a test fails."""
    (directory / "gateway.config.yml").write_text(SERVED)
    (directory / "egc.test.yml").write_text(TESTED)
    main(["test", str(directory)])
    out = capsys.readouterr().out.replace(f"{directory}/", "config/").strip()
    return f"```yaml\n{TESTED}```\n```\n$ egc test config\n{out}\n```\n"


def sentences() -> str:
    """What an expectation may say."""
    return "".join(f"- `{sentence}`\n" for sentence in SENTENCES.values())


LIMITED = """\
apiEndpoints:
  api: {host: '*', paths: '/ip'}
serviceEndpoints:
  httpbin: {url: 'https://httpbin.org'}
policies: [key-auth, proxy]
pipelines:
  default:
    apiEndpoints: [api]
    policies:
      - key-auth:
      - proxy: {action: {serviceEndpoint: httpbin}}
"""


def noticed(directory: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """What `egc diff` says of a line that is gone."""
    for name, text in (("old", LIMITED), ("new", LIMITED.replace("      - key-auth:\n", ""))):
        (directory / name).mkdir()
        (directory / name / "gateway.config.yml").write_text(text)
    main(["diff", "--format", "text", str(directory / "old"), str(directory / "new")])
    return f"```\n$ egc diff old new\n{capsys.readouterr().out.replace(f'{directory}/', '').strip()}\n```\n"


def policies() -> str:
    """A row for each policy, from the page that `egc explain` shows."""
    rows = ["| policy | does | parameters |", "|---|---|---|"]
    rows += [f"| [`{one.word}`](examples/{one.word}/) | {one.text} | {parameters(one)} |" for one in whole("policy")]
    return "\n".join(rows) + "\n"


def conditions() -> str:
    """A row for each condition, from the same pages."""
    rows = ["| condition | holds when | parameters |", "|---|---|---|"]
    rows += [f"| `{one.word}` | {one.text} | {parameters(one)} |" for one in whole("condition")]
    return "\n".join(rows) + "\n"


def whole(kind: str) -> list[Topic]:
    """All policies or conditions, without their parameters."""
    return [topic for topic in topics() if topic.kind == kind and "." not in topic.word]


def parameters(topic: Topic) -> str:
    """The names of what a policy or condition takes."""
    return ", ".join(f"`{part.removeprefix(f'{topic.word}.')}`" for part in topic.parts)


FAMILIES = {
    "RT": "routing",
    "SC": "security",
    "OA": "OAuth2",
    "CO": "correctness",
    "EX": "expressions",
    "EN": "environment",
    "RL": "reliability",
    "PF": "performance",
    "OB": "observability",
    "MG": "migration",
    "YA": "YAML",
    "ST": "hygiene",
    "AC": "expectations",
}


def findings() -> str:
    """A row for each family of findings, with the names of all of them, from their pages."""
    known: dict[str, list[str]] = {family: [] for family in FAMILIES}
    for page in pages():
        known[page.code[:2]].append(page.name)
    rows = ["| codes | about | findings |", "|---|---|---|"]
    for family, title in FAMILIES.items():
        rows.append(f"| {family} | {title} | {', '.join(f'`{name}`' for name in known[family])} |")
    return "\n".join(rows) + "\n"


def replaced(text: str, mark: str, block: str) -> str:
    """The README with the block behind `<!-- mark -->` in its place."""
    pattern = re.compile(rf"(<!-- {re.escape(mark)} -->\n).*?(<!-- end -->)", re.DOTALL)
    assert pattern.search(text), mark
    return pattern.sub(lambda match: match[1] + block + match[2], text)


def test_readme_is_fresh(tmp_path: Path, capsys: pytest.CaptureFixture[str], pytestconfig: pytest.Config) -> None:
    text = README.read_text()
    fresh = replaced(text, "emitted: examples/oauth2-tutorial/gateway.py", emitted())
    fresh = replaced(fresh, "printed: validate", printed(tmp_path, capsys))
    fresh = replaced(fresh, "printed: access", expected(tmp_path, capsys))
    fresh = replaced(fresh, "printed: diff", noticed(tmp_path, capsys))
    fresh = replaced(fresh, "printed: trace", traced(tmp_path, capsys))
    fresh = replaced(fresh, "printed: test", played(tmp_path, capsys))
    fresh = replaced(fresh, "sentences", sentences())
    fresh = replaced(fresh, "policies", policies())
    fresh = replaced(fresh, "conditions", conditions())
    fresh = replaced(fresh, "findings", findings())
    if pytestconfig.getoption("--golden", default=False):
        README.write_text(fresh)
    assert README.read_text() == fresh


def test_readme_links_lead_somewhere() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", README.read_text())
    assert links
    assert [link for link in links if "://" not in link and not (ROOT / link).exists()] == []
