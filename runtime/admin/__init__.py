"""The Admin API: consumers, credentials, scopes, tokens and the configuration over HTTP, on a listener of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import falcon
import falcon.asgi

from egc.runtime import env
from egc.runtime.admin.answers import EntityTags, on_http_error, on_refused, on_unavailable
from egc.runtime.admin.apps import Applications, ApplicationStatus, OneApplication
from egc.runtime.admin.audit import Audit, AuditLog
from egc.runtime.admin.configuration import SECTIONS, Entity, Policy, Section
from egc.runtime.admin.credentials import (
    ConsumerCredentials,
    Credentials,
    CredentialScope,
    CredentialScopes,
    CredentialSecret,
    CredentialStatus,
    OneCredential,
)
from egc.runtime.admin.guard import Guard
from egc.runtime.admin.health import Health, Ready
from egc.runtime.admin.models import (
    APPLICATIONS,
    CREDENTIALS,
    OAUTH_CLIENT,
    USERS,
    CredentialModel,
    Model,
    Property,
)
from egc.runtime.admin.paths import Name, Paths
from egc.runtime.admin.schemas import Schemas, SomeSchemas
from egc.runtime.admin.scopes import OneScope, Scopes
from egc.runtime.admin.tokens import OneToken, Tokens
from egc.runtime.admin.users import OneUser, Users, UserStatus
from egc.runtime.admin.written import Written
from egc.runtime.errors import Refused
from egc.runtime.oauth2.secrets import Busy, PasswordHasher
from egc.runtime.store import CredentialType, Store, StoreError

__all__ = ["AdminApi", "CredentialModel", "Model", "Property"]


class AdminApi:
    """The Admin API as Falcon resources.

    Arguments:
        store: what it administers; opened and closed by whoever owns it.
        written: the file that the build wrote for it; None where there is no gateway.
        users, applications: their models; by default Express Gateway's (C43, C44).
        credentials: models by type; types left out keep the default (C45, C51).
        allowed_hosts: Host names it answers to besides the loopback ones.
        key_digest: `stored_digest` of the key that callers must present, None for no key.
        exposed: serve without a key beyond this machine too, as Express Gateway did.
        audit: the directory of the audit log and of metrics; by default that of the store's files.
    """

    def __init__(
        self,
        store: Store,
        written: Path | None = None,
        *,
        users: Model = USERS,
        applications: Model = APPLICATIONS,
        credentials: Mapping[CredentialType, CredentialModel] | None = None,
        allowed_hosts: Sequence[str] = (),
        key_digest: str | None = None,
        exposed: bool = False,
        audit: Path | None = None,
    ) -> None:
        self.may_leave_this_machine = exposed or key_digest is not None
        self._store = store
        self._written = Written(written)
        self._users = users
        ours = tuple(own for own in OAUTH_CLIENT if applications.get(own.name) is None)
        self._applications = replace(applications, properties=applications.properties + ours)
        self._credentials = {**CREDENTIALS, **(credentials or {})}
        self._guard = Guard(tuple(allowed_hosts), key_digest)
        self._hasher = PasswordHasher()
        if audit is None and written is not None:
            audit = env.data_dir(str(written))
        self.directory = audit
        self._audit = Audit(audit, key_digest)

    def mount(self, app: falcon.asgi.App[Any, Any]) -> None:
        """Add routes, middleware and error answers. `app` must serve nothing but the admin listener."""
        app.router_options.converters["name"] = Name
        # Falcon would give empty answers a media type; Express Gateway gives them none.
        app.resp_options.default_media_type = None  # type: ignore[assignment]  # declared as str, None is provided for
        app.add_middleware([Paths(), self._guard, EntityTags(), self._audit])
        app.add_error_handler(Refused, on_refused)
        app.add_error_handler(falcon.HTTPError, on_http_error)
        app.add_error_handler(StoreError, on_unavailable)
        app.add_error_handler(Busy, on_unavailable)

        store = self._store
        app.add_route("/health", Health())
        app.add_route("/ready", Ready(store))
        app.add_route("/users", Users(store, self._users, self._hasher))
        app.add_route("/users/{name:name}", OneUser(store, self._users, self._hasher))
        app.add_route("/users/{name:name}/status", UserStatus(store))
        app.add_route("/apps", Applications(store, self._applications))
        app.add_route("/apps/{name:name}", OneApplication(store, self._applications))
        app.add_route("/apps/{name:name}/status", ApplicationStatus(store))
        app.add_route("/credentials", Credentials(store, self._credentials, self._hasher))
        app.add_route("/credentials/{kind:name}", ConsumerCredentials(store))
        app.add_route("/credentials/{kind:name}/{name:name}", OneCredential(store))
        app.add_route("/credentials/{kind:name}/{name:name}/status", CredentialStatus(store))
        secret = CredentialSecret(store, self._credentials, self._hasher)
        app.add_route("/credentials/{kind:name}/{name:name}/secret", secret)
        app.add_route("/credentials/{kind:name}/{name:name}/scopes", CredentialScopes(store))
        app.add_route("/credentials/{kind:name}/{name:name}/scopes/{scope:name}", CredentialScope(store))
        app.add_route("/scopes", Scopes(store))
        app.add_route("/scopes/{name:name}", OneScope(store))
        app.add_route("/tokens", Tokens(store))
        app.add_route("/tokens/{name:name}", OneToken(store))
        app.add_route("/audit", AuditLog(self._audit))
        written = self._written
        for kind, section in SECTIONS.items():
            app.add_route(f"/{kind}", Section(written, section))
            entry = Policy() if kind == "policies" else Entity(written, section)
            app.add_route(f"/{kind}/{{name:name}}", entry)
        app.add_route("/schemas", Schemas(written))
        app.add_route("/schemas/{name:name}", SomeSchemas(written))

    async def open(self) -> None:
        """Make ready for the audit log; the store is opened by its owner, threads for hashing start when needed."""
        self._audit.open()

    async def close(self) -> None:
        """Let the hashing threads end."""
        self._hasher.close()
