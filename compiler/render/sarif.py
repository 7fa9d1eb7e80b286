"""SARIF 2.1.0 (OASIS), which code scanning services and editors read."""

import json
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from urllib.parse import quote

from egc.compiler.diagnostics import Confidence, Diagnostic, Edit, Report, Severity, Span
from egc.compiler.render import fingerprints, hidden, remarks, told
from egc.compiler.rules import Rule, pages

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

LEVELS: dict[Severity, str] = {"error": "error", "warning": "warning", "info": "note"}
PRECISION: dict[Confidence, str] = {"proven": "very-high", "heuristic": "medium"}


def render(report: Report, *, colour: bool) -> str:
    """The log of one run."""
    found = fingerprints(report)
    codes = sorted({one.code: one for one, _ in found}.items())
    known = {page.code: page for page in pages()}
    driver = {
        "name": "egc",
        "version": version("egc"),
        "rules": [rule(one, known.get(code)) for code, one in codes],
    }
    places = {code: index for index, (code, _) in enumerate(codes)}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "invocations": [{"executionSuccessful": True}],
        "results": [result(one, places[one.code], fingerprint, report.root) for one, fingerprint in found],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def rule(found: Diagnostic, page: Rule | None) -> dict[str, object]:
    """What a finding means, from its page (section 3.49)."""
    about: dict[str, object] = {
        "id": found.code,
        "name": "".join(word.capitalize() for word in found.name.split("-")),
    }
    if page is not None:
        about |= {
            "shortDescription": {"text": sentence(page.summary)},
            "fullDescription": {"text": sentence(page.why)},
            "help": {"text": sentence(page.instead)},
            "defaultConfiguration": {"level": LEVELS[page.severity]},
            "properties": {"precision": PRECISION[page.confidence]},
        }
    return about


def result(found: Diagnostic, index: int, fingerprint: str, root: str) -> dict[str, object]:
    """One finding (section 3.27)."""
    text = "\n".join([found.message, *(f"{word}: {words}" for word, words in remarks(found))])
    made: dict[str, object] = {
        "ruleId": found.code,
        "ruleIndex": index,
        "level": LEVELS[found.severity],
        "message": {"text": sentence(text)},
        "locations": [{"physicalLocation": location(found.span, root)}],
        "partialFingerprints": {"egc/v1": fingerprint},
        "properties": {"name": found.name, "confidence": found.confidence},
    }
    if found.related:
        made["relatedLocations"] = [
            {"id": number, "physicalLocation": location(one.span, root), "message": {"text": sentence(one.message)}}
            for number, one in enumerate(found.related)
        ]
    if found.fix is not None:
        made["fixes"] = [
            {
                "description": {"text": sentence(found.fix.message)},
                "artifactChanges": list(changes(found.fix.edits, root)),
            }
        ]
    return made


def changes(edits: Iterable[Edit], root: str) -> Iterable[dict[str, object]]:
    """Edits, together for each file (section 3.56)."""
    files: dict[str, list[Edit]] = {}
    for edit in edits:
        files.setdefault(edit.span.file, []).append(edit)
    for file, inner in files.items():
        yield {
            "artifactLocation": artifact(root + file),
            "replacements": [
                {"deletedRegion": region(edit.span), "insertedContent": {"text": hidden(edit.text)}} for edit in inner
            ],
        }


def location(span: Span, root: str) -> dict[str, object]:
    """Where something stands (section 3.29)."""
    return {"artifactLocation": artifact(root + span.file), "region": region(span)}


def artifact(file: str) -> dict[str, str]:
    """A file by its URI: one below the working directory by its way from there (sections 3.4.3 and 3.10)."""
    path = Path(file)
    if path.is_absolute():
        return {"uri": "file://" + quote(file.encode("utf-8", "surrogateescape"))}
    return {"uri": quote(path.as_posix().encode("utf-8", "surrogateescape")), "uriBaseId": "%SRCROOT%"}


def region(span: Span) -> dict[str, int]:
    """A span; lines and columns count from 1 and `endColumn` is behind the last one, as ours (section 3.30)."""
    return {
        "startLine": span.line,
        "startColumn": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
    }


def sentence(text: str) -> str:
    """A message: it links to nothing, whatever it holds (section 3.11.6)."""
    return "\n".join(map(told, text.split("\n"))).replace("](", "\\](")
