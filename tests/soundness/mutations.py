"""A configuration changed a little: what means something else, and what means the same."""

import json
from copy import deepcopy
from functools import cache
from importlib.resources import files
from random import Random
from typing import Any

import yaml

from tests.soundness import configurations
from tests.soundness.configurations import Configuration

Json = dict[str, Any]


def changed(random: Random, made: Configuration) -> Configuration:
    """The configuration with one to three changes that may mean something else."""
    found = Configuration(deepcopy(made.gateway), deepcopy(made.system))
    for _ in range(random.randint(1, 3)):
        random.choice(_CHANGES)(random, found.gateway)
    if random.random() < 0.1:
        found = Configuration(found.gateway, configurations.system(random))
    gateway = found.gateway
    steps = [step for pipeline in gateway["pipelines"].values() for step in pipeline["policies"]]
    if any("oauth2" in step for step in steps) and "oauth2" not in gateway["policies"]:
        gateway["policies"].append("oauth2")
    return found


def rewritten(random: Random, made: Configuration) -> Configuration:
    """The same configuration in other words: pipelines, endpoints and services renamed, keys and the whitelist in
    another order, one thing for a list of one, defaults written out."""
    gateway = deepcopy(made.gateway)
    random.shuffle(gateway["policies"])
    gateway["pipelines"] = {f"again-{name}": value for name, value in gateway["pipelines"].items()}
    if random.random() < 0.5:
        gateway["apiEndpoints"] = {f"of-{name}": value for name, value in gateway["apiEndpoints"].items()}
        for pipeline in gateway["pipelines"].values():
            pipeline["apiEndpoints"] = [f"of-{name}" for name in pipeline["apiEndpoints"]]
    gateway["apiEndpoints"] = {name: _reworded(random, value) for name, value in gateway["apiEndpoints"].items()}
    renamed = random.random() < 0.5
    if renamed:
        gateway["serviceEndpoints"] = {f"at-{name}": value for name, value in gateway["serviceEndpoints"].items()}
    for name, pipeline in gateway["pipelines"].items():
        for step in pipeline["policies"]:
            ((policy, actions),) = step.items()
            for one in actions:
                if renamed and policy == "proxy":
                    one["action"]["serviceEndpoint"] = f"at-{one['action']['serviceEndpoint']}"
                one["action"] = {**_some(random, _defaults(policy, one["action"])), **one["action"]}
            if len(actions) == 1 and random.random() < 0.5:
                step[policy] = actions[0]
        if random.random() < 0.2:
            gateway["pipelines"][name] = {**pipeline, "policies": _merged(pipeline["policies"])}
    return Configuration(_shuffled(random, gateway), _shuffled(random, made.system))


def spelled(random: Random, data: Any) -> str:
    """Data as YAML in one of its styles: blocks or flow, with anchors for what is there twice, or with comments."""
    draw = random.random()
    if draw < 0.2:
        return json.dumps(data, indent=random.choice((None, 2)))
    if draw < 0.4:
        return yaml.safe_dump(data, sort_keys=False, default_flow_style=True, width=60)
    if draw < 0.6:
        return yaml.safe_dump(_aliased(data, {}), sort_keys=False, default_flow_style=None)
    text = yaml.safe_dump(data, sort_keys=False, indent=random.choice((2, 4)), width=1_000)
    return "".join(line if random.random() < 0.7 else f"# a comment: [\n{line}" for line in text.splitlines(True))


def _aliased(data: Any, known: dict[str, Any]) -> Any:
    """The same data, of which equal parts are one object."""
    if isinstance(data, dict):
        data = {key: _aliased(value, known) for key, value in data.items()}
    elif isinstance(data, list):
        data = [_aliased(value, known) for value in data]
    return known.setdefault(json.dumps(data), data) if isinstance(data, dict | list) else data


def _reworded(random: Random, value: Any) -> Any:
    """The definitions of an endpoint, otherwise written."""
    if isinstance(value, list):
        many = [_definition_reworded(random, one) for one in value]
        return many[0] if len(many) == 1 and random.random() < 0.5 else many
    one = _definition_reworded(random, value)
    return [one] if random.random() < 0.2 else one


def _definition_reworded(random: Random, value: Json) -> Json:
    found = dict(value)
    for key in ("paths", "methods", "scopes"):
        one = found.get(key)
        if isinstance(one, list) and len(one) == 1 and key != "scopes" and random.random() < 0.5:
            found[key] = one[0]
        elif isinstance(one, str):
            found[key] = [one]
    if random.random() < 0.3 and not found.keys() & {"host", "hostRegex"}:
        found["host"] = "*"
    return found


@cache
def _schema(policy: str) -> Json:
    file = files("egc.schemas") / "policies" / f"{policy}.json"
    found: Json = json.loads(file.read_text())["properties"]
    return found


def _defaults(policy: str, action: Json) -> Json:
    """What a policy has without being told, as its schema says it."""
    return {
        name: about["default"]
        for name, about in _schema(policy).items()
        if "default" in about and name not in action and (policy, name) not in _UNLIKE
    }


_UNLIKE = (("proxy", "preserveHeaderKeyCase"), ("proxy", "toProxy"), ("proxy", "ws"), ("proxy", "secure"))
"""Defaults that are no more than said: nothing else is supported."""


def _some(random: Random, found: Json) -> Json:
    return {key: value for key, value in found.items() if random.random() < 0.4}


def _merged(steps: list[Json]) -> list[Json]:
    """Neighbours of one policy as the actions of one."""
    found: list[Json] = []
    for step in steps:
        ((policy, actions),) = step.items()
        if found and policy in found[-1]:
            found[-1] = {policy: [*_listed(found[-1][policy]), *_listed(actions)]}
        else:
            found.append(step)
    return found


def _listed(actions: Any) -> list[Any]:
    return actions if isinstance(actions, list) else [actions]


def _shuffled(random: Random, value: Any, *, keep: bool = False) -> Any:
    """A mapping with its keys in another order, however deep; the order of endpoints and pipelines means something."""
    if isinstance(value, list):
        return [_shuffled(random, item) for item in value]
    if not isinstance(value, dict):
        return value
    keys = list(value)
    if not keep:
        random.shuffle(keys)
    return {key: _shuffled(random, value[key], keep=key in ("apiEndpoints", "pipelines")) for key in keys}


def _definition(random: Random, gateway: Json) -> Json:
    found = random.choice(list(gateway["apiEndpoints"].values()))
    chosen: Json = random.choice(found) if isinstance(found, list) else found
    return chosen


def _steps(random: Random, gateway: Json) -> list[Json]:
    found: list[Json] = random.choice(list(gateway["pipelines"].values()))["policies"]
    return found


def _services(gateway: Json) -> list[str]:
    return list(gateway["serviceEndpoints"])


def _redefine(random: Random, gateway: Json) -> None:
    found = _definition(random, gateway)
    found.clear()
    found.update(configurations.definition(random))


def _one_key(random: Random, gateway: Json) -> None:
    found, other = _definition(random, gateway), configurations.definition(random)
    for key in ("host", "hostRegex", "paths", "pathRegex", "methods", "scopes"):
        if random.random() < 0.3:
            found.pop(key, None)
            if key in other:
                found[key] = other[key]
    if "host" in found:
        found.pop("hostRegex", None)
    if "paths" in found:
        found.pop("pathRegex", None)


def _add_step(random: Random, gateway: Json) -> None:
    steps = _steps(random, gateway)
    steps.insert(random.randint(0, len(steps)), configurations.step(random, _services(gateway)))


def _remove_step(random: Random, gateway: Json) -> None:
    steps = _steps(random, gateway)
    if len(steps) > 1:
        steps.pop(random.randrange(len(steps)))


def _swap_steps(random: Random, gateway: Json) -> None:
    steps = _steps(random, gateway)
    one, other = random.randrange(len(steps)), random.randrange(len(steps))
    steps[one], steps[other] = steps[other], steps[one]


def _condition(random: Random, gateway: Json) -> None:
    step = random.choice(_steps(random, gateway))
    ((policy, actions),) = step.items()
    if policy == "rewrite":
        return
    action = random.choice(actions)
    action.pop("condition", None)
    if random.random() < 0.7:
        action["condition"] = configurations.condition(random)


def _action(random: Random, gateway: Json) -> None:
    step = random.choice(_steps(random, gateway))
    ((policy, actions),) = step.items()
    random.choice(actions)["action"] = configurations.action(random, policy, _services(gateway))


def _reorder(random: Random, gateway: Json) -> None:
    names = list(gateway["apiEndpoints"])
    random.shuffle(names)
    gateway["apiEndpoints"] = {name: gateway["apiEndpoints"][name] for name in names}


def _move(random: Random, gateway: Json) -> None:
    """An endpoint into another pipeline."""
    one, other = (random.choice(list(gateway["pipelines"].values())) for _ in range(2))
    if len(one["apiEndpoints"]) > 1 and one is not other:
        other["apiEndpoints"].append(one["apiEndpoints"].pop())


def _service(random: Random, gateway: Json) -> None:
    one, other = (random.choice(list(gateway["serviceEndpoints"].values())) for _ in range(2))
    chosen = deepcopy(other)
    one.clear()
    one.update(chosen)


def _parameter(random: Random, gateway: Json) -> None:
    """One parameter of one action."""
    step = random.choice(_steps(random, gateway))
    ((policy, actions),) = step.items()
    own, other = random.choice(actions)["action"], configurations.action(random, policy, _services(gateway))
    for key in {*own, *other} - {"rewrite", "jscode", "forwardHeaders", "secretOrPublicKey", "algorithms"}:
        if random.random() < 0.4:
            own.pop(key, None)
            if key in other:
                own[key] = other[key]


def _nest(random: Random, gateway: Json) -> None:
    """A condition in one more."""
    step = random.choice(_steps(random, gateway))
    ((policy, actions),) = step.items()
    own = random.choice(actions).get("condition")
    if own is None or policy == "rewrite":
        return
    inner = dict(own)
    own.clear()
    if random.random() < 0.4:
        own.update({"name": "not", "condition": inner})
    else:
        name = random.choice(("allOf", "oneOf"))
        own.update({"name": name, "conditions": [inner, configurations.condition(random, 2)]})


def _scopes(random: Random, gateway: Json) -> None:
    _definition(random, gateway)["scopes"] = random.sample(configurations.SCOPES, random.randint(1, 2))


def _define(random: Random, gateway: Json) -> None:
    """One more definition of an endpoint, or one less."""
    name, found = random.choice(list(gateway["apiEndpoints"].items()))
    if isinstance(found, list) and len(found) > 1 and random.random() < 0.5:
        found.pop(random.randrange(len(found)))
    else:
        gateway["apiEndpoints"][name] = [*_listed(found), configurations.definition(random)]


_CHANGES = (
    *(_redefine, _one_key, _one_key, _add_step, _remove_step, _swap_steps, _condition, _condition, _action),
    *(_reorder, _move, _service, _parameter, _parameter, _parameter, _nest, _scopes, _define),
)
