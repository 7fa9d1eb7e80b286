"""Fixes made in texts, and when they are refused."""

from collections.abc import Iterable

import pytest

from egc.compiler.diagnostics import Diagnostic, Edit, Fix, Report, Span
from egc.compiler.lint._fixes import MOST_ROUNDS, Files, Mended, NotMended, Reviewed, Text, mend


def at(line: int, start: int, end: int) -> Span:
    return Span("a.yml", line, start, line, end)


def finding(*edits: tuple[Span, str], safe: bool = True, severity: str = "warning", code: str = "ST900") -> Diagnostic:
    """A finding that these edits mend."""
    fix = Fix("mend it", tuple(Edit(*edit) for edit in edits), safe)
    assert severity in ("error", "warning")
    return Diagnostic(code, "name", "error" if severity == "error" else "warning", "", at(1, 1, 1), fix=fix)


def reviewed(found: Iterable[Diagnostic], *, compiles: bool = True) -> Reviewed:
    report = Report()
    for one in found:
        report.take(one)
    return Reviewed(report, compiles)


def mended(data: bytes, *found: Diagnostic, unsafe: bool = False) -> Mended:
    """What fixes make of a file; what they have changed has no finding any more."""

    def review(files: Files) -> Reviewed:
        return reviewed(found if files["a.yml"] == data else ())

    return mend({"a.yml": data}, review, lambda report: report, unsafe=unsafe)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_line_ends_and_a_byte_order_mark_stay(end: str, mark: str) -> None:
    text = f"{mark}a: 1{end}東京: 2{end}c: 3"
    edited = Text(text.encode()).edited([Edit(at(1, 4, 5), "x"), Edit(at(2, 5, 6), "y\nd: 4"), Edit(at(9, 1, 1), "!")])
    assert edited.decode() == f"{mark}a: x{end}東京: y{end}d: 4{end}c: 3!"


def test_all_fixes_that_are_apart_are_made_at_once() -> None:
    found = mended(b"one two three", finding((at(1, 1, 4), "1"), (at(1, 9, 14), "3")), finding((at(1, 5, 8), "2")))
    assert found.files == {"a.yml": b"1 2 3"}
    assert len(found.fixed) == 2


def test_one_that_touches_another_waits_for_the_next_round() -> None:
    texts = []

    def review(files: Files) -> Reviewed:
        text = files["a.yml"].decode()
        texts.append(text)
        return reviewed([finding((at(1, i + 1, i + 2), "b")) for i, letter in enumerate(text) if letter == "a"])

    found = mend({"a.yml": b"aaa"}, review, lambda report: report, unsafe=False)
    assert found.files == {"a.yml": b"bbb"}
    assert texts == ["aaa", "bab", "bbb"]


def test_an_unsafe_fix_is_made_when_asked_for() -> None:
    one = finding((at(1, 1, 2), "b"), safe=False)
    assert mended(b"a", one).files == {"a.yml": b"a"}
    assert mended(b"a", one, unsafe=True).files == {"a.yml": b"b"}


def test_half_a_fix_is_never_made() -> None:
    other = Span("models/users.json", 1, 1, 1, 2)
    assert mended(b"abc", finding((at(1, 1, 2), "x"), (other, "y"))).files == {"a.yml": b"abc"}
    both = finding((at(1, 1, 2), "1"), (at(1, 3, 4), "3"))
    assert mended(b"abc", finding((at(1, 3, 4), "z")), both).files == {"a.yml": b"abz"}


def test_fixes_that_undo_each_other_come_to_an_end() -> None:
    rounds = []

    def review(files: Files) -> Reviewed:
        rounds.append(files)
        return reviewed([finding((at(1, 1, 2), "b" if files["a.yml"] == b"a" else "a"))])

    mend({"a.yml": b"a"}, review, lambda report: report, unsafe=False)
    assert len(rounds) == MOST_ROUNDS + 1


def test_only_what_is_wanted_is_mended() -> None:
    one, other = finding((at(1, 1, 2), "x")), finding((at(1, 3, 4), "y"), code="ST901")

    def review(files: Files) -> Reviewed:
        return reviewed([one, other] if files["a.yml"] == b"a b" else [other])

    found = mend({"a.yml": b"a b"}, review, lambda report: [one for one in report if one.code == "ST900"], unsafe=False)
    assert found.files == {"a.yml": b"x b"}


def test_what_would_not_compile_any_more_is_refused() -> None:
    def review(files: Files) -> Reviewed:
        whole = files["a.yml"] == b"a"
        broken = Diagnostic("CO101", "name", "error", "it breaks", at(3, 4, 5))
        return reviewed([finding((at(1, 1, 2), "b"))] if whole else [broken], compiles=whole)

    with pytest.raises(NotMended, match=r"a\.yml:3:4: it breaks"):
        mend({"a.yml": b"a"}, review, lambda report: report, unsafe=False)


def test_one_error_more_is_refused() -> None:
    def review(files: Files) -> Reviewed:
        further = [] if files["a.yml"] == b"a" else [Diagnostic("RT101", "name", "error", "", at(1, 1, 2))]
        return reviewed([finding((at(1, 1, 2), "b")), *further])

    with pytest.raises(NotMended, match="RT101"):
        mend({"a.yml": b"a"}, review, lambda report: report, unsafe=False)


def test_a_configuration_that_does_not_compile_is_mended_if_it_compiles_then() -> None:
    def review(files: Files) -> Reviewed:
        broken = finding((at(1, 1, 2), "b"), severity="error")
        return reviewed([broken] if files["a.yml"] == b"a" else [], compiles=files["a.yml"] == b"b")

    assert mend({"a.yml": b"a"}, review, lambda report: report, unsafe=False).files == {"a.yml": b"b"}

    def worse(files: Files) -> Reviewed:
        left = Diagnostic("CO102", "name", "error", "more is wrong", at(2, 1, 2))
        return reviewed(
            [finding((at(1, 1, 2), "b"), severity="error") if files["a.yml"] == b"a" else left], compiles=False
        )

    with pytest.raises(NotMended, match="more is wrong"):
        mend({"a.yml": b"a"}, worse, lambda report: report, unsafe=False)
