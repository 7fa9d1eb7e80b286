"""Entries of Express Gateway as records of a store (C262-C281). Secrets in clear end here: what leaves is hashed."""

import hashlib
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from egc.compiler.migrate.cipher import Decrypt
from egc.compiler.migrate.entries import Entry
from egc.runtime.oauth2.secrets import Secret, digest, stored_digest
from egc.runtime.store import Application, Credential, CredentialType, Token, User

_BCRYPT = re.compile(r"\$2[abxy]?\$[0-9]{2}\$[./A-Za-z0-9]{53}", re.ASCII)
_BASE62 = {c: n for n, c in enumerate("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")}
_UUID_IN_BASE62 = 22
_MILLISECONDS = re.compile(r"[0-9]{1,16}(\.[0-9]+)?", re.ASCII)
_DATE = "%b %d %Y %H:%M:%S GMT%z"
_LOST = "[object Object]"

_OF_USERS = ("isActive", "username", "id", "createdAt", "updatedAt")
_OF_APPLICATIONS = ("isActive", "id", "userId", "createdAt", "updatedAt")
_OF_CREDENTIALS = (
    "isActive", "createdAt", "updatedAt", "scopes", "id", "type", "consumerId", "keyId", "keySecret", "password",
    "secret", "passwordKey", "autoGeneratePassword",
)  # fmt: skip


class Left(Exception):
    """An entry that is not carried; `str(error)` says why.

    `dead`: nobody misses it, because Express Gateway would not have taken it either.
    """

    def __init__(self, why: str, *, dead: bool = False) -> None:
        super().__init__(why)
        self.dead = dead


@dataclass(frozen=True, slots=True)
class Chosen:
    """A credential whose secret a person chose and Express Gateway kept in clear: it is still to be hashed."""

    credential: Credential
    secret: Secret


def read_user(entry: Entry, owners: Mapping[str, str]) -> tuple[User, list[str]]:
    """A user, and what is to be said about it.

    Arguments:
        owners: the user's id by each username that Express Gateway finds people by (C263).

    Raises Left.
    """
    fields = _hash(entry)
    notes = []
    username = fields.get("username", "")
    if not username:
        username = entry.id
        notes.append("it has no username; its id takes the place")
    elif owners.get(username, entry.id) != entry.id:
        username = entry.id
        notes.append("another user goes by that username; its id takes the place")
    properties = _others(fields, _OF_USERS, notes)
    if properties.pop("password", None) is not None:
        # C66: kept in clear and never looked at; what a user logs in with is the credential.
        notes.append("its property `password` was in clear and stays behind")
    made, changed = _dates(fields)
    return User(entry.id, username, fields.get("isActive") == "true", made, changed, properties), notes


def read_application(entry: Entry) -> tuple[Application, list[str]]:
    """An application, and what is to be said about it. Raises Left."""
    fields = _hash(entry)
    notes: list[str] = []
    owner = fields.get("userId", "")
    if not owner:
        raise Left("it has no owner")
    properties = _others(fields, _OF_APPLICATIONS, notes)
    made, changed = _dates(fields)
    return Application(entry.id, owner, fields.get("isActive") == "true", made, changed, properties), notes


def read_credential(entry: Entry, type_: CredentialType) -> tuple[Credential | Chosen, list[str]]:
    """A credential, and what is to be said about it. Raises Left."""
    fields = _hash(entry)
    notes: list[str] = []
    scopes = _scopes(fields.get("scopes"))
    made, changed = _dates(fields)
    active = fields.get("isActive") == "true"
    properties = _others(fields, _OF_CREDENTIALS, notes)
    if type_ in ("key-auth", "jwt"):
        owner = fields.get("consumerId", "")
        if not owner:
            raise Left("it belongs to nobody: it has no consumerId")
        if ":" in entry.id:
            raise Left("a keyId with a colon never opened anything", dead=True)
        secret = fields.get("keySecret", "")
        if not secret:
            raise Left("it has no keySecret")
        credential = Credential(type_, entry.id, owner, active, made, changed, None, scopes, properties)
        if not is_generated_key(secret):
            return Chosen(credential, Secret(secret)), notes
        stored = stored_digest(secret)
    else:
        owner = entry.id
        name = "password" if type_ == "basic-auth" else "secret"
        # A model may call it otherwise (C52): then the field that the model named holds it.
        stored = fields.get(name) or fields.get(fields.get("passwordKey", ""), "")
        properties.pop(fields.get("passwordKey", ""), None)
        if not _BCRYPT.fullmatch(stored):
            raise Left(f"its {name} is no bcrypt hash")
        # bcryptjs writes $2a$; $2x$ and $2y$ are other names for the same (C282).
        stored = f"$2b{stored[stored.index('$', 1) :]}"
    return Credential(type_, entry.id, owner, active, made, changed, stored, scopes, properties), notes


def read_token(entry: Entry, kind: Literal["access", "refresh"], decrypt: Decrypt, now: float) -> Token:
    """A live token.

    Arguments:
        decrypt: from `tokenEncrypted` to the secret.
        now: seconds since the epoch.

    Raises Left, also for what is expired or revoked.
    """
    fields = _hash(entry)
    if "archived" in fields:
        raise Left("it is revoked or expired", dead=True)
    until = fields.get("expiresAt", "")
    if not until:
        raise Left("it is no token: it has no expiresAt", dead=True)
    if not _MILLISECONDS.fullmatch(until):
        raise Left("its expiresAt is no time")
    expires_at = float(until) / 1000
    if expires_at <= now:
        raise Left("it is expired", dead=True)
    client = fields.get("consumerId", "")
    if not client:
        raise Left("it belongs to nobody: it has no consumerId")
    if "|" in entry.id:
        raise Left("an id with a | never opened anything", dead=True)
    scopes = _scopes(fields.get("scopes")) or ()
    secret = decrypt(fields.get("tokenEncrypted", ""))
    if secret is None:
        raise Undecipherable
    user = fields.get("authenticatedUserId") or fields.get("authenticatedUser") or None
    made, _ = _dates(fields)
    grant = _grant(fields, kind)
    # Access and refresh token of one login know nothing of each other there; what they have in common joins them, so
    # that revoking the one revokes the other (RFC 7009 section 2.1).
    joined = json.dumps([client, user, grant, sorted(scopes)]).encode()
    family = f"eg-{hashlib.sha256(joined).hexdigest()[:32]}"
    return Token(entry.id, digest(secret), kind, client, user, scopes, grant, family, made, expires_at)


class Undecipherable(Left):
    """A token whose secret the cipher key does not open."""

    def __init__(self) -> None:
        super().__init__("its secret cannot be decrypted with this cipher key and algorithm")


def is_generated_key(secret: str) -> bool:
    """Whether a keySecret is a random UUID in base 62 (C57): 122 random bits that no person chose."""
    if len(secret) != _UUID_IN_BASE62:
        return False
    number = 0
    for character in secret:
        if character not in _BASE62:
            return False
        number = number * 62 + _BASE62[character]
    # Version 4, variant 1 (RFC 9562 section 5.4).
    return number < 1 << 128 and (number >> 76) & 0xF == 4 and (number >> 62) & 0b11 == 0b10


def seconds(text: str | None) -> float | None:
    """Seconds since the epoch of a JavaScript date (C55); None where it is none."""
    # The zone's name in brackets is in the language of the machine, the weekday in English: neither is needed.
    words = (text or "").partition(" (")[0].split(" ")
    try:
        return datetime.strptime(" ".join(words[1:]), _DATE).timestamp()
    except (ValueError, OverflowError):
        return None


def _grant(fields: Mapping[str, str], kind: str) -> str:
    """The grant that a token came by, as far as it can be told (C275)."""
    if fields.get("authenticatedUser"):
        return "password"
    if fields.get("authenticatedUserId"):
        return "implicit" if kind == "access" and fields.get("redirectUri") else "authorization_code"
    # With tokens of type jwt only refresh tokens are kept, and without their user (C255).
    return "client_credentials" if kind == "access" else "authorization_code"


def _hash(entry: Entry) -> Mapping[str, str]:
    if entry.problem:
        raise Left(entry.problem)
    if entry.type != "hash":
        raise Left("it is no hash")
    return entry.fields


def _others(fields: Mapping[str, str], ours: tuple[str, ...], notes: list[str]) -> dict[str, str]:
    """The properties besides those that have a place of their own."""
    lost = [name for name, value in fields.items() if value == _LOST]
    if lost:
        notes.append(f"Express Gateway itself had lost {', '.join(lost)} (C281)")
    return {name: value for name, value in fields.items() if name not in ours and value != _LOST}


def _dates(fields: Mapping[str, str]) -> tuple[float, float]:
    """When it was made and changed; now, where nobody knows."""
    made = seconds(fields.get("createdAt"))
    changed = seconds(fields.get("updatedAt"))
    made = changed if made is None else made
    made = float(int(time.time())) if made is None else made
    return made, made if changed is None else changed


def _scopes(text: str | None) -> tuple[str, ...] | None:
    """Scopes (C281, C292): JSON, the text `null`, or an empty one."""
    if text in (None, "", "null", "undefined"):
        return None
    try:
        found = json.loads(text or "")
    except (ValueError, RecursionError):
        raise Left("its scopes cannot be read") from None
    if isinstance(found, str):
        found = [found]
    if not isinstance(found, list) or not all(isinstance(one, str) and one.strip() for one in found):
        raise Left("its scopes are no list of texts")
    return tuple(dict.fromkeys(found))
