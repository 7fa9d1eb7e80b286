"""Every command that the README and `--help` show is run as it stands there, in a terminal, by somebody who answers.

A line that nothing is said of here is run in a project with everything that people have (`project`), beside an Admin
API with a user, an app and a key, and must end with 0. So a new example is run as soon as it is written.
"""

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import click
import pytest
import redis
import requests

from egc.compiler.cli import EXAMPLES, egc
from egc.runtime.oauth2.secrets import digest
from egc.runtime.store import Token
from tests import test_readme
from tests.cli.gateway import Gateway
from tests.cli.terminal import Terminal
from tests.migrate import eg_records
from tests.migrate.express_gateway import CIPHER_KEY
from tests.redis_servers import redis_server
from tests.running import EGC, free_port

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
DUMP = ROOT / "tests/migrate/recorded"

ELSEWHERE = {
    "make demo": "tests/story/test_demo.py",
    "make test": "tests/test_layout.py",
    "cd oauth": "tests/story/test_article.py",
    'curl -H "Authorization: Bearer 599f...|b1f7..." http://localhost:8080/ip': "tests/story/test_article.py",
    "egc explain NAME": "tests/explain/test_explain.py",
    "egc diff A B": "tests/diff/test_forms.py",
    "egc trace": "tests/cli/test_rehearsals.py",
    "egc build": "tests/cli/test_frame.py",
}
"""What the README shows and no terminal can run as it stands, with the tests that do what it says."""

GATEWAY = """\
http: {port: '${EG_HTTP_PORT:-8080}', trustedProxies: [10.0.0.1]}
admin: {host: localhost, port: '${EG_ADMIN_PORT:-9876}'}
apiEndpoints:
  ip: {paths: /ip}
  invoices: {paths: /invoices/*, scopes: [invoices.read]}
  orders: {paths: [/orders, /orders/*], methods: [GET], scopes: [read]}
  placing: {paths: /orders, methods: [POST]}
serviceEndpoints:
  billing: {url: 'https://billing.example.com'}
  shop: {url: 'https://shop.example.com'}
policies: [key-auth, oauth2, proxy]
pipelines:
  keys:
    apiEndpoints: [ip, placing]
    policies:
      - key-auth: {action: {disableQueryParam: true}}
      - proxy: {action: {serviceEndpoint: shop, proxyTimeout: 30000}}
  tokens:
    apiEndpoints: [orders]
    policies:
      - oauth2:
      - proxy: {action: {serviceEndpoint: shop, proxyTimeout: 30000}}
  invoices:
    apiEndpoints: [invoices]
    policies:
      - oauth2:
      - proxy: {action: {serviceEndpoint: billing, proxyTimeout: 30000}}
"""

SYSTEM = """\
oauth2: {grants: [authorization_code, client_credentials, refresh_token]}
plugins:
  callers:
    package: plugins.callers
"""

APP = "84828eee-2832-4ecd-8155-008fbea0f485"
OWNER = "c25fe037-30bb-42f7-9f3a-0264dcd60d14"
TOKEN = "599f481560a74545a0f9d54a2e3f7dde"
KEY = "0Fy2..."

Prepare = Callable[[Path], object]


@dataclass(frozen=True)
class Scene:
    """How a line is run where it is not run as all others.

    Arguments:
        code: its exit code.
        before: changes the project first.
        answers: what is asked, and what somebody types.
        until: what it says when it serves; then Ctrl-C ends it.
        empty: nobody is known to the Admin API yet.
        unproven: the users have no passwords yet.
    """

    code: int = 0
    before: Prepare = Path.exists
    answers: tuple[tuple[str, str], ...] = ()
    until: str = ""
    empty: bool = False
    unproven: bool = False


def without(*names: str) -> Prepare:
    """Take files away."""

    def remove(place: Path) -> None:
        for name in names:
            path = place / name
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    return remove


def holding(name: str, text: str) -> Prepare:
    """Write a file."""
    return lambda place: (place / name).write_text(text)


def configured(text: str, **more: str) -> Prepare:
    """Another configuration, alone in its directory but for further files."""

    def write(place: Path) -> None:
        shutil.rmtree(place / "config")
        (place / "config").mkdir()
        (place / "config/gateway.config.yml").write_text(text)
        for name, content in more.items():
            (place / f"config/egc.{name}.yml").write_text(content)

    return write


def copied(name: str) -> Prepare:
    """The configuration once more, in another place."""
    return lambda place: shutil.copytree(place / "config", place / name)


def left_and_right(place: Path) -> None:
    """Two configurations."""
    for name in ("old", "new"):
        shutil.copytree(place / "config", place / name)


PERSON = (
    ("Enter username [required]: ", "eve"),
    ("Enter firstname [required]: ", "Eve"),
    ("Enter lastname [required]: ", "E"),
    ("Enter email: ", ""),
    ("Enter redirectUri: ", ""),
)
NEW_APP = (("Enter name [required]: ", "shop"), ("Enter redirectUri: ", "http://localhost:8080/ip"))
HIDDEN = (("Enter password [hidden]: ", "bacon"), ("Repeat password [hidden]: ", "bacon"))
WHERE = ("Where would you like to install your Express Gateway?", "")
TYPE = ("Type (1) ", "")
NAME = ("What's the name of your Express Gateway? ", "oauth")

SCENES = {
    "egc users create": Scene(answers=PERSON),
    "egc users create -p username=val -p firstname=Valeri -p lastname=Karpov": Scene(empty=True),
    "egc users create -q -p username=val -p firstname=Valeri -p lastname=Karpov": Scene(empty=True),
    """echo '{"username": "val", "firstname": "V", "lastname": "K"}' | egc users create --stdin""": Scene(empty=True),
    "egc scopes create read write": Scene(empty=True),
    "egc apps create -u val": Scene(answers=NEW_APP),
    "egc credentials create -c val -t basic-auth --ask-secret": Scene(answers=HIDDEN, unproven=True),
    "egc credentials create -c val -t basic-auth --secret-file password.txt": Scene(unproven=True),
    'egc credentials create -c val -t basic-auth -p "password=bacon"': Scene(unproven=True),
    f"egc credentials rotate -t basic-auth {OWNER} --ask-secret": Scene(answers=HIDDEN),
    "egc users password val": Scene(answers=HIDDEN),
    "egc new": Scene(answers=(NAME, WHERE, TYPE)),
    "egc new oauth": Scene(answers=(WHERE, TYPE)),
    "egc new orders": Scene(answers=(WHERE, TYPE)),
    "egc gateway create": Scene(answers=(NAME, WHERE, TYPE)),
    "egc run": Scene(until="Serving"),
    "egc run config --workers 4": Scene(until="Serving"),
    "egc run orders/config": Scene(before=copied("orders/config"), until="Serving"),
    "EGC_DATA=/var/lib/orders egc run gateways/orders/config --no-watch": Scene(
        before=copied("gateways/orders/config"), until="admin listens on"
    ),
    "gunicorn -c dist/gunicorn.conf.py": Scene(until="admin listens on"),
    "gunicorn -c build/gunicorn.conf.py": Scene(until="admin listens on"),
    "egc test --init": Scene(before=without("config/egc.test.yml")),
    "egc plugins configure callers": Scene(answers=(("Set value for remember: (1000) ", "10"),)),
    "egc plugins install express-gateway-plugin-jwt-header-auth": Scene(code=1),
    # There is no such service.
    "egc doctor dist --online": Scene(code=1),
    "egc store import backup.jsonl": Scene(before=without("config/data")),
    # The README shows these where something is wrong.
    "egc validate config": Scene(code=3, before=configured(test_readme.MISTAKEN)),
    "egc access config": Scene(code=1, before=configured(test_readme.OPEN, access=test_readme.EXPECTED)),
    "egc diff old new": Scene(before=left_and_right),
    "egc test config": Scene(code=1, before=configured(test_readme.SERVED, test=test_readme.TESTED)),
}


def lines_of_help() -> Iterator[str]:
    """Every line below `Examples:` of every command's help."""
    yield from EXAMPLES.splitlines()

    def walk(command: click.Command) -> Iterator[str]:
        if isinstance(command, click.Group):
            for name in command.list_commands(click.Context(command)):
                found = command.get_command(click.Context(command), name)
                assert found is not None
                yield from walk(found)
        if command is not egc:
            _, head, rest = (command.help or "").partition("Examples:\n")
            assert head, f"the help of {command.name} shows no example"
            yield from (line.strip() for line in rest.split("\n\n")[0].splitlines() if line.strip())

    yield from walk(egc)


def lines_of_readme() -> Iterator[str]:
    """Every command in its blocks of code, those of other programs too, and every one of `egc` in its sentences."""
    fenced = prompted = False
    prose = []
    for line in (ROOT / "README.md").read_text().splitlines():
        if line.startswith("```"):
            fenced = not fenced
        elif fenced or line.startswith("    "):
            text = line.strip()
            # In a block with a prompt, what has none is what the command says.
            prompted = not fenced and (prompted or text.startswith("$ "))
            if text.startswith("$ ") or not (fenced or prompted):
                yield text.removeprefix("$ ")
        else:
            prompted = prompted and not line
            prose.append(line)
    yield from re.findall(r"`(egc [^`]+)`", " ".join(prose))


def lines() -> list[str]:
    """All of them, each once; remarks behind them are for people."""
    found = [re.sub(r"\s{2,}\S.*$", "", line) for line in (*lines_of_help(), *lines_of_readme())]
    return [line for line in dict.fromkeys(found) if line not in ELSEWHERE]


def posted(gateway: Gateway, path: str, **body: object) -> dict[str, str]:
    """What the Admin API makes of that."""
    answer = requests.post(f"{gateway.url}/{path}", json=body, timeout=10)
    assert answer.ok, answer.text
    found: dict[str, str] = answer.json() if answer.content else {}
    return found


def run(*words: str) -> None:
    """Run egc in another process: in this one plugins would stay imported, under names that other tests use, too."""
    subprocess.run([*EGC, *words], check=True, capture_output=True)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with everything that people have."""
    place = tmp_path_factory.mktemp("project") / "project"
    config = place / "config"
    shutil.copytree(ROOT / "examples/plugin/plugins", config / "plugins", ignore=shutil.ignore_patterns("__pycache__"))
    (config / "gateway.config.yml").write_text(GATEWAY)
    (config / "system.config.yml").write_text(SYSTEM)
    expectations = "access:\n  - expect: no unauthenticated request reaches billing\n"
    (config / "egc.access.yml").write_text(expectations)
    (place / "ci").mkdir()
    (place / "ci/access.yml").write_text(expectations)
    run("test", "--init", "-c", str(config))
    (place / "tests").mkdir()
    shutil.copy(config / "egc.test.yml", place / "tests/all.yml")
    (place / "users.ndjson").write_text('{"username": "bob", "firstname": "B", "lastname": "B"}\n')
    (place / "credentials.ndjson").write_text('{"consumer": "val", "type": "key-auth"}\n')
    (place / "key.txt").write_text(f"{CIPHER_KEY}\n")
    (place / "password.txt").write_text("bacon\n")
    (place / ".config/fish/completions").mkdir(parents=True)
    for name in ("dist", "build"):
        run("build", str(config), "-o", str(place / name))
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-C", str(place)]
    for words in (
        ["init", "-q"],
        ["add", "."],
        ["commit", "-qm", "a"],
        ["update-ref", "refs/remotes/origin/main", "HEAD"],
    ):
        subprocess.run([*git, *words], check=True, capture_output=True)
    with Gateway(config / "data") as gateway:
        val = posted(gateway, "users", username="val", firstname="V", lastname="K")
        posted(gateway, "apps", name="web", userId=val["id"])
        posted(gateway, "credentials", consumerId="val", type="key-auth", credential={"keyId": "5xY2"})
    run("store", "export", "--at", str(config), "-o", str(place / "backup.jsonl"))
    return place


@pytest.fixture
def project(prepared: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(prepared, tmp_path / "project"))


@pytest.fixture
def admin(line: str, tmp_path: Path) -> Iterator[tuple[Gateway, dict[str, str]]]:
    """An Admin API with what the examples name, and the ids that stand for those of the examples."""
    with Gateway(tmp_path / "store") as gateway:
        post = partial(posted, gateway)
        scene = SCENES.get(line, Scene())
        secrets = () if scene.unproven else [(who, "basic-auth", {"password": "p"}) for who in ("val", "ada")]
        if scene.empty:
            yield gateway, {}
            return
        post("users", username="val", firstname="V", lastname="K")
        ada = post("users", username="ada", firstname="A", lastname="L")
        post("scopes", scopes=["read", "write", "invoices.read"])
        app = post("apps", name="testapp", userId=ada["id"], redirectUri="http://localhost:8080/ip")
        post("credentials", consumerId=ada["id"], type="key-auth", credential={"keyId": KEY, "scopes": ["read"]})
        for owner, type_, values in (("ada", "oauth2", {}), *secrets):
            post("credentials", consumerId=owner, type=type_, credential=values)
        post("credentials", consumerId=app["id"], type="oauth2", credential={})
        token = Token(TOKEN, digest("secret"), "access", app["id"], None, (), "client_credentials", "f", 1.0, 4e9)
        gateway.run(gateway.store.save_tokens([token]))
        yield gateway, {APP: app["id"], OWNER: ada["id"]}


def test_every_scene_is_of_an_example() -> None:
    assert set(SCENES) <= set(lines())


def test_what_is_run_elsewhere_is_shown_and_has_tests() -> None:
    assert ELSEWHERE.keys() <= set(lines_of_readme())
    assert [file for file in ELSEWHERE.values() if not (ROOT / file).is_file()] == []


@pytest.mark.parametrize("line", lines())
def test_example(line: str, project: Path, admin: tuple[Gateway, dict[str, str]], tmp_path: Path) -> None:
    scene = SCENES.get(line, Scene())
    gateway, names = admin
    scene.before(project)
    environ = {
        "HOME": str(project),
        "EG_ADMIN_URL": gateway.url,
        "EG_HTTP_PORT": str(free_port()),
        "EG_ADMIN_PORT": str(free_port()),
        "GITHUB_ACTIONS": "",
    }
    written = line.replace("/var/lib", str(tmp_path / "var"))
    if "/var/lib" in line and "egc store" in line:
        shutil.copytree(project / "config/data", tmp_path / "var/egc")
    if "eg.jsonl" in line and "--from-dump" in line:
        shutil.copy(DUMP / "redis.jsonl.gz", project / "eg.jsonl.gz")
    for shown, real in names.items():
        written = written.replace(shown, real)
    if "redis://" in line:
        (tmp_path / "redis").mkdir()
        with redis_server(tmp_path / "redis") as server:
            one = eg_records.user()
            with redis.Redis(port=server.port) as client:
                client.hset(f"EG-{one['key']}", mapping=one["hash"])
            play(written.replace("localhost:6379", f"127.0.0.1:{server.port}"), scene, project, environ)
    else:
        play(written, scene, project, environ)


def play(line: str, scene: Scene, project: Path, environ: dict[str, str]) -> None:
    """Run a line in a terminal, and look at how it ends."""
    with Terminal(shell=line, directory=project, environ=environ) as terminal:
        for question, answer in scene.answers:
            terminal.expect(question).type(answer)
        if scene.until:
            terminal.expect(scene.until).interrupt()
        code = terminal.wait()
    assert "Traceback" not in terminal.seen
    assert code == scene.code, terminal.seen
