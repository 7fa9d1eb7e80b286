"""Play a case against a gateway that runs, and write down what it answers."""

import base64
import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from tests.callers import Broken, Caller, Reply
from tests.parity.case import Answer, Case, Exchange
from tests.parity.masks import Masks
from tests.parity.services import Services
from tests.running import free_port

PATIENCE = 10.0
_HOSTS = {"http": "gateway.test", "admin": "localhost"}
_LISTENERS = {
    "http": "http: {port: {{http}}, hostname: 127.0.0.1}\n",
    "admin": "admin: {port: {{admin}}, host: 127.0.0.1}\n",
}
_OF_THE_CONNECTION = frozenset(("connection", "keep-alive", "via", "transfer-encoding", "te", "trailer", "upgrade"))
_NOT_LOOKED_AT = _OF_THE_CONNECTION | {"date", "content-length", "set-cookie", "etag"}
_PAGE = re.compile(
    r"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Error</title>
</head>
<body>
<pre>(.*)</pre>
</body>
</html>
"""
)
_NAME = re.compile(r"\{\{(\w+)(\|url)?\}\}")


class Player:
    """Plays one case.

    Arguments:
        case: the case.
        services: the services, running.
        directory: an empty directory for the configuration.
    """

    def __init__(self, case: Case, services: Services, directory: Path) -> None:
        self.case = case
        self.config = directory / "config"
        self._services = services
        self.ports = {name: free_port() for name in ("http", "https", "admin", "dead")} | services.ports
        self._masks = Masks(self.ports)
        self._values = {name: str(port) for name, port in self.ports.items()}
        self._jars: dict[str, dict[str, str]] = {}

    def write_config(self, models: Path | None = None) -> None:
        """Write the configuration directory, with model files where there are some to copy."""
        self.config.mkdir(parents=True)
        listeners = "".join(text for name, text in _LISTENERS.items() if not self.case.has_section(name))
        (self.config / "gateway.config.yml").write_text(self.fill(listeners + self.case.gateway))
        (self.config / "system.config.yml").write_text(self.fill(self.case.system))
        if models is not None:
            shutil.copytree(models, self.config / "models")

    @property
    def env(self) -> dict[str, str]:
        """The case's environment variables."""
        return {name: self.fill(value) for name, value in self.case.env.items()}

    def play(self) -> dict[str, Answer]:
        """Set up, then run the exchanges. Raises AssertionError if the set-up fails."""
        for step in self.case.setup:
            answer = self._perform(step)
            assert 200 <= answer["status"] < 400, f"{step.send} {step.json}: {answer}"
        return {exchange.name: self._perform(exchange) for exchange in self.case.exchanges}

    def fill(self, text: str) -> str:
        """The text with its `{{names}}` replaced. Raises KeyError for one that is unknown."""

        def value(match: re.Match[str]) -> str:
            known = self._values[match[1]]
            return quote(known, safe="") if match[2] else known

        return _NAME.sub(value, text)

    def mask(self, text: str) -> str:
        """The text with its volatile parts replaced."""
        return str(self._masks(text))

    def _perform(self, exchange: Exchange) -> Answer:
        scripts = self._filled(exchange.service)
        self._services.scripts = scripts if isinstance(scripts, list) else [scripts]
        self._services.forget()
        method = exchange.send.partition(" ")[0]
        answer: Answer = {}
        for _ in range(exchange.times):
            request = self._request(exchange, method)
            with Caller(self.ports[exchange.to], wait=PATIENCE) as caller:
                caller.send(request)
                try:
                    reply = _final(caller, method)
                except TimeoutError:
                    answer = {"silent": True}
                except Broken as error:
                    answer = {"broken": str(error)}
                else:
                    answer = {"closed": True} if reply is None else self._answer(exchange, reply)
        arrived = self._services.arrived()
        if arrived:
            answer["arrived"] = self._masks([_narrowed(item, exchange.look.arrived) for item in arrived])
        return answer

    def _request(self, exchange: Exchange, method: str) -> bytes:
        if exchange.raw is not None:
            return self.fill(exchange.raw).replace("\n", "\r\n").encode("latin-1")
        fields: dict[str, Any] = {"Host": _HOSTS[exchange.to]}
        body: bytes | None = None
        if exchange.json is not None:
            fields["Content-Type"] = "application/json"
            body = json.dumps(self._filled(exchange.json)).encode()
        elif exchange.form is not None:
            fields["Content-Type"] = "application/x-www-form-urlencoded"
            body = urlencode(self._filled(exchange.form), doseq=True).encode()
        elif exchange.body is not None:
            body = self.fill(exchange.body).encode()
        elif exchange.size is not None:
            body = b"x" * exchange.size
        if exchange.chunks is not None:
            fields["Transfer-Encoding"] = "chunked"
            body = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece.encode()) for piece in exchange.chunks) + b"0\r\n\r\n"
        elif body is not None:
            fields["Content-Length"] = str(len(body))
        if exchange.basic is not None:
            fields["Authorization"] = "Basic " + base64.b64encode(self.fill(exchange.basic).encode()).decode()
        jar = self._jars.get(exchange.jar or "")
        if jar:
            fields["Cookie"] = "; ".join(f"{name}={value}" for name, value in jar.items())
        fields |= self._filled(exchange.headers)
        lines = [self.fill(exchange.send) + " HTTP/1.1"]
        for name, values in fields.items():
            if values is not None:
                lines += [f"{name}: {value}" for value in (values if isinstance(values, list) else [values])]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + (body or b"")

    def _answer(self, exchange: Exchange, reply: Reply) -> Answer:
        if exchange.jar:
            _keep_cookies(self._jars.setdefault(exchange.jar, {}), reply)
        text = "\n".join([*(f"{name}: {value}" for name, value in reply.headers), "", reply.body.decode("latin-1")])
        for name, pattern in exchange.save.items():
            found = re.search(pattern, text)
            assert found, f"{exchange.name}: nothing matches {pattern} in {reply.status} {text}"
            self._values[name] = found[1]
            self._masks.learn(name, found[1])
        look = exchange.look
        fields: dict[str, list[str]] = {}
        for name, value in reply.headers:
            if name in look.headers if look.headers is not None else name not in _NOT_LOOKED_AT:
                fields.setdefault(name, []).append(value)
        answer: Answer = {"status": reply.status}
        headers = {name: values[0] if len(values) == 1 else values for name, values in sorted(fields.items())}
        if headers:
            answer["headers"] = self._masks(headers)
        if not reply.complete:
            answer["cut"] = True
        if look.found is not None:
            answer["found"] = re.search(look.found, text) is not None
        if look.body and reply.body:
            answer["body"] = self._masks(_body(reply))
        return answer

    def _filled(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.fill(value)
        if isinstance(value, list | tuple):
            return [self._filled(item) for item in value]
        if isinstance(value, Mapping):
            return {key: self._filled(item) for key, item in value.items()}
        return value


def _final(caller: Caller, method: str) -> Reply | None:
    reply = caller.reply(method)
    while reply is not None and reply.status < 200:
        reply = caller.reply(method)
    return reply


def _body(reply: Reply) -> Any:
    """JSON as it is, the error page of Express by its one sentence, else the text."""
    if any(value.startswith(("application/json", "application/problem+json")) for value in reply.all("content-type")):
        try:
            return json.loads(reply.body)
        except ValueError:
            pass
    if len(reply.body) > 2000:
        return f"<{len(reply.body)} bytes>"
    text = reply.body.decode("utf-8", "backslashreplace")
    page = _PAGE.fullmatch(text)
    return {"page": page[1]} if page else text


def _narrowed(item: dict[str, Any], names: tuple[str, ...] | None) -> dict[str, Any]:
    kept = {
        name: value
        for name, value in sorted(item["headers"].items())
        if (name not in _OF_THE_CONNECTION if names is None else name in names)
    }
    return {key: value for key, value in (item | {"headers": kept}).items() if value}


def _keep_cookies(jar: dict[str, str], reply: Reply) -> None:
    for line in reply.all("set-cookie"):
        name, _, value = line.partition(";")[0].partition("=")
        if value and "max-age=0" not in line.lower():
            jar[name] = value
        else:
            jar.pop(name, None)
