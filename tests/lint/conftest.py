"""The command line in this process, as tests of commands use it."""

from tests.cli.conftest import egc

__all__ = ["egc"]
