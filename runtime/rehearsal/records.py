"""What goes into a rehearsal, and what comes out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from egc.runtime.rehearsal.network import Sent


@dataclass(frozen=True, slots=True)
class Step:
    """What is known of a step of the module before it runs.

    Arguments:
        policy, role, waits: as in the plan.
        service: the name of the service that it hands requests to, or empty.
    """

    policy: str
    role: str
    waits: bool
    service: str = ""


@dataclass(frozen=True, slots=True)
class Ask:
    """A request. `target` is what the request line says; header names are in lower case, Host is not among them.

    `certified`: the caller shows a TLS certificate that is good, where the listener asks for one.
    """

    method: str
    host: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    secure: bool = False
    address: str = "127.0.0.1"
    certified: bool = False


@dataclass(frozen=True, slots=True)
class Began:
    """A route has taken the request: the one of that number. `url` is what it went by."""

    route: int
    url: str
    parameters: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Asked:
    """A condition was asked. `held` is None where it failed; `reason` says how then."""

    check: str
    held: bool | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Ran:
    """A step has run.

    Arguments:
        step: its name in the module.
        outcome: `passed`: the pipeline goes on; `called`: it asks a service; the rest ends the request.
        status, reason: of an answer; of a failure, its sentence.
        added, removed: request headers, as later steps and the service see them.
        told: headers of the response to come.
        url, method: what the request's have become, where they have changed.
        body: whether the request has another body now.
        consumer: whom it has found to be calling, by id.
        delay: seconds that the request would wait.
        later: it will change the response when there is one.
    """

    step: str
    outcome: Literal["passed", "called", "answered", "refused", "failed"] = "passed"
    status: int = 0
    reason: str = ""
    added: tuple[tuple[str, str], ...] = ()
    removed: tuple[str, ...] = ()
    told: tuple[tuple[str, str], ...] = ()
    url: str = ""
    method: str = ""
    body: bool = False
    consumer: str = ""
    delay: float = 0.0
    later: bool = False


Event: TypeAlias = Began | Asked | Ran


@dataclass(slots=True)
class Happened:
    """What has come of a request.

    Arguments:
        events: in order.
        status, headers, body: the answer; status 0 for none.
        reason: why it was refused or failed, as the access log has it.
        route: the number of the route that decided; None where none did.
        service: the one that was asked.
        sent: what it was sent, the last one last where redirects are followed.
        fetched: what the gateway asked others for itself.
        notes: what was logged meanwhile, and what is to be known of the rehearsal.
        secrets: texts that must not be shown.
        unasked: a caller was named, and no step on the way asks who is calling.
        reserved: the gateway's own resources answered, ahead of all routes.
    """

    events: list[Event] = field(default_factory=list)
    status: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    reason: str = ""
    route: int | None = None
    service: str = ""
    sent: tuple[Sent, ...] = ()
    fetched: tuple[Sent, ...] = ()
    notes: list[str] = field(default_factory=list)
    secrets: list[str] = field(default_factory=list)
    unasked: bool = False
    reserved: bool = False

    def header(self, name: str) -> str | None:
        """The values of a response header, joined; None where there is none."""
        found = [value for key, value in self.headers if key == name.lower()]
        return ", ".join(found) if found else None
