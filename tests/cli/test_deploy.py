"""What `egc new` writes for production: the steps of the Dockerfile are run as a shell would, the unit is verified."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from tests.cli.conftest import Egc
from tests.needs import needs
from tests.running import free_port

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PLACES = re.compile(r"(?<![\w/.])/(opt|data)\b")

READ_ONLY = """
mount --make-rprivate /
mount --bind {data} {data}
mount -o remount,bind,ro /
mount -t tmpfs none /dev/shm
exec "$@"
"""
"""A root that cannot be written to, but for the volume and the shared memory, as `docker run --read-only` has it."""


def instructions(text: str) -> list[tuple[str, str]]:
    """The instructions of a Dockerfile, without comments, lines joined."""
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    whole = "\n".join(lines).replace("\\\n", " ")
    return [(line.split()[0], line.split(maxsplit=1)[1]) for line in whole.splitlines() if line.strip()]


def wheel(directory: Path) -> Path:
    """egc as a wheel that asks for nothing else: what it needs is on the path already."""
    file = directory / "egc-0.1.0-py3-none-any.whl"
    about = "egc-0.1.0.dist-info"
    texts = {
        f"{about}/METADATA": "Metadata-Version: 2.1\nName: egc\nVersion: 0.1.0\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{about}/entry_points.txt": "[console_scripts]\negc = egc.compiler.cli:main\n",
    }
    with zipfile.ZipFile(file, "w") as archive:
        for part in ("compiler", "runtime", "schemas"):
            for path in sorted((ROOT / part).rglob("*")):
                if path.is_file() and "__pycache__" not in path.parts:
                    archive.write(path, f"egc/{path.relative_to(ROOT)}")
        names = [*archive.namelist(), *texts, f"{about}/RECORD"]
        for name, text in texts.items():
            archive.writestr(name, text)
        archive.writestr(f"{about}/RECORD", "".join(f"{name},,\n" for name in names))
    return file


def libraries() -> str:
    """Where this Python keeps what egc needs."""
    return next(path for path in sys.path if path.endswith("site-packages"))


def test_dockerfile(egc: Egc, tmp_path: Path) -> None:
    """Each RUN is run and each COPY made below another root; then it serves as CMD says, on a read-only root."""
    needs("unshare")
    http, admin = free_port(), free_port()
    assert egc("new", "-n", "orders", "-t", "basic").code == 0
    project = tmp_path / "orders"
    config = project / "config/gateway.config.yml"
    config.write_text(config.read_text().replace("8080", str(http)).replace("9876", str(admin)))
    image = tmp_path / "image"

    def placed(text: str) -> str:
        return PLACES.sub(rf"{image}/\1", text).replace("9876", str(admin))

    arguments = {"EGC": str(wheel(tmp_path))}
    environ = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": libraries(),
        "PIP_NO_INDEX": "1",
        "HOME": "/nonexistent",
    }
    work = image
    image.mkdir()
    words: dict[str, str] = {}
    for name, rest in instructions((project / "Dockerfile").read_text()):
        if name == "RUN":
            done = subprocess.run(
                ["sh", "-ec", placed(rest)], cwd=work, env=environ | arguments, capture_output=True, text=True
            )
            assert done.returncode == 0, done.stdout + done.stderr
        elif name == "WORKDIR":
            work = Path(placed(rest))
            work.mkdir(parents=True)
        elif name == "ENV":
            for word in shlex.split(placed(rest)):
                key, _, value = word.partition("=")
                environ[key] = value.replace("${PATH}", environ["PATH"])
        elif name == "COPY" and "--from" not in rest:
            source, target = rest.split()
            subprocess.run(["cp", "-r", str(project / source), str(work / target)], check=True)
        elif name == "COPY":
            *_, source, target = (placed(word) for word in rest.split())
            if source != target:
                subprocess.run(["cp", "-r", source, target], check=True)
        elif name in ("CMD", "HEALTHCHECK", "USER"):
            words[name] = placed(rest[rest.find("[") :] if "[" in rest else rest)
    assert words["USER"] == "10001:10001"
    command, probe = ([str(word) for word in json.loads(words[name])] for name in ("CMD", "HEALTHCHECK"))
    script = READ_ONLY.format(data=shlex.quote(str(image / "data")))
    with subprocess.Popen(
        ["unshare", "--map-root-user", "--mount", "sh", "-ec", script, "sh", *command],
        cwd="/",
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as gateway:
        try:
            deadline = time.monotonic() + 30
            while subprocess.run(probe, env=environ, capture_output=True).returncode != 0:
                assert gateway.poll() is None, gateway.communicate()[0]
                assert time.monotonic() < deadline
        finally:
            gateway.send_signal(signal.SIGTERM)
            said, _ = gateway.communicate(timeout=30)
    assert "Read-only file system" not in said
    assert "Traceback" not in said
    assert (image / "data/egc.db").is_file()
    assert subprocess.run(probe, env=environ, capture_output=True).returncode != 0


def test_dockerfile_as_a_reviewer_reads_it(egc: Egc, tmp_path: Path) -> None:
    """The rules of hadolint that matter: pinned base, exec form, no root, no cache, no ADD, no sudo, nothing secret."""
    egc("new", "-n", "orders")
    found = instructions((tmp_path / "orders/Dockerfile").read_text())
    names = [name for name, _ in found]
    assert names.count("FROM") == 2
    assert names.index("USER") > len(names) - 1 - names[::-1].index("FROM")
    assert names[-1] == "CMD"
    assert not {"ADD", "MAINTAINER", "SHELL"} & set(names)
    for name, rest in found:
        assert "sudo" not in rest
        assert "latest" not in rest
        if name == "CMD":
            assert rest.startswith("[")
        if name == "COPY" and "--from" not in rest:
            assert rest.split() == ["config/", "config/"]
    ignored = (tmp_path / "orders/.dockerignore").read_text().splitlines()
    assert [line for line in ignored if line and not line.startswith("#")][:2] == ["*", "!config/"]


def test_unit(egc: Egc, tmp_path: Path) -> None:
    """systemd finds nothing wrong with it, and little that it exposes."""
    needs("systemd-analyze")
    egc("new", "-n", "orders")
    program = tmp_path / "opt/orders/venv/bin/python"
    program.parent.mkdir(parents=True)
    program.symlink_to("/bin/true")
    unit = tmp_path / "orders.service"
    text = (tmp_path / "orders/deploy/orders.service").read_text()
    unit.write_text(text.replace("/opt/orders/venv", f"{tmp_path}/opt/orders/venv"))
    checked = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False)
    assert "orders.service" not in checked.stderr, checked.stderr
    exposed = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", "--threshold=15", "--no-pager", str(unit)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert exposed.returncode == 0, exposed.stdout[-2000:] + exposed.stderr
