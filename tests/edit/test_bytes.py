"""Files of any shape: one entry is written, taken or added, and every other byte stays where it was (N32)."""

from dataclasses import dataclass
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from egc.compiler.edit import Edit, apply
from egc.compiler.shown import normal
from tests.edit.test_edit import VALUES, tree

FILE = "gateway.config.yml"

BEHIND = st.sampled_from(["", "   # note", " #", "\t# tab"])
BETWEEN = st.sampled_from(["", "\n", "  # note\n", "\n  # two\n  # lines\n\n", "# at the margin\n", "    # far in\n"])
ENTRIES = (
    "  {name}:{behind}\n    host: '*'   # any\n    paths: /{name}\n",
    '  {name}: {{host: x.test, paths: [/a, "/b"]}}{behind}\n',
    '  "{name}":{behind}\n    paths:\n      - /a   # 1\n      # 2\n      - /b\n    note: |\n      a\n       b\n',
    "  {name}:{behind}\n    paths: >-\n      folded\n      text\n    methods: GET,POST   # both\n",
    "  '{name}': {{\n    host: '${{HOST:-*}}',{behind}\n    paths: /x }}\n",
    "  {name}:{behind}\n    paths: [/a,\n      /b]   # two lines\n",
)
HEADS = ("# The shop's gateway.\n---\n", "http: {port: ${PORT:-8080}}   # the port\n", "\n", "")
TAILS = (
    "policies:\n- terminate   # a\n# between\n- proxy\n",
    "pipelines: {p: {apiEndpoints: [one]}}\n",
    "",
    "# the end\n",
)


@dataclass(frozen=True)
class Written:
    """A file, its entries, and where each begins and ends; `free` are where what stands around it does."""

    data: bytes
    names: list[str]
    places: list[tuple[int, int]]
    free: list[tuple[int, int]]


@st.composite
def files(draw: st.DrawFn) -> Written:
    end = draw(st.sampled_from(["\n", "\r\n"]))
    text = draw(st.sampled_from(HEADS)) + "apiEndpoints:" + draw(BEHIND) + "\n"
    names = [f"n{number}" for number in range(draw(st.integers(1, 4)))]
    spots = []
    for name in names:
        before = draw(BETWEEN)
        entry = draw(st.sampled_from(ENTRIES)).format(name=name, behind=draw(BEHIND))
        spots.append((len(text), len(text) + len(before), len(text) + len(before) + len(entry)))
        text += before + entry
    after = draw(BETWEEN)
    ends = [start for start, _, _ in spots[1:]] + [len(text)]
    starts = [begin for _, begin, _ in spots[1:]] + [len(text) + len(after)]
    text += after + draw(st.sampled_from(TAILS))

    def place(number: int) -> int:
        return len(text[:number].replace("\n", end).encode())

    return Written(
        text.replace("\n", end).encode(),
        names,
        [(place(begin), place(stop)) for (_, begin, _), stop in zip(spots, ends, strict=True)],
        [(place(spot[0]), place(stop)) for spot, stop in zip(spots, starts, strict=True)],
    )


def kept(before: bytes, after: bytes) -> tuple[int, int]:
    """How many bytes are the same at the beginning, and at the end."""
    most = min(len(before), len(after))
    first = next((place for place in range(most) if before[place] != after[place]), most)
    last = next((place for place in range(most) if before[-1 - place] != after[-1 - place]), most)
    return first, last


@settings(deadline=None)
@given(files(), st.integers(0, 3), st.dictionaries(st.sampled_from(["host", "paths", "methods", "x"]), VALUES))
def test_an_entry_is_written_and_nothing_around_it(file: Written, which: int, value: Any) -> None:
    number = which % len(file.names)
    edited = apply(Edit("apiEndpoints", file.names[number], value), FILE, file.data, {}).data
    first, last = kept(file.data, edited)
    begin, end = file.places[number]
    assert first >= begin or edited == file.data
    assert last >= len(file.data) - end
    assert repr(tree(edited)["apiEndpoints"][file.names[number]]) == repr(normal(value))


@settings(deadline=None)
@given(files(), st.dictionaries(st.sampled_from(["host", "paths"]), VALUES))
def test_an_entry_is_added_and_every_byte_stays(file: Written, value: Any) -> None:
    edited = apply(Edit("apiEndpoints", "more", value), FILE, file.data, {}).data
    first, last = kept(file.data, edited)
    assert first + last >= len(file.data)
    assert list(tree(edited)["apiEndpoints"]) == [*file.names, "more"]


@settings(deadline=None)
@given(files(), st.integers(0, 3))
def test_an_entry_is_taken_with_no_more_than_the_comments_beside_it(file: Written, which: int) -> None:
    number = which % len(file.names)
    edited = apply(Edit("apiEndpoints", file.names[number], delete=True), FILE, file.data, {}).data
    left = [name for name in file.names if name != file.names[number]]
    assert list(tree(edited)["apiEndpoints"] or {}) == left
    if left:
        first, last = kept(file.data, edited)
        begin, end = file.free[number]
        assert first >= begin
        assert last >= len(file.data) - end
