"""`metrics` of system.config: what is emitted for it, and when it is told to be of no use."""

from pathlib import Path

import pytest

from egc.compiler import Compiled, compile_project

GATEWAY = """
http: {port: 8080}
policies: [terminate]
apiEndpoints: {one: {paths: /one}, two: {paths: /two}}
pipelines:
  first: {apiEndpoints: [one], policies: [terminate: ]}
  in-two: {apiEndpoints: [two], policies: [terminate: ]}
"""
ADMIN = "admin: {port: 9876}\n"


def compiled(directory: Path, system: str, gateway: str = GATEWAY + ADMIN) -> Compiled:
    (directory / "gateway.config.yml").write_text(gateway)
    (directory / "system.config.yml").write_text(system)
    return compile_project(directory, {})


@pytest.mark.parametrize("system", ["metrics: false", "metrics: ~", "accessLog: true"])
def test_nothing_is_emitted_where_they_are_off(tmp_path: Path, system: str) -> None:
    assert "etrics" not in compiled(tmp_path, system).files["gateway.py"]


def test_pipelines_are_called_as_in_the_configuration(tmp_path: Path) -> None:
    """Those whose functions are called otherwise are named."""
    module = compiled(tmp_path, "metrics: true").files["gateway.py"]
    assert 'names={"in_two": "in-two"}' in module
    assert "metrics=Metrics(" in module


def test_a_variable_stays_one(tmp_path: Path) -> None:
    assert 'env.flag("COUNT", False)' in compiled(tmp_path, "metrics: ${COUNT:-false}").files["gateway.py"]


def test_without_an_admin_listener_they_are_told_to_have_no_effect(tmp_path: Path) -> None:
    found = compiled(tmp_path, "metrics: true", GATEWAY)
    [told] = [one for one in found.report if "metrics" in one.message]
    assert (told.code, told.name, told.span.line) == ("CO120", "option-without-effect", 1)
    assert "Metrics" not in found.files["gateway.py"]
