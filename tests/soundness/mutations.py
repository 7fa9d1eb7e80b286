"""A configuration changed a little: what means something else, and what means the same."""

from copy import deepcopy
from random import Random
from typing import Any

from tests.soundness import configurations
from tests.soundness.configurations import Configuration

Json = dict[str, Any]


def changed(random: Random, made: Configuration) -> Configuration:
    """The configuration with one to three changes that may mean something else."""
    gateway = deepcopy(made.gateway)
    for _ in range(random.randint(1, 3)):
        random.choice(_CHANGES)(random, gateway)
    return Configuration(gateway, made.system)


def rewritten(random: Random, made: Configuration) -> Configuration:
    """The same configuration with pipelines renamed, keys and the whitelist in another order."""
    gateway = deepcopy(made.gateway)
    gateway["pipelines"] = {f"again-{name}": value for name, value in gateway["pipelines"].items()}
    random.shuffle(gateway["policies"])
    return Configuration(_shuffled(random, gateway), made.system)


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
    one["url"] = other["url"]


_CHANGES = (
    *(_redefine, _one_key, _one_key, _add_step, _remove_step, _swap_steps, _condition, _condition, _action),
    *(_reorder, _move, _service),
)
