"""The four types of credentials (C77-C80), and the property that holds the secret of each."""

from collections.abc import Callable
from typing import TypeVar

import click

SECRET = {"basic-auth": "password", "key-auth": "keySecret", "jwt": "keySecret", "oauth2": "secret"}

Function = TypeVar("Function", bound=Callable[..., object])


def type_option(*, required: bool) -> Callable[[Function], Function]:
    """Add `-t/--type`."""
    return click.option(
        "-t", "--type", "type_", type=click.Choice(tuple(SECRET)), required=required, help="Type of the credential."
    )
