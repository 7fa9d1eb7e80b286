"""What `egc users` and `egc apps` do alike (C167-C177); the two files hold their words and flags."""

from collections.abc import Sequence
from dataclasses import dataclass

from egc.compiler.cli import _ask
from egc.compiler.cli._admin_api import Rejected, Unreachable
from egc.compiler.cli._properties import Properties, read_lines
from egc.compiler.cli._screen import on_terminal
from egc.compiler.cli._session import Explain, Session

PAGE = 100
"""Records of one request (C110)."""

MOST_PAGES = 100_000


@dataclass(frozen=True, slots=True)
class Kind:
    """Users or applications.

    Arguments:
        path: first segment of their URLs, and the name under which a list holds them.
        noun: one of them, in sentences.
        model: the file that declares their properties.
        label: the property that `list -q` shows.
        first: the property that is asked for first, as in the tutorial.
        columns: the properties that a table shows.
    """

    path: str
    noun: str
    model: str
    label: str
    first: str
    columns: tuple[str, ...]


Record = dict[str, object]


def create(session: Session, kind: Kind, properties: Properties, owner: Properties) -> None:
    """Create one, asking for what is missing.

    Arguments:
        owner: properties that are no part of the model (`userId`).
    """
    from egc.compiler.cli._project import model

    answers = _ask.properties(model(kind.model), properties, first=kind.first)
    created = record(session.api.call("POST", kind.path, body={**answers, **owner}))
    session.screen.done(f"Created {created.get('id')}")
    if session.quiet and not session.json:
        session.screen.line(str(created.get("id")))
    else:
        session.screen.record(created)


def create_from_stdin(session: Session, kind: Kind, properties: Properties, owner: Properties, label: str) -> None:
    """Create one for each line of stdin; a line may carry its own `user`, whose records are not printed (C166).

    Arguments:
        properties: what a line that does not say otherwise has.
        owner: as in `create`, for lines without `user`.
        label: the property that names a new record.
    """
    results: list[object] = []
    for line in session.screen.watched(read_lines()):
        body = {**properties, **line.properties}
        if "userId" in owner:
            body["userId"] = body.pop("user", None) or body.get("userId") or owner["userId"]
        try:
            created = record(session.api.call("POST", kind.path, body=body))
        except Rejected as error:
            session.failed(f"line {line.number}: {error.message}")
            results.append({"line": line.number, "error": error.message})
            continue
        session.screen.done(f"Created {created.get(label)}")
        results.append(created)
        if session.quiet and not session.json:
            session.screen.line(str(created.get("id")))
    if session.json:
        session.screen.record(results)


def show(session: Session, kind: Kind, identifier: str, *, quiet: bool) -> None:
    """Print one; with `quiet` its id only."""
    try:
        found = record(session.api.call("GET", kind.path, identifier))
    except Rejected as error:
        session.failed(unknown(kind)(identifier, error))
        return
    if quiet and not session.json:
        session.screen.line(str(found.get("id")))
    else:
        session.screen.record(found)


def list_all(session: Session, kind: Kind, everything: bool) -> None:
    """Print a page of them or, with `everything`, all."""
    found: list[Record] = []
    start = 0
    for _ in range(MOST_PAGES):
        answer = record(session.api.call("GET", kind.path, query={"start": start, "count": PAGE}))
        found += records(answer.get(kind.path))
        following = answer.get("nextKey")
        more = isinstance(following, int) and following != 0
        if not more or not everything:
            break
        if following == start:
            raise Unreachable(f"The Admin API at {session.api.url} cannot be used: its pages do not end")
        start = int(str(following))
    write_list(session, kind, found)
    if more and not everything:
        session.screen.note(f"There are more {kind.path}: --all shows them.")


def write_list(session: Session, kind: Kind, found: Sequence[Record]) -> None:
    """Print a list: labels, one JSON array, a table for people, or one JSON object after another (C169)."""
    if session.json:
        session.screen.record(found)
    elif not found:
        session.none_found(f"You have no {kind.path}")
    elif session.quiet:
        for one in found:
            session.screen.line(str(one.get(kind.label)))
    elif on_terminal():
        session.screen.table(kind.columns, ([cell(one.get(name)) for name in kind.columns] for one in found))
    else:
        for one in found:
            session.screen.record(one)


def update(session: Session, kind: Kind, identifier: str, properties: Properties, *, print_id: bool) -> None:
    """Change properties; without any, ask for each, with its current value as default.

    Arguments:
        print_id: `-q` prints the id of the record, else the identifier as it was given (C170, C176).
    """
    try:
        if not properties:
            from egc.compiler.cli._project import model

            current = record(session.api.call("GET", kind.path, identifier))
            properties = _ask.changes(model(kind.model), current)
        updated = record(session.api.call("PUT", kind.path, identifier, body=properties))
    except Rejected as error:
        session.failed(unknown(kind)(identifier, error))
        return
    session.screen.done(f"Updated {identifier}")
    if session.json:
        session.screen.record(updated)
    elif session.quiet:
        session.screen.line(str(updated.get("id")) if print_id else identifier)


def remove(session: Session, kind: Kind, identifiers: Sequence[str]) -> None:
    """Remove each."""

    def work(identifier: str) -> str:
        session.api.call("DELETE", kind.path, identifier)
        return "Removed"

    session.each(identifiers, work, explain=unknown(kind))


def set_active(session: Session, kind: Kind, identifiers: Sequence[str], active: bool) -> None:
    """Activate or deactivate each; the Admin API says whether that changed anything (C116)."""

    def work(identifier: str) -> str:
        answer = record(session.api.call("PUT", kind.path, identifier, "status", body={"status": active}))
        return str(answer.get("status"))

    session.each(identifiers, work, explain=unknown(kind))


def unknown(kind: Kind) -> Explain:
    """What is said of an id that the server does not know (C170, C176), and its own text for anything else."""

    def explain(identifier: str, error: Rejected) -> str:
        return f"{kind.noun} not found: {identifier}" if error.status == 404 else error.message

    return explain


def record(value: object) -> Record:
    """An answer that must be a JSON object.

    Raises:
        Unreachable: it is something else, so what answered is no Admin API.
    """
    if not isinstance(value, dict):
        raise Unreachable("What answers is not the Admin API: its JSON is not of the form that was asked for")
    return value


def records(value: object) -> list[Record]:
    """A part of an answer that must be a list of JSON objects; null counts as empty (C131)."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise Unreachable("What answers is not the Admin API: its JSON is not of the form that was asked for")
    return [record(one) for one in value]


def cell(value: object) -> str:
    """A value in a table."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return " ".join(str(one) for one in value)
    return str(value)
