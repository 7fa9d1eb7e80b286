"""Who can reach what, as comma-separated values: one row a class of requests, safe to open in a spreadsheet."""

import csv
from io import StringIO

from egc.compiler.access.rows import Row, witness_text
from egc.compiler.access.view import View
from egc.compiler.render import visible

HEADINGS = (
    *("methods", "host", "path", "endpoint", "pipeline", "policies", "authenticated", "authentication", "scopes"),
    *("conditions", "limits", "outcome", "status", "service", "urls", "exact", "witness", "place"),
)
FORMULA = ("=", "+", "-", "@")
"""What a spreadsheet takes for the beginning of a formula."""


def csv_text(view: View) -> str:
    """The text; lines end as RFC 4180 says."""
    out = StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(HEADINGS)
    writer.writerows([cell(value) for value in _values(row, view.root)] for row in view.rows)
    return out.getvalue()


def cell(value: str) -> str:
    """A value that no spreadsheet runs: a formula gets an apostrophe in front; control characters become escapes."""
    shown = visible(value)
    return f"'{shown}" if shown.lstrip().startswith(FORMULA) else shown


def _values(row: Row, root: str) -> tuple[str, ...]:
    access = row.access
    return (
        row.method_words,
        row.host,
        row.path,
        row.endpoint,
        row.pipeline,
        ", ".join(row.policies),
        "yes" if row.proofs else "no",
        ", ".join(proof.policy for proof in row.proofs),
        ", ".join(dict.fromkeys(scope for proof in row.proofs for scope in proof.scopes)),
        ", ".join(one.words for one in row.conditions),
        ", ".join(limit.text for limit in row.limits),
        row.outcome,
        "" if access.status is None else str(access.status),
        row.upstream.service if row.upstream else "",
        ", ".join(row.upstream.urls) if row.upstream else "",
        "yes" if row.exact else "no",
        witness_text(access.witness),
        f"{root}{access.route.span}" if access.route else "",
    )
