"""`--golden` rewrites what is generated and committed: the modules of the examples, parts of the README."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--golden", action="store_true", help="rewrite what is generated and committed instead of comparing it"
    )
