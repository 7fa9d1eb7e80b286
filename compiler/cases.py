"""Test files: requests, and what should come of them.

    services:                        # what stubs answer; others answer 200 and `ok`
      orders: {status: 200, json: {id: 7}}
    tests:
      - name: orders need a token
        request: GET /orders/7
        expect: {status: 401}
      - name: orders of one who may read
        request: GET /orders/7
        as: app:web
        scopes: [read]
        expect:
          status: 200
          service: orders
          upstream: {url: 'https://orders.example/7'}

Instead of one request a test may have `requests`, a list in the order in which they are sent; nothing else is
remembered from one test to the next. The gateway is not needed to read such a file.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from egc.compiler.diagnostics import Report, Span
from egc.compiler.node import Mapping, Node, Scalar, Sequence, plain
from egc.compiler.plan import Gateway
from egc.compiler.source import read_file
from egc.compiler.spelling import meant

NAME = "egc.test.yml"
"""The file that is looked for beside a configuration."""

MOST_TIMES = 10_000
"""How often one request may be repeated."""

FILE_KEYS = ("env", "services", "urls", "tests")
STUB_KEYS = ("status", "headers", "body", "json", "fails")
Failure = Literal["refused", "timeout", "reset"]
FAILURES: tuple[Failure, ...] = ("refused", "timeout", "reset")
REQUEST_KEYS = ("request", "headers", "body", "json", "as", "scopes", "by", "from", "certificate", "times", "expect")
TEST_KEYS = ("name", "services", "urls", "requests", *REQUEST_KEYS)
EXPECT_KEYS = ("status", "endpoint", "pipeline", "service", "headers", "body", "contains", "json", "upstream")
UPSTREAM_KEYS = ("method", "url", "headers", "body", "json")

_STATUS = re.compile(r"[1-5](?:[0-9]{2}|xx)")
_FIELD_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_FIELD_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")


@dataclass(frozen=True, slots=True)
class Expected:
    """One thing that should be so.

    Arguments:
        what: `status`, `endpoint`, `pipeline`, `service`, `header`, `body`, `contains`, `json`, and the same of what is
            sent to a service: `sent method`, `sent url`, `sent header`, `sent body`, `sent json`.
        name: of a header, in lower case.
        value: what it should be; None: that there is none. True of a header: that there is one.
        span: where the file says so.
    """

    what: str
    name: str
    value: object
    span: Span


@dataclass(frozen=True, slots=True)
class Reply:
    """What a stub answers. `fails`: it does not."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    fails: Failure | None
    span: Span


@dataclass(frozen=True, slots=True)
class Sending:
    """A request of a test, sent so many `times`, and what should come of each."""

    request: str
    headers: tuple[tuple[str, str], ...]
    body: str | None
    caller: str | None
    scopes: tuple[str, ...] | None
    by: str
    address: str
    certified: bool
    times: int
    expected: tuple[Expected, ...]
    span: Span
    caller_span: Span


@dataclass(frozen=True, slots=True)
class Case:
    """A test."""

    name: str
    sendings: tuple[Sending, ...]
    services: dict[str, Reply]
    urls: dict[str, Reply]
    span: Span


@dataclass(slots=True)
class Cases:
    """A test file. `text` is how it is written."""

    env: dict[str, str] = field(default_factory=dict)
    services: dict[str, Reply] = field(default_factory=dict)
    urls: dict[str, Reply] = field(default_factory=dict)
    cases: list[Case] = field(default_factory=list)
    text: str = ""


def read_cases(path: Path, report: Report) -> Cases:
    """Read a test file; what is wrong with it goes into the report."""
    source = read_file(path.parent, path.name, None, report)
    if source is None:
        return Cases()
    reader = _Reader(report)
    tree = reader.mapping(source.tree, "a test file", FILE_KEYS)
    if tree is None:
        return Cases()
    found = Cases(
        dict(reader.texts(tree.get("env"), "env")),
        reader.replies(tree.get("services"), "services"),
        reader.replies(tree.get("urls"), "urls"),
        text=report.sources.get(path.name, ""),
    )
    tests = tree.get("tests")
    if tests is None:
        report.error("CO141", "missing-property", "a test file has a list of `tests`", tree.span)
    for item in reader.items(tests, "tests"):
        case = reader.case(item)
        if case is not None:
            found.cases.append(case)
    return found


def check_names(cases: Cases, gateway: Gateway, report: Report) -> None:
    """Report names that the configuration does not have."""
    services = list(dict.fromkeys(service.name for service in gateway.services))
    known = {
        "endpoint": ("CO105", "unknown-api-endpoint", "apiEndpoint", [one.name for one in gateway.endpoints]),
        "pipeline": ("CO142", "wrong-value", "pipeline", [one.name for one in gateway.pipelines]),
        "service": ("CO106", "unknown-service-endpoint", "serviceEndpoint", services),
    }
    for replies in (cases.services, *(case.services for case in cases.cases)):
        for name, reply in replies.items():
            if name not in services:
                message = f"there is no serviceEndpoint `{name}`"
                report.error("CO106", "unknown-service-endpoint", message, reply.span, help=meant(name, services))
    for case in cases.cases:
        for sending in case.sendings:
            for expected in sending.expected:
                if expected.what in known and expected.value is not None:
                    code, word, kind, names = known[expected.what]
                    if expected.value not in names:
                        message = f"there is no {kind} `{expected.value}`"
                        help = meant(str(expected.value), names)
                        report.add(code, word, "error", message, expected.span, help=help)


class _Reader:
    """Reads the parts of a test file."""

    def __init__(self, report: Report) -> None:
        self._report = report

    # ---- Kinds of values

    def wrong(self, node: Node, message: str, help: str = "") -> None:
        """Report a value that is of another kind than it should be."""
        self._report.error("CO124", "wrong-type", message, node.span, help=help)

    def unfit(self, node: Node, message: str, help: str = "") -> None:
        """Report a value that is none of those that there are."""
        self._report.error("CO142", "wrong-value", message, node.span, help=help)

    def mapping(self, node: Node, what: str, keys: Iterable[str] | None = None) -> Mapping | None:
        """A mapping, whose keys are checked where they are given."""
        if not isinstance(node, Mapping):
            self.wrong(node, f"{what} is a mapping")
            return None
        known = tuple(keys) if keys is not None else None
        for entry in node:
            if known is not None and entry.name not in known:
                message = f"`{entry.name}` is no property of {what}"
                help = meant(entry.name, known) or f"there are {', '.join(known)}"
                self._report.error("CO104", "unknown-property", message, entry.key.span, help=help)
        return node

    def items(self, node: Node | None, what: str) -> Iterator[Node]:
        """The items of a list."""
        if isinstance(node, Sequence):
            yield from node
        elif node is not None:
            self.wrong(node, f"`{what}` is a list")

    def text(self, node: Node | None, what: str) -> str | None:
        """A text; numbers and the like as they are written."""
        if node is None:
            return None
        if isinstance(node, Scalar) and isinstance(node.value, str | int | float) and not isinstance(node.value, bool):
            return str(node.value)
        self.wrong(node, f"`{what}` is a text")
        return None

    def texts(self, node: Node | None, what: str) -> Iterator[tuple[str, str]]:
        """Names and texts of a mapping."""
        mapping = None if node is None else self.mapping(node, f"`{what}`")
        for entry in mapping or ():
            value = self.text(entry.value, entry.name)
            if value is not None:
                yield entry.name, value

    def headers(self, node: Node | None) -> Iterator[tuple[str, str]]:
        """The headers of a message."""
        mapping = None if node is None else self.mapping(node, "`headers`")
        for entry in mapping or ():
            values = entry.value.items if isinstance(entry.value, Sequence) else (entry.value,)
            for item in values:
                value = self.text(item, entry.name)
                if _FIELD_NAME.fullmatch(entry.name) is None:
                    self.unfit(entry.key, f"`{entry.name}` is no name of a header")
                elif value is not None and _FIELD_VALUE.fullmatch(value) is None:
                    self.unfit(item, "this cannot stand in a header")
                elif value is not None:
                    yield entry.name.lower(), value

    def words(self, node: Node | None, what: str) -> tuple[str, ...] | None:
        """A list of texts, or one text; None where there is nothing."""
        if node is None:
            return None
        items = node.items if isinstance(node, Sequence) else (node,)
        return tuple(text for item in items if (text := self.text(item, what)) is not None)

    def number(self, node: Node, what: str, least: int, most: int) -> int:
        """A whole number; the least one where it is wrong."""
        if isinstance(node, Scalar) and isinstance(node.value, int) and not isinstance(node.value, bool):
            if least <= node.value <= most:
                return node.value
            self.unfit(node, f"`{what}` is from {least} to {most}")
        else:
            self.wrong(node, f"`{what}` is a whole number")
        return least

    def flag(self, node: Node | None, what: str) -> bool:
        """True or false; false where there is nothing."""
        if node is None:
            return False
        if isinstance(node, Scalar) and isinstance(node.value, bool):
            return node.value
        self.wrong(node, f"`{what}` is true or false")
        return False

    def body(self, item: Mapping) -> str | None:
        """What `body` or `json` says."""
        said, structure = item.get("body"), item.entry("json")
        if structure is not None:
            if said is not None:
                self.unfit(structure.key, "`body` and `json` say the same thing; write one of them")
            return json.dumps(plain(structure.value))
        return self.text(said, "body")

    # ---- Stubs

    def replies(self, node: Node | None, what: str) -> dict[str, Reply]:
        """What stubs answer, by the name of a service or by URL."""
        mapping = None if node is None else self.mapping(node, f"`{what}`")
        found = {}
        for entry in mapping or ():
            reply = self._reply(entry.value, entry.key.span)
            if reply is not None:
                found[entry.name] = reply
        return found

    def _reply(self, node: Node, span: Span) -> Reply | None:
        item = self.mapping(node, "a stub", STUB_KEYS)
        if item is None:
            return None
        status = item.get("status")
        body = self.body(item)
        headers = tuple(self.headers(item.get("headers")))
        if not any(name == "content-type" for name, _ in headers):
            media = "text/plain; charset=utf-8" if item.get("json") is None else "application/json"
            headers = (*headers, ("content-type", media))
        fails = self.text(item.get("fails"), "fails")
        failure = next((one for one in FAILURES if one == fails), None)
        if fails is not None and failure is None:
            help = meant(fails, FAILURES)
            self.unfit(item.get("fails") or item, f"`fails` is one of {', '.join(FAILURES)}", help)
        code = 200 if status is None else self.number(status, "status", 200, 599)
        return Reply(code, headers, (body if body is not None else "ok").encode(), failure, span)

    # ---- Tests

    def case(self, node: Node) -> Case | None:
        """One test."""
        item = self.mapping(node, "a test", TEST_KEYS)
        if item is None:
            return None
        several = item.get("requests")
        sendings: list[Sending] = []
        if several is None:
            sendings += filter(None, [self._sending(item)])
        else:
            both = item.entry("request")
            if both is not None:
                self.unfit(both.key, "a test has `request` or `requests`")
            for one in self.items(several, "requests"):
                if (inner := self.mapping(one, "a request", REQUEST_KEYS)) is not None:
                    sendings += filter(None, [self._sending(inner)])
        name = self.text(item.get("name"), "name") or (sendings[0].request if sendings else "")
        return Case(
            name,
            tuple(sendings),
            self.replies(item.get("services"), "services"),
            self.replies(item.get("urls"), "urls"),
            item.span,
        )

    def _sending(self, item: Mapping) -> Sending | None:
        said = item.get("request")
        request = self.text(said, "request")
        if said is None:
            self._report.error("CO141", "missing-property", "there is no `request`, such as GET /path", item.span)
        times = item.get("times")
        caller = item.get("as")
        for word in ("scopes", "by"):
            entry = item.entry(word)
            if entry is not None and caller is None:
                self.unfit(entry.key, f"`{word}` belongs to `as`, which is not there")
        expected = tuple(self._expected(item.get("expect")))
        if item.get("expect") is None:
            self._report.error("CO141", "missing-property", "there is no `expect`", item.span)
        if request is None or said is None:
            return None
        headers = tuple(self.headers(item.get("headers")))
        if item.get("json") is not None and not any(name == "content-type" for name, _ in headers):
            headers = (*headers, ("content-type", "application/json"))
        return Sending(
            request,
            headers,
            self.body(item),
            self.text(caller, "as"),
            self.words(item.get("scopes"), "scopes"),
            self.text(item.get("by"), "by") or "",
            self.text(item.get("from"), "from") or "127.0.0.1",
            self.flag(item.get("certificate"), "certificate"),
            1 if times is None else self.number(times, "times", 1, MOST_TIMES),
            expected,
            said.span,
            (caller or said).span,
        )

    # ---- Expectations

    def _expected(self, node: Node | None) -> Iterator[Expected]:
        item = None if node is None else self.mapping(node, "`expect`", EXPECT_KEYS)
        if item is None:
            return
        status = item.get("status")
        if status is not None:
            yield Expected("status", "", self._statuses(status), status.span)
        for word in ("endpoint", "pipeline", "service"):
            entry = item.entry(word)
            if entry is not None:
                is_null = isinstance(entry.value, Scalar) and entry.value.value is None
                yield Expected(word, "", None if is_null else self.text(entry.value, word), entry.value.span)
        yield from self._message(item, "")
        contains = self.text(item.get("contains"), "contains")
        if contains is not None:
            yield Expected("contains", "", contains, (item.get("contains") or item).span)
        upstream = item.entry("upstream")
        if upstream is not None:
            yield from self._upstream(upstream.value)

    def _upstream(self, node: Node) -> Iterator[Expected]:
        if isinstance(node, Scalar) and node.value is None:
            yield Expected("service", "", None, node.span)
            return
        item = self.mapping(node, "`upstream`", UPSTREAM_KEYS)
        if item is None:
            return
        for word in ("method", "url"):
            value = self.text(item.get(word), word)
            if value is not None:
                yield Expected(f"sent {word}", "", value, (item.get(word) or item).span)
        yield from self._message(item, "sent ")

    def _message(self, item: Mapping, prefix: str) -> Iterator[Expected]:
        node = item.get("headers")
        mapping = None if node is None else self.mapping(node, "`headers`")
        for entry in mapping or ():
            value = entry.value.value if isinstance(entry.value, Scalar) else plain(entry.value)
            if isinstance(value, int | float) and not isinstance(value, bool):
                value = str(value)
            if value is not None and value is not True and not isinstance(value, str):
                self.wrong(entry.value, "a header is a text, true for any, or null for none")
                continue
            yield Expected(f"{prefix}header", entry.name.lower(), value, entry.value.span)
        body = self.text(item.get("body"), "body")
        if body is not None:
            yield Expected(f"{prefix}body", "", body, (item.get("body") or item).span)
        structure = item.get("json")
        if structure is not None:
            yield Expected(f"{prefix}json", "", plain(structure), structure.span)

    def _statuses(self, node: Node) -> tuple[str, ...]:
        found = self.words(node, "status") or ()
        for text in found:
            if _STATUS.fullmatch(text) is None:
                self.unfit(node, f"`{text}` is no status: write 200, 2xx or a list of them")
        return found
