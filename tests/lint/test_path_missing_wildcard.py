"""RT110 and RT111: what `stripPath` and conditions say about a path."""

import pytest

from egc.compiler.mends import Text
from tests.lint.configurations import found

TEXT = """
apiEndpoints:
  api: {paths: %s}
serviceEndpoints:
  s: {url: '%s'}
policies: [proxy, log]
pipelines:
  api:
    apiEndpoints: [api]
    policies:
      - log: {condition: {name: pathExact, path: %s}, action: {message: hello}}
      - proxy: {action: {serviceEndpoint: s, stripPath: %s}}
"""


def told(name: str, paths: str, strip: str = "true", url: str = "http://localhost:3000", asks: str = "/z") -> int:
    return len(found(name, TEXT % (paths, url, asks, strip)))


@pytest.mark.parametrize(("paths", "strip", "asks"), [("/api", "true", "/z"), ("/api/", "false", "/api/users")])
def test_a_path_that_takes_too_little_is_told(paths: str, strip: str, asks: str) -> None:
    assert told("path-missing-wildcard", paths, strip, asks=asks) == 1


@pytest.mark.parametrize(
    ("paths", "strip", "url", "asks"),
    [
        ("/api", "false", "http://localhost:3000", "/z"),
        ("[/api, '/api/*']", "true", "http://localhost:3000", "/z"),
        ("'/api*'", "true", "http://localhost:3000", "/z"),
        ("/login", "true", "http://localhost:3000/sessions/new", "/z"),
        ("/api", "false", "http://localhost:3000", "/api/"),
        ("/", "true", "http://localhost:3000", "/z"),
    ],
)
def test_a_path_that_says_all_is_fine(paths: str, strip: str, url: str, asks: str) -> None:
    assert told("path-missing-wildcard", paths, strip, url, asks) == 0


@pytest.mark.parametrize(
    ("written", "mended"),
    [
        ("/api", "[/api, '/api/*']"),
        ("[/x, /api]", "[/x, /api, '/api/*']"),
        (
            "\n      - /x\n      - /api # it\n      - /y",
            "\n      - /x\n      - /api # it\n      - '/api/*'\n      - /y",
        ),
    ],
)
def test_the_wildcard_is_added_beside_the_path(written: str, mended: str) -> None:
    text = (
        (TEXT % (written, "http://localhost:3000", "/z", "true"))
        .replace("{paths: ", "\n    paths: ")
        .replace("}\nserv", "\nserv")
    )
    fixes = [one.fix for one in found("path-missing-wildcard", text) if one.message.startswith("`/api`")]
    (fix,) = fixes
    assert fix is not None
    assert not fix.safe
    (edit,) = fix.edits
    whole = Text("gateway.config.yml", text)
    changed = text[: whole.start(edit.span)] + edit.text + text[whole.end(edit.span) :]
    assert f"paths: {mended}\n" in changed


@pytest.mark.parametrize("path", ["/users/:id/files/*", "/:tenant/api/*", "/a/:b/:c", "/v1/:x/y"])
def test_a_parameter_before_what_is_cut_is_told(path: str) -> None:
    assert told("strip-path-param", f"'{path}'") == 1
    assert told("strip-path-param", f"'{path}'", "false") == 0


@pytest.mark.parametrize("path", ["/users/*", "/users/:id", "/users/:rest*", "/a/b/:c", "*", "/a"])
def test_a_parameter_at_the_end_is_fine(path: str) -> None:
    assert told("strip-path-param", f"'{path}'") == 0


def test_the_witness_says_what_the_service_sees() -> None:
    (one,) = found("strip-path-param", TEXT % ("'/u/:id/f/*'", "http://localhost:3000", "/z", "true"))
    assert one.witness == "GET http://localhost/u/7/f/a -> the service sees /7/f/a"
