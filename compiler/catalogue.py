"""What a configuration may name: the policies and conditions that are built in, and those that its plugins bring."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from egc.compiler.conditions import ConditionKind, conditions
from egc.compiler.diagnostics import Diagnostic, Report
from egc.compiler.policies import Policy, policies

if TYPE_CHECKING:
    from egc.compiler.plugins import Plugin


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Policies and conditions by name. What a plugin brings takes the place of what is built in (D370, D371)."""

    policies: Mapping[str, Policy]
    conditions: Mapping[str, ConditionKind]
    plugins: "tuple[Plugin, ...]" = ()
    missing: tuple[str, ...] = ()
    """Names of plugins that could not be read: what they would bring is unknown."""
    findings: tuple[Diagnostic, ...] = ()

    def tell(self, report: Report) -> None:
        """Put what was found while the plugins were read into a report."""
        for one in self.findings:
            report.add(one.code, one.name, one.severity, one.message, one.span, related=one.related, help=one.help)


@cache
def built_in() -> Catalogue:
    """What is there without plugins."""
    return Catalogue(policies(), conditions())


def catalogue(plugins: "Iterable[Plugin]", missing: Iterable[str], report: Report) -> Catalogue:
    """What is there with these plugins; of two that bring the same the later one counts."""
    core = built_in()
    known_policies, known_conditions = dict(core.policies), dict(core.conditions)
    for plugin in plugins:
        known_policies.update((policy.name, policy) for policy in plugin.policies)
        known_conditions.update((condition.name, condition) for condition in plugin.conditions)
    return Catalogue(known_policies, known_conditions, tuple(plugins), tuple(missing), tuple(report))
