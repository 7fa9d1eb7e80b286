"""A stand-in server that answers with prepared bytes: for what a real Admin API never does."""

import socket
import threading
from dataclasses import dataclass, field
from typing import Self


@dataclass(frozen=True)
class Request:
    """A request as it came over the wire."""

    line: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Wire:
    """Answers each connection with the next of `answers`; the last one is repeated. None: never answers.

    `requests` are those that came.
    """

    answers: list[bytes | None] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for connection in self._open:
            connection.close()

    def says(self, status: int, body: str = "", content_type: str = "application/json", **headers: str) -> None:
        """Prepare one answer."""
        content = body.encode()
        fields = {"Content-Type": content_type, "Content-Length": str(len(content)), "Connection": "close", **headers}
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        self.answers.append(f"HTTP/1.1 {status} Whatever\r\n{head}\r\n".encode() + content)

    def _serve(self) -> None:
        number = 0
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.requests.append(read(connection))
            answer = self.answers[min(number, len(self.answers) - 1)]
            number += 1
            if answer is None:
                self._open.append(connection)
                continue
            connection.sendall(answer)
            connection.close()


def read(connection: socket.socket) -> Request:
    """One request with a Content-Length, or without a body."""
    with connection.makefile("rb") as file:
        line = file.readline().decode().strip()
        headers = {}
        while header := file.readline().decode("latin-1").strip():
            name, _, value = header.partition(":")
            headers[name.lower()] = value.strip()
        return Request(line, headers, file.read(int(headers.get("content-length", 0))))
