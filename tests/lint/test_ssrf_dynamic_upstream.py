"""SC119: who decides which host is asked."""

import pytest

from tests.lint.configurations import found
from tests.lint.pipelines import KEY_AUTH, PROXY, pipeline

NAME = "ssrf-dynamic-upstream"


@pytest.mark.parametrize("option", ["followRedirects", "toProxy"])
def test_options_that_give_it_away_are_found(option: str) -> None:
    step = PROXY.replace("}}", f", {option}: true}}}}")
    (one,) = found(NAME, pipeline(KEY_AUTH + step))
    assert one.span.line == 12
    assert found(NAME, pipeline(KEY_AUTH + step.replace("true}}\n", "false}}\n"))) == []


def test_a_script_that_changes_the_url_does_not_change_the_host() -> None:
    script = '- expression: {action: {jscode: "req.url = req.query.next"}}\n'
    assert found(NAME, pipeline(KEY_AUTH + script + PROXY)) == []


def test_redirects_that_are_only_rewritten_are_fine() -> None:
    step = PROXY.replace("}}", ", autoRewrite: true, changeOrigin: false}}")
    assert found(NAME, pipeline(KEY_AUTH + step)) == []
