"""What a client, or whoever runs it, would notice between two configurations.

`sources` finds the two sides; `meaning` says when two parts of a plan do the same; `routes` holds the rows of one side
against those of the other, `rows` and `steps` say what differs in a pair of them, `arguments` and `settings` how grave
that is; `changes` has the words for it. The forms of the result are `text`, `json`, `markdown`, `html` and `github`.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from egc.compiler.diff.changes import Difference
    from egc.compiler.diff.sources import Loaded


def compare(before: "Loaded", after: "Loaded") -> "Difference":
    """All that somebody would notice between two gateways."""
    from egc.compiler.diff import routes, settings
    from egc.compiler.diff.changes import Change, Difference, ordered
    from egc.compiler.diff.meaning import Meaning

    one, other = Meaning(before.plan), Meaning(after.plan)
    found = [Change(delta, certain=delta.certain) for delta in settings.changes(one, other, before.files, after.files)]
    known = {change.delta: change for change in (*found, *routes.changes(one, other))}
    # A change that says nothing of a request is certain as far as it itself is.
    changes = [change if change.was else replace(change, certain=change.delta.certain) for change in known.values()]
    return Difference(before.side, after.side, ordered(changes))
