"""Give scopes to a credential and take them away."""

from collections.abc import Callable
from typing import TypeVar

import click

from egc.compiler.cli._admin_api import Rejected
from egc.compiler.cli._credential_types import type_option
from egc.compiler.cli._entity import Entity
from egc.compiler.cli._session import IDENTIFIER, Session, connected

Function = TypeVar("Function", bound=Callable[..., object])


@click.group(cls=Entity)
def command() -> None:
    """Give scopes to a credential and take them away.

    \b
    Examples:
      egc credential:scopes add -t oauth2 --id c25fe037-30bb-42f7-9f3a-0264dcd60d14 read write
      egc credential:scopes set -t key-auth --keyid 0Fy2... read
    """


def credential(function: Function) -> Function:
    """Add the scopes, and the flags that name the credential."""
    scopes = click.argument("scopes", type=IDENTIFIER, nargs=-1, required=True, metavar="SCOPE...")
    id_ = click.option("--id", "--keyid", "id_", type=IDENTIFIER, required=True, help="The credential's id or keyId.")
    return scopes(type_option(required=True)(id_(function)))


@command.command()
@credential
@connected
def add(session: Session, scopes: tuple[str, ...], type_: str, id_: str) -> None:
    """Give scopes to a credential.

    \b
    Examples:
      egc credential:scopes add -t key-auth --keyid 0Fy2... read
    """
    one_by_one(session, "PUT", scopes, type_, id_, ("added to", "adding"))


@command.command()
@credential
@connected
def remove(session: Session, scopes: tuple[str, ...], type_: str, id_: str) -> None:
    """Take scopes away.

    \b
    Examples:
      egc credential:scopes remove -t key-auth --keyid 0Fy2... read
    """
    one_by_one(session, "DELETE", scopes, type_, id_, ("removed from", "removing"))


@command.command("set")
@credential
@connected
def set_(session: Session, scopes: tuple[str, ...], type_: str, id_: str) -> None:
    """Replace all scopes.

    \b
    Examples:
      egc credential:scopes set -t key-auth --keyid 0Fy2... read write
    """
    session.api.call("PUT", "credentials", type_, id_, "scopes", body={"scopes": list(scopes)})
    session.screen.done(f"Scopes {','.join(scopes)} set for {id_}")
    if session.json:
        session.screen.record({"id": id_, "scopes": list(scopes)})


def one_by_one(
    session: Session, method: str, scopes: tuple[str, ...], type_: str, id_: str, verb: tuple[str, str]
) -> None:
    """Send a request for each scope; one that fails does not keep the others from being done (C182, N33).

    Arguments:
        verb: for what was done, and for what failed (`added to`, `adding`).
    """
    done, doing = verb
    results: list[object] = []
    for scope in scopes:
        try:
            session.api.call(method, "credentials", type_, id_, "scopes", scope)
        except Rejected as error:
            session.failed(f"Error {doing} scope {scope} : {error.message}")
            results.append({"scope": scope, "error": error.message})
        else:
            session.screen.done(f"Scope {scope} {done} {id_}")
            results.append({"scope": scope, "status": done.partition(" ")[0].capitalize()})
    if session.json:
        session.screen.record(results)
