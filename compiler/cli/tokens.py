"""Revoke access tokens."""

import click

from egc.compiler.cli._admin_api import Rejected
from egc.compiler.cli._entity import Entity
from egc.compiler.cli._session import IDENTIFIER, Session, connected


@click.group(cls=Entity)
def command() -> None:
    """Revoke access tokens.

    \b
    Examples:
      egc tokens revoke 599f481560a74545a0f9d54a2e3f7dde
    """


@command.command()
@click.argument("tokens", type=IDENTIFIER, nargs=-1, required=True, metavar="TOKEN...")
@connected
def revoke(session: Session, tokens: tuple[str, ...]) -> None:
    """Revoke access tokens. A token's id, the part before the |, is enough.

    \b
    Examples:
      egc tokens revoke 599f481560a74545a0f9d54a2e3f7dde
    """

    def work(token: str) -> str:
        # The secret behind the | is of no use to the server (C136) and would only end up in logs.
        session.api.call("DELETE", "tokens", token.partition("|")[0] or token)
        return "Revoked"

    def tell(word: str, token: str) -> str:
        return f"Access token has been revoked: {token}"

    def explain(token: str, error: Rejected) -> str:
        return f"Token not found: {token.partition('|')[0]}" if error.status == 404 else error.message

    session.each(tokens, work, tell=tell, explain=explain)
