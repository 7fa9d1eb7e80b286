"""A configuration on disk, compiled: what the tests of the compiler's back look at."""

from collections.abc import Mapping
from pathlib import Path

from egc.compiler import Compiled, compile_project
from egc.compiler.diagnostics import Diagnostic, DoesNotCompile

NOTHING: Mapping[str, str] = {}


def put(directory: Path, gateway: str, system: str | None = None) -> Path:
    """Write the files of a configuration; return their directory."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "gateway.config.yml").write_text(gateway)
    if system is not None:
        (directory / "system.config.yml").write_text(system)
    return directory


def build(directory: Path, gateway: str, system: str | None = None, environ: Mapping[str, str] = NOTHING) -> Compiled:
    """Compile a configuration that compiles."""
    return compile_project(put(directory, gateway, system), environ)


def findings(
    directory: Path, gateway: str, system: str | None = None, environ: Mapping[str, str] = NOTHING
) -> list[Diagnostic]:
    """Everything the compiler says of a configuration, good or not."""
    try:
        return list(build(directory, gateway, system, environ).report)
    except DoesNotCompile as error:
        return list(error.report)


def told(found: list[Diagnostic], name: str) -> Diagnostic:
    """The one finding of that name."""
    matching = [one for one in found if one.name == name]
    assert len(matching) == 1, [f"{one.span} {one.name} {one.message}" for one in found]
    return matching[0]
