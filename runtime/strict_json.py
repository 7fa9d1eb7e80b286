"""JSON that means one thing: what a token or another server says."""

import json
import math
from collections.abc import Mapping
from typing import Any, NoReturn

from egc.runtime.store import Json


def read_object(data: bytes) -> Mapping[str, Json]:
    """The JSON object in UTF-8 that `data` is.

    Raises ValueError for anything else, and for what readers take differently: a member that comes twice, numbers that
    are not finite, halves of surrogate pairs, nesting that is too deep.
    """
    try:
        found = json.loads(data.decode(), object_pairs_hook=_unique, parse_constant=_refuse, parse_float=_finite)
        if b"\\ud" in data or b"\\uD" in data:
            json.dumps(found, ensure_ascii=False).encode()
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(found, dict):
        raise ValueError("not an object")
    return found


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a member comes twice")
    return found


def _refuse(word: str) -> NoReturn:
    raise ValueError(f"{word} is no JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number without end")
    return number
