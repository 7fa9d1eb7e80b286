"""The plan: the program that a configuration means, as frozen data with places.

Everything behind `lower` reads this and never the YAML: emission, lint, diff, access, route and trace.
"""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from egc.compiler.diagnostics import Span
from egc.compiler.ecmascript import Node
from egc.compiler.literals import Code


@dataclass(frozen=True, slots=True)
class Lookup:
    """A value that is looked up in the environment when the gateway starts.

    `parts` alternates literal text and (name, default) pairs; a single pair with no text around it is the plain case.
    `kind` is what the value must be: the runtime refuses to start on anything else, naming the variable. A number is
    divided by `divisor` (1000 where the configuration counts milliseconds).
    """

    kind: Literal["text", "number", "integer", "port", "flag", "url"]
    parts: tuple[str | tuple[str, str | None], ...]
    divisor: int = 1


@dataclass(frozen=True, slots=True)
class Reference:
    """The name of another object of the emitted module: a service, the store."""

    name: str


@dataclass(frozen=True, slots=True)
class Script:
    """JavaScript of the configuration, called `variable` in the module.

    `expression`: its last value counts. `template`: text between back-ticks. `program`: nothing comes of it.
    """

    variable: str
    kind: Literal["expression", "template", "program"]
    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Function:
    """A script as Python: statements of the module in front of it, the head of the function and its body."""

    script: Script
    before: tuple[Code, ...]
    head: Code
    body: Code


Plain: TypeAlias = str | int | float | bool | None
Setting: TypeAlias = "Plain | Lookup | Reference | Table | Made | Pattern | Script | tuple[Setting, ...]"


@dataclass(frozen=True, slots=True)
class Table:
    """A setting that is a mapping, in the order of the file."""

    entries: tuple[tuple[str, "Setting"], ...]


@dataclass(frozen=True, slots=True)
class Argument:
    """One keyword argument of an emitted object. `span` is None for a default, which is marked so."""

    keyword: str
    value: Setting
    span: Span | None


@dataclass(frozen=True, slots=True)
class Made:
    """A setting that is an object of its own: `class_name(*positional, **arguments)`, imported from `module`."""

    class_name: str
    module: str
    positional: tuple["Setting", ...]
    arguments: tuple[Argument, ...]


@dataclass(frozen=True, slots=True)
class Pattern:
    """A regular expression as a setting: for Python's `re` (with ASCII), or for RE2 where `linear`.

    `tree` is what it was spelled from, for the algebra of languages.
    """

    regex: str
    ignore_case: bool = False
    linear: bool = False
    tree: Node | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Listener:
    """A socket: http, https or admin."""

    name: Literal["http", "https", "admin"]
    arguments: tuple[Argument, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One definition of an apiEndpoint. `variable` is its name in the module.

    `properties` are its keys for scripts, empty where no script asks for them (D119).
    """

    variable: str
    name: str
    scopes: tuple[str, ...]
    properties: Table
    span: Span


@dataclass(frozen=True, slots=True)
class Service:
    """A serviceEndpoint."""

    variable: str
    name: str
    urls: tuple[Setting, ...]
    arguments: tuple[Argument, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class HostPattern:
    """Which Host values a route takes: `text` as configured; `regex` for Python's re, None for a literal or `*`.

    `linear`: the expression is for RE2. `tree` is what `regex` was spelled from; it must fit from the start.
    """

    text: str
    regex: str | None
    linear: bool = False
    tree: Node | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class PathPattern:
    """Which paths a route takes.

    `text` is the pattern as configured; `regex` is for Python's `re` with IGNORECASE and ASCII (no IGNORECASE where
    `sensitive`), None where `text` is a literal path. `names` are the parameters by group. `strip` says what
    `stripPath` leaves: "path" (no parameter: `/` and the query), "all" (nothing is cut), "group" (from the first
    parameter or `*` on), "never" (a pathRegex: a build error where asked for). `linear`: the expression is for RE2.
    `tree` is what `regex` was spelled from; it must fit from the start.
    """

    text: str
    regex: str | None
    names: tuple[str, ...]
    sensitive: bool
    strip: Literal["path", "all", "group", "never"]
    linear: bool = False
    tree: Node | None = field(default=None, compare=False, repr=False)


Role: TypeAlias = Literal["", "authenticates", "limits"]
Part: TypeAlias = Literal["url", "method", "host", "consumer", "other"]


@dataclass(frozen=True, slots=True)
class Step:
    """One call of a policy in a pipeline; `variable` is `<pipeline>_<position>_<policy>`.

    `condition` is None for a step that always runs. `role` is what the policy is for, where that decides who reaches
    what: it says who is calling, or how often one may. `changes` is what it may make of the request that later
    conditions look at.
    """

    variable: str
    policy: str
    class_name: str
    module: str
    arguments: tuple[Argument, ...]
    positional: tuple[Setting, ...]
    answers: Literal["never", "maybe", "always"]
    waits: bool
    condition: "Condition | None"
    span: Span
    role: "Role" = ""
    changes: "tuple[Part, ...]" = ()

    @property
    def ends(self) -> bool:
        """Whether no step behind this one ever runs."""
        return self.answers == "always" and self.condition is None


@dataclass(frozen=True, slots=True)
class Fixed:
    """A condition that is known at build: `always`, `never`, and what is made of them."""

    holds: bool
    span: Span


@dataclass(frozen=True, slots=True)
class Check:
    """A condition that the request decides; `variable` is `<pipeline>_<position>_if_<condition>`."""

    variable: str
    condition: str
    class_name: str
    module: str
    arguments: tuple[Argument, ...]
    waits: bool
    span: Span


@dataclass(frozen=True, slots=True)
class Joined:
    """Conditions joined: `and` (allOf), `or` (oneOf), asked from left to right; `not` has one child."""

    word: Literal["and", "or", "not"]
    children: tuple["Condition", ...]
    span: Span


Condition: TypeAlias = Fixed | Check | Joined


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Steps in order. `skipped` are steps behind an unconditional answer: they never run and are not emitted.

    `identity` are the request headers (lower case) that only the pipeline itself may fill: copies of the caller's are
    taken away before the first step.
    """

    variable: str
    name: str
    steps: tuple[Step, ...]
    skipped: tuple[Step, ...]
    identity: tuple[str, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Route:
    """One path of one endpoint definition, in the order of matching (D67-D75).

    `pipeline` is None for an endpoint in no pipeline: it answers 404 `Not Found` and ends the matching (D44).
    `methods` is None for all methods.
    """

    host: HostPattern
    path: PathPattern
    methods: tuple[str, ...] | None
    endpoint: Endpoint
    pipeline: Pipeline | None
    span: Span


@dataclass(frozen=True, slots=True)
class AuthorizationServer:
    """The OAuth2 server, present when the configuration lists the oauth2 policy."""

    arguments: tuple[Argument, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Administration:
    """The Admin API, present when the configuration has an admin listener."""

    arguments: tuple[Argument, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Plugin:
    """The object of a plugin: `class_name(*positional, **arguments)`, imported from `module`."""

    variable: str
    name: str
    class_name: str
    module: str
    positional: tuple["Setting", ...]
    arguments: tuple[Argument, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable that was resolved at build time, for it shapes the program: its name, and the value it had."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Store:
    """Where state is kept: in Redis, or where no arguments say how, in files beside the gateway."""

    arguments: tuple[Argument, ...]
    span: Span | None


@dataclass(frozen=True, slots=True)
class Gateway:
    """The whole program.

    `store` is None where nothing needs state. `sources` are the names and SHA-256 digests of the files that were read;
    `files` the files and directories that the configuration names and an artifact takes along.
    """

    source_name: str
    source_sha256: str
    listeners: tuple[Listener, ...]
    endpoints: tuple[Endpoint, ...]
    services: tuple[Service, ...]
    store: Store | None
    authorization: AuthorizationServer | None
    administration: Administration | None
    functions: tuple[Function, ...]
    pipelines: tuple[Pipeline, ...]
    routes: tuple[Route, ...]
    options: tuple[Argument, ...]
    resolved_variables: tuple[Variable, ...]
    sources: tuple[tuple[str, str], ...]
    files: tuple[str, ...]
    plugins: tuple[Plugin, ...] = ()
