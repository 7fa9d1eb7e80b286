"""What counts as a change of a file (D51, D57)."""

import os
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from egc.compiler.cli._watch import MOST_FILES, Look, changed, look, of_project, signature


def test_every_file_of_a_configuration_is_looked_at_whether_it_is_there_or_not(tmp_path: Path) -> None:
    """D2, C1, C2, C5."""
    names = {str(path.relative_to(tmp_path)) for path in of_project(tmp_path)}
    configs = {f"{stem}.config.{ending}" for stem in ("gateway", "system") for ending in ("yml", "yaml", "json")}
    assert names == configs | {f"models/{name}.json" for name in ("users", "applications", "credentials")}
    file = tmp_path / "other.yml"
    file.touch()
    assert of_project(file)[0] == file
    assert tmp_path / "gateway.config.yml" not in of_project(file)


def test_what_a_rename_brings_is_a_change_although_size_and_time_are_the_same(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    for path in (one, other):
        path.write_text("text")
        os.utime(path, ns=(1, 1))
    before = look([one])
    other.rename(one)
    assert changed(before, look([one])) == [one]


def test_a_write_that_leaves_the_size_is_a_change(tmp_path: Path) -> None:
    path = tmp_path / "one"
    path.write_text("a")
    os.utime(path, ns=(1, 1))
    before = look([path])
    path.write_text("b")
    assert changed(before, look([path])) == [path]


def test_files_that_come_and_go_are_changes(tmp_path: Path) -> None:
    path = tmp_path / "one"
    nothing = look([path])
    path.touch()
    there = look([path])
    path.unlink()
    assert changed(nothing, there) == changed(there, look([path])) == [path]
    assert changed(nothing, look([path])) == []


def test_a_link_is_followed_wherever_it_is_in_the_path(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    (tmp_path / "data").symlink_to("a")
    (tmp_path / "file").symlink_to("data/file")
    before = look([tmp_path / "file"])
    (tmp_path / "tmp").symlink_to("b")
    (tmp_path / "tmp").rename(tmp_path / "data")
    assert changed(before, look([tmp_path / "file"])) == [tmp_path / "file"]


def test_a_directory_is_looked_into_up_to_a_bound(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    inner = tmp_path / "in" / "file"
    inner.touch()
    before = look([tmp_path])
    os.utime(inner, ns=(1, 1))
    assert changed(before, look([tmp_path])) == [inner]
    for number in range(MOST_FILES + 10):
        (tmp_path / str(number)).touch()
    assert len(look([tmp_path])) == MOST_FILES + 1


def test_what_cannot_be_asked_about_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    assert signature(tmp_path / "loop") is None
    assert signature(tmp_path / ("x" * 5000)) is None


SEEN = st.dictionaries(
    st.sampled_from([Path(name) for name in "abcd"]), st.none() | st.tuples(*[st.integers(0, 2)] * 4)
)


@given(SEEN, SEEN)
def test_a_change_is_a_difference_in_either_direction(one: Look, other: Look) -> None:
    assert changed(one, other) == changed(other, one)
    assert changed(one, one) == []
    for path in changed(one, other):
        assert one.get(path) != other.get(path)
