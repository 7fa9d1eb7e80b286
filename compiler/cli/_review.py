"""A review as `egc lint` was asked for it: shown, counted, compared with a baseline, or mended."""

import difflib
import json
import os
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import click

from egc.compiler import compile_project
from egc.compiler.artifact import replace_file
from egc.compiler.cli import ExitCode
from egc.compiler.cli._report import show
from egc.compiler.diagnostics import Diagnostic, DoesNotCompile, Report, Severity
from egc.compiler.lint import RANK, BrokenRule, Selection, _baseline, chosen, everything, like, worst
from egc.compiler.lint._baseline import Baseline
from egc.compiler.lint._fixes import Files, Mended, NotMended, Reviewed, mend
from egc.compiler.render import hidden, hidden_line, told, visible
from egc.compiler.source import find, gateway_file, read_bytes


@dataclass(frozen=True, slots=True)
class Review:
    """One configuration, and what is wanted to be known of it.

    Arguments:
        path: of the configuration.
        selection: which findings are wanted.
        fail_on: the least severity that makes the exit code 1.
        baseline: findings that are known, if some are.
        form: how findings are written.
        eg_compat: as in `compile_project`.
        statistics: whether findings are only counted.
    """

    path: Path
    selection: Selection
    fail_on: Severity
    baseline: Baseline | None
    form: str
    eg_compat: bool
    statistics: bool

    def show(self) -> int:
        """Show the findings."""
        return self._end(self._all({}))

    def write(self, file: Path) -> int:
        """Write a baseline with all findings that are wanted; over another baseline only, or what is left of one.

        Raises click.UsageError.
        """
        if not _baseline.replaceable(file):
            raise click.UsageError(f"{file} is there already and is no baseline; it is not overwritten")
        reviewed = self._all({})
        if not reviewed.compiles:
            return self._end(reviewed)
        found = chosen(reviewed.report, self.selection)
        file.write_text(_baseline.write(_baseline.of(found)), encoding="utf-8")
        click.echo(f"Wrote {len(found)} finding(s) to {file}", err=True)
        return ExitCode.CLEAN

    def fix(self, *, unsafe: bool) -> int:
        """Make fixes in the files, and show what is left."""
        before = self._files()
        mended = self._mend(before, unsafe=unsafe)
        if mended is None:
            return self.show()
        for name, data in mended.files.items():
            if data != before[name]:
                replace_file(self._directory / name, data)
        for one in mended.fixed:
            click.echo(f"fixed {told(f'{mended.left.report.root}{one.span}: {one.code} {one.name}')}", err=True)
        return self._end(mended.left)

    def diff(self, *, unsafe: bool) -> int:
        """Show what fixes would change."""
        before = self._files()
        mended = self._mend(before, unsafe=unsafe)
        if mended is None:
            return self.show()
        if not mended.left.compiles:
            return self._end(mended.left)
        root = mended.left.report.root
        changed = [(name, before[name], data) for name, data in mended.files.items() if data != before[name]]
        for name, old, new in changed:
            texts = (old.decode().splitlines(), new.decode().splitlines())
            lines = difflib.unified_diff(*texts, root + name, root + name)
            shown = {raw: hidden_line(text, n) for text in texts for n, raw in enumerate(text, 1)}
            for line in lines:
                words = line.rstrip("\n")
                click.echo(visible(words[:1] + shown[words[1:]] if words[1:] in shown else hidden(words)))
        for one in mended.fixed:
            click.echo(f"would fix {told(f'{root}{one.span}: {one.code} {one.name}')}", err=True)
        return ExitCode.FINDINGS if changed else ExitCode.CLEAN

    def _mend(self, files: Files, *, unsafe: bool) -> Mended | None:
        """What fixes make of the files; None where they break something, which is told."""
        try:
            return mend(files, self._all, self._wanted, unsafe=unsafe)
        except NotMended as error:
            click.echo(f"egc: nothing is changed: with all fixes made, {told(str(error))}", err=True)
            return None

    def _all(self, files: Files) -> Reviewed:
        """All findings about files, or about those on the disk."""
        data = {name.partition(".")[0]: data for name, data in files.items()}
        gateway = next((held for name, held in files.items() if not name.startswith("system.config.")), None)
        try:
            compiled = compile_project(
                self.path,
                os.environ,
                eg_compat=self.eg_compat,
                gateway_data=gateway,
                system_data=data.get("system"),
            )
            return Reviewed(everything(compiled, strict=self.selection.strict), compiles=True)
        except DoesNotCompile as error:
            return Reviewed(error.report, compiles=False)
        except BrokenRule as error:
            click.echo(f"egc: {error}", err=True)
            raise

    def _wanted(self, report: Report) -> Iterable[Diagnostic]:
        """The findings of a report that are wanted and new; errors always are."""
        found = chosen(report, self.selection)
        return found if self.baseline is None else self.baseline.new(found)

    def _end(self, reviewed: Reviewed) -> int:
        """Show what there is to show, and say the exit code."""
        if not reviewed.compiles:
            show(reviewed.report, self.form)
            return ExitCode.DOES_NOT_COMPILE
        found = like(reviewed.report, self._wanted(reviewed.report))
        if self.statistics:
            count(found, self.form)
        else:
            show(found, self.form)
        if self.baseline is not None:
            for fingerprint in self.baseline.gone(chosen(reviewed.report, self.selection)):
                click.echo(f"no longer found, though the baseline has it: {visible(fingerprint)}", err=True)
        if not len(found) and self.form == "text":
            click.echo("Nothing is found." if self.baseline is None else "Nothing new is found.", err=True)
        least = worst(found)
        return ExitCode.FINDINGS if least is not None and RANK[least] >= RANK[self.fail_on] else ExitCode.CLEAN

    def _files(self) -> Files:
        """The files of the configuration that fixes may change, as far as they can be read."""
        found = {}
        for file in (gateway_file(self.path), find(self._directory, "system.config")):
            with suppress(OSError):
                if file is not None:
                    found[file.name] = read_bytes(file)
        return found

    @property
    def _directory(self) -> Path:
        return self.path if self.path.is_dir() else self.path.parent


def count(report: Report, form: str) -> None:
    """Write how often each finding is there, the most frequent first: a table, or a document for the JSON forms."""
    counts = Counter((found.code, found.name, found.severity) for found in report)
    ordered = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    if form.startswith("json"):
        rows = [{"code": code, "name": name, "severity": sort, "count": n} for (code, name, sort), n in ordered]
        click.echo(json.dumps({"schema_version": 1, "statistics": rows}, indent=2))
        return
    width = len(str(max(counts.values(), default=0)))
    for (code, name, severity), number in ordered:
        click.echo(f"{number:>{width}}  {code}  {severity:<7}  {name}")
