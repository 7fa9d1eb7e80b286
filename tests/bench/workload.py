"""What a workload is: requests, and the configuration that does the same work in each gateway."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.bench.load import Request

Credential = Literal["none", "oauth2", "key-auth"]

QUERY = "?x=1&y=2"


TO_SERVICE = {"cluster": "service", "timeout": "0s"}
"""What Envoy's routes do."""

EVERYTHING: Mapping[str, Any] = {
    "name": "all",
    "domains": ["*"],
    "routes": [{"match": {"prefix": "/"}, "route": TO_SERVICE}],
}
"""The virtual host of Envoy that takes whatever comes."""


@dataclass(frozen=True, slots=True)
class Envoy:
    """What of Envoy's configuration is the workload's: HTTP filters before the router, virtual hosts, their routes."""

    filters: tuple[Mapping[str, Any], ...] = ()
    virtual_hosts: tuple[Mapping[str, Any], ...] = (EVERYTHING,)


@dataclass(frozen=True, slots=True)
class Case:
    """One piece of work.

    Arguments:
        label: what tells the cases of a workload apart, empty where there is one.
        gateway: gateway.config.yml without `http`, `admin` and `serviceEndpoints`; the service is called `service`.
        requests: what the load sends, in turn.
        nginx: directives of the `http` block, with `SERVICE` for the URL of the service and `LISTEN` for the value of
            `listen`; None where nginx cannot do the same.
        envoy: the same work for Envoy; None where it cannot do it.
        floor: whether the bare server is measured too.
        credential: what the requests carry, made through the gateway's own Admin API.
        header: a header that the requests carry, where no Admin API makes it.
        answers: a header that every answer brings, in lower case: proof that the policy runs.
        seen: what the service's `/seen` says of the request that reaches it: proof of what the policies have set.
    """

    gateway: str
    requests: tuple[Request, ...]
    label: str = ""
    nginx: str | None = None
    envoy: Envoy | None = None
    floor: bool = False
    credential: Credential = "none"
    header: Mapping[str, str] = field(default_factory=dict)
    answers: str | None = None
    seen: str | None = None

    @property
    def guarded(self) -> bool:
        """Whether a request without credential is to be refused."""
        return self.credential != "none" or bool(self.header)


@dataclass(frozen=True, slots=True)
class Workload:
    """Cases that are measured side by side, and what is promised of them.

    Arguments:
        name: for `--only`.
        title: for the table.
        cases: one, or two whose cost is compared.
        goals: by number of connections, how many times Express Gateway's CPU time is to be egc's.
        growth: how many times the first case's CPU time the last case's may be, in egc.
    """

    name: str
    title: str
    cases: tuple[Case, ...]
    goals: Mapping[int, float] = field(default_factory=dict)
    growth: float | None = None


def pipeline(*policies: str, path: str = "/bench*") -> str:
    """A configuration with one endpoint whose pipeline has these steps, written in YAML, before its proxy."""
    steps = [*policies, "proxy: {action: {serviceEndpoint: service}}"]
    names = ", ".join(step.partition(":")[0] for step in steps)
    lines = [
        "apiEndpoints:",
        f"  api: {{host: '*', paths: '{path}'}}",
        f"policies: [{names}]",
        "pipelines:",
        "  default:",
        "    apiEndpoints: [api]",
        "    policies:",
        *(f"      - {step}" for step in steps),
    ]
    return "\n".join(lines) + "\n"


REQUESTS = (Request(f"/bench{QUERY}"),)
"""The request of every workload that needs no other."""

NGINX_PROXY = 'proxy_pass SERVICE; proxy_http_version 1.1; proxy_set_header Connection "";'
"""nginx directives that hand a request on over a kept-alive connection."""


def nginx_server(location: str = "") -> str:
    """nginx as a proxy, with more directives in its location."""
    return f"server {{ listen LISTEN; location / {{ {NGINX_PROXY} {location} }} }}"
