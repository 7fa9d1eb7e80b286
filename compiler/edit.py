"""One change of a configuration, made in the text of its file: comments, order and `${NAME}` stay (D11, N32).

The text is read again afterwards, and must say what was asked for and nothing else; where the file is written in a way
that this cannot be done in place, nothing is changed.
"""

import json
from collections.abc import Iterator
from collections.abc import Mapping as Environment
from dataclasses import dataclass
from itertools import islice
from typing import Literal
from urllib.parse import quote

from egc.compiler.diagnostics import DoesNotCompile, Report, Span
from egc.compiler.node import Mapping, Node, Sequence
from egc.compiler.shown import SECTIONS, Json, normal, shown
from egc.compiler.source import read
from egc.compiler.splice import NotInPlace, Splices, same

MOST_ERRORS = 50
"""How many mistakes are told."""

EDITABLE = (*SECTIONS, "plugins")
"""What can be changed: of gateway.config what the Admin API shows, of system.config the plugins."""

Outcome = Literal["created", "replaced", "deleted", "unchanged", "absent"]


class NotEditable(Exception):
    """The change cannot be made in this file; the message says why."""


@dataclass(frozen=True, slots=True)
class Edit:
    """What is to be changed.

    Arguments:
        section: one of EDITABLE.
        name: of the entry; for `policies` the policy.
        value: what the entry is to be.
        delete: take it out; there is no value then.
    """

    section: str
    name: str
    value: Json = None
    delete: bool = False


@dataclass(frozen=True, slots=True)
class Edited:
    """The new bytes of the file, and what has been done: nothing where they are the old ones."""

    data: bytes
    outcome: Outcome


def apply(edit: Edit, name: str, data: bytes, environ: Environment[str, str]) -> Edited:
    """Make a change.

    Arguments:
        edit: the change.
        name: of the file.
        data: its bytes.
        environ: the variables that are filled in, where keys hold some.

    Raises:
        DoesNotCompile: the file cannot be read as it is.
        NotEditable: the change cannot be made in it.
    """
    if edit.section not in EDITABLE:
        raise NotEditable(f"there is no section {edit.section}")
    if "${" in edit.name:
        raise NotEditable("a name that is written here cannot hold a variable")
    report = Report()
    tree = read(name, data, environ, report)
    if tree is None:
        raise DoesNotCompile(report)
    if not isinstance(tree, Mapping):
        raise NotEditable(f"{name} holds no configuration")
    try:
        value = normal(edit.value)
    except ValueError as error:
        raise NotEditable(str(error)) from None
    before = shown(tree)
    assert isinstance(before, dict)  # noqa: S101 - as the tree
    wanted, outcome = _section(edit, value, before.get(edit.section), name)
    if outcome in ("unchanged", "absent"):
        return Edited(data, outcome)
    expected: Json = {**before, edit.section: wanted}
    text = data.decode()
    as_json = name.endswith(".json") and _is_json(text)
    for whole, literals in ((False, True), (False, False), (True, False)):
        try:
            changed = _spliced(Splices(text, as_json=as_json, literals=literals), tree, edit, wanted, whole=whole)
        except NotInPlace:
            continue
        if as_json and not _is_json(changed):
            continue
        after = read(name, changed.encode(), environ, Report())
        if after is not None and same(shown(after), expected):
            return Edited(changed.encode(), outcome)
    raise NotEditable(f"{name} is written in a way that cannot be changed in place; edit the file")


def errors(report: Report, name: str, data: bytes | None, environ: Environment[str, str]) -> list[dict[str, str]]:
    """What is wrong with a configuration, as the details of a problem (RFC 9457 section 3).

    Arguments:
        report: of compiling it.
        name: of the file.
        data: its bytes; None where they could not be read.
        environ: the variables that are filled in.
    """
    tree = None if data is None else read(name, data, environ, Report())
    found = []
    for one in islice((one for one in report if one.severity == "error"), MOST_ERRORS):
        place = {"file": str(one.span)}
        if tree is not None and one.span.file == name:
            place = {"pointer": "#" + "".join(f"/{_escaped(step)}" for step in _way(tree, one.span))}
        found.append({**place, "detail": one.message, "code": one.code, **({"help": one.help} if one.help else {})})
    return found


def _way(node: Node, span: Span) -> Iterator[str]:
    """The keys and indexes that lead to a place."""
    place = (span.line, span.column)
    if isinstance(node, Mapping):
        for entry in node:
            key, value = entry.key.span, entry.value.span
            if key == span or (key.line, key.column) <= place < (value.end_line, value.end_column):
                yield entry.name
                yield from _way(entry.value, span)
                return
    elif isinstance(node, Sequence):
        for index, item in enumerate(node):
            if (item.span.line, item.span.column) <= place < (item.span.end_line, item.span.end_column):
                yield str(index)
                yield from _way(item, span)
                return


def _escaped(step: str) -> str:
    """A key as a JSON Pointer has it in a URI fragment (RFC 6901 section 6)."""
    return quote(step.replace("~", "~0").replace("/", "~1"), safe="!$&'()*+,;=:@/?-._~")


def _section(edit: Edit, value: Json, section: Json, file: str) -> tuple[Json, Outcome]:
    """What a section is to become, and what that does."""
    if edit.section == "policies":
        return _policies(edit, section)
    if section is None or section == {}:
        return ({}, "absent") if edit.delete else ({edit.name: value}, "created")
    if isinstance(section, dict):
        if edit.delete:
            kept = {name: one for name, one in section.items() if name != edit.name}
            return kept, "deleted" if edit.name in section else "absent"
        if edit.name in section and same(section[edit.name], value):
            return section, "unchanged"
        return {**section, edit.name: value}, "replaced" if edit.name in section else "created"
    if isinstance(section, list) and edit.section == "pipelines":
        return _listed(edit, value, section)
    raise NotEditable(f"{edit.section} of {file} is no mapping")


def _policies(edit: Edit, section: Json) -> tuple[Json, Outcome]:
    """The list of policies; a single one may stand in its place (D42)."""
    listed: list[Json] = section if isinstance(section, list) else [] if section is None else [section]
    if edit.delete:
        return [name for name in listed if name != edit.name], "deleted" if edit.name in listed else "absent"
    return ([*listed, edit.name], "created") if edit.name not in listed else (section, "unchanged")


def _listed(edit: Edit, value: Json, section: list[Json]) -> tuple[Json, Outcome]:
    """Pipelines that are written as a list, each with its name (D35)."""
    places = [place for place, item in enumerate(section) if isinstance(item, dict) and item.get("name") == edit.name]
    if edit.delete:
        return [item for place, item in enumerate(section) if place not in places], "deleted" if places else "absent"
    if not isinstance(value, dict):
        raise NotEditable("a pipeline must be a mapping")
    item: Json = {"name": edit.name, **value, **({"name": edit.name} if "name" in value else {})}
    if not places:
        return [*section, item], "created"
    if same(section[places[0]], item):
        return section, "unchanged"
    return [item if place == places[0] else one for place, one in enumerate(section)], "replaced"


def _spliced(splices: Splices, root: Mapping, edit: Edit, wanted: Json, *, whole: bool) -> str:
    """The text in which a section is what is wanted. `whole`: an entry that changes is written anew."""
    splices.indent_like(root)
    flow = splices.is_flow(root)
    entry = root.entry(edit.section)
    if entry is None:
        splices.add_entries(root, {edit.section: wanted}, flow=flow)
        return splices.result()
    if whole and not edit.delete:
        _anew(splices, entry.value, edit, wanted, flow=flow or splices.is_flow(entry.value))
    else:
        splices.change(entry, entry.value, wanted, flow=flow)
    return splices.result()


def _anew(splices: Splices, node: Node, edit: Edit, wanted: Json, *, flow: bool) -> None:
    """Write the one entry of a section that changes anew."""
    if isinstance(node, Mapping) and isinstance(wanted, dict) and (held := node.entry(edit.name)):
        splices.put(held, held.value, wanted[edit.name], flow=flow)
    elif isinstance(node, Sequence) and isinstance(wanted, list):
        for item, value in zip(node, wanted, strict=False):
            if not same(shown(item), value):
                splices.put(None, item, value, flow=flow)


def _is_json(text: str) -> bool:
    try:
        json.loads(text.removeprefix("\ufeff"))
    except ValueError:
        return False
    return True
