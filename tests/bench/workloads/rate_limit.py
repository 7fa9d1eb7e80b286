"""A limit that is counted for each request and never reached."""

from tests.bench.workload import REQUESTS, Case, Envoy, Workload, nginx_server, pipeline

STEP = "rate-limit: {action: {max: 1000000000, windowMs: 60000, delayAfter: 0}}"
"""No delays: with Express Gateway's defaults the second request of a minute waits a second (D229)."""

# nginx tells callers nothing of its limit; the header is there to prove that it is applied.
NGINX = "limit_req zone=callers burst=1000000 nodelay; add_header X-RateLimit-Limit $limit_req_status;"

ENVOY = {
    "name": "envoy.filters.http.local_ratelimit",
    "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit",
        "stat_prefix": "limit",
        "token_bucket": {"max_tokens": 1000000000, "tokens_per_fill": 1000000000, "fill_interval": "60s"},
        "filter_enabled": {"default_value": {"numerator": 100, "denominator": "HUNDRED"}},
        "filter_enforced": {"default_value": {"numerator": 100, "denominator": "HUNDRED"}},
        "enable_x_ratelimit_headers": "DRAFT_VERSION_03",
    },
}


def workloads() -> tuple[Workload, ...]:
    case = Case(
        pipeline(STEP),
        REQUESTS,
        nginx="limit_req_zone $binary_remote_addr zone=callers:1m rate=1000000r/s;\n" + nginx_server(NGINX),
        envoy=Envoy(filters=(ENVOY,)),
        answers="x-ratelimit-limit",
    )
    return (Workload("rate-limit", "rate-limit + proxy", (case,)),)
