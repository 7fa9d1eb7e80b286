"""Create, show, change and remove users."""

import click

from egc.compiler.cli import _consumers
from egc.compiler.cli._consumers import Kind
from egc.compiler.cli._entity import Entity
from egc.compiler.cli._properties import Properties, property_option, stdin_option
from egc.compiler.cli._session import IDENTIFIER, Session, connected

USERS = Kind(
    path="users",
    noun="User",
    model="users",
    label="username",
    first="username",
    columns=("username", "email", "isActive", "id"),
)

one = click.argument("user", type=IDENTIFIER, metavar="USER")
several = click.argument("users", type=IDENTIFIER, nargs=-1, required=True, metavar="USER...")


@click.group(cls=Entity)
def command() -> None:
    """Create, show, change and remove users. USER is a user name or id.

    \b
    Examples:
      egc users create
      egc users create -p username=val -p firstname=Valeri -p lastname=Karpov
      egc users create --stdin < users.ndjson
      egc users list --all --json
      egc users deactivate val
    """


@command.command()
@property_option
@stdin_option
@connected
def create(session: Session, properties: Properties, stdin: bool) -> None:
    """Create a user, or one for each line of stdin. Asks for what is missing.

    \b
    Examples:
      egc users create
      egc users create -q -p username=val -p firstname=Valeri -p lastname=Karpov
      echo '{"username": "val", "firstname": "V", "lastname": "K"}' | egc users create --stdin
    """
    if stdin:
        _consumers.create_from_stdin(session, USERS, properties, {}, "username")
    else:
        _consumers.create(session, USERS, properties, {})


@command.command()
@one
@connected
def info(session: Session, user: str) -> None:
    """Show a user.

    \b
    Examples:
      egc users info val
    """
    _consumers.show(session, USERS, user, quiet=session.quiet)


@command.command("list")
@click.option("-a", "--all", "everything", is_flag=True, help="All of them, not only the first page.")
@connected
def list_(session: Session, everything: bool) -> None:
    """Show users.

    \b
    Examples:
      egc users list --all
    """
    _consumers.list_all(session, USERS, everything)


@command.command()
@one
@property_option
@connected
def update(session: Session, user: str, properties: Properties) -> None:
    """Change properties of a user.

    \b
    Examples:
      egc users update val -p email=val@example.com
    """
    _consumers.update(session, USERS, user, properties, print_id=True)


@command.command()
@several
@connected
def remove(session: Session, users: tuple[str, ...]) -> None:
    """Remove users with all that is theirs.

    \b
    Examples:
      egc users remove val ada
    """
    _consumers.remove(session, USERS, users)


@command.command()
@several
@connected
def activate(session: Session, users: tuple[str, ...]) -> None:
    """Let users in again.

    \b
    Examples:
      egc users activate val
    """
    _consumers.set_active(session, USERS, users, True)


@command.command()
@several
@connected
def deactivate(session: Session, users: tuple[str, ...]) -> None:
    """Keep users and their apps out.

    \b
    Examples:
      egc users deactivate val
    """
    _consumers.set_active(session, USERS, users, False)
