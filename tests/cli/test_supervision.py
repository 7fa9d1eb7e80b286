"""`egc run` and the gunicorn below it: signals, ends, what is left behind."""

import os
import pty
import signal
import socket
from pathlib import Path

import pytest

from tests.callers import Caller, ask, get
from tests.cli.reloading import CONFIG, Reloading, command_line, edit, gateway, group
from tests.cli.terminal import Terminal
from tests.running import EGC

pytestmark = pytest.mark.slow

TAKEN = "serving the new configuration after"
AFTER = CONFIG.replace("before", "after")

MANY = AFTER.replace(
    "apiEndpoints: {",
    "apiEndpoints: {" + "".join(f"e{number}: {{host: '*', paths: '/{number}/:a/:b(.*)'}}, " for number in range(1000)),
)
"""Takes a second to build."""


def ended(running: Reloading, code: int) -> None:
    """It ends with a code, and leaves no process of its group behind."""
    assert running.process is not None
    assert running.process.wait(15) == code, running.output()
    pid = running.process.pid
    running.until(lambda: group(pid) == [], "the end of all processes")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
def test_a_signal_ends_both(tmp_path: Path, number: signal.Signals) -> None:
    """The exit code is gunicorn's; of the builds, only the copy for people is left."""
    with gateway(tmp_path) as running:
        running.signal(number)
        ended(running, 0)
        assert list((running.config / ".egc").glob("run-*")) == []
        assert (running.config / ".egc" / "gateway.py").is_file()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_the_whole_group_is_one_signal(tmp_path: Path, number: signal.Signals) -> None:
    """Ctrl-C reaches every process of the terminal; a request in flight is still answered at SIGTERM."""
    with gateway(tmp_path) as running, Caller(running.port) as caller:
        caller.send(get("/", "Content-Length: 2", method="POST"))
        assert running.process is not None
        os.killpg(running.process.pid, number)
        if number == signal.SIGTERM:
            running.until(lambda: refused(running.port))
            assert caller.send(b"ok").final().status == 200
        ended(running, 0)
        assert "Traceback" not in running.output()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_during_a_build_ends_all(tmp_path: Path, number: signal.Signals) -> None:
    """The process that builds is ended, and nothing is taken over."""
    with gateway(tmp_path) as running:
        edit(running, MANY)
        running.until(lambda: running.children("_beside") != [], "a build")
        running.signal(number)
        ended(running, 0)
        assert TAKEN not in running.output()
        assert "Traceback" not in running.output()


def test_a_signal_before_anything_is_served_ends_all(tmp_path: Path) -> None:
    """Whenever it comes."""
    running = gateway(tmp_path)
    running.begin()
    assert running.process is not None
    pid = running.process.pid
    try:
        running.until(lambda: running.children("handover") != [], "gunicorn")
        running.signal(signal.SIGTERM)
        running.process.wait(15)
        running.until(lambda: group(pid) == [], "the end of all processes")
    finally:
        running.kill()


def test_sigkill_leaves_nobody_behind(tmp_path: Path) -> None:
    """gunicorn ends with the process above it, and what is in flight is answered; a new start finds its ports free."""
    with gateway(tmp_path) as running:
        assert running.process is not None
        pid = running.process.pid
        with Caller(running.port) as caller:
            caller.send(get("/", "Content-Length: 2", method="POST"))
            running.process.kill()
            running.process.wait()
            running.until(lambda: refused(running.port))
            assert caller.send(b"ok").final().status == 200
        running.until(lambda: group(pid) == [], "the end of gunicorn")
        assert list((running.config / ".egc").glob("run-*")) != []
    with running:
        assert ask(running.port, get("/")).body == b"before"
        assert len(list((running.config / ".egc").glob("run-*"))) == 1


def test_an_end_of_gunicorn_is_the_end(tmp_path: Path) -> None:
    """With its exit code, as a shell counts signals."""
    with gateway(tmp_path) as running:
        (master,) = running.children("handover")
        os.kill(master, signal.SIGKILL)
        ended(running, 128 + signal.SIGKILL)


def test_a_worker_that_dies_is_replaced_by_one_of_its_build(tmp_path: Path) -> None:
    """While a broken configuration lies there, and after a reload."""
    with gateway(tmp_path) as running:
        edit(running, AFTER)
        running.says(TAKEN)
        edit(running, "pipelines: [")
        running.says("is wrong")
        running.until(lambda: len(running.children("handover")) == 1)
        (master,) = running.children("handover")
        (worker,) = workers(master)
        os.kill(worker, signal.SIGKILL)
        running.until(lambda: workers(master) not in ([], [worker]))
        assert ask(running.port, get("/")).body == b"after"


def test_usr1_is_passed_on(tmp_path: Path) -> None:
    """It opens gunicorn's logs again; nothing else happens. D60: LOG_LEVEL decides whether that is told."""
    with gateway(tmp_path, env={"LOG_LEVEL": "verbose"}) as running:
        running.signal(signal.SIGUSR1)
        running.says("Handling signal: usr1")
        assert ask(running.port, get("/")).body == b"before"


def test_builds_that_were_replaced_go(tmp_path: Path) -> None:
    """Callers that keep their connections and send nothing hold a build for as long as connections are kept."""
    with gateway(tmp_path) as running, Caller(running.port) as idle:
        assert idle.send(get("/")).final().status == 200
        edit(running, AFTER)
        running.says(TAKEN)
        running.until(lambda: len(running.children("handover")) == 1)
        assert idle.ended()
        (home,) = (running.config / ".egc").glob("run-*")
        running.until(lambda: [build.name for build in home.iterdir()] == ["2"])


def test_two_runs_on_one_configuration_do_not_remove_each_other(tmp_path: Path) -> None:
    """Each has its own builds, and a start removes only those of the dead."""
    text = CONFIG.replace("$HTTP", "'${PORT}'")
    first, second = gateway(tmp_path, text, log="first"), gateway(tmp_path, text, log="second")
    with first, second:
        assert len(list((first.config / ".egc").glob("run-*"))) == 2
        edit(first, text.replace("before", "after"))
        for running in (first, second):
            running.says(TAKEN)
            assert ask(running.port, get("/")).body == b"after"


def test_on_a_terminal_the_screen_is_calm(tmp_path: Path) -> None:
    """What is served where, each change as a line; Ctrl-C ends it."""
    running = gateway(tmp_path)
    with Terminal("run", "config", directory=tmp_path) as terminal:
        terminal.expect("✔ Serving config").expect(f"http   http://127.0.0.1:{running.port}").expect("Ctrl-C ends it")
        edit(running, AFTER)
        terminal.expect("gateway.config.yml changed").expect(f"✔ {TAKEN}")
        edit(running, "pipelines: [")
        terminal.expect("gateway.config.yml:2:").expect("✖ gateway.config.yml is wrong: still serving")
        assert terminal.interrupt().wait() == 0


def test_a_terminal_that_is_closed_ends_it(tmp_path: Path) -> None:
    """SIGHUP is a wish to build again only as long as somebody could read the answer."""
    running = gateway(tmp_path)
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(tmp_path)
        os.execv(EGC[0], [*EGC, "run"])
    seen = b""
    while b"Ctrl-C ends it" not in seen:
        seen += os.read(terminal, 4096)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    running.until(lambda: group(pid) == [], "the end of all processes")


def workers(master: int) -> list[int]:
    """The workers of a gunicorn."""
    children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
    return [int(pid) for pid in children if command_line(int(pid))]


def refused(port: int) -> bool:
    """Whether nobody listens on a port."""
    try:
        socket.create_connection(("127.0.0.1", port), 5).close()
    except ConnectionRefusedError:
        return True
    return False
