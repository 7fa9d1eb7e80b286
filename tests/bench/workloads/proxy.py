"""A plain proxy: what a gateway costs before any policy."""

from tests.bench.workload import REQUESTS, Case, Envoy, Workload, nginx_server, pipeline


def workloads() -> tuple[Workload, ...]:
    case = Case(pipeline(), REQUESTS, nginx=nginx_server(), envoy=Envoy(), floor=True)
    return (Workload("proxy", "proxy", (case,)),)
