"""Configurations made at random that compile and run: every form of host, path, method and condition, fall-through,
steps that answer, steps that authenticate, and steps that change the request."""

from dataclasses import dataclass
from random import Random
from typing import Any

SCOPES = ("read", "write")
HOSTS = ("a.example", "b.example", "*.a.example", "*.example", "x.*.example")
HOST_REGEXES = (r"^(a|b)\.example$", r"[a-z]+\.a\.example", r".*example", r"c|d")
PATHS = (
    *("/", "/x", "/x/", "/x/*", "/x/y", "/X/:id", "/x/:id?", "/:a/:b", "/y*", "/y/(z|w)?", "/x/:id(\\d+)"),
    *("*", "/*", "/x/y/*", "/f.html", "/z+", "/:id.json"),
)
PATH_REGEXES = (r"^/x/\d+$", "/y", r"^/(x|y)/?", r"\.html$", r"^/[^x]")
METHODS = ("GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD")
GLOBS = ("a.example", "*.example", "?.example", "{a,b}.example", "*:80", "!*")
PATH_MATCHES = ("^/x", r"/\d", "y", r"^/x(/|\?|$)", r"\?q=1", r"^/[a-x]/")
FLAGS = ("x-red", "x-blue")
"""Request headers that expressions look at."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """Both files as data."""

    gateway: dict[str, Any]
    system: dict[str, Any]


def configuration(random: Random, port: int) -> Configuration:
    """A configuration whose services are paths of one server.

    Arguments:
        port: where that server listens, on the loopback interface.
    """
    services = [f"s{number}" for number in range(random.randint(1, 3))]
    endpoints = {f"e{number}": _definitions(random) for number in range(random.randint(1, 6))}
    names = list(endpoints)
    random.shuffle(names)
    pipelines: dict[str, Any] = {}
    while names:
        size = random.randint(1, 3)
        used, names = names[:size], names[size:]
        if random.random() < 0.1:
            continue
        pipelines[f"p{len(pipelines)}"] = {"apiEndpoints": used, "policies": _steps(random, services)}
    policies = ("cors", "key-auth", "basic-auth", "rate-limit", "headers", "expression", "rewrite", "terminate")
    gateway: dict[str, Any] = {
        "http": {"port": "${HTTP_PORT:-0}", "hostname": "127.0.0.1"},
        "apiEndpoints": endpoints,
        "serviceEndpoints": {name: {"url": f"http://127.0.0.1:{port}/{name}"} for name in services},
        "policies": [*policies, "request-transformer", "log", "proxy"],
        "pipelines": pipelines or {"p0": {"apiEndpoints": ["e0"], "policies": _steps(random, services)}},
    }
    if random.random() < 0.2:
        gateway["policies"].append("oauth2")
    return Configuration(gateway, {"plugins": {"rewrite": {"package": "express-gateway-plugin-rewrite"}}})


def _definitions(random: Random) -> Any:
    if random.random() < 0.1:
        return [definition(random), definition(random)]
    return definition(random)


def definition(random: Random) -> dict[str, Any]:
    """One definition of an endpoint."""
    found: dict[str, Any] = {}
    draw = random.random()
    if draw < 0.3:
        found["host"] = random.choice(HOSTS)
    elif draw < 0.4:
        found["hostRegex"] = random.choice(HOST_REGEXES)
    draw = random.random()
    if draw < 0.55:
        found["paths"] = random.sample(PATHS, random.randint(1, 3))
    elif draw < 0.75:
        found["paths"] = random.choice(PATHS)
    elif draw < 0.9:
        found["pathRegex"] = random.choice(PATH_REGEXES)
    if random.random() < 0.4:
        found["methods"] = random.sample(METHODS, random.randint(1, 3))
    if random.random() < 0.3:
        found["scopes"] = random.sample(SCOPES, random.randint(1, 2))
    return found


def _steps(random: Random, services: list[str]) -> list[dict[str, Any]]:
    return [step(random, services) for _ in range(random.randint(1, 5))]


def step(random: Random, services: list[str]) -> dict[str, Any]:
    """One policy of a pipeline, with its actions."""
    policy = random.choice(
        (
            *("proxy", "proxy", "proxy", "terminate", "key-auth", "key-auth", "basic-auth", "rate-limit", "cors"),
            *("headers", "expression", "rewrite", "request-transformer", "log"),
        )
    )
    actions = []
    for _ in range(random.choice((1, 1, 1, 2))):
        entry: dict[str, Any] = {}
        if random.random() < 0.55:
            entry["condition"] = condition(random)
        entry["action"] = action(random, policy, services)
        if policy == "rewrite":
            entry["condition"] = {"name": "regexpmatch", "match": random.choice(PATH_MATCHES)}
        actions.append(entry)
    return {policy: actions}


def action(random: Random, policy: str, services: list[str]) -> dict[str, Any]:
    """The parameters of a policy."""
    match policy:
        case "proxy":
            return {"serviceEndpoint": random.choice(services)}
        case "terminate":
            return {"statusCode": random.choice((200, 451, 410, 503)), "message": "over"}
        case "key-auth":
            passing = {"passThrough": True} if random.random() < 0.3 else {}
            return {"apiKeyHeader": "x-api-key", "disableHeadersScheme": True, **passing}
        case "basic-auth":
            return {"passThrough": True} if random.random() < 0.3 else {}
        case "rate-limit":
            return {"max": 1_000_000, "windowMs": 60_000, "delayMs": 0, "delayAfter": 0}
        case "cors":
            return {"origin": "https://shop.example", "preflightContinue": random.random() < 0.3}
        case "headers":
            return {"forwardHeaders": {"x-red": "'1'"} if random.random() < 0.5 else {"x-other": "'1'"}}
        case "expression":
            code = ("req.url = '/x/7'", "req.url = req.url + '/y'", "egContext.seen = 1", "req.headers['x-blue'] = '1'")
            return {"jscode": random.choice((*code, "res.status(418).send('tea')"))}
        case "rewrite":
            found: dict[str, Any] = {"rewrite": random.choice(("/x/9", "/y", "/q?r=1"))}
            if random.random() < 0.4:
                found["redirect"] = 302
            return found
        case "request-transformer":
            return (
                {"headers": {"add": {"x-blue": "'1'"}}} if random.random() < 0.5 else {"headers": {"remove": ["x-red"]}}
            )
        case _:
            return {"message": "'seen'"}


def condition(random: Random, depth: int = 0) -> dict[str, Any]:
    """A condition, joined of others where `depth` allows."""
    draw = random.random()
    if depth < 2 and draw < 0.2:
        size = random.randint(1, 3)
        found = [condition(random, depth + 1) for _ in range(size)]
        return {"name": random.choice(("allOf", "oneOf")), "conditions": found}
    if depth < 2 and draw < 0.32:
        return {"name": "not", "condition": condition(random, depth + 1)}
    match random.choice(
        (
            *("pathExact", "pathMatch", "pathMatch", "method", "hostMatch", "expression", "authenticated"),
            *("anonymous", "always", "never", "tlsClientAuthenticated"),
        )
    ):
        case "pathExact":
            return {"name": "pathExact", "path": random.choice(("/", "/x", "/x/y", "/x?q=1"))}
        case "pathMatch":
            return {"name": "pathMatch", "pattern": random.choice(PATH_MATCHES)}
        case "method":
            methods = random.sample(METHODS, random.randint(1, 2))
            return {"name": "method", "methods": methods[0] if len(methods) == 1 else methods}
        case "hostMatch":
            return {"name": "hostMatch", "pattern": random.choice(GLOBS)}
        case "expression":
            return {"name": "expression", "expression": expression(random.choice(FLAGS))}
        case name:
            return {"name": name}


def expression(flag: str) -> str:
    """A condition that looks at one request header."""
    return f"req.headers['{flag}'] === '1'"
