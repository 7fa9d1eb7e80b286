"""SC116: patterns that RE2 has to take."""

import pytest

from tests.lint.configurations import found
from tests.lint.pipelines import KEY_AUTH, PROXY, pipeline

NAME = "regex-redos"
SLOW = "^/(a+)+$"


@pytest.mark.parametrize(
    "text",
    [
        pipeline(KEY_AUTH + PROXY, endpoint=f"orders: {{pathRegex: '{SLOW}'}}"),
        pipeline(KEY_AUTH + PROXY, endpoint="orders: {hostRegex: '^(a+)+$', paths: '/orders*'}"),
        pipeline(
            f"- key-auth:\n    condition: {{name: pathMatch, pattern: '{SLOW}'}}\n"
            f"    action: {{disableQueryParam: true}}\n{PROXY}"
        ),
        pipeline("- cors: {action: {origin: [!!js/regexp '/^(a+)+$/']}}\n" + KEY_AUTH + PROXY),
    ],
)
def test_slow_patterns_are_remarked_wherever_they_stand(text: str) -> None:
    assert [one.severity for one in found(NAME, text)] == ["info"]


@pytest.mark.parametrize("pattern", ["^/a+$", "^/(ab)+$", "^/v[0-9]+/(orders|items)/?$", r"^/[a-z]+\.json$"])
def test_others_are_not(pattern: str) -> None:
    assert found(NAME, pipeline(KEY_AUTH + PROXY, endpoint=f"orders: {{pathRegex: '{pattern}'}}")) == []
