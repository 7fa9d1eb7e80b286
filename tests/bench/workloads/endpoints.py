"""Ten endpoints against a thousand, in three ways to tell endpoints apart; the load asks for all of them in turn."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tests.bench.load import Request
from tests.bench.workload import NGINX_PROXY, QUERY, TO_SERVICE, Case, Envoy, Workload

FEW, MANY = 10, 1000
GROWTH = 1.15


def workloads() -> tuple[Workload, ...]:
    return tuple(
        Workload(f"endpoints-{name}", f"endpoints told apart by {name}", (case(FEW), case(MANY)), growth=GROWTH)
        for name, case in (("paths", _paths), ("prefixes", _prefixes), ("hosts", _hosts))
    )


def _paths(count: int) -> Case:
    """Literal paths with a common beginning, as in /api/e7."""
    names = [f"e{index}" for index in range(count)]
    return _case(
        [(name, "*", f"/api/{name}") for name in names],
        [Request(f"/api/{name}{QUERY}") for name in names],
        nginx=_server(f"location = /api/{name} {{ {NGINX_PROXY} }}" for name in names),
        envoy=_all_hosts({"match": {"path": f"/api/{name}"}, "route": TO_SERVICE} for name in names),
    )


def _prefixes(count: int) -> Case:
    """Everything under a path with a common beginning, as in /api/e7/*."""
    names = [f"e{index}" for index in range(count)]
    return _case(
        [(name, "*", f"/api/{name}/*") for name in names],
        [Request(f"/api/{name}/items/5{QUERY}") for name in names],
        nginx=_server(f"location /api/{name}/ {{ {NGINX_PROXY} }}" for name in names),
        envoy=_all_hosts({"match": {"prefix": f"/api/{name}/"}, "route": TO_SERVICE} for name in names),
    )


def _hosts(count: int) -> Case:
    """One host each, as in e7.example.com."""
    names = [f"e{index}" for index in range(count)]
    servers = "".join(
        f"server {{ listen LISTEN; server_name {name}.example.com; location / {{ {NGINX_PROXY} }} }}\n"
        for name in names
    )
    return _case(
        [(name, f"{name}.example.com", "/*") for name in names],
        [Request(f"/items/5{QUERY}", f"{name}.example.com") for name in names],
        nginx="server_names_hash_max_size 4096;\n" + servers,
        envoy=Envoy(
            virtual_hosts=tuple(
                {
                    "name": name,
                    "domains": [f"{name}.example.com"],
                    "routes": [{"match": {"prefix": "/"}, "route": TO_SERVICE}],
                }
                for name in names
            )
        ),
    )


def _case(endpoints: Sequence[tuple[str, str, str]], requests: Sequence[Request], *, nginx: str, envoy: Envoy) -> Case:
    """One pipeline with these endpoints: name, host and path of each."""
    lines = [f"  {name}: {{host: '{host}', paths: '{path}'}}\n" for name, host, path in endpoints]
    names = ", ".join(name for name, _, _ in endpoints)
    gateway = (
        f"apiEndpoints:\n{''.join(lines)}policies: [proxy]\npipelines:\n  default:\n    apiEndpoints: [{names}]\n"
        "    policies:\n      - proxy: {action: {serviceEndpoint: service}}\n"
    )
    return Case(gateway, tuple(requests), label=str(len(endpoints)), nginx=nginx, envoy=envoy)


def _server(locations: Iterable[str]) -> str:
    return f"server {{ listen LISTEN;\n{chr(10).join(locations)}\n}}"


def _all_hosts(routes: Iterable[Mapping[str, Any]]) -> Envoy:
    return Envoy(virtual_hosts=({"name": "all", "domains": ["*"], "routes": list(routes)},))
