"""SC103: an Admin API that callers of the gateway reach through it. Of its own listener, lowering tells."""

from collections.abc import Iterator

from egc.compiler.diagnostics import Diagnostic, Related
from egc.compiler.lint._urls import Url, url_of
from egc.compiler.model import Section, text
from egc.compiler.node import Node, Scalar, Variable
from egc.compiler.review import Review
from egc.compiler.rules import Example, Rule

RULE = Rule(
    code="SC103",
    name="admin-exposed",
    severity="error",
    confidence="proven",
    fix="none",
    summary="The Admin API asks nobody for a key, and a service points at it, or it listens beyond this machine.",
    why="""\
Whoever reaches it makes users and credentials, reads the configuration, and can open every endpoint to themselves \
(CWE-306). Requests that a pipeline hands on come from this machine, so that the Admin API takes them. Where the \
pipeline authenticates, everybody with any credential is an administrator. On a listener beyond this machine it does \
not start without a key, unless the gateway is built with `--eg-compat`.""",
    instead="""\
Take the service out; or run `egc admin-key`, put what it prints under `admin.auth`, and have callers send the key.""",
    express_gateway="""\
Ships with such a service: its default configuration proxies the Admin API, with `key-auth` commented out. Its own \
listener never asked for a key (row admin-key).""",
    bad=Example(
        gateway="""\
http: {port: 8080}
admin: {port: 9876, host: localhost}
apiEndpoints:
  admin: {host: api.example.com, paths: ['/users*', '/apps*'], public: true}
serviceEndpoints:
  admin: {url: 'http://localhost:9876'}  # <--
policies: [proxy]
pipelines:
  admin:
    apiEndpoints: [admin]
    policies:
      - proxy: {action: {serviceEndpoint: admin, proxyTimeout: 5000}}
"""
    ),
    good=Example(
        gateway="""\
http: {port: 8080}
admin:
  port: 9876
  host: localhost
  auth: {keyDigest: '${ADMIN_KEY_DIGEST}'}
apiEndpoints:
  admin: {host: api.example.com, paths: ['/users*', '/apps*'], public: true}
serviceEndpoints:
  admin: {url: 'http://localhost:9876'}
policies: [proxy]
pipelines:
  admin:
    apiEndpoints: [admin]
    policies:
      - proxy: {action: {serviceEndpoint: admin, proxyTimeout: 5000}}
"""
    ),
)

_PORT = 9876
_ALL = ("0.0.0.0", "::")  # noqa: S104 - what a configuration may say


def check(review: Review) -> Iterator[Diagnostic]:
    section = next((section for name, section in review.model.listeners if name == "admin"), None)
    if section is None or section.values.get("auth") is not None:
        return
    services = {service.name: service for service in review.plan.services}
    for written in review.model.services:
        service = services[written.name]
        for node in written.urls:
            url = url_of(node)
            if url is None or not _leads_to(url, node, section):
                continue
            rows = [one for one in review.accesses if one.outcome == "proxied" and one.service is service]
            rows.sort(key=lambda one: bool(one.authentication))
            row = rows[0] if rows else None
            if row is None or row.step is None:
                continue
            whoever = "anybody with a credential of the gateway" if row.authentication else "anybody"
            proof = " with any credential" if row.authentication else ", without credentials"
            yield RULE.found(
                f"`{service.name}` is the Admin API of this gateway, which asks nobody for a key: {whoever} can use it",
                url.span,
                severity="warning" if row.authentication else "error",
                related=(Related(section.span, "it listens here"), Related(row.step.span, "requests go there here")),
                help="take the service out, or run `egc admin-key` and put what it prints under `admin.auth`",
                witness=f"{row.witness} -> the Admin API{proof}" if row.witness else "",
            )


def _leads_to(url: Url, node: Scalar, section: Section) -> bool:
    port = section.values.get("port")
    number = text(port) if isinstance(port, Scalar) and not port.missing and port.value is not None else str(_PORT)
    names = {text(host).lower() for host in map(section.values.get, ("host", "hostname")) if isinstance(host, Scalar)}
    known = url.is_loopback or url.host in names - {*_ALL, ""}
    # What variables have at build they need not have where the gateway runs, but the same one is the same there.
    return str(url.port) == number and known and _variables(node) == _variables(port)


def _variables(node: Node | None) -> set[str]:
    return {part.name for part in node.parts if isinstance(part, Variable)} if isinstance(node, Scalar) else set()
