"""What `egc access` shows of a configuration, without the command."""

from collections.abc import Mapping

from egc.compiler.access.view import View, view
from egc.compiler.review import Review
from egc.compiler.rules import Example
from tests.lint.configurations import compiled


def of(gateway: str, system: str = "", files: Mapping[str, str] | None = None) -> View:
    """All that is shown of a configuration."""
    found = compiled(Example(gateway, system, files=files or {}))
    review = Review(found.plan, found.project, found.model)
    return view(review, review.accesses, "", found.report)
