"""`egc run`: what it says before it listens, and what becomes of it."""

import asyncio
import os
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from egc.compiler.cli import EnvironmentFailure
from egc.compiler.cli._builds import Builds, artifact_directory
from egc.compiler.cli._listening import check_addresses
from egc.runtime.store.sqlite import SQLiteStore
from tests.cli.conftest import Egc
from tests.running import EGC, free_port

pytestmark = pytest.mark.slow

CONFIG = """\
http: {{port: {http}, hostname: 127.0.0.1}}
admin: {{port: {admin}, host: localhost}}
apiEndpoints: {{api: {{host: '*', paths: '/ip'}}}}
serviceEndpoints: {{up: {{url: 'http://127.0.0.1:1'}}}}
policies: [proxy]
pipelines:
  p: {{apiEndpoints: [api], policies: [{{proxy: [{{action: {{serviceEndpoint: up}}}}]}}]}}
"""


def configure(directory: Path, http: object, admin: object) -> Path:
    """A configuration directory."""
    config = directory / "config"
    config.mkdir()
    (config / "gateway.config.yml").write_text(CONFIG.format(http=http, admin=admin))
    return config


@contextmanager
def started(directory: Path, *arguments: str, env: Mapping[str, str] | None = None) -> Iterator[subprocess.Popen[str]]:
    """`egc run` in a directory; killed at the end if it is still there."""
    process = subprocess.Popen(
        [*EGC, "run", *arguments],
        cwd=directory,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **(env or {})},
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def wait_for(process: subprocess.Popen[str], words: str) -> str:
    """The line of stderr that holds `words`."""
    assert process.stderr is not None
    seen = []
    for line in process.stderr:
        seen.append(line)
        if words in line:
            return line
    raise AssertionError(f"{words!r} did not appear:\n{''.join(seen)}")


@pytest.mark.parametrize("watch", ["--watch", "--no-watch"])
def test_it_serves_until_sigterm(tmp_path: Path, watch: str) -> None:
    http, admin = free_port(), free_port()
    config = configure(tmp_path, http, admin)
    with started(tmp_path, watch) as process:
        wait_for(process, "admin listens on")
        assert requests.get(f"http://127.0.0.1:{admin}/users", timeout=5).json()["users"] == []
        assert requests.get(f"http://127.0.0.1:{http}/nowhere", timeout=5).status_code == 404
        # Without watching, the process that was started is gunicorn's master: nothing waits in between.
        command = Path(f"/proc/{process.pid}/cmdline")
        if command.exists():
            assert (b"\0gunicorn\0" in command.read_bytes()) is (watch == "--no-watch")
        assert (config / ".egc" / "gateway.py").is_file()
        assert (config / "data").is_dir()
        process.terminate()
        assert process.wait(10) == 0


def test_what_was_made_is_there_after_a_restart(egc: Egc, tmp_path: Path) -> None:
    admin = free_port()
    configure(tmp_path, free_port(), admin)
    with started(tmp_path) as process:
        wait_for(process, "admin listens on")
        # The command finds the gateway by the configuration of its directory.
        made = egc("users", "create", "-q", "-p", "username=val", "-p", "firstname=V", "-p", "lastname=K")
        assert (made.code, made.err) == (0, "")
    with started(tmp_path, "config/gateway.config.yml") as process:
        wait_for(process, "admin listens on")
        assert egc("users", "info", "val", "-q").out == made.out


def test_a_configuration_that_does_not_compile_serves_nothing(egc: Egc, tmp_path: Path) -> None:
    config = configure(tmp_path, 8080, 9876)
    text = (config / "gateway.config.yml").read_text()
    (config / "gateway.config.yml").write_text(text.replace("serviceEndpoint: up", "serviceEndpoint: down"))
    result = egc("run")
    assert (result.code, result.out) == (3, "")
    assert "gateway.config.yml:7:" in result.err
    assert "down" in result.err
    assert not (config / ".egc").exists()


def test_no_configuration_is_a_sentence(egc: Egc) -> None:
    result = egc("run", "nowhere")
    assert result.code == 3
    assert "nowhere" in result.err


def test_a_store_of_a_later_egc_is_refused(egc: Egc, tmp_path: Path) -> None:
    config = configure(tmp_path, free_port(), free_port())
    asyncio.run(made(config / "data"))
    with sqlite3.connect(config / "data/egc.db") as database:
        database.execute("UPDATE layout SET version = 99")
    process = subprocess.run([*EGC, "run", str(config)], capture_output=True, text=True, timeout=60, check=False)
    assert process.returncode == 4
    assert "has layout 99; this version of egc knows layout 1" in process.stdout + process.stderr
    assert "Traceback" not in process.stdout + process.stderr


async def made(data: Path) -> None:
    """A store that holds nothing."""
    store = SQLiteStore(data)
    await store.open()
    await store.close()


@pytest.mark.parametrize("taken_host", ["127.0.0.1", ""])
def test_a_port_that_is_taken_is_named(egc: Egc, tmp_path: Path, taken_host: str) -> None:
    with socket.create_server((taken_host, 0)) as taken:
        port = taken.getsockname()[1]
        configure(tmp_path, port, free_port())
        result = egc("run")
    assert result.code == 4
    assert f"Port {port} is taken" in result.err
    assert len(result.err.splitlines()) == 1


def test_one_port_for_two_listeners_is_named(egc: Egc, tmp_path: Path) -> None:
    port = free_port()
    configure(tmp_path, port, port)
    result = egc("run")
    assert (result.code, f"Port {port} is taken" in result.err) == (4, True)


@pytest.mark.parametrize("address", ["192.0.2.1:0", "nosuch.invalid:0"])
def test_an_address_of_another_machine_is_named(address: str) -> None:
    with pytest.raises(EnvironmentFailure, match=r"no address of this machine|not the name of an address"):
        check_addresses([address])


def test_a_variable_that_is_no_port_is_named(egc: Egc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """D62: EG_HTTP_PORT is a variable like any other."""
    configure(tmp_path, "'${EG_HTTP_PORT:-8080}'", free_port())
    monkeypatch.setenv("EG_HTTP_PORT", "eighty")
    result = egc("run")
    assert result.code in (3, 4)
    assert "EG_HTTP_PORT" in result.err
    assert "Traceback" not in result.err


def test_the_directory_is_named_by_a_variable(egc: Egc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """D58, C11: EG_CONFIG_DIR, unless a path is given."""
    configure(tmp_path, 8080, 9876)
    (tmp_path / "other").mkdir()
    monkeypatch.setenv("EG_CONFIG_DIR", str(tmp_path / "other"))
    for command in ("run", "validate"):
        result = egc(command)
        assert (result.code, "there is no gateway.config.yml" in result.out + result.err) == (3, True)
    assert egc("validate", "config").code == 0


@pytest.mark.parametrize("workers", ["0", "1025", "many"])
def test_workers_are_a_number(egc: Egc, workers: str) -> None:
    assert egc("run", "--workers", workers).code == 2


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")
def test_the_number_of_workers_reaches_gunicorn(tmp_path: Path) -> None:
    configure(tmp_path, free_port(), free_port())
    with started(tmp_path, "--workers", "2", "--no-watch", env={"EGC_DATA": "elsewhere"}) as process:
        wait_for(process, "admin listens on")
        environ = Path(f"/proc/{process.pid}/environ").read_bytes().split(b"\0")
        assert b"WEB_CONCURRENCY=2" in environ
        assert b"EGC_DATA=" + str(tmp_path / "elsewhere").encode() in environ
        assert (tmp_path / "elsewhere").is_dir()


def test_a_directory_that_cannot_be_written_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    config = tmp_path / "config"
    config.write_text("a file, so that not even root can make a directory in it")
    elsewhere = artifact_directory(config)
    assert elsewhere.parent == tmp_path / "tmp"
    assert elsewhere == artifact_directory(config)
    assert elsewhere.stat().st_mode & 0o777 == 0o700
    elsewhere.chmod(0o777)
    with pytest.raises(EnvironmentFailure, match="does not belong to this user alone"):
        artifact_directory(config)
    elsewhere.rmdir()
    elsewhere.symlink_to(tmp_path)
    with pytest.raises(EnvironmentFailure, match="does not belong to this user alone"):
        artifact_directory(config)


def test_builds_go_where_nobody_else_can_put_any(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Builds are run as code. What somebody else could have prepared is not used for them, nor changed."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    others = tmp_path / "others"
    (others / "run-precious").mkdir(parents=True)
    config = tmp_path / "config"
    config.mkdir()
    (config / ".egc").symlink_to(others)
    assert artifact_directory(config).parent == tmp_path / "tmp"
    (config / ".egc").unlink()
    config.chmod(0o777)
    assert artifact_directory(config).parent == tmp_path / "tmp"
    config.chmod(0o1777)
    (config / ".egc").mkdir(exist_ok=True)
    (config / ".egc").chmod(0o777)
    assert artifact_directory(config) == config / ".egc"
    assert (config / ".egc").stat().st_mode & 0o777 == 0o755
    monkeypatch.setattr("os.getuid", lambda: (config / ".egc").stat().st_uid + 1)
    with pytest.raises(EnvironmentFailure):
        # Neither the one beside the configuration nor, as this test pretends to be somebody else, the other.
        artifact_directory(config)
    assert (others / "run-precious").is_dir()


def test_a_lock_that_leads_elsewhere_is_refused(tmp_path: Path) -> None:
    """Opening it must not empty the file that it leads to."""
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / ".egc").mkdir()
    (tmp_path / ".egc" / "lock").symlink_to(victim)
    with pytest.raises(EnvironmentFailure, match="lock cannot be opened"):
        Builds(tmp_path / ".egc")
    assert victim.read_text() == "precious"


def test_files_of_the_working_directory_do_not_take_the_place_of_modules(tmp_path: Path) -> None:
    configure(tmp_path, free_port(), free_port())
    for name in ("gunicorn.py", "falcon.py", "sqlite3.py"):
        (tmp_path / name).write_text("raise SystemExit('imported from the working directory')")
    script = [str(Path(sys.executable).parent / "egc"), "run"]
    with subprocess.Popen(script, cwd=tmp_path, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        try:
            wait_for(process, "admin listens on")
        finally:
            os.killpg(process.pid, signal.SIGKILL)
