"""Consumers as objects of a script, in the shapes of Express Gateway (D125)."""

from egc.runtime.exchange import Claims, Consumer
from egc.runtime.javascript.dates import date_text
from egc.runtime.javascript.json_text import from_json
from egc.runtime.javascript.values import Array, Object, Value, units
from egc.runtime.store import Application, Token, User


def consumer_object(consumer: Consumer, token: Token | None) -> Object:
    """A consumer, with the token it came with."""
    made: dict[str, Value]
    if isinstance(consumer, Claims):
        return Object({units(name): from_json(value) for name, value in consumer.values.items()})
    if isinstance(consumer, User):
        made = {"type": "user", "id": units(consumer.id), "username": units(consumer.username)}
    else:
        made = {"type": "application", "id": units(consumer.id)}
    made.update({units(name): from_json(value) for name, value in consumer.properties.items()})
    if isinstance(consumer, Application):
        made["userId"] = units(consumer.user_id)
    made["isActive"] = consumer.is_active
    made["createdAt"] = _date(consumer.created_at)
    made["updatedAt"] = _date(consumer.updated_at)
    if token is not None:
        made["token"] = _token(token)
    return Object(made)


def _token(token: Token) -> Object:
    made: dict[str, Value] = {
        "id": units(token.id),
        "consumerId": units(token.client_id),
        "expiresAt": float(round(token.expires_at * 1000)),
        "authType": "oauth2",
        "createdAt": float(round(token.created_at * 1000)),
    }
    if token.scopes:
        made["scopes"] = Array([units(scope) for scope in token.scopes])
    if token.user_id is not None:
        made["authenticatedUserId"] = units(token.user_id)
    return Object(made)


def _date(seconds: float) -> str:
    """As `String(new Date())`, which is how Express Gateway keeps it."""
    return date_text(float(round(seconds * 1000)))
