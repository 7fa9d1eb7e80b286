"""Diagnostics quote the configuration, but never its secrets."""

from pathlib import Path

import pytest

from egc.compiler.cli import main
from egc.compiler.render import hidden


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("url: http://me:pa55word@host/x", "url: http://***********@host/x"),
        ("  secret: keyboard-cat # why", "  secret: ************ # why"),
        ("crypto: {cipherKey: abc, saltRounds: 4}", "crypto: {cipherKey: ***, saltRounds: 4}"),
        ("secret: ${SECRET}", "secret: ${SECRET}"),
        ("url: http://host:80/a@b", "url: http://host:80/a@b"),
        ("keySecret: a", "keySecret: *"),
    ],
)
def test_secrets_of_a_line_are_starred_out(line: str, shown: str) -> None:
    assert hidden(line) == shown


@pytest.mark.parametrize("form", ["text", "json", "jsonl", "github"])
def test_no_format_prints_a_password(tmp_path: Path, capsys: pytest.CaptureFixture[str], form: str) -> None:
    (tmp_path / "gateway.config.yml").write_text(
        "http: {port: 8080}\npolicies: [proxy]\nserviceEndpoints: {s: {url: 'http://me:pa55word@host'}}\n"
        "apiEndpoints: {a: {}}\n"
        "pipelines: {p: {apiEndpoints: [a], policies: [{proxy: {action: {serviceEndpoint: s}}}]}}\n"
    )
    main(["validate", "--format", form, str(tmp_path)])
    printed = capsys.readouterr()
    assert "user" in printed.out
    assert "pa55word" not in printed.out + printed.err
