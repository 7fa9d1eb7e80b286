"""Steps as they are written: each beside the step of the plan that it became, and changes of their text."""

from collections.abc import Iterator
from dataclasses import dataclass

from egc.compiler import mends
from egc.compiler.diagnostics import Edit, Span
from egc.compiler.lint._text import text_of
from egc.compiler.model import Action, PipelineText
from egc.compiler.node import Entry, Mapping, Node, Scalar, Sequence, Variable
from egc.compiler.plan import Pipeline, Route, Step
from egc.compiler.review import Review


@dataclass(frozen=True, slots=True)
class Written:
    """A step.

    Arguments:
        text, pipeline: where it stands, as written and in the plan.
        action: as it was written.
        step: what it became.
    """

    text: PipelineText
    pipeline: Pipeline
    action: Action
    step: Step

    @property
    def parameters(self) -> Mapping | None:
        """The parameters of its policy; those below `jwt` of an `oauth2` whose tokens are JSON web tokens."""
        found = self.action.parameters
        if found is not None and self.step.policy == "jwt" and self.action.policy.value == "oauth2":
            inner = found.get("jwt")
            return inner if isinstance(inner, Mapping) else None
        return found

    def entry(self, name: str) -> Entry | None:
        """A parameter that is written and not empty."""
        found = self.parameters.entry(name) if self.parameters is not None else None
        return None if found is None or is_empty(found.value) else found


def written(review: Review, policy: str = "") -> Iterator[Written]:
    """The steps of a configuration that may ever be asked for, those of one policy if it is named."""
    for text, pipeline in zip(review.model.pipelines, review.plan.pipelines, strict=True):
        actions = {action.span: action for action in text.actions}
        for step in (*pipeline.steps, *pipeline.skipped):
            action = actions.get(step.span)
            if action is not None and policy in ("", step.policy):
                yield Written(text, pipeline, action, step)


def routes(review: Review, pipeline: Pipeline) -> list[Route]:
    """The routes that lead into a pipeline."""
    return [route for route in review.plan.routes if route.pipeline is pipeline]


def reached(review: Review) -> set[str]:
    """The variables of pipelines that requests come to."""
    return {route.pipeline.variable for route in review.plan.routes if route.pipeline is not None}


def public(review: Review) -> set[str]:
    """The variables of endpoints that say `public: true`: everybody may, and that is meant."""
    found = set()
    for definition, endpoint in zip(review.model.definitions, review.plan.endpoints, strict=True):
        said = next((entry.value for entry in definition.written if entry.name == "public"), None)
        if isinstance(said, Scalar) and said.value is True:
            found.add(endpoint.variable)
    return found


def is_empty(node: Node) -> bool:
    """Whether a value is none."""
    return isinstance(node, Scalar) and node.value in (None, "") and not node.parts


def literal(node: Node | None) -> str | None:
    """The text that a value has in the file itself: its own, or the default of the variable that it is.

    None where the file does not say it. What the environment holds at build is nobody's to look at.
    """
    if not isinstance(node, Scalar) or node.value is None or isinstance(node.value, bool):
        return None
    if not node.parts:
        return str(node.value)
    only = node.parts[0]
    return only.default if len(node.parts) == 1 and isinstance(only, Variable) else None


# ---- Changes of text


def with_parameter(review: Review, step: Written, name: str, value: str) -> Edit | None:
    """The change that gives a step a parameter which it does not have; None where that is not plain to write."""
    text = text_of(review.project.gateway)
    if step.parameters is not None and step.parameters.entries:
        return with_entry(text, step.parameters, name, value, after=step.action.span)
    if step.action.parameters is not None or step.action.condition is not None:
        return None
    # `- key-auth:` becomes `- key-auth: {action: {...}}`.
    key = step.action.policy.span
    holder = _holder(review.project.gateway.tree, key)
    colon = text.text.find(":", text.end(key))
    if holder is None or not is_empty(holder.value) or colon < 0 or text.text[text.end(key) : colon].strip():
        return None
    return text.edit(colon + 1, colon + 1, f" {{action: {{{name}: {value}}}}}")


def with_entry(text: mends.Text, node: Mapping, name: str, value: str, *, after: Span) -> Edit | None:
    """The change that puts an entry in front of those of a mapping.

    `after` is the place behind which the mapping must stand: else it is an alias, and others use it too.
    """
    begin = text.start(node.span)
    own = [text.start(entry.key.span) for entry in node if begin <= text.start(entry.key.span) < text.end(node.span)]
    if not own or begin < text.start(after):
        return None
    start = min(own)
    if mends.is_flow(text, node):
        return text.edit(start, start, f"{name}: {value}, ")
    indent = text.text[text.line_start(start) : start]
    if indent.strip():
        return None
    return text.edit(start, start, f"{name}: {value}\n{indent}")


def moved(review: Review, step: Written, before: Written) -> tuple[Edit, ...]:
    """The changes that move a step in front of an earlier one of its pipeline; none where that is not plain to write.

    Both must stand under dashes of their own, one below the other.
    """
    text, tree = text_of(review.project.gateway), review.project.gateway.tree
    mine, other = _item(tree, step.action.policy.span), _item(tree, before.action.policy.span)
    if mine is None or other is None:
        return ()
    return mends.moved(text, mine.span, mine.span, other.span) or ()


def _item(tree: Node, key: Span) -> Mapping | None:
    """The item of a list that begins with a key."""
    *_, around, item = (None, None, *(node for node in mends.way(tree, key) if not isinstance(node, Scalar)))
    if not isinstance(around, Sequence) or not isinstance(item, Mapping):
        return None
    return item if item.entries[0].key.span == key else None


def _holder(tree: Node, span: Span) -> Entry | None:
    """The entry whose key stands at a place."""
    for node in mends.way(tree, span):
        for entry in node if isinstance(node, Mapping) else ():
            if entry.key.span == span:
                return entry
    return None
