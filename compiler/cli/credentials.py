"""Create, show, change and remove credentials."""

from pathlib import Path

import click

from egc.compiler.cli import _ask
from egc.compiler.cli._admin_api import Rejected
from egc.compiler.cli._consumers import Record, cell, record, records
from egc.compiler.cli._credential_types import SECRET, type_option
from egc.compiler.cli._entity import Entity
from egc.compiler.cli._properties import Properties, property_option, read_lines, stdin_option, typed, with_scope_list
from egc.compiler.cli._screen import on_terminal
from egc.compiler.cli._session import IDENTIFIER, Session, connected

COLUMNS = ("type", "id", "isActive", "scopes", "consumerId")
FILTERS = ("active", "archived")


@click.group(cls=Entity)
def command() -> None:
    """Create, show, change and remove credentials.

    ID is the id of the user or app for basic-auth and oauth2, and the key's own id for key-auth and jwt.

    \b
    Examples:
      egc credentials create -c val -t oauth2
      egc credentials create -c val -t basic-auth --ask-secret
      egc credentials list -c val
      egc credentials deactivate -t key-auth 0Fy2...
    """


@command.command()
@click.option("-c", "--consumer", type=IDENTIFIER, help="The user or app that it is for, by name or id.")
@type_option(required=False)
@property_option
@_ask.secret_options
@stdin_option
@connected
def create(
    session: Session,
    consumer: str | None,
    type_: str | None,
    properties: Properties,
    ask_secret: bool,
    secret_file: Path | None,
    stdin: bool,
) -> None:
    """Create a credential, or one for each line of stdin. A line may name its own "consumer" and "type".

    A secret that you do not choose is made for you and shown this once. Other users of this machine can read
    the words of a command: give a password with --ask-secret, --secret-file or --stdin rather than with -p.

    \b
    Examples:
      egc credentials create -c val -t oauth2
      egc credentials create -c val -t basic-auth --ask-secret
      egc credentials create -c val -t basic-auth --secret-file password.txt
      egc credentials create -c val -t key-auth -p 'scopes=["read", "write"]'
      egc credentials create --stdin < credentials.ndjson
    """
    if stdin:
        if ask_secret or secret_file is not None:
            raise click.UsageError("--stdin excludes --ask-secret and --secret-file: each line has its own secret")
        create_from_stdin(session, consumer, type_, typed(properties))
        return
    if consumer is None or type_ is None:
        raise click.UsageError("must include --stdin or both -c, --consumer and -t, --type")
    chosen = _ask.chosen_secret(SECRET[type_], ask_secret=ask_secret, secret_file=secret_file)
    if chosen is not None:
        properties = {**properties, SECRET[type_]: chosen}
    created = create_one(session, consumer, type_, typed(properties))
    session.screen.done(f"Created {name(created)}")
    if session.quiet and not session.json:
        session.screen.line(short(created, type_))
    else:
        session.screen.record(created)


def create_from_stdin(session: Session, consumer: str | None, type_: str | None, properties: Properties) -> None:
    """Create one for each line; the line's own `consumer` and `type` win over the flags (C178)."""
    results: list[object] = []
    for line in session.screen.watched(read_lines()):
        values = {**properties, **line.properties}
        owner, kind = values.pop("consumer", consumer), values.pop("type", type_)
        try:
            created = create_one(session, owner, kind, with_scope_list(values))
        except Rejected as error:
            session.failed(f"line {line.number}: {error.message}")
            results.append({"line": line.number, "error": error.message})
            continue
        session.screen.done(f"Created {name(created)}")
        results.append(created)
        if session.quiet and not session.json:
            session.screen.line(short(created, str(kind)))
        elif not session.json:
            session.screen.record(created)
    if session.json:
        session.screen.record(results)


def create_one(session: Session, consumer: object, type_: object, properties: Properties) -> Record:
    """Send one credential to the Admin API (C124)."""
    body: Properties = {"consumerId": consumer, "type": type_, "credential": properties}
    return record(session.api.call("POST", "credentials", body=body))


def name(credential: Record) -> str:
    """What a credential is called."""
    return str(credential.get("id") or credential.get("keyId"))


def short(credential: Record, type_: str) -> str:
    """What `-q` shows of a new credential: its id and, where it was generated, its secret (C178, N33)."""
    secret = credential.get(str(credential.get("passwordKey") or SECRET.get(type_, "")))
    return name(credential) if secret is None else f"{name(credential)}:{secret}"


@command.command()
@click.argument("credential", type=IDENTIFIER, metavar="ID")
@type_option(required=True)
@connected
def info(session: Session, credential: str, type_: str) -> None:
    """Show a credential.

    \b
    Examples:
      egc credentials info -t key-auth 0Fy2...
    """
    try:
        answer = session.api.call("GET", "credentials", type_, credential)
    except Rejected as error:
        session.failed(f"Credential not found: {credential}" if error.status == 404 else error.message)
        return
    if answer is None:
        session.failed(f"Credential not found: {credential}")
    elif session.quiet and not session.json:
        session.screen.line(name(record(answer)))
    else:
        session.screen.record(record(answer))


@command.command("list")
@click.option("-c", "--consumerId", "--consumer", "consumer", type=IDENTIFIER, help="Only those of this user or app.")
@click.option(
    "-f", "--filter", "filters", type=click.Choice(FILTERS), multiple=True, help="Which ones; by default the active."
)
@click.argument("more", nargs=-1, type=click.Choice(FILTERS), metavar="")
@connected
def list_(session: Session, consumer: str | None, filters: tuple[str, ...], more: tuple[str, ...]) -> None:
    """Show credentials, by default the active ones; an archived one is inactive.

    \b
    Examples:
      egc credentials list -c val
      egc credentials list -f active -f archived
    """
    if more and not filters:
        raise click.UsageError(f"unexpected argument {more[0]}: the flag for it is -f")
    wanted = {"active": True, "archived": False}
    shown = {wanted[word] for word in (*filters, *more)} or {True}
    try:
        answer = session.api.call("GET", "credentials", *([consumer] if consumer else []))
    except Rejected as error:
        session.failed(f"Consumer not found: {consumer}" if consumer and error.status == 404 else error.message)
        return
    found = [one for one in records(record(answer).get("credentials")) if one.get("isActive", True) in shown]
    if session.json:
        session.screen.record(found)
    elif not found:
        session.none_found(f"Consumer {consumer} has no credentials" if consumer else "You have no credentials")
    elif session.quiet:
        for one in found:
            session.screen.line(name(one))
    elif on_terminal():
        session.screen.table(COLUMNS, [row(one) for one in found])
    else:
        for one in found:
            session.screen.record(one)


def row(credential: Record) -> list[str]:
    """A credential in a table; an owner whose id is the credential's own is not named twice."""
    owner = {} if credential.get("consumerId") != credential.get("id") else {"consumerId": None}
    return [cell({**credential, **owner}.get(column)) for column in COLUMNS]


@command.command()
@click.argument("credential", type=IDENTIFIER, metavar="ID")
@type_option(required=True)
@_ask.secret_options
@click.option("--revoke-tokens", is_flag=True, help="End the tokens of its owner, too.")
@connected
def rotate(
    session: Session, credential: str, type_: str, ask_secret: bool, secret_file: Path | None, revoke_tokens: bool
) -> None:
    """Replace the password or secret of a credential. The old one opens nothing from then on.

    One that you do not choose is made for you and shown this once.

    \b
    Examples:
      egc credentials rotate -t key-auth 0Fy2...
      egc credentials rotate -t oauth2 c25fe037-30bb-42f7-9f3a-0264dcd60d14 --revoke-tokens
      egc credentials rotate -t basic-auth c25fe037-30bb-42f7-9f3a-0264dcd60d14 --ask-secret
    """
    body: Properties = {"revokeTokens": True} if revoke_tokens else {}
    chosen = _ask.chosen_secret(SECRET[type_], ask_secret=ask_secret, secret_file=secret_file)
    if chosen is not None:
        body[SECRET[type_]] = chosen
    try:
        changed = record(session.api.call("PUT", "credentials", type_, credential, "secret", body=body))
    except Rejected as error:
        session.failed(f"Credential not found: {credential}" if error.status == 404 else error.message)
        return
    session.screen.done(f"Rotated {credential}")
    if session.quiet and not session.json:
        session.screen.line(short(changed, type_))
    else:
        session.screen.record(changed)


several = click.argument("credentials", type=IDENTIFIER, nargs=-1, required=True, metavar="ID...")


@command.command()
@several
@type_option(required=True)
@connected
def activate(session: Session, credentials: tuple[str, ...], type_: str) -> None:
    """Make credentials valid again.

    \b
    Examples:
      egc credentials activate -t key-auth 0Fy2...
    """
    set_active(session, type_, credentials, True)


@command.command()
@several
@type_option(required=True)
@connected
def deactivate(session: Session, credentials: tuple[str, ...], type_: str) -> None:
    """Make credentials invalid.

    \b
    Examples:
      egc credentials deactivate -t key-auth 0Fy2...
    """
    set_active(session, type_, credentials, False)


@command.command()
@several
@type_option(required=True)
@connected
def remove(session: Session, credentials: tuple[str, ...], type_: str) -> None:
    """Remove credentials. Tokens that they have brought stay: `egc tokens revoke -c` ends those.

    \b
    Examples:
      egc credentials remove -t key-auth 0Fy2...
    """

    def work(credential: str) -> str:
        session.api.call("DELETE", "credentials", type_, credential)
        return "Removed"

    def explain(credential: str, error: Rejected) -> str:
        return f"Credential not found: {credential}" if error.status == 404 else error.message

    session.each(credentials, work, explain=explain)


def set_active(session: Session, type_: str, credentials: tuple[str, ...], active: bool) -> None:
    """Activate or deactivate each."""

    def work(credential: str) -> str:
        answer = session.api.call("PUT", "credentials", type_, credential, "status", body={"status": active})
        return str(record(answer).get("status"))

    session.each(credentials, work)
