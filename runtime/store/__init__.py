"""The store contract: what the gateway keeps, and the operations it keeps it by.

Every operation is a coroutine, whatever the store. A look-up of the SQLite store never suspends; a write returns
only when its record is durable. Operations that must not interleave
(redeem a code, rotate a refresh token) are one call and atomic across tasks, workers and machines.

Times are seconds since the epoch. Secrets made by the gateway arrive here as SHA-256 digests (`bytes`), secrets
chosen by people as password hashes (`str`): a store never sees either in clear.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol

Json = bool | int | float | str | None | Sequence["Json"] | Mapping[str, "Json"]

CredentialType = Literal["basic-auth", "key-auth", "jwt", "oauth2"]
CREDENTIAL_TYPES: tuple[CredentialType, ...] = ("basic-auth", "key-auth", "jwt", "oauth2")


class StoreError(Exception):
    """The store could not answer: locked out, full, unreachable, or corrupt. Callers answer 503."""


class Conflict(Exception):
    """The write would break a rule of the store; `str(error)` is the sentence for the caller.

    `field` names what was wrong (`username`, `name`, `keyId`, `scopes`), for JSON problem documents.
    """

    def __init__(self, message: str, field: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True, slots=True)
class User:
    """Someone who logs in. `properties` holds the model's properties without `username` (C62)."""

    id: str
    username: str
    is_active: bool
    created_at: float
    updated_at: float
    properties: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Application:
    """An OAuth2 client, owned by a user (C70). `properties` holds the model's properties, `name` included."""

    id: str
    user_id: str
    is_active: bool
    created_at: float
    updated_at: float
    properties: Mapping[str, Json] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name shown to people on the consent page."""
        return str(self.properties.get("name", ""))

    @property
    def redirect_uris(self) -> tuple[str, ...]:
        """Registered redirect URIs: `redirectUri` (a string, Express Gateway) and `redirectUris` (a list)."""
        single = self.properties.get("redirectUri")
        many = self.properties.get("redirectUris")
        uris = [str(single)] if single else []
        if isinstance(many, Sequence) and not isinstance(many, str):
            uris += [str(uri) for uri in many]
        return tuple(dict.fromkeys(uris))

    @property
    def is_public(self) -> bool:
        """Whether the client has no secret and must use PKCE (RFC 6749 section 2.1)."""
        return self.properties.get("clientType") == "public"


@dataclass(frozen=True, slots=True)
class Credential:
    """One credential. `id` is the consumer's id for basic-auth and oauth2, the keyId for key-auth and jwt (C77-C80).

    `secret` is how the secret is stored, never the secret: `sha256:<hex>` when the gateway made it (128 random bits
    or more), else a password hash as `secrets.hash_password` writes it. `scopes` is None where none were given.
    `properties` holds what else was submitted, in order.
    """

    type: CredentialType
    id: str
    consumer_id: str
    is_active: bool
    created_at: float
    updated_at: float
    secret: str | None
    scopes: tuple[str, ...] | None = None
    properties: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AuthorizationCode:
    """An authorization code waiting to be redeemed (RFC 6749 section 4.1.2)."""

    digest: bytes
    client_id: str
    user_id: str
    redirect_uri: str | None
    scopes: tuple[str, ...]
    code_challenge: str | None
    code_challenge_method: str | None
    family: str
    expires_at: float


@dataclass(frozen=True, slots=True)
class Token:
    """An access or refresh token. On the wire it is `<id>|<secret>`; `digest` is SHA-256 of the secret.

    `family` joins all tokens that descend from one grant: replay of a code or refresh token revokes the family
    (RFC 9700 section 4.14). `user_id` is None where no user takes part (client_credentials).
    """

    id: str
    digest: bytes
    kind: Literal["access", "refresh"]
    client_id: str
    user_id: str | None
    scopes: tuple[str, ...]
    grant: str
    family: str
    created_at: float
    expires_at: float


@dataclass(frozen=True, slots=True)
class Session:
    """A browser session of the login pages. `id` is the SHA-256 digest of the cookie's value."""

    id: bytes
    user_id: str | None
    data: Mapping[str, Json]
    created_at: float
    expires_at: float


@dataclass(frozen=True, slots=True)
class Authenticated:
    """What a bearer token stands for: the token, its client, and the user behind it if there is one."""

    token: Token
    client: Application
    user: User | None


@dataclass(frozen=True, slots=True)
class Held:
    """An active credential with the active user or application that holds it."""

    credential: Credential
    consumer: User | Application


class Hit(NamedTuple):
    """Where a key stands after a hit: its hits within the window, this one included, and when the window ends."""

    hits: int
    resets_at: float


class Store(Protocol):
    """All state of a gateway. Implementations: `store.sqlite.SQLiteStore`; shared ones later."""

    waits: bool
    """Whether a look-up may suspend. False for SQLite: the short way may run such a pipeline by one `send`."""

    async def open(self) -> None:
        """Open after fork. Raises StoreError with a sentence (wrong permissions, newer schema, network disk)."""

    async def close(self) -> None:
        """Finish acknowledged writes and close."""

    async def check(self) -> None:
        """Raise StoreError if the store cannot be read and written now (readiness)."""

    # Users

    async def create_user(self, user: User) -> None:
        """Add a user. Raises Conflict if the username or id is taken."""

    async def get_user(self, user_id: str) -> User | None: ...

    async def find_user(self, username: str) -> User | None: ...

    async def list_users(self, start: int, count: int) -> tuple[Sequence[User], int]:
        """One page in order of creation, and the cursor of the next page: 0 at the end (C110 done right)."""

    async def update_user(self, user: User, seen: float | None = None) -> bool:
        """Replace properties, active flag and `updated_at` of the user with `user.id`.

        False, and nothing changed, if there is no such user or, with `seen`, if its `updated_at` is another by now:
        who reads, changes and writes back passes what was read, so that no change in between is lost.
        """

    async def set_user_active(self, user_id: str, active: bool, now: float) -> None:
        """Change the flag; deactivating also deactivates the user's applications (C67)."""

    async def delete_user(self, user_id: str) -> None:
        """Remove the user and all that hangs on it: applications, credentials, codes, tokens, sessions (N34)."""

    # Applications

    async def create_application(self, application: Application) -> None:
        """Add an application. Raises Conflict if its owner already has one of that name (C71)."""

    async def get_application(self, application_id: str) -> Application | None: ...

    async def find_applications(self, name: str) -> Sequence[Application]:
        """All applications of that name, of whatever owner."""

    async def list_applications(self, start: int, count: int) -> tuple[Sequence[Application], int]: ...

    async def applications_of(self, user_id: str) -> Sequence[Application]: ...

    async def update_application(self, application: Application, seen: float | None = None) -> bool:
        """Replace properties, active flag and `updated_at`. Raises Conflict as `create_application`.

        `seen` and the result are as in `update_user`.
        """

    async def delete_application(self, application_id: str) -> None:
        """Remove the application with its credentials, codes and tokens (N34)."""

    # Credentials

    async def create_credential(self, credential: Credential) -> None:
        """Add a credential. Raises Conflict if an active one of that type and id exists, or a scope does not.

        An inactive one of a one-per-consumer type is replaced (C81).
        """

    async def get_credential(self, type_: CredentialType, credential_id: str) -> Credential | None: ...

    async def identify(self, type_: CredentialType, name: str) -> Held | None:
        """The active credential of that type that `name` stands for, with its consumer; the caller compares secrets.

        `name` is the keyId for key-auth and jwt; for basic-auth and oauth2 an application's id, a user's id or a
        username, tried in this order among those that are active (D160). None if there is none, or credential or
        consumer is inactive.
        """

    async def credentials_of(self, consumer_id: str) -> Sequence[Credential]:
        """In the order of CREDENTIAL_TYPES, then of creation (C87)."""

    async def list_credentials(self) -> Sequence[Credential]: ...

    async def update_credential(self, credential: Credential, seen: float | None = None) -> bool:
        """Replace secret, scopes, active flag, properties and `updated_at`. Raises Conflict for unknown scopes.

        `seen` and the result are as in `update_user`.
        """

    async def delete_credential(self, type_: CredentialType, credential_id: str) -> bool: ...

    # Scopes

    async def list_scopes(self) -> Sequence[str]: ...

    async def create_scopes(self, scopes: Sequence[str]) -> None:
        """Register all of them or, if one exists, none. Raises Conflict."""

    async def delete_scope(self, scope: str) -> bool:
        """Unregister it and take it from every credential (C93). False if it was not registered."""

    # Codes and tokens

    async def create_code(self, code: AuthorizationCode) -> None: ...

    async def get_code(self, digest: bytes, now: float) -> AuthorizationCode | None:
        """The code if it is neither spent nor expired, left as it is: its bindings are checked before it is redeemed.

        A wrong client or redirect URI leaves the code to its owner (C230).
        """

    async def redeem_code(self, digest: bytes, now: float, tokens: Sequence[Token] = ()) -> AuthorizationCode | None:
        """Use up the code: exactly one caller ever gets it, however many ask and wherever they run.

        `tokens` are stored in the same transaction for that one caller, so that a second presentation cannot come
        between the code and what it is exchanged for.

        None if it is unknown, expired, or was redeemed before; a second presentation revokes every token of the
        code's family (RFC 6749 section 4.1.2). A spent code is remembered until it expires.
        """

    async def save_tokens(self, tokens: Sequence[Token]) -> bool:
        """Store new tokens in one transaction. False, and nothing stored, if their family was revoked meanwhile."""

    async def authenticate(self, token_id: str) -> Authenticated | None:
        """The live access token of that id with its client and user, in one look-up. The caller compares the digest.

        None if it is unknown or revoked, or its client or (where it has one) user is inactive or gone. Expiry is
        the caller's to check.
        """

    async def get_token(self, token_id: str) -> Token | None:
        """The token of that id, access or refresh, if it has not been revoked or rotated away."""

    async def find_tokens(self, client_id: str, now: float) -> Sequence[Token]:
        """The client's unexpired access and refresh tokens, oldest first."""

    async def tokens_of(self, consumer_id: str, now: float, count: int, after: str = "") -> tuple[Sequence[Token], str]:
        """One page of the unexpired tokens of a client, or of the user behind them, and what the next page is `after`.

        They come in the order in which they expire; a page is never empty but for the last, after which stands "".
        Tokens that are made meanwhile move no other. Raises ValueError for an `after` that no page ended with.
        """

    async def revoke_tokens(self, consumer_id: str, now: float) -> int:
        """Revoke the families of all codes and tokens that a client, or the user behind them, has when it is called.

        Returns how many tokens that were neither expired nor revoked have gone.
        """

    async def rotate(self, refresh: Token, successors: Sequence[Token]) -> bool:
        """Replace a refresh token by its successors, once.

        True for the one caller that rotated it. Any other caller, now or later, gets False and the whole family is
        revoked (RFC 9700 section 4.14.2). A rotated token is remembered until it expires.
        """

    async def spent_refresh(self, token_id: str) -> Token | None:
        """The refresh token of that id if it was rotated away and has not expired: its reuse is an attack."""

    async def revoke_token(self, token_id: str) -> bool:
        """Revoke one token. False if it is not a live one."""

    async def revoke_family(self, family: str) -> None: ...

    # Sessions and guessing

    async def save_session(self, session: Session, replaces: bytes | None = None) -> None:
        """Write a session; `replaces` names the id it takes the place of (a new id at login)."""

    async def get_session(self, session_id: bytes) -> Session | None: ...

    async def delete_session(self, session_id: bytes) -> None: ...

    async def end_sessions(self, user_id: str) -> int:
        """Delete all sessions of the user. Returns how many there were."""

    async def record_failure(self, key: bytes, now: float, window: float) -> int:
        """Count a wrong guess for `key` (a digest); the count within the last `window` seconds, this included."""

    async def failures(self, key: bytes, now: float, window: float) -> int:
        """How many wrong guesses `key` has within the last `window` seconds."""

    async def clear_failures(self, key: bytes) -> None: ...

    # Rate limits

    def will_count(self) -> None:
        """Say before `open` that there will be hits: `open` then makes ready for them, or raises StoreError."""

    async def hit(self, key: bytes, window: float, now: float) -> Hit:
        """Count one hit of `key`, atomically across tasks, workers and machines (D234).

        A window of `window` seconds starts with the first hit of a key and is not extended by further ones (D221,
        D235); it ends after `now`. A key is always hit with the same window. A store may count more than there were,
        where it has no room left for every key, never fewer. A clock that is put back delays the end of a window by
        one window at most.
        """

    def unhit(self, key: bytes, hit: Hit) -> None:
        """Take back a hit of the window that `hit` was counted in, if that is still the key's (D228).

        It returns at once, for nobody waits for it, and never raises: a hit that cannot be taken back stays.
        """

    async def purge(self, now: float) -> int:
        """Delete expired tokens, codes, sessions and failures. Returns how many rows went."""
