"""SC112: keys and tokens in URLs."""

import pytest

from egc.compiler.lint import lint
from egc.compiler.rules import Example
from tests.lint.configurations import ALL, compiled, found
from tests.lint.pipelines import PROXY, pipeline

NAME = "credential-in-query"


@pytest.mark.parametrize(
    ("step", "text"),
    [
        ("- key-auth:\n", " {action: {disableQueryParam: true}}"),
        ("- key-auth: {action: {passThrough: true}}\n", "disableQueryParam: true, "),
        ("- key-auth:\n    action:\n      apiKeyHeader: X-Key\n", "disableQueryParam: true\n            "),
        ("- key-auth: {action: {disableQueryParam: false}}\n", "true"),
        ("- key-auth: {action: {disableQueryParam: '${NO_QUERY:-false}'}}\n", None),
        ("- key-auth: {action: {disableHeaders: true}}\n", None),
        ("- key-auth:\n    condition: {name: method, methods: [GET]}\n", None),
        ("- key-auth: []\n", None),
    ],
)
def test_the_fix_leaves_the_header(step: str, text: str | None) -> None:
    said = found(NAME, pipeline(step + PROXY))
    if "${" in step:
        assert said == []  # nobody knows what it will be
        return
    (one,) = said
    assert (one.fix.edits[0].text if one.fix else None) == text
    assert one.fix is None or not one.fix.safe


def test_a_token_in_the_query_is_found() -> None:
    step = "- jwt: {action: {secretOrPublicKey: '${KEY}', jwtExtractor: query, jwtExtractorField: token}}\n"
    (one,) = found(NAME, pipeline(step + PROXY))
    assert one.fix is None
    assert found(NAME, pipeline(step.replace("query", "header") + PROXY)) == []


@pytest.mark.parametrize(
    "step", ["- key-auth: {action: {disableQueryParam: true}}\n", "- basic-auth:\n", "- oauth2:\n"]
)
def test_what_reads_headers_alone_is_fine(step: str) -> None:
    assert found(NAME, pipeline(step + PROXY)) == []


def test_what_several_steps_share_is_not_changed() -> None:
    text = pipeline("- key-auth:\n    action: &key {apiKeyHeader: X-Key}\n- key-auth:\n    action: *key\n" + PROXY)
    assert [one.fix is not None for one in lint(compiled(Example(text)), ALL) if one.name == NAME] == [False, False]
