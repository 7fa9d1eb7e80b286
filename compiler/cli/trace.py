"""Show each decision about one request, with its line; nothing is served and nobody is asked."""

import json
import os
import sys
from pathlib import Path
from typing import Literal

import click

from egc.compiler.cli import EnvironmentFailure, ExitCode
from egc.compiler.cli._report import compat_option, path_argument

MAX_BODY = 16 * 1024 * 1024
"""Bytes that the body of a request may have here."""


@click.command()
@click.argument("request")
@path_argument
@click.option("-H", "--header", "headers", multiple=True, metavar="'NAME: VALUE'", help="A header of the request.")
@click.option("--body", metavar="TEXT", help="Its body; @FILE reads one, - takes stdin.")
@click.option("--as", "caller", metavar="WHO", help="Who is calling: app:NAME, user:NAME or key:ID.")
@click.option("--scopes", metavar="A,B", help="The scopes of that caller's credential.  [default: what the store says]")
@click.option("--by", "policy", metavar="POLICY", help="The policy to satisfy, where several ask who is calling.")
@click.option("--from", "address", default="127.0.0.1", metavar="ADDRESS", help="Where the caller is.")
@click.option("--certificate", is_flag=True, help="The caller shows a TLS certificate that is good.")
@click.option(
    "--store",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="The store that is copied.  [default: that of `egc run`, else an empty one]",
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@compat_option
def command(
    request: str,
    path: Path,
    headers: tuple[str, ...],
    body: str | None,
    caller: str | None,
    scopes: str | None,
    policy: str | None,
    address: str,
    certificate: bool,
    store: Path | None,
    form: Literal["text", "json"],
    eg_compat: bool,
) -> int:
    """Show each decision about REQUEST, with its line: routes, conditions and their value, steps, what is sent on.

    REQUEST is a method and a URL or a path: 'GET /orders/7', 'POST https://api.example.com/orders'. The compiled
    gateway runs here, without a server: it works on a private copy of the store, in which what --as needs is made up;
    it has no network, services are stubs that answer 200, and rate limits begin at zero. Nothing of it stays.

    \b
    Examples:
      egc trace 'GET /ip'
      egc trace 'GET /orders/7' config --as app:web --scopes read,write
      egc trace 'POST /orders' --as key:5xY2 -H 'X-Region: eu' --body '{"id": 7}'

    PATH is as in `egc validate`. The exit code is 1 where no endpoint takes the request.
    """
    from egc.compiler.cli._lines import show
    from egc.compiler.cli._rehearsing import (
        BadRequest,
        compiled_here,
        no_such,
        read_caller,
        read_request,
        rehearsing,
        store_of,
    )
    from egc.compiler.cli._traced import Traced
    from egc.runtime.rehearsal import NoSuchCaller

    if caller is None and (scopes is not None or policy is not None):
        raise click.UsageError("--scopes and --by belong to --as")
    wanted = None if scopes is None else [scope for scope in scopes.replace(",", " ").split() if scope]
    try:
        ask = read_request(request, headers, _body(body), address, certified=certificate)
        who = None if caller is None else read_caller(caller, wanted, policy or "")
    except BadRequest as error:
        raise click.UsageError(str(error)) from None
    compiled = compiled_here(path, os.environ, eg_compat=eg_compat)
    found = store_of(path, store)
    with rehearsing(compiled, os.environ, store=found) as rehearsal:
        try:
            happened = rehearsal.ask(ask, who)
        except NoSuchCaller as error:
            raise EnvironmentFailure(no_such(error, who.name if who else "")) from None
        traced = Traced(compiled, ask, caller or "", happened, rehearsal.routes)
        if form == "json":
            click.echo(json.dumps(traced.data(), indent=2))
        else:
            show(traced.lines(), compiled.plan.source_name)
    if form == "text":
        copied = f"a copy of the store in {found}" if found is not None else "an empty store"
        click.echo(f"Rehearsed on {copied}; nothing was sent.", err=True)
    return ExitCode.CLEAN if traced.is_taken else ExitCode.FINDINGS


def _body(text: str | None) -> str | None:
    """The body that --body means. Raises UsageError."""
    if text == "-":
        data = sys.stdin.buffer.read(MAX_BODY + 1)
    elif text is not None and text.startswith("@"):
        with Path(text[1:]).open("rb") as file:
            data = file.read(MAX_BODY + 1)
    else:
        data = b"" if text is None else os.fsencode(text)
    if len(data) > MAX_BODY:
        raise click.UsageError(f"the body is longer than {MAX_BODY >> 20} MiB")
    try:
        return None if text is None else data.decode()
    except UnicodeDecodeError:
        raise click.UsageError("the body is no text in UTF-8") from None
