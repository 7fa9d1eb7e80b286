"""The usual pair: a token, and a limit for whoever holds it."""

from tests.bench.workload import REQUESTS, Case, Workload, pipeline
from tests.bench.workloads.rate_limit import STEP


def workloads() -> tuple[Workload, ...]:
    case = Case(pipeline("oauth2:", STEP), REQUESTS, credential="oauth2", answers="x-ratelimit-limit")
    return (Workload("oauth2-rate-limit", "oauth2 + rate-limit + proxy", (case,), {32: 4.0, 256: 3.5}),)
