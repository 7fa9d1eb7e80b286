"""A parity case: one file with a configuration, requests, and what Express Gateway answered to them.

A file holds two YAML documents. People write the first; `record.py` writes the second and never touches the first.

First document
    title       one sentence
    rows        numbers of the behaviours of Express Gateway that it shows
    gateway     text of gateway.config.yml; `http` and `admin` are put in front where it does not have them
    system      text of system.config.yml, else SYSTEM
    env         environment variables
    setup       requests to the Admin API that must succeed
    exchanges   the requests that are compared, see `Exchange`
    look        for all exchanges without one of their own
    says        regular expression for what `egc run` prints when it refuses the configuration
    egc         where egc deliberately starts, or refuses to: `{row: id, started: bool}`

`{{name}}` in a text is a port (http, https, admin, a, b, c, dead) or a saved value; `{{name|url}}` is percent-encoded.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

CASES = Path(__file__).parent / "cases"
RECORDED_BY = "express-gateway 1.16.11"
SYSTEM = """\
db: {redis: {emulate: true, namespace: EG}}
crypto: {cipherKey: parity-cipher-key, algorithm: aes256, saltRounds: 4}
session: {secret: parity-session-secret, resave: false, saveUninitialized: false}
accessTokens: {timeToExpiry: 7200000}
refreshTokens: {timeToExpiry: 7200000}
authorizationCodes: {timeToExpiry: 300000}
"""

_END = "\n---\n"

Answer = dict[str, Any]
"""Status, headers, body and what arrived at the services, as plain data with volatile values masked."""


@dataclass(frozen=True, slots=True)
class Look:
    """What of an exchange is compared besides its status.

    Arguments:
        headers: names of the response fields; None for all but those that say nothing about the gateway.
        body: whether the body counts.
        found: a regular expression that the response as text matches, or not.
        arrived: names of the request fields at the service; None for all but those of the connection.
    """

    headers: tuple[str, ...] | None = None
    body: bool = True
    found: str | None = None
    arrived: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request.

    Arguments:
        name: what it shows, unique in the case.
        send: method and target.
        to: the listener, `http` or `admin`.
        headers: by name; a list repeats the field, null leaves out what is there by default (Host).
        json, form, body, chunks, size: the body: a value, fields, a text, chunks of text, so many bytes.
        raw: the request as it is on the wire, lines ended by LF here.
        basic: `user:password` for an Authorization field.
        jar: name of the cookie jar to use.
        save: values for later, by name: a regular expression with one group, over the response as text.
        service: how the services answer: `status`, `headers`, `body`; or `raw` bytes; `then` close, reset or hang.
            A list gives one answer after the other.
        times: how often it is sent; the last answer is kept, and all that arrived.
        look: what is compared.
        egc: what egc deliberately does instead: `row` in differences.md, and the changed parts of the answer.
    """

    name: str
    send: str = "GET /"
    to: str = "http"
    headers: Mapping[str, Any] = field(default_factory=dict)
    json: Any = None
    form: Mapping[str, Any] | None = None
    body: str | None = None
    chunks: tuple[str, ...] | None = None
    size: int | None = None
    raw: str | None = None
    basic: str | None = None
    jar: str | None = None
    save: Mapping[str, str] = field(default_factory=dict)
    service: Mapping[str, Any] | list[Mapping[str, Any]] = field(default_factory=dict)
    times: int = 1
    look: Look = Look()
    egc: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """A case, and what was recorded for it (`started` None: nothing yet)."""

    path: Path
    title: str
    gateway: str
    rows: tuple[str, ...] = ()
    system: str = SYSTEM
    env: Mapping[str, str] = field(default_factory=dict)
    setup: tuple[Exchange, ...] = ()
    exchanges: tuple[Exchange, ...] = ()
    says: str = ""
    egc: Mapping[str, Any] | None = None
    started: bool | None = None
    said: str = ""
    answers: Mapping[str, Answer] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The file's name."""
        return self.path.stem

    def has_section(self, name: str) -> bool:
        """Whether its gateway.config.yml writes a top-level section itself."""
        return any(line.startswith(f"{name}:") for line in self.gateway.splitlines())

    def expected_start(self) -> bool:
        """Whether egc is to start."""
        return bool((self.egc or {}).get("started", self.started))

    def expected(self, exchange: Exchange) -> Answer:
        """What egc is to answer: as recorded, but for a deliberate difference."""
        recorded = self.answers[exchange.name]
        changes = {key: value for key, value in (exchange.egc or {}).items() if key != "row"}
        answer: Answer = merged(recorded, changes)
        return answer

    def rows_used(self) -> list[tuple[str, str]]:
        """Pairs of a place in this case and the row of differences.md that it names."""
        found = [(exchange.name, str(exchange.egc["row"])) for exchange in self.exchanges if exchange.egc]
        return found + ([("start", str(self.egc["row"]))] if self.egc else [])


def load(path: Path) -> Case:
    """Read a case. Raises TypeError or KeyError for a key that no case has."""
    documents = list(yaml.safe_load_all(path.read_text()))
    written: dict[str, Any] = documents[0]
    recorded: dict[str, Any] = documents[1] if len(documents) > 1 else {}
    common = _look(written.pop("look", {}))
    written["setup"] = tuple(
        Exchange(**{"name": f"setup {number}", "to": "admin", "look": common, **step})
        for number, step in enumerate(written.get("setup", ()), 1)
    )
    written["exchanges"] = tuple(_exchange(item, common) for item in written.get("exchanges", ()))
    written["rows"] = tuple(written.get("rows", ()))
    names = [exchange.name for exchange in written["exchanges"]]
    if len(set(names)) != len(names):
        raise TypeError(f"{path.name}: two exchanges have the same name")
    return Case(
        path,
        **written,
        started=recorded.get("started"),
        said=recorded.get("said", ""),
        answers=recorded.get("answers") or {},
    )


def load_all() -> list[Case]:
    """All cases, by name."""
    return [load(path) for path in sorted(CASES.glob("*.yml"))]


def write_answers(case: Case, started: bool, said: str, answers: Mapping[str, Answer]) -> None:
    """Put what was recorded behind the case's first document, which stays as it is."""
    recorded: dict[str, Any] = {"started": started}
    if said:
        recorded["said"] = said
    if answers:
        recorded["answers"] = dict(answers)
    text = case.path.read_text().partition(_END)[0].rstrip("\n")
    dump = yaml.safe_dump(recorded, sort_keys=False, allow_unicode=True, width=120)
    case.path.write_text(f"{text}{_END}# What {RECORDED_BY} answered. Written by record.py.\n{dump}")


def merged(base: Any, changes: Any) -> Any:
    """`base` with changes: mappings member by member (null removes), lists of one length item by item."""
    if isinstance(base, dict) and isinstance(changes, Mapping):
        result = {name: value for name, value in base.items() if name not in changes or changes[name] is not None}
        for name, value in changes.items():
            if value is not None:
                result[name] = merged(base.get(name), value)
        return result
    if isinstance(base, list) and isinstance(changes, list) and len(base) == len(changes):
        return [merged(one, other) for one, other in zip(base, changes, strict=True)]
    return changes


def _exchange(item: dict[str, Any], common: Look) -> Exchange:
    look = _look(item.pop("look")) if "look" in item else common
    chunks = item.pop("chunks", None)
    return Exchange(**item, look=look, chunks=tuple(chunks) if chunks is not None else None)


def _look(item: dict[str, Any]) -> Look:
    lists: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in item.items()}
    return Look(**lists)
