"""The first stage: the files of a configuration become trees whose every value knows its line and column.

The dialect is js-yaml's (D12-D15); JSON is a part of it. Budgets bound what a hostile file can cost, and whatever is
wrong with a file is a diagnostic with its place.
"""

import errno
import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import NoneType
from typing import NoReturn, Protocol

import yaml

from egc.compiler import node, scalars, variables
from egc.compiler.diagnostics import Related, Report, Span
from egc.compiler.node import Entry, Node, Scalar, Sequence, Variable

MAX_BYTES = 2 * 1024 * 1024
"""The longest file that is read, and the most text that variables may add to one."""

MAX_DEPTH = 64
"""How deep mappings and lists may nest, aliases followed."""

MAX_NODES = 100_000
"""How many values a file may hold, those that aliases repeat counted each time."""

NAMES = ("yml", "yaml", "json")
MODELS = ("users", "applications", "credentials")

UNREADABLE = re.compile("[^\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010efff]")
"""What may not stand in a file: control characters, line ends that YAML and editors count differently, a stray byte
order mark, and the private characters that stand for variables."""

UTF_16_OR_32 = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")

HELP = {
    "mapping values are not allowed in this context": "check the indentation; text with `: ` in it needs quotes",
    "did not find expected key": "check the indentation here and above, and that every quote is closed",
    "did not find expected '-' indicator": "check the indentation here and above",
    "could not find expected ':'": "a key needs `: ` behind it; check the indentation and the quotes above",
    "did not find expected ',' or ']'": "separate the items of the list with commas and close it with `]`",
    "did not find expected ',' or '}'": "separate the keys of the mapping with commas and close it with `}`",
    "found character that cannot start any token": "put text that begins with this character in quotes",
    "found invalid Unicode character escape code": "write the character itself instead of its escape",
}


@dataclass(frozen=True, slots=True)
class Source:
    """One file of a configuration: its name below the directory, its bytes as they were read, and its tree."""

    name: str
    data: bytes
    tree: Node


@dataclass(frozen=True, slots=True)
class Project:
    """All files of a configuration. `system` is None where there is no system.config: then defaults hold."""

    directory: Path
    gateway: Source
    system: Source | None
    models: Mapping[str, Source]

    @property
    def sources(self) -> tuple[Source, ...]:
        """The files that were read, in a fixed order."""
        found = (self.gateway, self.system, *(self.models[name] for name in MODELS if name in self.models))
        return tuple(source for source in found if source is not None)


class Mark(Protocol):
    """A place as PyYAML gives it: line and column count characters from 0."""

    line: int
    column: int


class Stop(Exception):
    """The rest of a file cannot be read; what is wrong has been reported."""


@dataclass(frozen=True, slots=True)
class Built:
    """A node with what it costs: `weight` values in all, nested `height` deep."""

    node: Node
    weight: int
    height: int


def read_project(
    path: Path,
    environ: Mapping[str, str],
    report: Report,
    gateway_data: bytes | None = None,
    system_data: bytes | None = None,
) -> Project:
    """Read the configuration at `path`.

    Arguments:
        path: a directory with gateway.config.yml, .yaml or .json, or such a file. Beside it, if they exist,
            system.config (the same endings) and models/users.json, applications.json and credentials.json are read.
        environ: the variables that are filled in.
        report: takes the findings; it shows files as they are called from here.
        gateway_data: what is read in place of what gateway.config holds.
        system_data: the same of system.config, where there is one.

    Raises:
        DoesNotCompile: a file is missing, cannot be read or is not YAML.
    """
    directory = path if path.is_dir() else path.parent
    report.root = "" if directory == Path() else f"{directory}/"
    gateway_path = gateway_file(path)
    gateway = None
    if gateway_path is None:
        report.error(
            "YA100",
            "unreadable-file",
            f"there is no gateway.config.yml in {directory.absolute()}",
            Span("gateway.config.yml", 1, 1, 1, 1),
            help=f"give the path {path / 'config'}" if find(path / "config", "gateway.config") else "",
        )
    else:
        gateway = read_file(directory, gateway_path.name, environ, report, gateway_data)
    system_path = find(directory, "system.config")
    system = read_file(directory, system_path.name, environ, report, system_data) if system_path else None
    models = {}
    for name in MODELS:
        if (directory / "models" / f"{name}.json").exists():
            # Express Gateway loads the models as they are: `${` has no meaning there.
            model = read_file(directory, f"models/{name}.json", None, report)
            if model is not None:
                models[name] = model
    report.end_stage()
    assert gateway is not None  # noqa: S101 - else the stage has ended
    return Project(directory, gateway, system, models)


def gateway_file(path: Path) -> Path | None:
    """The gateway.config file of the configuration at `path`; None where a directory has none."""
    return find(path, "gateway.config") if path.is_dir() else path


def find(directory: Path, stem: str) -> Path | None:
    """The configuration file of that name: .yml before .yaml before .json (C2)."""
    return next((path for ending in NAMES if (path := directory / f"{stem}.{ending}").exists()), None)


def read_file(
    directory: Path, name: str, environ: Mapping[str, str] | None, report: Report, data: bytes | None = None
) -> Source | None:
    """Read one file below `directory`, or report why it cannot be read and return None.

    `data` is read in place of what the file holds.
    """
    if data is None:
        try:
            data = read_bytes(directory / name)
        except OSError as error:
            reason = error.strerror or str(error)
            report.error("YA100", "unreadable-file", f"{name} cannot be read: {reason}", Span(name, 1, 1, 1, 1))
            return None
    tree = read(name, data, environ, report)
    if not isinstance(tree, node.Mapping) and leads_outside(directory, name):
        # Whoever wrote the link may not read what it leads to: it is not quoted.
        report.sources[name] = ""
        if tree is not None:
            message = f"{name} leads out of the directory, and to no configuration"
            report.error("YA100", "unreadable-file", message, Span(name, 1, 1, 1, 1))
        return None
    return None if tree is None else Source(name, data, tree)


def read_bytes(path: Path, most: int = MAX_BYTES) -> bytes:
    """The bytes of a file, and one more than `most` at most.

    Raises OSError; for what is no file on a disk, too: a link may lead to a pipe, a device or to what the kernel tells
    about this process.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise FileNotFoundError(errno.ENOENT, "it does not exist", str(path)) from None
    try:
        plain = stat.S_ISREG(os.fstat(handle).st_mode)
        if not plain or any(path.resolve().is_relative_to(place) for place in ("/proc", "/sys")):
            raise OSError(errno.EINVAL, "it is not a file", str(path))
        with open(handle, "rb", closefd=False) as file:
            return file.read(most + 1)
    finally:
        os.close(handle)


def leads_outside(directory: Path, name: str) -> bool:
    """Whether a file is a link to one neither below its directory nor below the one where this process works."""
    place = (directory / name).resolve()
    return not any(place.is_relative_to(home.resolve()) for home in (directory, Path()))


def read(name: str, data: bytes, environ: Mapping[str, str] | None, report: Report) -> Node | None:
    """Read the tree of one file.

    Arguments:
        name: what the file is called in spans.
        data: its bytes, UTF-8.
        environ: the variables to fill in; None leaves `${NAME}` alone.
        report: takes what is wrong, and the text for quoting it.

    Returns:
        The tree, or None where an error was reported. An empty file is a null.
    """
    before = report.errors
    try:
        text = decode(name, data, report)
        tree = Composer(name, text, environ, report).document()
    except Stop:
        return None
    report.trees[name] = tree
    return tree if report.errors == before else None


def decode(name: str, data: bytes, report: Report) -> str:
    """The text of a file, its lines ended by newlines alone."""
    if len(data) > MAX_BYTES:
        report.error(
            "YA103", "file-too-large", f"{name} is larger than {MAX_BYTES // 1024**2} MiB", Span(name, 1, 1, 1, 1)
        )
        raise Stop
    if data.startswith(UTF_16_OR_32):
        report.error(
            "YA102",
            "not-utf-8",
            f"{name} is written in UTF-16 or UTF-32",
            Span(name, 1, 1, 1, 1),
            help="save it as UTF-8",
        )
        raise Stop
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        report.sources[name] = lines(data.decode("utf-8", "replace"))
        place = spot(name, lines(data[: error.start].decode("utf-8-sig")))
        report.error("YA102", "not-utf-8", "this byte is not UTF-8", place, help="save the file as UTF-8")
        raise Stop from None
    text = lines(text)
    report.sources[name] = text
    if found := UNREADABLE.search(text):
        character = f"U+{ord(found[0]):04X}"
        report.error(
            "YA112",
            "unreadable-character",
            f"the character {character} may not stand in a configuration as it is",
            spot(name, text[: found.start()]),
            help=f'inside double quotes write "\\u{ord(found[0]):04X}"' if ord(found[0]) < 0x10000 else "",
        )
        raise Stop
    return text


def lines(text: str) -> str:
    """Text whose lines end with a newline, however they did in the file."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def spot(name: str, before: str) -> Span:
    """The place of the character that comes behind the text `before`."""
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    return Span(name, line, column, line, column + 1)


def parse_events(text: str) -> Iterator[yaml.events.Event]:
    """The events of a text from libyaml, or from PyYAML's own parser where PyYAML was built without it."""
    loader = yaml.CBaseLoader(text) if yaml.__with_libyaml__ else yaml.BaseLoader(text)
    while (event := loader.get_event()) is not None:
        yield event


class Composer:
    """Builds the tree of one file from the events of its parser, within the budgets."""

    def __init__(self, name: str, text: str, environ: Mapping[str, str] | None, report: Report) -> None:
        self.name = name
        self.environ = environ
        self.report = report
        self.next = parse_events(text if environ is None else variables.mask(text)).__next__
        self.anchors: dict[str, Built | None] = {}
        self.nodes = 0
        self.height = 0
        self.filled = 0

    def document(self) -> Node:
        """The one document of the file; a syntax error is reported and ends the reading."""
        try:
            return self.root()
        except yaml.MarkedYAMLError as error:
            self.syntax(error)
        except yaml.YAMLError as error:
            self.stop("YA101", "yaml-syntax", f"this is not YAML: {error}", Span(self.name, 1, 1, 1, 1))

    def root(self) -> Node:
        """The root of the one document. Raises YAMLError."""
        self.next()
        first = self.next()
        if isinstance(first, yaml.StreamEndEvent):
            return Scalar(None, self.span(first))
        root = self.build(self.next(), 1)
        self.next()
        second = self.next()
        if not isinstance(second, yaml.StreamEndEvent):
            self.stop("YA107", "many-documents", "a second document begins here; a file holds one", self.span(second))
        return root

    def syntax(self, error: yaml.MarkedYAMLError) -> NoReturn:
        """Report a syntax error."""
        mark = error.problem_mark or error.context_mark
        place = Span(self.name, 1, 1, 1, 1) if mark is None else self.at(mark)
        problem, context = error.problem or "it cannot be read", error.context or ""
        begun = None if error.context_mark is None else self.at(error.context_mark)
        if begun is not None and "end of stream" in problem and "quoted" in context:
            self.stop("YA101", "yaml-syntax", "this quote is never closed", begun)
        related: tuple[Related, ...] = ()
        if begun is not None and begun.line != place.line:
            related = (Related(begun, context),)
        help = HELP.get(problem, "")
        if self.text_at(place) == "\t":
            help = "indent with spaces, not with tabs"
        if context in ("while scanning an alias", "while scanning an anchor"):
            help = "put text that begins with `*` or `&` in quotes"
        self.stop("YA101", "yaml-syntax", f"this is not YAML: {problem}", place, related=related, help=help)

    def text_at(self, place: Span) -> str:
        """The character at a place, or nothing behind the end of its line."""
        line = self.report.sources[self.name].split("\n")[place.line - 1 :]
        return line[0][place.column - 1 : place.column] if line else ""

    def stop(
        self, code: str, name: str, message: str, span: Span, *, related: tuple[Related, ...] = (), help: str = ""
    ) -> NoReturn:
        """Report an error behind which nothing can be read."""
        self.report.error(code, name, message, span, related=related, help=help)
        raise Stop

    def at(self, mark: Mark) -> Span:
        """One character."""
        return Span(self.name, mark.line + 1, mark.column + 1, mark.line + 1, mark.column + 2)

    def span(self, event: yaml.events.Event) -> Span:
        """The place of an event."""
        start, end = event.start_mark, event.end_mark
        assert start is not None and end is not None  # noqa: S101, PT018 - parsed events have places
        return Span(self.name, start.line + 1, start.column + 1, end.line + 1, end.column + 1)

    def build(self, event: yaml.events.Event, depth: int) -> Node:
        """The node that begins with `event`. How many levels it nests is in `height` then."""
        if isinstance(event, yaml.AliasEvent):
            return self.alias(event, depth)
        assert isinstance(event, (yaml.ScalarEvent, yaml.CollectionStartEvent))  # noqa: S101 - the grammar of events
        before = self.nodes
        self.count(1, event)
        if event.anchor is not None:
            self.anchors[event.anchor] = None
        found: Node
        if isinstance(event, yaml.ScalarEvent):
            found, self.height = self.scalar(event), 1
        else:
            self.nest(depth, event)
            mapping = isinstance(event, yaml.MappingStartEvent)
            self.collection_tag(event, "map" if mapping else "seq")
            found = self.mapping(event, depth) if mapping else self.sequence(event, depth)
        if event.anchor is not None:
            self.anchors[event.anchor] = Built(found, self.nodes - before, self.height)
        return found

    def count(self, values: int, event: yaml.events.Event) -> None:
        """Take `values` from the budget of nodes."""
        self.nodes += values
        if self.nodes > MAX_NODES:
            self.stop(
                "YA105",
                "too-many-values",
                f"there are more than {MAX_NODES} values up to here, aliases followed",
                self.span(event),
            )

    def nest(self, depth: int, event: yaml.events.Event) -> None:
        """Check a depth against its budget."""
        if depth > MAX_DEPTH:
            self.stop("YA104", "nested-too-deep", f"this is nested more than {MAX_DEPTH} levels deep", self.span(event))

    def alias(self, event: yaml.AliasEvent, depth: int) -> Node:
        """What an alias stands for."""
        anchor = event.anchor or ""
        built = self.anchors.get(anchor)
        if built is None:
            inside = anchor in self.anchors
            message = f"`*{anchor}` stands inside of what it names" if inside else f"there is no `&{anchor}` above"
            self.stop("YA108", "bad-alias", message, self.span(event))
        self.count(built.weight, event)
        self.nest(depth + built.height - 1, event)
        self.height = built.height
        return built.node

    def collection_tag(self, event: yaml.CollectionStartEvent, kind: str) -> None:
        """Refuse a tag that makes a mapping or a list anything else."""
        if event.tag not in (None, "!", f"{scalars.CORE}{kind}"):
            self.unknown_tag(scalars.UnknownTag(event.tag), self.span(event))

    def unknown_tag(self, error: scalars.UnknownTag, span: Span) -> None:
        """Report a tag."""
        if error.executable:
            message = f"the tag `{error}` would make program code out of the configuration; it is not read"
            self.report.error("SC115", "executable-yaml-tag", message, span)
        else:
            self.report.error("YA106", "unknown-tag", f"the tag `{error}` is not read here", span)

    def sequence(self, event: yaml.CollectionStartEvent, depth: int) -> Node:
        """A list."""
        items: list[Node] = []
        highest = 0
        while not isinstance(end := self.next(), yaml.SequenceEndEvent):
            items.append(self.build(end, depth + 1))
            highest = max(highest, self.height)
        self.height = highest + 1
        return Sequence(tuple(items), self.around(event, end, items[-1] if items else None))

    def mapping(self, event: yaml.CollectionStartEvent, depth: int) -> Node:
        """A mapping with its merge keys applied: what stands in it wins, then the first of the merged ones."""
        entries: dict[str, Entry] = {}
        merged: set[str] = set()
        value: Node | None = None
        highest = 0
        while not isinstance(end := self.next(), yaml.MappingEndEvent):
            merge = isinstance(end, yaml.ScalarEvent) and is_merge(end)
            key = self.build(end, depth + 1)
            highest = max(highest, self.height)
            value = self.build(self.next(), depth + 1)
            highest = max(highest, self.height)
            if merge:
                for entry in self.merge(value):
                    if entry.name not in entries:
                        entries[entry.name] = entry
                        merged.add(entry.name)
            elif self.usable(key):
                assert isinstance(key, Scalar)  # noqa: S101 - usable
                self.add(entries, merged, Entry(key, value))
        self.height = highest + 1
        return node.Mapping(tuple(entries.values()), self.around(event, end, value))

    def merge(self, value: Node) -> Iterator[Entry]:
        """The entries that a merge key brings."""
        sources = value.items if isinstance(value, Sequence) else (value,)
        for source in sources:
            if isinstance(source, node.Mapping):
                yield from source
            else:
                message = "`<<` takes a mapping or a list of mappings"
                self.report.error("YA111", "bad-merge", message, source.span)

    def usable(self, key: Node) -> bool:
        """Whether a node can be the key of a mapping; if not, that is reported."""
        if not isinstance(key, Scalar):
            self.report.error("YA109", "bad-key", "a key must be text, not a mapping or a list", key.span)
            return False
        if not isinstance(key.value, (str, int, float, bool, NoneType)):
            self.report.error("YA109", "bad-key", "this key is not text; put it in quotes", key.span)
            return False
        if key.missing:
            message = f"the variable {key.missing[0]} is not set; a key is filled in when the gateway is built"
            self.report.error("EN601", "unset-variable", message, key.span)
            return False
        if key.parts:
            message = "a variable in a key is filled in when the gateway is built, and stays so"
            self.report.warning("EN603", "env-in-key-or-structure", message, key.span)
        return True

    def add(self, entries: dict[str, Entry], merged: set[str], entry: Entry) -> None:
        """Add an entry; a key that the file already gave is an error (D14)."""
        before = entries.get(entry.name)
        if before is not None and entry.name not in merged:
            self.report.error(
                "CO109",
                "duplicate-key",
                f"the key `{entry.name}` is given twice",
                entry.key.span,
                related=(Related(before.key.span, "it is given here already"),),
            )
            return
        merged.discard(entry.name)
        entries[entry.name] = entry

    def around(self, start: yaml.events.Event, end: yaml.events.Event, last: Node | None) -> Span:
        """The place of a mapping or a list; in block style it ends with its last value."""
        first, closing = start.start_mark, end.end_mark
        assert first is not None and closing is not None  # noqa: S101, PT018 - parsed events have places
        line, column = first.line + 1, first.column + 1
        if last is not None and not getattr(start, "flow_style", False) and last.span.file == self.name:
            stop = (last.span.end_line, last.span.end_column)
            if stop > (line, column):
                return Span(self.name, line, column, *stop)
        return Span(self.name, line, column, closing.line + 1, closing.column + 1)

    def scalar(self, event: yaml.ScalarEvent) -> Scalar:
        """A leaf with its variables filled in and its type."""
        span = self.span(event)
        text = event.value
        if text.isascii() and "${" not in text:
            return Scalar(self.value(event, text, span, quoted=bool(event.style)), span)
        parts: tuple[str | node.Variable, ...] = ()
        missing: tuple[str, ...] = ()
        quoted = bool(event.style)
        if self.environ is not None:
            text = variables.unmask(text)
            parts = variables.cut(text) if "${" in text else ()
        if parts and self.environ is not None:
            if not quoted and (bare := variables.unquote(parts)) != parts:
                quoted = not any(isinstance(part, Variable) and part.name in self.environ for part in parts)
                parts = bare
            text, missing = variables.fill(parts, self.environ)
            self.filled += len(text)
            if self.filled > MAX_BYTES:
                self.stop("YA103", "file-too-large", "the variables up to here add too much text", span)
        if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
            self.report.error(
                "YA102", "not-utf-8", "this is not text: it holds half a character (a lone surrogate)", span
            )
            return Scalar("", span)
        return Scalar(self.value(event, text, span, quoted=quoted), span, parts, missing, text if parts else "")

    def value(self, event: yaml.ScalarEvent, text: str, span: Span, *, quoted: bool) -> node.Value:
        """The typed value of a scalar; a wrong one is reported and becomes null."""
        try:
            if event.tag is not None and not is_merge(event):
                return scalars.tagged(event.tag, text)
            return text if quoted else scalars.plain(text)
        except scalars.UnknownTag as error:
            self.unknown_tag(error, span)
        except ValueError as error:
            self.report.error("YA110", "bad-value", str(error), span)
        return None


def is_merge(event: yaml.ScalarEvent) -> bool:
    """Whether a key is the merge key `<<`."""
    if event.tag is not None:
        return bool(event.tag == f"{scalars.CORE}merge")
    return not event.style and bool(event.value == "<<")
