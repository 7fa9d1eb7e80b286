"""The runtime: what generated modules are linked to. Serves requests, never reads configuration."""

from egc.runtime import env
from egc.runtime.exchange import Answer, Exchange, Outcome
from egc.runtime.gateway import Gateway
from egc.runtime.in_task import in_task
from egc.runtime.listener import Certificate, Listener

API = 1
"""The contract between generated modules and this runtime; raised when a module must be built again."""

__all__ = ["API", "Answer", "Certificate", "Exchange", "Gateway", "Listener", "Outcome", "env", "in_task", "require"]


def require(*, api: int) -> None:
    """Check that this runtime fits a generated module. Raises Misconfigured with one clear sentence."""
    if api != API:
        raise env.Misconfigured(
            f"this gateway was built for runtime api {api}, and the installed egc has api {API}: run `egc build` again"
        )
