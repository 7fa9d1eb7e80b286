"""What users, applications and credentials may hold: the runtime form of models/*.json (C43-C54).

A model is a list of properties with what the Admin API checks about them. Values are coerced as Express Gateway's
validator did (C48): a number given for text is kept as text.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from egc.runtime.admin.invalid import Invalid
from egc.runtime.json_schema import Schema, TooMuch
from egc.runtime.store import CredentialType, Json

Type = Literal["string", "number", "integer", "boolean", "array", "object", "null"]

# The patterns of Express Gateway's validator in its default mode.
_EMAIL = re.compile(
    r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*",
    re.IGNORECASE | re.ASCII,
)
_URI = re.compile(r"[a-z][a-z0-9+,.-]*:/?/?\S*", re.IGNORECASE)
_FORMATS = {"email": _EMAIL, "uri": _URI}
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Property:
    """One property of a model.

    Arguments:
        name: as in JSON.
        type: its JSON type, None for any.
        format: what a text, or each text of a list, must look like.
        required: whether it must be given at creation.
        default: what an absent one becomes; None for nothing.
        is_mutable: whether it may be changed later (C46).
        choices: the values allowed; empty for all.
        schema: of an object with this property alone, where the other arguments cannot say what it must be.
    """

    name: str
    type: Type | None = "string"
    format: Literal["email", "uri"] | None = None
    required: bool = False
    default: Json = None
    is_mutable: bool = True
    choices: tuple[Json, ...] = ()
    schema: Schema | None = None

    def read(self, value: Json) -> Json:
        """The value as it is stored. Raises Invalid (400) naming the property."""
        if self.schema is not None:
            return self._checked(self.schema, value)
        place = f"data.{self.name}"
        coerced = _coerce(value, self.type)
        if isinstance(coerced, _Unfit):
            raise Invalid(400, f"{place} should be {self.type}", self.name)
        texts = coerced if isinstance(coerced, list) else [coerced]
        if self.format is not None:
            for text in texts:
                if isinstance(text, str) and not _FORMATS[self.format].fullmatch(text):
                    raise Invalid(400, f'{place} should match format "{self.format}"', self.name)
        if self.format is not None and isinstance(coerced, list) and not all(isinstance(text, str) for text in texts):
            raise Invalid(400, f"{place} should be a list of texts", self.name)
        if self.choices and coerced not in self.choices:
            raise Invalid(
                400, f"{place} should be one of {', '.join(str(choice) for choice in self.choices)}", self.name
            )
        return coerced

    def _checked(self, schema: Schema, value: Json) -> Json:
        holder: dict[str, Json] = {self.name: value}
        try:
            wrong = schema.wrong(holder)
        except TooMuch:
            raise Invalid(400, f"data.{self.name} is too large to be checked", self.name) from None
        if wrong is not None:
            raise Invalid(400, wrong, self.name)
        return holder[self.name]


@dataclass(frozen=True, slots=True)
class Model:
    """The properties of users or applications, in the order of the file. `closed`: no others can be created."""

    properties: tuple[Property, ...]
    closed: bool = False

    def get(self, name: str) -> Property | None:
        """The property of that name."""
        return next((declared for declared in self.properties if declared.name == name), None)

    def create(self, submitted: Mapping[str, Json]) -> dict[str, Json]:
        """What to store for a new record: declared values checked, others kept, defaults filled in.

        Raises Invalid (400); of several missing properties the first of the model is named (C49).
        """
        for declared in self.properties:
            if declared.required and declared.default is None and declared.name not in submitted:
                raise Invalid(400, f"data should have required property '{declared.name}'", declared.name)
        values = {}
        for name, value in submitted.items():
            known = self.get(name)
            if known is None and self.closed:
                raise Invalid(400, "data should NOT have additional properties", name)
            values[name] = value if known is None else known.read(value)
        for declared in self.properties:
            if declared.default is not None:
                values.setdefault(declared.name, declared.default)
        return values

    def change(self, submitted: Mapping[str, Json]) -> dict[str, Json]:
        """What an update stores. Raises Invalid (400) for undeclared, immutable or ill-formed properties."""
        values = {}
        for name, value in submitted.items():
            declared = self.get(name)
            if declared is None:
                raise Invalid(400, f"one or more properties is invalid: {name}", name)
            if not declared.is_mutable:
                raise Invalid(400, f"one or more properties is immutable: {name}", name)
            values[name] = declared.read(value)
        return values


@dataclass(frozen=True, slots=True)
class CredentialModel:
    """What credentials of one type may hold.

    Arguments:
        password_key: the property that carries the secret at creation (C52); `keySecret` for types with keys.
        auto_generate_password: whether an absent secret is made (C53).
        scopes_required: whether they must be (C54).
        default_scopes: what absent scopes become (C54).
        properties: further declared properties; undeclared ones are stored as they are.
    """

    password_key: str
    auto_generate_password: bool = True
    scopes_required: bool = False
    default_scopes: tuple[str, ...] | None = None
    properties: Model = field(default_factory=lambda: Model(()))


USERS = Model(
    (
        Property("firstname", required=True),
        Property("lastname", required=True),
        Property("username", required=True),
        Property("email", format="email"),
        Property("redirectUri", format="uri"),
    )
)

APPLICATIONS = Model((Property("name", required=True), Property("redirectUri", format="uri")))

OAUTH_CLIENT = (
    Property("redirectUris", type="array", format="uri"),
    Property("clientType", choices=("confidential", "public")),
)
"""What every application may hold besides its model, because the authorization server reads it."""

CREDENTIALS: Mapping[CredentialType, CredentialModel] = {
    "basic-auth": CredentialModel("password"),
    "key-auth": CredentialModel("keySecret"),
    "jwt": CredentialModel("keySecret"),
    "oauth2": CredentialModel("secret"),
}


class _Unfit:
    """What `_coerce` returns where the value has no form of that type."""


_UNFIT = _Unfit()


def js_text(value: bool | int | float) -> str:
    """A number or boolean as JavaScript writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        return str(int(value))
    return str(value)


def _coerce(value: Json, type_: Type | None) -> "Json | _Unfit":
    if type_ is None or _is(value, type_):
        return value
    if type_ == "string":
        if value is None:
            return ""
        return js_text(value) if isinstance(value, bool | int | float) else _UNFIT
    if type_ in ("number", "integer"):
        return _to_number(value, type_)
    if type_ == "boolean":
        if value in ("true", 1):
            return True
        return False if value in ("false", 0) or value is None else _UNFIT
    if type_ == "array" and isinstance(value, str):
        # The command line sends texts only (C163): several are separated by blanks.
        return value.split()
    return _UNFIT


def _is(value: Json, type_: Type) -> bool:
    if isinstance(value, bool):
        return type_ == "boolean"
    if isinstance(value, int | float):
        return type_ == "number" or (type_ == "integer" and (isinstance(value, int) or value.is_integer()))
    if isinstance(value, str):
        return type_ == "string"
    if isinstance(value, Mapping):
        return type_ == "object"
    if isinstance(value, Sequence):
        return type_ == "array"
    return type_ == "null"


def _to_number(value: Json, type_: Type) -> "Json | _Unfit":
    if value is None or isinstance(value, bool):
        return int(bool(value))
    if isinstance(value, str) and len(value) <= 64 and _NUMBER.fullmatch(value):
        number = float(value)
        if number.is_integer():
            return int(number)
        return number if type_ == "number" and math.isfinite(number) else _UNFIT
    return _UNFIT
