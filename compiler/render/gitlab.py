"""GitLab's report of code quality, which it shows in merge requests: a JSON list of issues."""

import json
from hashlib import sha256

from egc.compiler.diagnostics import Report, Severity
from egc.compiler.render import fingerprints, open_words

SEVERITIES: dict[Severity, str] = {"error": "critical", "warning": "minor", "info": "info"}


def render(report: Report, *, colour: bool) -> str:
    """The list; empty for no findings. GitLab takes issues with one fingerprint for one."""
    issues = [
        {
            "description": open_words(f"{found.name}: {found.message}"),
            "check_name": found.code,
            "fingerprint": sha256(fingerprint.encode("utf-8", "backslashreplace")).hexdigest(),
            "severity": SEVERITIES[found.severity],
            "location": {
                "path": (report.root + found.span.file).removeprefix("./"),
                "positions": {
                    "begin": {"line": found.span.line, "column": found.span.column},
                    "end": {"line": found.span.end_line, "column": found.span.end_column},
                },
            },
        }
        for found, fingerprint in fingerprints(report)
    ]
    return json.dumps(issues, indent=2) + "\n"
