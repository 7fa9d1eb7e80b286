"""Configurations of one pipeline, as text, for rules that look at steps."""

from textwrap import indent

ENDPOINT = "orders: {host: api.example.com, paths: '/orders*'}"
SERVICE = "backend: {url: 'http://localhost:3000'}"
KEY_AUTH = "- key-auth: {action: {disableQueryParam: true}}\n"
PROXY = "- proxy: {action: {serviceEndpoint: backend, proxyTimeout: 5000}}\n"
LISTED = (
    "basic-auth, cors, expression, headers, jwt, key-auth, log, oauth2, oauth2-introspect, proxy, rate-limit, "
    "request-transformer, terminate"
)


def pipeline(
    steps: str,
    *,
    endpoint: str = ENDPOINT,
    service: str = SERVICE,
    head: str = "http: {port: 8080, hostname: localhost}\n",
    listed: str = LISTED,
) -> str:
    """gateway.config.yml with one pipeline of these steps, for all endpoints that are given, one a line."""
    names = ", ".join(line.partition(":")[0] for line in endpoint.split("\n") if line and not line.startswith(" "))
    return (
        f"{head}apiEndpoints:\n{indent(endpoint, '  ')}\nserviceEndpoints:\n{indent(service, '  ')}\n"
        f"policies: [{listed}]\npipelines:\n  main:\n    apiEndpoints: [{names}]\n    policies:\n"
        + indent(steps, "      ")
    )
