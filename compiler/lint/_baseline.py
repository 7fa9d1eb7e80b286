"""A baseline: the findings that a configuration has today, so that only new ones are told.

It is a file that people keep under version control: fingerprints in order, each with how many findings have it.
"""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from egc.compiler.diagnostics import Diagnostic, Report
from egc.compiler.fingerprints import Fingerprints

VERSION = 1
MAX_BYTES = 16 * 1024 * 1024
"""The longest file of a baseline that is read."""


class NoBaseline(Exception):
    """What a file holds is none; the message says why."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """How many findings there may be of each fingerprint."""

    counts: Mapping[str, int]

    def new(self, report: Report) -> list[Diagnostic]:
        """The findings that are not in it; where one fingerprint has more than it says, the last ones."""
        known, left = Fingerprints(report), Counter(self.counts)
        found = []
        for one in report:
            fingerprint = known.of(one)
            if left[fingerprint] > 0:
                left[fingerprint] -= 1
            else:
                found.append(one)
        return found

    def gone(self, report: Report) -> list[str]:
        """The fingerprints of it that fewer findings have, sorted."""
        return sorted(+(Counter(self.counts) - Counter(of(report).counts)))


def of(report: Report) -> Baseline:
    """The baseline that takes all findings of a report for known."""
    known = Fingerprints(report)
    return Baseline(Counter(known.of(one) for one in report))


def write(baseline: Baseline) -> str:
    """The text of a baseline's file."""
    return json.dumps({"schema_version": VERSION, "findings": dict(sorted(baseline.counts.items()))}, indent=2) + "\n"


def replaceable(file: Path) -> bool:
    """Whether a baseline may be written there: nothing that anybody would miss is there.

    One that two people have changed at once (`<<<<<<<` in it) counts as a baseline.
    """
    if not file.is_file():
        return True
    with file.open("rb") as opened:
        beginning = opened.read(1024)
    return not beginning.strip() or (beginning.lstrip().startswith(b"{") and b'"schema_version"' in beginning)


def read(text: str) -> Baseline:
    """The baseline in the text of a file.

    Raises:
        NoBaseline: there is none in it.
    """
    try:
        held = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NoBaseline(f"it is not JSON: {error}") from None
    counts = held.get("findings") if isinstance(held, dict) else None
    if not isinstance(held, dict) or not isinstance(counts, dict):
        raise NoBaseline("it holds no `findings`")
    if held.get("schema_version") != VERSION:
        raise NoBaseline(f"its `schema_version` is not {VERSION}")
    if not all(type(count) is int and count > 0 for count in counts.values()):
        raise NoBaseline("each of its `findings` is a number of 1 and more")
    return Baseline(counts)
