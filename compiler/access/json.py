"""Who can reach what, as JSON: its form is schemas/access.json, and grows without changing."""

import json

from egc.compiler.access.beside import Beside
from egc.compiler.access.rows import Row
from egc.compiler.access.view import View
from egc.compiler.diagnostics import Report, Span
from egc.compiler.render import place, record

SCHEMA_VERSION = 1


def json_text(view: View, findings: Report) -> str:
    """One document: the classes of requests, what answers besides them, and expectations that do not hold."""
    document = {
        "schema_version": SCHEMA_VERSION,
        "source": view.source,
        "sha256": view.digest,
        "chosen": view.chosen,
        "summary": {
            "classes": view.total,
            "shown": len(view.rows),
            "unauthenticated": len(view.unauthenticated),
            "inexact": len(view.inexact),
        },
        "accesses": [row_data(row, view.root) for row in view.rows],
        "beside": [_beside(one, view.root) for one in view.beside],
        "findings": [record(found, findings.root) for found in findings],
    }
    return json.dumps(document, indent=2) + "\n"


def row_data(row: Row, root: str) -> dict[str, object]:
    """One class of requests. `root` is put before names of files."""
    access = row.access
    route, witness = access.route, access.witness
    return {
        "host": row.host,
        "path": row.path,
        "methods": list(row.methods) or None,
        "endpoint": None if route is None else {"name": route.endpoint.name, **place(route.span, root)},
        "pipeline": None
        if route is None or route.pipeline is None
        else {"name": route.pipeline.name, **place(route.pipeline.span, root)},
        "policies": [_named(step.policy, step.span, root) for step in access.steps],
        "possible": [_named(step.policy, step.span, root) for step in access.possible],
        "authenticated": bool(row.proofs),
        "authentication": [
            {"policy": proof.policy, "scopes": list(proof.scopes), **place(proof.span, root)} for proof in row.proofs
        ],
        "conditions": [
            {"condition": one.text, "holds": one.holds, "known": one.known, **place(one.span, root)}
            for one in row.conditions
        ],
        "limits": [{"limit": limit.text, **place(limit.span, root)} for limit in row.limits],
        "outcome": access.outcome,
        "policy": None if access.step is None else _named(access.step.policy, access.step.span, root),
        "status": access.status,
        "upstream": None
        if row.upstream is None
        else {"service": row.upstream.service, "urls": list(row.upstream.urls), **place(row.upstream.span, root)},
        "exact": row.exact,
        "witness": None
        if witness is None
        else {"method": witness.method, "host": witness.host, "target": witness.target, "curl": row.curl},
    }


def _named(name: str, span: Span, root: str) -> dict[str, object]:
    return {"policy": name, **place(span, root)}


def _beside(one: Beside, root: str) -> dict[str, object]:
    return {
        "kind": one.kind,
        "name": one.name,
        "address": one.address,
        "paths": [{"path": path, "methods": list(methods)} for path, methods in one.paths],
        "who": one.who,
        "exact": one.exact,
        **place(one.span, root),
    }
