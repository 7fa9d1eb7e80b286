"""Rows of the SQLite store and the records they stand for.

The columns of each record are named once, in the order of the record's fields as `read_*` takes them.
"""

import json
import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from egc.runtime.store import Application, AuthorizationCode, Credential, Json, Session, Token, User

USER = "id, username, is_active, created_at, updated_at, properties"
APPLICATION = "id, user_id, is_active, created_at, updated_at, properties"
CREDENTIAL = (
    "type, id, coalesce(user_id, application_id), is_active, created_at, updated_at, secret, scopes, properties"
)
CODE = "digest, client_id, user_id, redirect_uri, scopes, code_challenge, code_challenge_method, family, expires_at"
TOKEN = 'id, digest, kind, client_id, user_id, scopes, "grant", family, created_at, expires_at'  # noqa: S105 - column names
SESSION = "id, user_id, data, created_at, expires_at"

_SCOPE_LISTS_KEPT = 512


def read_user(id_: str, username: str, is_active: int, created_at: float, updated_at: float, properties: str) -> User:
    """A user from the columns of USER."""
    return User(id_, username, bool(is_active), created_at, updated_at, json.loads(properties))


def read_application(
    id_: str, user_id: str, is_active: int, created_at: float, updated_at: float, properties: str
) -> Application:
    """An application from the columns of APPLICATION."""
    return Application(id_, user_id, bool(is_active), created_at, updated_at, json.loads(properties))


@lru_cache(_SCOPE_LISTS_KEPT)
def read_scopes(text: str) -> tuple[str, ...]:
    """A list of scopes. Few different ones exist, so what was parsed is kept."""
    return tuple(json.loads(text))


def read_credential(row: tuple[Any, ...]) -> Credential:
    """A credential from the columns of CREDENTIAL."""
    type_, id_, consumer_id, is_active, created_at, updated_at, secret, scopes, properties = row
    return Credential(
        type_,
        id_,
        consumer_id,
        bool(is_active),
        created_at,
        updated_at,
        secret,
        None if scopes is None else read_scopes(scopes),
        json.loads(properties),
    )


def read_code(row: tuple[Any, ...]) -> AuthorizationCode:
    """A code from the columns of CODE."""
    digest, client_id, user_id, redirect_uri, scopes, challenge, method, family, expires_at = row
    return AuthorizationCode(
        digest, client_id, user_id, redirect_uri, read_scopes(scopes), challenge, method, family, expires_at
    )


def read_token(row: tuple[Any, ...]) -> Token:
    """A token from the columns of TOKEN."""
    id_, digest, kind, client_id, user_id, scopes, grant, family, created_at, expires_at = row
    return Token(id_, digest, kind, client_id, user_id, read_scopes(scopes), grant, family, created_at, expires_at)


def read_session(row: tuple[Any, ...]) -> Session:
    """A session from the columns of SESSION."""
    id_, user_id, data, created_at, expires_at = row
    return Session(id_, user_id, json.loads(data), created_at, expires_at)


def place_of(token: Token) -> str:
    """Where a token stands among others in the order of their expiry, as `tokens_of` tells it."""
    return f"{token.expires_at!r}:{token.id}"


def read_place(text: str) -> tuple[float, str]:
    """End of life and id from `place_of`. Raises ValueError for anything else."""
    expires_at, colon, token_id = text.partition(":")
    if not colon or not math.isfinite(float(expires_at)):
        raise ValueError("no place in a list of tokens")
    return float(expires_at), token_id


def code_row(code: AuthorizationCode) -> tuple[object, ...]:
    """The columns of CODE."""
    return (
        code.digest,
        code.client_id,
        code.user_id,
        code.redirect_uri,
        write_json(code.scopes),
        code.code_challenge,
        code.code_challenge_method,
        code.family,
        code.expires_at,
    )


def token_row(token: Token) -> tuple[object, ...]:
    """The columns of TOKEN."""
    return (
        token.id,
        token.digest,
        token.kind,
        token.client_id,
        token.user_id,
        write_json(token.scopes),
        token.grant,
        token.family,
        token.created_at,
        token.expires_at,
    )


def write_json(value: Json | Sequence[str]) -> str:
    """JSON text, keys in their order."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
