"""Create, show, change and remove apps."""

import click

from egc.compiler.cli import _consumers
from egc.compiler.cli._consumers import Kind
from egc.compiler.cli._entity import Entity
from egc.compiler.cli._properties import Properties, property_option, stdin_option
from egc.compiler.cli._session import IDENTIFIER, Session, connected

APPS = Kind(
    path="apps",
    noun="App",
    model="applications",
    label="id",
    first="name",
    columns=("name", "redirectUri", "isActive", "id"),
)

one = click.argument("app", type=IDENTIFIER, metavar="APP")
several = click.argument("apps", type=IDENTIFIER, nargs=-1, required=True, metavar="APP...")


@click.group(cls=Entity)
def command() -> None:
    """Create, show, change and remove the applications of users. APP is an app's id, or its name where only one app
    has that name.

    \b
    Examples:
      egc apps create -u val
      egc apps create -u val -p name=testapp -p redirectUri=http://localhost:8080/ip
      egc apps list
      egc apps remove 84828eee-2832-4ecd-8155-008fbea0f485
    """


@command.command()
@click.option("-u", "--user", type=IDENTIFIER, help="The user, by name or id, whose app it is.")
@property_option
@stdin_option
@connected
def create(session: Session, user: str | None, properties: Properties, stdin: bool) -> None:
    """Create an app, or one for each line of stdin, which may name its own "user". Asks for what is missing.

    \b
    Examples:
      egc apps create -u val
      egc apps create -q -u val -p name=testapp -p redirectUri=http://localhost:8080/ip
      echo '{"user": "val", "name": "testapp"}' | egc apps create --stdin
    """
    if user is None and not stdin:
        raise click.UsageError("must include --stdin or -u, --user")
    owner: Properties = {"userId": user}
    if stdin:
        _consumers.create_from_stdin(session, APPS, properties, owner, "id")
    else:
        _consumers.create(session, APPS, properties, owner)


@command.command()
@one
@connected
def info(session: Session, app: str) -> None:
    """Show an app.

    \b
    Examples:
      egc apps info testapp
    """
    # Express Gateway's -q has no effect here (C174), and scripts parse the JSON.
    _consumers.show(session, APPS, app, quiet=False)


@command.command("list")
@click.option("-a", "--all", "everything", is_flag=True, help="All of them, not only the first page.")
@connected
def list_(session: Session, everything: bool) -> None:
    """Show apps.

    \b
    Examples:
      egc apps list --all
    """
    _consumers.list_all(session, APPS, everything)


@command.command()
@one
@property_option
@connected
def update(session: Session, app: str, properties: Properties) -> None:
    """Change properties of an app.

    \b
    Examples:
      egc apps update testapp -p redirectUri=https://app.example.com/
    """
    _consumers.update(session, APPS, app, properties, print_id=False)


@command.command()
@several
@connected
def remove(session: Session, apps: tuple[str, ...]) -> None:
    """Remove apps with all that is theirs.

    \b
    Examples:
      egc apps remove testapp
    """
    _consumers.remove(session, APPS, apps)


@command.command()
@several
@connected
def activate(session: Session, apps: tuple[str, ...]) -> None:
    """Let apps in again.

    \b
    Examples:
      egc apps activate testapp
    """
    _consumers.set_active(session, APPS, apps, True)


@command.command()
@several
@connected
def deactivate(session: Session, apps: tuple[str, ...]) -> None:
    """Keep apps out, with every token they hold.

    \b
    Examples:
      egc apps deactivate testapp
    """
    _consumers.set_active(session, APPS, apps, False)
