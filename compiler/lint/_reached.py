"""Requests that show what a step does: one that reaches it."""

from egc.compiler.requests import Request
from egc.compiler.review import Review


def reached(review: Review) -> dict[str, Request]:
    """A request for each step that some are known to reach, by the step's variable."""
    found: dict[str, Request] = {}
    for access in review.accesses:
        if access.witness is not None:
            for step in access.steps:
                found.setdefault(step.variable, access.witness)
    return found
