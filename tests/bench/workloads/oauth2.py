"""A bearer token of the gateway's own authorization server."""

from tests.bench.workload import REQUESTS, Case, Workload, pipeline


def workloads() -> tuple[Workload, ...]:
    return (Workload("oauth2", "oauth2 + proxy", (Case(pipeline("oauth2:"), REQUESTS, credential="oauth2"),)),)
