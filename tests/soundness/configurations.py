"""Configurations made at random that compile and run: every form of host, path, method and condition, fall-through,
steps that answer, steps that authenticate, and steps that change the request."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

SERVICES = 3
SCOPES = ("read", "write")
SHOP = "https://shop.example"
HOSTS = ("a.example", "b.example", "*.a.example", "*.example", "x.*.example")
HOST_REGEXES = (r"^(a|b)\.example$", r"[a-z]+\.a\.example", r".*example", r"c|d")
PATHS = (
    *("/", "/x", "/x/", "/x/*", "/x/y", "/X/:id", "/x/:id?", "/:a/:b", "/y*", "/y/(z|w)?", "/x/:id(\\d+)"),
    *("*", "/*", "/x/y/*", "/f.html", "/z+", "/:id.json"),
)
PATH_REGEXES = (r"^/x/\d+$", "/y", r"^/(x|y)/?", r"\.html$", r"^/[^x]")
METHODS = ("GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD")
GLOBS = ("a.example", "*.example", "?.example", "{a,b}.example", "*:80", "!*")
KEY = "5d0c2a6e9b4f4c0fa1d37e8b62c9f05e5d0c2a6e9b4f4c0fa1d37e8b62c9f05e"
"""What the tokens of callers are signed with."""
SCHEMAS = (
    {"type": "object", "required": ["a"]},
    {"type": "object", "properties": {"a": {"type": "string"}}},
    {"type": "array"},
)
PATH_MATCHES = ("^/x", r"/\d", "y", r"^/x(/|\?|$)", r"\?q=1", r"^/[a-x]/")
FLAGS = ("x-red", "x-blue")
"""Request headers that expressions look at."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """Both files as data."""

    gateway: dict[str, Any]
    system: dict[str, Any]


def configuration(random: Random, ports: Sequence[int]) -> Configuration:
    """A configuration of some services.

    Arguments:
        ports: where each of SERVICES services listens, on the loopback interface.
    """
    services = [f"s{number}" for number in range(random.randint(1, SERVICES))]
    addresses: dict[str, Any] = {
        name: {"url": f"http://127.0.0.1:{port}/{name}"} for name, port in zip(services, ports, strict=False)
    }
    for found in addresses.values():
        if random.random() < 0.2:
            found["urls"] = [found["url"], found.pop("url").replace("127.0.0.1", "localhost")]
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
        "serviceEndpoints": addresses,
        "policies": [*policies, "request-transformer", "response-transformer", "jwt", "log", "proxy"],
        "pipelines": pipelines or {"p0": {"apiEndpoints": ["e0"], "policies": _steps(random, services)}},
    }
    steps = [step for pipeline in gateway["pipelines"].values() for step in pipeline["policies"]]
    if random.random() < 0.2 or any("oauth2" in step for step in steps):
        gateway["policies"].append("oauth2")
    return Configuration(gateway, system(random))


def system(random: Random) -> dict[str, Any]:
    """The other file: the plugin that the pipelines need, and lifetimes."""
    found: dict[str, Any] = {"plugins": {"rewrite": {"package": "express-gateway-plugin-rewrite"}}}
    if random.random() < 0.3:
        found["accessTokens"] = {"timeToExpiry": random.choice((60_000, 720_000))}
    return found


def _definitions(random: Random) -> Any:
    if random.random() < 0.2:
        return [definition(random) for _ in range(random.randint(1, 3))]
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
            *(
                "headers",
                "expression",
                "rewrite",
                "request-transformer",
                "response-transformer",
                "jwt",
                "oauth2",
                "log",
            ),
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
            return {"serviceEndpoint": random.choice(services), **_proxying(random)}
        case "terminate":
            return {"statusCode": random.choice((200, 451, 410, 503)), "message": "over"}
        case "key-auth":
            return {"apiKeyHeader": "x-api-key", "disableHeadersScheme": True, **_passing(random)}
        case "basic-auth" | "oauth2":
            return _passing(random)
        case "jwt":
            where = {"jwtExtractor": "header", "jwtExtractorField": "x-jwt"}
            checks = {name: False for name in ("checkCredentialExistence", "checkScopes") if random.random() < 0.3}
            return {"secretOrPublicKey": KEY, "algorithms": ["HS256"], **where, **checks, **_passing(random)}
        case "rate-limit":
            return _limit(random)
        case "cors":
            return _sharing(random)
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
            return random.choice(
                (
                    {"headers": {"add": {"x-blue": "'1'"}}},
                    {"headers": {"remove": ["x-red"]}},
                    {"headers": {"add": {"x-other": "req.method", "x-blue": "'0'"}, "remove": ["x-red"]}},
                    {"headers": {"add": {"host": "'b.example'"}}},
                    {"body": {"add": {"b": "req.path"}, "remove": ["a"]}},
                )
            )
        case "response-transformer":
            return random.choice(
                (
                    {"headers": {"add": {"x-answer": "'1'"}}},
                    {"headers": {"add": {"x-answer": "req.method"}, "remove": ["x-kind"]}},
                    {"body": {"add": {"c": "1"}}},
                )
            )
        case _:
            return {"message": "'seen'"}


def _passing(random: Random) -> dict[str, Any]:
    return {"passThrough": True} if random.random() < 0.3 else {}


def _proxying(random: Random) -> dict[str, Any]:
    choices: tuple[dict[str, Any], ...] = (
        *({"stripPath": True}, {"ignorePath": True}, {"prependPath": False}, {"changeOrigin": False}, {"xfwd": True}),
        *({"headers": {"x-other": "proxied"}}, {"auth": "user:word"}, {"method": "PUT"}, {"proxyTimeout": 20_000}),
        {"stripPath": True, "prependPath": False},
    )
    return dict(random.choice(choices)) if random.random() < 0.4 else {}


def _limit(random: Random) -> dict[str, Any]:
    found: dict[str, Any] = {"max": 1_000_000, "windowMs": 86_400_000, "delayMs": 0, "delayAfter": 0}
    if random.random() < 0.3:
        found["max"] = random.choice((1, 3, 20))
    if random.random() < 0.4:
        found["rateLimitBy"] = random.choice(("${req.hostname}", "${req.path}", "${consumer.id}", "${req.method}"))
    if random.random() < 0.2:
        found["statusCode"] = 503
    if random.random() < 0.2:
        found["rateLimitHeaders"] = random.choice(("none", "draft-11"))
    return found


def _sharing(random: Random) -> dict[str, Any]:
    origins = (SHOP, [SHOP, "https://b.example"], "*", True, False)
    found: dict[str, Any] = {"origin": random.choice(origins), "preflightContinue": random.random() < 0.3}
    if random.random() < 0.3:
        found["methods"] = random.choice(("GET", ["GET", "POST"], "PUT,DELETE"))
    if random.random() < 0.3:
        found["allowedHeaders"] = random.choice(("x-red", ["x-red", "x-blue"]))
    if random.random() < 0.2:
        found["exposedHeaders"] = ["x-answer"]
    if random.random() < 0.3 and found["origin"] not in ("*", True):
        found["credentials"] = True
    if random.random() < 0.2:
        found["maxAge"] = random.choice((0, 600))
    if random.random() < 0.2:
        found["optionsSuccessStatus"] = 200
    return found


def condition(random: Random, depth: int = 0) -> dict[str, Any]:
    """A condition, joined of others where `depth` allows."""
    draw = random.random()
    if depth < 3 and draw < 0.22:
        size = random.randint(1, 3)
        found = [condition(random, depth + 1) for _ in range(size)]
        return {"name": random.choice(("allOf", "oneOf")), "conditions": found}
    if depth < 3 and draw < 0.36:
        return {"name": "not", "condition": condition(random, depth + 1)}
    match random.choice(
        (
            *("pathExact", "pathMatch", "pathMatch", "method", "hostMatch", "expression", "authenticated"),
            *("anonymous", "always", "never", "tlsClientAuthenticated", "json-schema"),
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
        case "json-schema":
            return {"name": "json-schema", "schema": random.choice(SCHEMAS)}
        case name:
            return {"name": name}


def expression(flag: str) -> str:
    """A condition that looks at one request header."""
    return f"req.headers['{flag}'] === '1'"
