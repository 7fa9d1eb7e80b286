"""An API key in the Authorization header."""

from tests.bench.workload import REQUESTS, Case, Workload, pipeline


def workloads() -> tuple[Workload, ...]:
    return (Workload("key-auth", "key-auth + proxy", (Case(pipeline("key-auth:"), REQUESTS, credential="key-auth"),)),)
