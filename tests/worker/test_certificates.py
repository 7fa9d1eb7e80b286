"""Certificates reload on SIGHUP: nobody is dropped, and a bad one changes nothing."""

import os
import signal
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme
import websocket
from cryptography import x509

from tests.callers import Caller, ask, get, post
from tests.gateways import write
from tests.running import Running, free_port
from tests.websockets import WAIT, WebSockets, caller
from tests.worker.test_restarts import workers

pytestmark = pytest.mark.slow

MODULE = """
import os

http = Listener("http", host="127.0.0.1", port=PORTS["http"])
https = Listener(
    "https",
    host="127.0.0.1",
    port=PORTS["https"],
    certificates=(Certificate("default", key={key!r}, cert={cert!r}),),
)
api = Endpoint("api", scopes=())
answer = Terminate(status_code=200, message="hello")
step = Proxy(Service("talk", urls=("http://127.0.0.1:{upstream}",)))

def default(x: Exchange) -> Outcome:
    x.response_headers.append((b"x-worker", b"%d" % os.getpid()))
    return step(x) if x.path == "/echo" else answer(x)

app = Gateway(routes=(Route(ANY, ANY, ANY, api, default),), listeners=(http, https), access_log=False)
"""


@dataclass
class House:
    """A gateway with a certificate that can be changed, and a WebSocket service behind it."""

    running: Running
    service: WebSockets
    port: int
    directory: Path
    authority: trustme.CA

    @property
    def context(self) -> ssl.SSLContext:
        """What a caller trusts."""
        context = ssl.create_default_context()
        self.authority.configure_trust(context)
        return context

    def put(self, name: str) -> None:
        """Put a certificate for one more name where the gateway's is, as a tool that renews it does."""
        place(self.authority, self.directory, name)

    def shown(self) -> str:
        """The other name in the certificate that a new caller is shown."""
        with Caller(self.port, tls=self.context, name="127.0.0.1") as end:
            assert isinstance(end.socket, ssl.SSLSocket)
            shown = x509.load_der_x509_certificate(end.socket.getpeercert(binary_form=True) or b"")
        names = shown.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return names.get_values_for_type(x509.DNSName)[0]

    def hang_up(self, name: str) -> None:
        """Change the certificate, say so, and wait until every new caller is shown it."""
        self.put(name)
        self.running.signal(signal.SIGHUP)
        until(lambda: all(self.shown() == name for _ in range(10)))


def place(authority: trustme.CA, directory: Path, name: str) -> None:
    """Write the key and the certificate of a name and of 127.0.0.1, each at once."""
    pair = authority.issue_cert(name, "127.0.0.1")
    pair.private_key_pem.write_to_path(str(directory / "key.new"))
    pair.cert_chain_pems[0].write_to_path(str(directory / "cert.new"))
    for kind in ("key", "cert"):
        (directory / f"{kind}.new").rename(directory / f"{kind}.pem")


def until(condition: Callable[[], object]) -> None:
    """Wait for it. Raises AssertionError after twenty seconds."""
    for _ in range(400):
        if condition():
            return
        threading.Event().wait(0.05)
    raise AssertionError("it did not come to that")


def answering(running: Running) -> set[str | None]:
    """The process ids of the workers that answer: one that has only been started may not have read the files yet."""
    return {ask(running.port, get("/")).one("x-worker") for _ in range(20)}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """Running with two workers, and a second of grace: less than what is in flight here is given."""
    authority = trustme.CA()
    place(authority, tmp_path, "first.example")
    ports = {"http": free_port(), "https": free_port()}
    with WebSockets() as service:
        files = {"key": str(tmp_path / "key.pem"), "cert": str(tmp_path / "cert.pem")}
        module = MODULE.format(upstream=service.port, **files)
        build = write(tmp_path / "artifact", module, ports, workers=2, graceful_timeout=1)
        with Running.artifact(build, port=ports["http"]) as running:
            until(lambda: len(answering(running)) == 2)
            yield House(running, service, ports["https"], tmp_path, authority)


class Load:
    """Callers that ask without a break and never twice: half on new connections, half on ones they keep.

    A kept connection is left where an answer says that it was the last; any other end is a loss.
    """

    def __init__(self, house: House, callers: int = 6) -> None:
        self.answered = 0
        self.lost: list[str] = []
        self._house = house
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._run, args=(number,)) for number in range(callers)]

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(30)

    def grows(self) -> None:
        """Wait for a hundred more answers, or a loss."""
        before = self.answered
        until(lambda: self.answered >= before + 100 or self.lost)

    def _run(self, number: int) -> None:
        keeps, secure = number % 2 == 0, number % 3 > 0
        context = self._house.context
        end: Caller | None = None
        asked = 0
        while not self._stop.is_set():
            asked += 1
            try:
                if end is None:
                    tls = {"tls": context, "name": "127.0.0.1"} if secure else {}
                    end = Caller(self._house.port if secure else self._house.running.port, **tls)  # type: ignore[arg-type]
                reply = end.send(post("/", b"hello") if asked % 2 else get("/")).reply()
                if reply is None or reply.status != 200:
                    raise ConnectionError(f"answer: {reply and reply.status}")
                with self._lock:
                    self.answered += 1
                if not keeps or reply.closes:
                    end.socket.close()
                    end = None
            except OSError as error:
                self.lost.append(f"caller {number}, request {asked}: {error!r}")
                return


def test_reload_under_load(house: House) -> None:
    """Each new certificate is shown to new callers, and no request is lost, even of callers that never ask twice."""
    assert house.shown() == "first.example"
    with Load(house) as load:
        for number in range(4):
            house.hang_up(f"next{number}.example")
            load.grows()
    assert load.lost == []
    assert load.answered > 400


def test_hanging_up_again_and_again(house: House) -> None:
    """Signals that come faster than workers start lose nothing either, and the last one counts."""
    with Load(house) as load:
        for number in range(10):
            house.put(f"next{number}.example")
            house.running.signal(signal.SIGHUP)
            load.grows()
        until(lambda: all(house.shown() == "next9.example" for _ in range(10)))
    assert load.lost == []


def test_an_open_websocket(house: House) -> None:
    """It goes on across reloads; its worker is gone when it is."""
    before = workers(house.running)
    ends = [caller(house.running.port, "/echo") for _ in range(8)]
    for name in ("second.example", "third.example"):
        house.hang_up(name)
        threading.Event().wait(1.5)
        for end in ends:
            end.send(name)
            assert end.recv() == name
    for end in ends:
        end.send_close(4000, b"done")
        assert end.recv_data(control_frame=True) == (websocket.ABNF.OPCODE_CLOSE, b"\x0f\xa0done")
        assert house.service.talk(end).over.wait(WAIT)
        end.leave()
    until(lambda: not before & workers(house.running))


def test_an_answer_in_flight(house: House) -> None:
    """A caller in the middle of a request when the worker retires is answered by it, and told that it was the last."""
    sent = get("/")
    with Caller(house.port, tls=house.context, name="127.0.0.1") as end:
        end.send(sent[:10])
        house.hang_up("second.example")
        reply = end.send(sent[10:]).final()
        assert (reply.status, reply.closes) == (200, True)
        assert end.ended()


def test_a_kept_connection(house: House) -> None:
    """It is not closed under a caller that may be about to ask: its next answer says that it was the last."""
    with Caller(house.port, tls=house.context, name="127.0.0.1") as end:
        assert not end.send(get("/")).final().closes
        house.hang_up("second.example")
        threading.Event().wait(1.5)
        reply = end.send(get("/")).final()
        assert (reply.status, reply.closes) == (200, True)


BAD: dict[str, Callable[[Path], object]] = {
    "another key": lambda place: trustme.CA().issue_cert("x").private_key_pem.write_to_path(str(place / "key.pem")),
    "no certificate": lambda place: (place / "cert.pem").write_text("nothing"),
    "no file": lambda place: (place / "cert.pem").unlink(),
}


@pytest.mark.parametrize("spoil", BAD.values(), ids=BAD.keys())
def test_a_bad_certificate_changes_nothing(house: House, spoil: Callable[[Path], object]) -> None:
    """What serves goes on, with the certificate it has; the log names the file; a good one is taken afterwards."""
    before = workers(house.running)
    with Load(house, 3) as load:
        spoil(house.directory)
        house.running.signal(signal.SIGHUP)
        until(lambda: "egc: not reloaded" in house.running.output())
        assert workers(house.running) >= before
        assert house.shown() == "first.example"
        assert (
            f"cannot use a certificate of the configuration: {house.directory / 'cert.pem'}" in house.running.output()
        )
        assert "Traceback" not in house.running.output()
        load.grows()
        house.hang_up("second.example")
    assert load.lost == []


def test_a_worker_that_is_lost_while_the_certificate_is_bad(house: House) -> None:
    """The others go on; the lost one is replaced when the certificate is good again."""
    BAD["another key"](house.directory)
    lost, *others = workers(house.running)
    os.kill(int(lost), signal.SIGKILL)
    until(lambda: "cannot use a certificate" in house.running.output())
    assert house.shown() == "first.example"
    assert set(others) <= workers(house.running)
    house.hang_up("second.example")
    until(lambda: len(workers(house.running)) == 2)


def test_a_module_that_cannot_be_loaded_changes_nothing(house: House) -> None:
    """So does whatever else keeps new workers from serving."""
    module = house.directory / "artifact" / "gateway.py"
    good = module.read_text()
    module.write_text(good + "\nraise ValueError('not this one')\n")
    house.running.signal(signal.SIGHUP)
    until(lambda: "egc: not reloaded" in house.running.output())
    assert house.shown() == "first.example"
    module.write_text(good)
    house.hang_up("second.example")


def test_settings_that_cannot_be_read_change_nothing(house: House) -> None:
    """gunicorn itself would end."""
    settings = house.directory / "artifact" / "gunicorn.conf.py"
    good = settings.read_text()
    settings.write_text("this is no Python")
    house.running.signal(signal.SIGHUP)
    until(lambda: "egc: not reloaded" in house.running.output())
    assert house.shown() == "first.example"
    settings.write_text(good)
    house.hang_up("second.example")


def test_the_end_while_a_worker_retires(house: House) -> None:
    """A worker that was left with a WebSocket ends with the gateway, and says so to its caller."""
    before = workers(house.running)
    ends = [caller(house.running.port, "/echo") for _ in range(8)]
    house.hang_up("second.example")
    assert before & workers(house.running)
    house.running.signal(signal.SIGTERM)
    for end in ends:
        assert end.recv_data(control_frame=True) == (websocket.ABNF.OPCODE_CLOSE, b"\x03\xe9")
    assert house.running.process is not None
    assert house.running.process.wait(6) == 0
