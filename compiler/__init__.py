"""egc's compiler: a configuration becomes an artifact that plain gunicorn serves.

The stages are source, validate, resolve, lower, emit. Each but the last reports all it finds, and ends the work if that
holds an error; nothing is written before the last one is through. Emission reports nothing, so what only reviews a
configuration ends before it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from egc.compiler.diagnostics import DoesNotCompile, Report

if TYPE_CHECKING:
    from egc.compiler.catalogue import Catalogue
    from egc.compiler.diagnostics import Span
    from egc.compiler.model import Model
    from egc.compiler.plan import Gateway
    from egc.compiler.source import Project

# The stages are imported where they are called: `egc users` is a part of this package too, and needs none of them.


@dataclass(frozen=True)
class Compiled:
    """What came out: the plan, the warnings, and the text of each file of the artifact, which is made when it is read.

    `directory` is the configuration's, from where the files that it names are copied. `project` and `model` are the
    configuration as it was written, `listed` the policies that it lists, `known` those that there are. `lines`: whether
    comments of the module name lines of the configuration.
    """

    plan: "Gateway"
    report: Report
    directory: Path
    project: "Project"
    model: "Model"
    listed: "Mapping[str, Span]"
    known: "Catalogue"
    lines: bool = True

    @cached_property
    def files(self) -> Mapping[str, str]:
        """The text of each file of the artifact, by its name."""
        from egc.compiler.emit import emit

        texts = emit(self.plan, lines=self.lines)
        if self.plan.administration is not None:
            from egc.compiler.shown import document

            texts["admin.json"] = document(self.project, self.listed, self.known)
        return texts


def compile_project(
    path: Path,
    environ: Mapping[str, str],
    *,
    lines: bool = True,
    eg_compat: bool = False,
    serving: bool = False,
    gateway_data: bytes | None = None,
    system_data: bytes | None = None,
) -> Compiled:
    """Compile the configuration at `path`.

    Arguments:
        path: a directory with gateway.config.yml or such a file.
        environ: the variables that are resolved at build time.
        lines: whether comments of the module name lines of the configuration.
        eg_compat: build what Express Gateway would have run where it lost a limit or a policy; it is a warning then.
        serving: take what only fails requests, as Express Gateway did: a script that throws is a warning then.
        gateway_data: what is compiled in place of what gateway.config holds.
        system_data: the same of system.config, where there is one.

    Raises DoesNotCompile, whose report holds every finding.
    """
    from egc.compiler.lower import lower
    from egc.compiler.model import read
    from egc.compiler.plugins import read_plugins
    from egc.compiler.resolve import resolve
    from egc.compiler.settings import Values
    from egc.compiler.source import read_project
    from egc.compiler.validate import validate

    report = Report(compat=eg_compat, serving=serving)
    project = read_project(path, environ, report, gateway_data, system_data)
    known = read_plugins(project)
    validate(project, report, known)
    if report.errors:
        known.tell(report)
    report.end_stage()
    model = read(project.gateway.tree, project.system.tree if project.system else None, report)
    values = Values(environ, report, known)
    names = resolve(model, values)
    report.end_stage()
    plan = lower(model, names, values, project)
    report.end_stage()
    return Compiled(plan, report, project.directory, project, model, names.listed, known, lines)


def check(path: Path, environ: Mapping[str, str], *, eg_compat: bool = False) -> Report:
    """All findings about the configuration at `path`; nothing is written. Arguments are as in `compile_project`."""
    try:
        return compile_project(path, environ, eg_compat=eg_compat).report
    except DoesNotCompile as error:
        return error.report


def write(compiled: Compiled, directory: Path, *, plan: str | None = None) -> tuple[Path, ...]:
    """Write the artifact into `directory`, which is made if need be, and return what was written.

    Arguments:
        compiled: what came out.
        directory: where it goes.
        plan: the text that is kept for the reviewer (`keeping.keep`), if any is.

    Raises OSError; what was there before is then still there and whole.
    """
    from egc.compiler.artifact import PLAN, put

    texts = compiled.files if plan is None else {**compiled.files, PLAN: plan}
    return put(texts, compiled.plan.files, compiled.directory, directory)
