"""Make a key for the Admin API."""

import json
import sys

import click


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Write one JSON document.")
def command(as_json: bool) -> None:
    """Make a key for the Admin API and show it this once.

    The configuration gets only its SHA-256; those who call the Admin API set EGC_ADMIN_KEY to the key. Without a key
    the Admin API listens on localhost only.

    \b
    Examples:
      egc admin-key
      egc admin-key --json
    """
    from egc.runtime.oauth2.secrets import new_key, stored_digest

    key = new_key() + new_key()
    digest = stored_digest(key)
    if as_json:
        click.echo(json.dumps({"key": key, "keyDigest": digest}, indent=2))
        return
    click.echo("The key, for those who call the Admin API. It is shown this once.\n", err=True)
    click.echo(f"export EGC_ADMIN_KEY={key}" if sys.stdout.isatty() else key)
    click.echo("\nIts digest, for gateway.config.yml:\n", err=True)
    click.echo(f"admin:\n  auth:\n    keyDigest: {digest}", err=True)
