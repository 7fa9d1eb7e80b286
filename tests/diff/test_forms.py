"""Each form says all of it, and nothing of a configuration is anything but text there."""

import json
import re
from html import unescape
from pathlib import Path

import pytest

from egc.compiler.diff import github, html, markdown, text
from egc.compiler.diff import json as data
from egc.compiler.diff.changes import Difference
from tests.diff.configurations import BASE, difference, replaced

HOSTILE = "a|b`<script>alert(1)</script>@all [x](http://e) \\x1b[31m::error::"


@pytest.fixture
def hostile(tmp_path: Path) -> Difference:
    named = json.dumps(HOSTILE).replace("\\\\x1b", "\\u001b")
    after = replaced(
        ("  shop: {url: 'http://shop:8000'}", f"  {named}: {{url: 'http://user:hush@shop:9000'}}"),
        ("serviceEndpoint: shop", f"serviceEndpoint: {named}"),
        ("paths: /health", "paths: '/<b>|`@all'"),
    )
    return difference(tmp_path, BASE, after)


def test_nothing_of_a_configuration_is_markup_or_moves_the_cursor(hostile: Difference) -> None:
    page, comment, lines = html.render(hostile), markdown.render(hostile), text.render(hostile)
    assert "<script" not in page
    assert "default-src 'none'" in unescape(page)
    for line in comment.split("\n"):
        if line.startswith("| ") and "class" not in line:
            assert len(re.findall(r"\|", line)) == 5, line
    assert not re.search(r"<(?!/?(?:code|details|summary)>|!-- egc diff -->)", comment)
    assert "@all" not in comment
    assert "\x1b" not in page + comment + lines + github.render(hostile)
    assert all(line.startswith("::") for line in github.render(hostile).splitlines())


def test_no_form_tells_a_secret(hostile: Difference) -> None:
    for written in (
        html.render(hostile),
        markdown.render(hostile),
        text.render(hostile),
        data.render(hostile),
        github.render(hostile),
    ):
        assert "hush" not in written


def test_data_has_the_classes_and_both_places(tmp_path: Path) -> None:
    found = json.loads(data.render(difference(tmp_path, BASE, replaced(("max: 10", "max: 20")))))
    assert found["summary"] == {"changes": 1, "breaking": 0, "weaker": 1, "stronger": 0, "neutral": 0}
    (change,) = found["changes"]
    assert change["classes"] == ["weaker"]
    assert change["before"]["start"]["line"] == change["after"]["start"]["line"] == 15
    assert change["witness"] == "GET http://api.example.com/orders"
    assert change["certain"]


@pytest.mark.slow
def test_a_comment_fits_however_much_differs(tmp_path: Path) -> None:
    many = "".join(f"  e{number}: {{paths: '/{'x' * 100}/{number}'}}\n" for number in range(400))
    names = ", ".join(f"e{number}" for number in range(400))
    after = replaced(("  health: {", f"{many}  health: {{"), ("[health]", f"[health, {names}]"))
    comment = markdown.render(difference(tmp_path, BASE, after))
    assert len(comment) < 65_536
    assert re.search(r"… and \d+ more", comment)
