"""Programs that tests need: where one is missing its tests are skipped by name or, under EGC_REQUIRE_ALL=1, fail."""

import os
import shutil

import pytest


def needs(*programs: str) -> None:
    """Skip the calling test, or fail it where everything must run, unless all programs are installed."""
    for program in programs:
        if shutil.which(program) is None:
            if os.environ.get("EGC_REQUIRE_ALL") == "1":
                pytest.fail(f"{program} is not installed, and EGC_REQUIRE_ALL=1 allows no skipped test")
            pytest.skip(f"{program} is not installed")
