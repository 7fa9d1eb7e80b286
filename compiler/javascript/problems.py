"""What is wrong with a script, and where in its text."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One finding. Lines and columns count from 1, in characters of the script's own text.

    `code` and `name` are those of a diagnostic: EX701 `expression-syntax`, EX702 `expression-unknown-name`,
    EX703 `expression-unsupported`. `meant` is the name to write in the place of the one that is wrong.
    """

    line: int
    column: int
    end_line: int
    end_column: int
    code: str
    name: str
    message: str
    help: str = ""
    meant: str = ""


SYNTAX = ("EX701", "expression-syntax")
UNKNOWN = ("EX702", "expression-unknown-name")
UNSUPPORTED = ("EX703", "expression-unsupported")
