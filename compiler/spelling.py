"""What somebody may have meant: the known word that is nearest to the one they wrote."""

from collections.abc import Iterable

LONGEST = 64
"""Characters of a word that is compared; a longer one is no misspelt key."""


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word nearest to `word`, or None where none is near.

    Near is one mistake in three letters (Damerau-Levenshtein), or a beginning of four letters and more that one has of
    the other: `host` and `hostname`. Case does not count. Of equally near ones the first is taken.
    """
    if not 0 < len(word) <= LONGEST:
        return None
    best: tuple[int, str] | None = None
    for candidate in known:
        short, long = sorted((word.lower(), candidate.lower()), key=len)
        limit = max(1, len(short) // 3)
        begins = len(short) >= 4 and long.startswith(short)
        if len(long) - len(short) > limit and not begins:
            continue
        far = distance(short, long)
        if far > limit and not begins:
            continue
        if best is None or far < best[0]:
            best = (far, candidate)
    return None if best is None else best[1]


def distance(one: str, other: str) -> int:
    """How many letters must be put in, left out, exchanged or swapped with their neighbour to make `other` of `one`."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        before, above, row = row, before, [i]
        for j, wanted in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != wanted))
            if above and j > 1 and letter == other[j - 2] and one[i - 2] == wanted:
                cost = min(cost, above[j - 2] + 1)
            row.append(cost)
    return row[-1]


def meant(word: str, known: Iterable[str]) -> str:
    """A help line with the nearest word, or nothing."""
    found = nearest(word, known)
    return f"did you mean `{found}`?" if found else ""
