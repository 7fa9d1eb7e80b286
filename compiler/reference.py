"""Everything that a configuration may say, by the words that people look for: taken from the schemas.

A key's word is its way through the file without the names that people choose: `apiEndpoints.methods`,
`accessTokens.timeToExpiry`; those of policies and conditions begin with their names: `proxy.stripPath`.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from egc.compiler.conditions import conditions
from egc.compiler.policies import policies
from egc.compiler.schema import WORDS, Schema, load

Kind = Literal["key", "policy", "condition"]

STANDS_IN = frozenset(("apiEndpoint", "pipeline", "pipelines.policy"))
"""Older spellings; what may stand in them is said where it stands in the newer one."""

FILES = ("gateway", "system")


@dataclass(frozen=True, slots=True)
class Topic:
    """One thing that a configuration may say.

    Arguments:
        word: what it is looked for by.
        kind: what it is.
        place: where it is written, in words.
        text: what it does.
        express_gateway: how Express Gateway treated it.
        type: what kind of value it takes, in words.
        required: whether it must be given.
        default: what holds where it is not given, as JSON; empty where nothing does.
        allowed: the values that it may have; empty where its type says all.
        example: lines of YAML that use it.
        parts: the words of what it is made of.
    """

    word: str
    kind: Kind
    place: str
    text: str
    express_gateway: str
    type: str = ""
    required: bool = False
    default: str = ""
    allowed: tuple[str, ...] = ()
    example: str = ""
    parts: tuple[str, ...] = ()


@cache
def topics() -> tuple[Topic, ...]:
    """All topics: the keys of gateway.config.yml, policies, conditions, the keys of system.config.yml."""
    found = [*_file("gateway")]
    for policy in policies().values():
        found += _named("policy", policy.name, policy.schema)
    for condition in conditions().values():
        found += _named("condition", condition.name, condition.schema)
    return (*found, *_file("system"))


def about(word: str) -> tuple[Topic, ...]:
    """The topics of a word: as it is written, else whatever its case, else the keys that end with it."""
    lower = word.lower()
    return (
        tuple(topic for topic in topics() if topic.word == word)
        or tuple(topic for topic in topics() if topic.word.lower() == lower)
        or tuple(topic for topic in topics() if topic.word.lower().endswith(f".{lower}"))
    )


def _file(name: str) -> Iterator[Topic]:
    root = load(name)
    assert root is not None  # noqa: S101 - shipped with the compiler
    yield from _Walk(root, f"{name}.config.yml", "key").below(root, "", ())


def _named(kind: Literal["policy", "condition"], name: str, schema: Schema) -> Iterator[Topic]:
    """A policy or condition, then its parameters."""
    walk = _Walk(schema, f"`action` of `{name}`" if kind == "policy" else f"the condition `{name}`", kind)
    parameters = list(walk.below(schema, f"{name}.", ()))
    example = (schema.get("examples") or [{}])[0]
    if kind == "policy":
        written: object = [{name: {"action": example} if example else None}]
        place = "`policies` of a pipeline"
    else:
        written = {"condition": {"name": name, **example}}
        place = "`condition` of a step"
    parts = tuple(topic.word for topic in parameters if topic.word.count(".") == name.count(".") + 1)
    text, express_gateway = schema["description"], schema.get("x-express-gateway", "")
    yield Topic(name, kind, place, text, express_gateway, example=_yaml(written), parts=parts)
    yield from parameters


@dataclass(frozen=True, slots=True)
class _Walk:
    """Goes through one schema."""

    root: Schema
    place: str
    kind: Kind

    def below(self, schema: Schema, prefix: str, seen: tuple[int, ...]) -> Iterator[Topic]:
        """The topics of what stands in a value, names that people choose skipped."""
        told: set[str] = set()
        for branch in self.branches(schema, seen):
            for name, inner in branch.get("properties", {}).items():
                word = prefix + name
                if word in told:
                    continue
                told.add(word)
                parts = [] if word in STANDS_IN else list(self.below(inner, f"{word}.", (*seen, id(branch))))
                yield self.topic(word, inner, name in branch.get("required", ()), parts)
                yield from parts

    def branches(self, schema: Schema, seen: tuple[int, ...]) -> Iterator[Schema]:
        """A schema, its alternatives, what its lists hold, and what stands under names that people choose."""
        schema = self.deref(schema)
        if id(schema) in seen:
            return
        yield schema
        seen = (*seen, id(schema))
        for keyword in ("allOf", "anyOf", "oneOf"):
            for branch in schema.get(keyword, ()):
                yield from self.branches(branch, seen)
        for keyword in ("items", "additionalProperties"):
            if isinstance(schema.get(keyword), dict):
                yield from self.branches(schema[keyword], seen)

    def topic(self, word: str, schema: Schema, required: bool, parts: list[Topic]) -> Topic:
        """The topic of one key."""
        schema = {**self.deref(schema), **schema}
        name = word.rpartition(".")[2]
        examples = schema.get("examples", [schema["default"]] if "default" in schema else [])
        return Topic(
            word,
            self.kind,
            self.where(word),
            schema["description"],
            schema.get("x-express-gateway", ""),
            self.type(schema),
            required,
            json.dumps(schema["default"]) if "default" in schema else "",
            tuple(dict.fromkeys(self.allowed(schema))) if "errorMessage" not in schema else (),
            _yaml({name: examples[0]}) if examples else "",
            tuple(part.word for part in parts if part.word.count(".") == word.count(".") + 1),
        )

    def where(self, word: str) -> str:
        """Where a key is written, in words."""
        above = word.rpartition(".")[0]
        if self.kind != "key":
            above = above.partition(".")[2]
        return f"`{above}` of {self.place}" if above else self.place

    def deref(self, schema: Schema) -> Schema:
        while "$ref" in schema:
            name = schema["$ref"].removeprefix("#/definitions/")
            schema = self.root["definitions"][name] if name != "#" else self.root
        return schema

    def type(self, schema: Schema) -> str:
        """What a value is, in words."""
        if "errorMessage" in schema:
            return str(schema["errorMessage"])
        language = {"expression": "JavaScript", "template": "a template", "program": "JavaScript"}
        if isinstance(schema.get("x-egc"), str) and schema["x-egc"] in language:
            return language[schema["x-egc"]]
        found = dict.fromkeys(self.types(schema))
        return " or ".join(found) or "any value"

    def types(self, schema: Schema) -> Iterator[str]:
        schema = self.deref(schema)
        if "pattern" in schema and schema.get("type") == "string":
            return  # which stands for a variable
        named = schema.get("type", [])
        for name in [named] if isinstance(named, str) else named:
            items = schema.get("items")
            of = [*self.types(items)] if name == "array" and isinstance(items, dict) else []
            if name != "null":
                yield f"a list of {' or '.join(dict.fromkeys(map(_several, of)))}" if of else WORDS[name]
        for keyword in ("anyOf", "oneOf", "allOf"):
            for branch in schema.get(keyword, ()):
                yield from self.types(branch)

    def allowed(self, schema: Schema) -> Iterator[str]:
        """The values that are allowed, or their bounds."""
        for branch in self.branches(schema, ()):
            if "properties" in branch:
                continue
            for value in branch.get("enum", ()):
                yield json.dumps(value) if not isinstance(value, str) else value
            if "minimum" in branch or "exclusiveMinimum" in branch or "maximum" in branch:
                yield _bounds(branch)


def _bounds(schema: Mapping[str, Any]) -> str:
    least, most = schema.get("minimum"), schema.get("maximum")
    if "exclusiveMinimum" in schema:
        return f"more than {schema['exclusiveMinimum']}"
    if least is None:
        return f"at most {most}"
    return f"{least} or more" if most is None else f"{least} to {most}"


def _several(word: str) -> str:
    """The plural of a type: `a number` becomes `numbers`."""
    return "text" if word == "text" else f"{word.removeprefix('a ').removeprefix('an ')}s"


def _yaml(value: object) -> str:
    import yaml

    text: str = yaml.safe_dump(value, sort_keys=False, default_flow_style=False, width=100, allow_unicode=True)
    return text.replace(": {}\n", ":\n").replace(": null\n", ":\n")
