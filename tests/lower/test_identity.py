"""Headers that say who the caller is are the configuration's to fill: a caller's own copy does not get through."""

import asyncio
from pathlib import Path
from types import ModuleType

import pytest

from egc.runtime.exchange import Exchange
from tests.lower.project import build

GATEWAY = """\
http: {{port: 0}}
apiEndpoints:
  api: {{paths: /a}}
policies: [headers, request-transformer, expression, terminate]
pipelines:
  main:
    apiEndpoints: [api]
    policies:
      - {step}
      - terminate: {{action: {{statusCode: 200}}}}
"""
KNOWN = "condition: {name: authenticated}, "


@pytest.mark.parametrize(
    ("step", "identity"),
    [
        (f"headers: {{{KNOWN}action: {{headersPrefix: X-, forwardHeaders: {{User: consumer.id}}}}}}", ("x-user",)),
        (f"headers: {{{KNOWN}action: {{forwardHeaders: {{User: req.user.name, Time: Date.now()}}}}}}", ("user",)),
        (f"request-transformer: {{{KNOWN}action: {{headers: {{add: {{x-sub: req.user.sub}}}}}}}}", ("x-sub",)),
        ("""expression: {action: {jscode: "if (consumer) { req.headers['X-Uid'] = consumer.id }"}}""", ("x-uid",)),
        # Set whatever the request is: there is nothing of the caller's left to take away.
        ("headers: {action: {forwardHeaders: {User: consumer.id}}}", ()),
        # Not about the consumer.
        (f"headers: {{{KNOWN}action: {{forwardHeaders: {{Time: Date.now()}}}}}}", ()),
        # The configuration reads what the caller sent.
        (f"""headers: {{{KNOWN}action: {{forwardHeaders: {{User: "req.headers['user'] || consumer.id"}}}}}}""", ()),
    ],
)
def test_headers_that_a_pipeline_fills_from_the_consumer(tmp_path: Path, step: str, identity: tuple[str, ...]) -> None:
    compiled = build(tmp_path, GATEWAY.format(step=step))
    assert compiled.plan.pipelines[0].identity == identity
    assert ("x.forget(" in compiled.files["gateway.py"]) is bool(identity)


def test_the_caller_s_copy_is_gone_when_the_step_does_not_run(tmp_path: Path) -> None:
    step = f"headers: {{{KNOWN}action: {{forwardHeaders: {{X-User: consumer.id}}}}}}"
    module = ModuleType("gateway")
    module.__file__ = str(tmp_path / "gateway.py")
    exec(build(tmp_path, GATEWAY.format(step=step)).files["gateway.py"], module.__dict__)
    x = Exchange("GET", "/a", [(b"x-user", b"root"), (b"x_user", b"root"), (b"x", b"1")], "a", "http", "127.0.0.1")
    asyncio.run(module.app._table.decide(x))
    assert x.headers == [(b"x", b"1")]
