"""What became of the data of an Express Gateway, for people and for programs."""

import sys
from collections import Counter
from collections.abc import Iterator, Mapping

from egc.compiler.cli._screen import Screen, has_room
from egc.compiler.migrate.carry import Account, Told
from egc.compiler.migrate.entries import Family
from egc.compiler.migrate.loader import Fate

TITLES: dict[Family, str] = {
    "scope": "scopes",
    "user": "users",
    "application": "apps",
    "basic-auth": "passwords",
    "key-auth": "API keys",
    "jwt": "JWT keys",
    "oauth2": "client secrets",
    "access-token": "access tokens",
    "refresh-token": "refresh tokens",
}

FATES: tuple[tuple[Fate, str], ...] = (
    ("new", "new"),
    ("same", "there already"),
    ("different", "different"),
    ("gone", "deleted here"),
)
SHOWN = 5
"""Keys that people are shown for one reason."""


def show(account: Account, *, where: str, dry_run: bool, jwt: bool, as_json: bool) -> None:
    """Write the account to stdout.

    Arguments:
        where: the store, in words.
        dry_run: whether nothing was changed.
        jwt: whether access tokens are of type jwt.
    """
    screen = Screen()
    if as_json:
        screen.record(
            {
                "schema_version": 1,
                "dry_run": dry_run,
                "records": {title: dict(account.fates.get(family, Counter())) for family, title in TITLES.items()},
                "left": _data(account.left),
                "different": _data(account.different),
                "gone": _data(account.gone),
                "dead": _data(account.dead),
                "notes": _data(account.notes),
                "next": list(_next(account, jwt)),
            }
        )
        return
    rows = [
        (title, *(str(account.fates[family][fate]) for fate, _ in FATES))
        for family, title in TITLES.items()
        if family in account.fates
    ]
    if has_room():
        screen.table(("", *(word for _, word in FATES)), rows)
    else:
        for title, *counts in rows:
            told = ", ".join(f"{count} {word}" for count, (_, word) in zip(counts, FATES, strict=True) if count != "0")
            screen.line(f"{title}: {told}")
    if not rows:
        screen.line("There is nothing of Express Gateway in this namespace.")
    _section(screen, "Stays behind", account.left)
    _section(screen, "Is in the store already, and left as it is there", account.different)
    _section(
        screen, "Was deleted or revoked here since it was carried, and stays so (--again brings it back)", account.gone
    )
    _section(screen, "Came with a change", account.notes)
    _section(screen, "Did nothing in Express Gateway either", account.dead, keys=False)
    for line in _next(account, jwt):
        screen.line(f"- {line}")
    sys.stdout.flush()
    screen.done(f"Nothing was changed: {where} would get this" if dry_run else f"The store is {where}")


def _section(screen: Screen, title: str, told: Mapping[str, Told], *, keys: bool = True) -> None:
    if not told:
        return
    screen.line("")
    screen.line(f"{title}:")
    for why, one in sorted(told.items(), key=lambda item: -item[1].count):
        screen.line(f"  {one.count}: {why}")
        if keys:
            for key in one.keys[:SHOWN]:
                screen.line(f"      {key}")
            if one.count > SHOWN:
                screen.line(f"      and {one.count - SHOWN} more; --report FILE names all of them")


def _data(told: Mapping[str, Told]) -> list[dict[str, object]]:
    return [{"why": why, "count": one.count, "keys": one.keys} for why, one in told.items()]


def _next(account: Account, jwt: bool) -> Iterator[str]:
    """What the operator should know now."""
    carried: Counter[str] = Counter()
    for family, fates in account.fates.items():
        carried[family] = fates["new"]
    if jwt:
        yield (
            "Access tokens of type jwt are in no Redis. They stay good while accessTokens.secretOrPrivateKey (or its "
            "file), algorithm, issuer and audience, and the parameters `jwt` of the oauth2 policy, stay as they are."
        )
    if carried["basic-auth"] or carried["oauth2"]:
        yield "Passwords and client secrets are bcrypt still; each is replaced by Argon2id when it is used."
    if carried["refresh-token"]:
        yield (
            "Refresh tokens are good once from now on (RFC 9700). Express Gateway gave the same one to each login of a "
            "user at one app: the second device that uses it logs in again."
        )
