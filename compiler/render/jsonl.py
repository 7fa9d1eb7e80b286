"""JSON lines: one finding a line."""

import json

from egc.compiler.diagnostics import Report
from egc.compiler.render import fingerprints, record


def render(report: Report, *, colour: bool) -> str:
    """The lines; empty for no findings."""
    return "".join(json.dumps(record(found, report.root, mark)) + "\n" for found, mark in fingerprints(report))
