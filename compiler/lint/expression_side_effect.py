"""EX704: a condition or a message that changes something."""

from collections.abc import Iterator

from egc.compiler.conditions.lowering import checks
from egc.compiler.diagnostics import Diagnostic
from egc.compiler.plan import Script, Step
from egc.compiler.review import Review
from egc.compiler.rules import Example, Rule

_TEXT = """\
http: {port: 8080}
apiEndpoints:
  orders: {host: '*', paths: '/orders*'}
serviceEndpoints:
  orders: {url: 'http://localhost:3000'}
policies: [key-auth, terminate, proxy]
pipelines:
  orders:
    apiEndpoints: [orders]
    policies:
      - key-auth: {action: {disableQueryParam: true}}
      - terminate:
          condition: {name: expression, expression: "%s"}
          action: {statusCode: 405, message: only GET}
      - proxy: {action: {serviceEndpoint: orders, proxyTimeout: 5000}}
"""

RULE = Rule(
    code="EX704",
    name="expression-side-effect",
    severity="warning",
    confidence="proven",
    fix="none",
    summary="a condition, or the text of a message, that assigns or answers",
    why=(
        "A condition is asked, and a message is written, to learn something. One that assigns changes the request for "
        "all steps behind it, and whether that happens depends on which other conditions were asked before it. Most "
        "often a `=` stands where `==` was meant: then the condition is as true as what it assigns, whatever is asked."
    ),
    instead="Compare with `===`. What should be changed belongs into the policy `expression`, where everybody sees it.",
    bad=Example(_TEXT % "req.method = 'DELETE'"),
    good=Example(_TEXT % "req.method === 'DELETE'"),
)


def check(review: Review) -> Iterator[Diagnostic]:
    """Scripts of conditions, log messages and rate limits that change something."""
    for pipeline in review.plan.pipelines:
        for step in pipeline.steps:
            for script, what in _scripts(step):
                yield from _told(script, what)


def _scripts(step: Step) -> Iterator[tuple[Script, str]]:
    """The scripts of a step that are there to say something, and what each is."""
    for asked in checks(step.condition):
        for argument in asked.arguments:
            if isinstance(argument.value, Script):
                yield argument.value, "a condition"
    for argument in step.arguments:
        if isinstance(argument.value, Script) and argument.value.kind == "template":
            yield argument.value, "a message" if step.policy == "log" else f"`{argument.keyword}`"


def _told(script: Script, what: str) -> Iterator[Diagnostic]:
    # The parser is loaded only where there is something to parse.
    from egc.compiler.javascript.effects import effects
    from egc.compiler.scripts import place

    for problem in effects(script.text, template=script.kind == "template"):
        help = "did you mean `===`?" if problem.message.startswith("this") and what == "a condition" else ""
        yield RULE.found(f"{what} should change nothing: {problem.message}", place(problem, script), help=help)
