"""What is measured: one module a workload, with the configuration that does it in each gateway."""

from tests.bench.workload import Workload
from tests.bench.workloads import endpoints, expression, jwt, key_auth, oauth2, oauth2_rate_limit, proxy, rate_limit

MODULES = (proxy, oauth2, rate_limit, oauth2_rate_limit, key_auth, jwt, expression, endpoints)
"""In the order of the table."""


def workloads() -> tuple[Workload, ...]:
    """Every workload."""
    return tuple(workload for module in MODULES for workload in module.workloads())
