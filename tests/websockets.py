"""A WebSocket service for tests, and callers' ends of a gateway to it."""

import ssl
import threading
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import websocket
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import Server, ServerConnection, serve
from websockets.typing import Subprotocol

WAIT = 20.0


class Talk:
    """One connection of the service: what its path asked for, and how it ended."""

    def __init__(self, connection: ServerConnection) -> None:
        request = connection.request
        assert request is not None
        self.connection = connection
        self.path = request.path
        self.headers = [(name.lower(), value) for name, value in request.headers.raw_items()]
        self.received = 0
        self.over = threading.Event()

    def all(self, name: str) -> list[str]:
        """All values of a field of the opening handshake."""
        return [value for key, value in self.headers if key == name]

    @property
    def code(self) -> int | None:
        """The status of the close frame that came; None where the connection ended without one."""
        closed = self.connection.protocol.close_rcvd
        return closed.code if closed else None


class WebSockets:
    """The service, in threads of its own; a context manager.

    The last segment of the path says what happens. `/echo` sends each message back. `/push` sends 1,000 numbers.
    `/close` closes with 4001 after the first message. `/drop` ends its connection without a word after the first
    message. `/hold` takes what comes and says nothing.
    """

    def __init__(self, *, tls: ssl.SSLContext | None = None, **settings: Any) -> None:
        self.talks: list[Talk] = []
        self._come = threading.Condition()
        self._server: Server = serve(
            self._serve,
            "127.0.0.1",
            0,
            ssl=tls,
            max_size=None,
            ping_interval=None,
            subprotocols=[Subprotocol("chat")],
            select_subprotocol=lambda _, offered: offered[0] if offered else None,
            server_header=None,
            **settings,
        )
        self.port: int = self._server.socket.getsockname()[1]
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> "WebSockets":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join(WAIT)

    def talk(self, caller: "Caller") -> Talk:
        """The service's end of what a caller has opened."""
        with self._come:
            found = self._come.wait_for(
                lambda: [talk for talk in self.talks if talk.all("x-name") == [caller.name]], WAIT
            )
            assert found, "the service has not heard of it"
            return found[0]

    def _serve(self, connection: ServerConnection) -> None:
        talk = Talk(connection)
        with self._come:
            self.talks.append(talk)
            self._come.notify_all()
        try:
            self._behave(talk, connection)
        except ConnectionClosed:
            pass
        finally:
            talk.over.set()

    def _behave(self, talk: Talk, connection: ServerConnection) -> None:
        path = "/" + talk.path.partition("?")[0].rpartition("/")[2]
        if path == "/push":
            for number in range(1000):
                connection.send(str(number))
        for message in connection:
            talk.received += 1
            if path == "/echo":
                connection.send(message)
            elif path == "/close":
                connection.close(4001, "enough")
            elif path == "/drop":
                connection.socket.close()


class Caller(websocket.WebSocket):
    """A caller's end; the header X-Name tells the service which."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.name = uuid4().hex

    def leave(self) -> None:
        """End the connection without a word."""
        assert self.sock is not None
        self.sock.close()


def caller(port: int, path: str = "/echo", *fields: str, tls: str | None = None, **options: Any) -> Caller:
    """A connected caller.

    Arguments:
        fields: header lines of the opening handshake.
        tls: PEM file with the authority of a TLS listener.
    """
    end = Caller(sslopt={"ca_certs": tls} if tls else None)
    end.settimeout(WAIT)
    connect: Callable[..., None] = end.connect
    connect(f"{'wss' if tls else 'ws'}://127.0.0.1:{port}{path}", header=[f"X-Name: {end.name}", *fields], **options)
    return end
