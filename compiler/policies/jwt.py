"""Lowering of `jwt`: exactly one key, and a field where the extractor needs one."""

import ipaddress
import os
from pathlib import Path
from urllib.parse import urlsplit

from egc.compiler.model import ServiceEndpoint
from egc.compiler.node import Mapping, Node, Scalar
from egc.compiler.plan import Argument
from egc.compiler.policies import Policy
from egc.compiler.settings import Values

KEYS = ("secretOrPublicKey", "secretOrPublicKeyFile", "jwksUri")
FIELDS = {"header": "the header", "query": "the query parameter", "authScheme": "the scheme"}
"""Extractors that need a name, and of what."""


def lower(policy: Policy, parameters: Mapping, service: ServiceEndpoint | None, values: Values) -> tuple[Argument, ...]:
    """The arguments of a JWT."""
    if not any(_given(parameters.get(name)) for name in KEYS):
        values.report.error(
            "CO141",
            "missing-property",
            "`jwt` needs `secretOrPublicKey`, `secretOrPublicKeyFile` or `jwksUri`",
            parameters.span,
            help="write `action: {secretOrPublicKey: '${JWT_KEY}'}` and set JWT_KEY",
        )
    _field(parameters, values)
    check_key_file(parameters.get("secretOrPublicKeyFile"), values)
    uri = parameters.get("jwksUri")
    if isinstance(uri, Scalar) and not uri.parts:
        _https(str(uri.value), uri, values)
    return values.arguments(parameters, policy.properties)


def check_key_file(node: Node | None, values: Values) -> None:
    """Tell of a key file that is not here; where the gateway runs, it may be."""
    if not isinstance(node, Scalar) or node.parts or not isinstance(node.value, str):
        return
    if not Path(os.environ.get("EGC_FILES") or ".", node.value).is_file():
        values.report.warning(
            "CO140",
            "no-such-file",
            f"there is no key file `{node.value}` here; without it the gateway does not start",
            node.span,
            help="a relative path counts from where the gateway is started, or from EGC_FILES",
        )


def _field(parameters: Mapping, values: Values) -> None:
    extractor = parameters.get("jwtExtractor")
    what = FIELDS.get(str(extractor.value)) if isinstance(extractor, Scalar) else None
    if extractor is not None and what is not None and not _given(parameters.get("jwtExtractorField")):
        message = f"this extractor needs `jwtExtractorField`: the name of {what}"
        values.report.error("CO141", "missing-property", message, extractor.span)


def _https(url: str, node: Scalar, values: Values) -> None:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        near = host == "localhost" or (host != "" and ipaddress.ip_address(host).is_loopback)
    except ValueError:
        near = False
    if not url.startswith("https://") and not near:
        values.report.error(
            "SC121",
            "keys-in-clear",
            "`jwksUri` should begin with https: who can change keys on their way can let anybody in",
            node.span,
        )


def _given(node: Node | None) -> bool:
    return isinstance(node, Scalar) and bool(node.parts or node.value)
