"""Hashes of the Redis store and the records they stand for.

Every value is text: numbers as Python writes them, flags as 0 and 1, digests in hexadecimal, lists and properties as
JSON. What is None has no field. A record is read from the values of its fields in the order that `redis_scripts` names
them in.
"""

import json
from collections.abc import Sequence
from typing import Any

from egc.runtime.store import Application, AuthorizationCode, Credential, Session, Token, User
from egc.runtime.store.rows import read_scopes, write_json

Row = Sequence[Any]


def flag(value: bool) -> str:
    """How a flag is stored."""
    return "1" if value else "0"


def time(value: float | None) -> str:
    """How a time is stored; nothing for None."""
    return "" if value is None else repr(float(value))


def scopes_json(scopes: Sequence[str] | None) -> str:
    """Scopes as JSON; nothing where none were given."""
    return "" if scopes is None else write_json(tuple(dict.fromkeys(scopes)))


def changes(record: User | Application) -> tuple[str, ...]:
    """The fields that an update replaces."""
    return (
        *("is_active", flag(record.is_active)),
        *("updated_at", time(record.updated_at)),
        *("properties", write_json(record.properties)),
    )


def user_fields(user: User) -> tuple[str, ...]:
    """The fields of a user."""
    return ("id", user.id, "username", user.username, "created_at", time(user.created_at), *changes(user))


def read_user(row: Row) -> User:
    """A user from its values."""
    id_, username, is_active, created_at, updated_at, properties = row
    return User(id_, username, is_active == "1", float(created_at), float(updated_at), json.loads(properties))


def application_fields(application: Application) -> tuple[str, ...]:
    """The fields of an application."""
    return (
        *("id", application.id),
        *("user_id", application.user_id),
        *("created_at", time(application.created_at)),
        *changes(application),
    )


def read_application(row: Row) -> Application:
    """An application from its values."""
    id_, user_id, is_active, created_at, updated_at, properties = row
    return Application(id_, user_id, is_active == "1", float(created_at), float(updated_at), json.loads(properties))


def credential_changes(credential: Credential) -> list[str]:
    """The fields of a credential that an update replaces."""
    fields = ["is_active", flag(credential.is_active), "updated_at", time(credential.updated_at)]
    fields += ["properties", write_json(credential.properties)]
    if credential.secret is not None:
        fields += ["secret", credential.secret]
    if credential.scopes is not None:
        fields += ["scopes", scopes_json(credential.scopes)]
    return fields


def credential_fields(credential: Credential) -> list[str]:
    """The fields of a credential."""
    return [
        *("type", credential.type),
        *("id", credential.id),
        *("consumer_id", credential.consumer_id),
        *("created_at", time(credential.created_at)),
        *credential_changes(credential),
    ]


def read_credential(row: Row) -> Credential:
    """A credential from its values."""
    type_, id_, consumer_id, is_active, created_at, updated_at, secret, scopes, properties = row
    return Credential(
        type_,
        id_,
        consumer_id,
        is_active == "1",
        float(created_at),
        float(updated_at),
        secret,
        None if scopes is None else read_scopes(scopes),
        json.loads(properties),
    )


def code_fields(code: AuthorizationCode) -> list[str]:
    """The fields of a code that nobody has presented yet."""
    fields = ["digest", code.digest.hex(), "client_id", code.client_id, "user_id", code.user_id]
    fields += ["scopes", write_json(code.scopes), "family", code.family, "expires_at", time(code.expires_at)]
    for name in ("redirect_uri", "code_challenge", "code_challenge_method"):
        value = getattr(code, name)
        if value is not None:
            fields += [name, value]
    return [*fields, "is_spent", "0"]


def read_code(row: Row) -> AuthorizationCode:
    """A code from its values."""
    digest, client_id, user_id, redirect_uri, scopes, challenge, method, family, expires_at, _ = row
    return AuthorizationCode(
        bytes.fromhex(digest),
        client_id,
        user_id,
        redirect_uri,
        read_scopes(scopes),
        challenge,
        method,
        family,
        float(expires_at),
    )


def tokens_json(tokens: Sequence[Token]) -> str:
    """Tokens for a script that stores them: id, end of life, client, user or nothing, family, fields."""
    return json.dumps(
        [
            [token.id, time(token.expires_at), token.client_id, token.user_id or "", token.family, _token_fields(token)]
            for token in tokens
        ],
        ensure_ascii=False,
    )


def _token_fields(token: Token) -> list[str]:
    fields = ["id", token.id, "digest", token.digest.hex(), "kind", token.kind, "client_id", token.client_id]
    fields += ["scopes", write_json(token.scopes), "grant", token.grant, "family", token.family]
    fields += ["created_at", time(token.created_at), "expires_at", time(token.expires_at), "is_spent", "0"]
    return fields if token.user_id is None else [*fields, "user_id", token.user_id]


def read_token(row: Row) -> Token:
    """A token from its values."""
    id_, digest, kind, client_id, user_id, scopes, grant, family, created_at, expires_at, _ = row
    return Token(
        id_,
        bytes.fromhex(digest),
        kind,
        client_id,
        user_id,
        read_scopes(scopes),
        grant,
        family,
        float(created_at),
        float(expires_at),
    )


def session_fields(session: Session) -> list[str]:
    """The fields of a session."""
    fields = ["id", session.id.hex(), "data", write_json(session.data)]
    fields += ["created_at", time(session.created_at), "expires_at", time(session.expires_at)]
    return fields if session.user_id is None else [*fields, "user_id", session.user_id]


def read_session(row: Row) -> Session:
    """A session from its values."""
    id_, user_id, data, created_at, expires_at = row
    return Session(bytes.fromhex(id_), user_id, json.loads(data), float(created_at), float(expires_at))
