"""One JSON document with all findings."""

import json

from egc.compiler.diagnostics import Report
from egc.compiler.render import SCHEMA_VERSION, fingerprints, record


def render(report: Report, *, colour: bool) -> str:
    """The document; it is there without findings too."""
    findings = [record(found, report.root, fingerprint) for found, fingerprint in fingerprints(report)]
    return json.dumps({"schema_version": SCHEMA_VERSION, "findings": findings}, indent=2) + "\n"
