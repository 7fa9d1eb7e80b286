"""Who can reach what: every class of requests, the steps it goes through, and what comes of it."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from egc.compiler.plan import Check, Gateway, Route, Service, Step
from egc.compiler.requests import Request, Requests

Outcome: TypeAlias = Literal[
    "proxied",
    "answered",
    "redirected",
    "no pipeline",
    "fell through",
    "no route",
    "allow",
    "authorization server",
    "plugin",
]
"""What becomes of a request. `proxied`: it reaches a service. `answered`: a step of the gateway answers. `no pipeline`:
its endpoint is in none (404). `fell through`: steps ran and none answered (404). `no route`: 404. `allow`: OPTIONS is
answered with the methods of the routes."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A condition that was asked on the way, and what it said.

    `known` ones are a matter of the host, the target, the method or who is calling: the class of requests says it
    already. Of others only the request itself can tell.
    """

    check: Check
    holds: bool
    known: bool


@dataclass(frozen=True, slots=True)
class Authentication:
    """A step that the caller had to satisfy, and the scopes that it needed for that."""

    step: Step
    scopes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Access:
    """A class of requests and what comes of it, once the steps on the way are satisfied.

    Arguments:
        requests: which requests these are, as classes that do not overlap.
        route: the endpoint and the pipeline that decide; None where no route does.
        facts: the conditions on the way, in the order in which they were asked.
        authentication: what the caller must be; empty where nobody need be anybody.
        limits: the steps that count the request.
        steps: all steps that run, in order, those of pipelines that fell through included.
        possible: steps that run under a condition which changes nothing of the rest of this.
        outcome: what comes of it.
        step: the step that decides; None where none does.
        service: which service is reached, if one is.
        status: of the answer, where it is known at build.
        witness: a request of the class.
        exact: whether every request of the class that satisfies the facts ends so, and none does that is not in it.
    """

    requests: tuple[Requests, ...]
    route: Route | None
    facts: tuple[Fact, ...]
    authentication: tuple[Authentication, ...]
    limits: tuple[Step, ...]
    steps: tuple[Step, ...]
    possible: tuple[Step, ...]
    outcome: Outcome
    step: Step | None
    service: Service | None
    status: int | None
    witness: Request | None
    exact: bool


def accesses(gateway: Gateway) -> tuple[Access, ...]:
    """Every class of requests and what comes of it, in the order of matching."""
    return ()
