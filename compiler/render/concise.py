"""One line a finding, for people and for `grep`."""

from egc.compiler.diagnostics import Report
from egc.compiler.render import told, visible


def render(report: Report, *, colour: bool) -> str:
    """The lines, as `file:line:column: severity[CODE] name: message`; empty for no findings."""
    return "".join(
        f"{visible(f'{report.root}{found.span}')}: {found.severity}[{found.code}] {found.name}: {told(found.message)}\n"
        for found in report
    )
