"""Requests that show what a step does: one that reaches it."""

from dataclasses import replace

from egc.compiler.requests import Request
from egc.compiler.review import Review


def reached(review: Review, method: str = "GET") -> dict[str, Request]:
    """A request for each step that one comes by, by the step's variable; with that method where there is one.

    Whether the step's own condition lets it run is another matter.
    """
    found: dict[str, Request] = {}
    for access in review.accesses:
        witness = access.witness
        if witness is None:
            continue
        if witness.method != method and any(method in part.methods and witness in part for part in access.requests):
            witness = replace(witness, method=method)
        for step in (*access.steps, *access.possible):
            if step.variable not in found or found[step.variable].method != method:
                found[step.variable] = witness
    return found
