"""What a project of Express Gateway becomes: what is supported, changed or unsupported, each with its places.

Built on what the compiler and the reviewer find. Of these a change is what belongs to migration, what Express Gateway
ran and egc takes with --eg-compat only, and the few others about what egc does otherwise.
"""

import json
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from egc.compiler import Compiled, check, compile_project, npm
from egc.compiler.diagnostics import DoesNotCompile, Report, Span
from egc.compiler.lint import everything
from egc.compiler.model import Model
from egc.compiler.node import Mapping as Tree
from egc.compiler.node import Node, Scalar
from egc.compiler.rules import pages
from egc.compiler.source import gateway_file, read_project

Verdict = Literal["supported", "changed", "unsupported"]

VERDICTS: tuple[Verdict, ...] = ("unsupported", "changed", "supported")
"""In the order in which people want to know."""

MIGRATION = "MG"
"""What the codes of findings about migration begin with."""

DIFFERENT = ("no-timeout", "rate-limit-key-missing")
"""Findings of other families about what egc does otherwise."""

PACKAGE = "package.json"
LARGEST_PACKAGE = 1024 * 1024
ITSELF = "express-gateway"
EXIT: dict[Verdict, int] = {"supported": 0, "changed": 1, "unsupported": 3}


@dataclass(frozen=True, slots=True)
class Judgement:
    """Something of a project.

    Arguments:
        verdict: what becomes of it.
        about: what it is: `policy proxy`, `plugin express-gateway-plugin-x`, or the name of a finding.
        message: one sentence.
        places: file and line of each, as people write them.
        help: what to do about it, or empty.
        code: of the finding that says so, or empty.
    """

    verdict: Verdict
    about: str
    message: str
    places: tuple[str, ...] = ()
    help: str = ""
    code: str = ""


@dataclass(slots=True)
class Judged:
    """A project, judged. `whole` is False where it did not compile: then there may be more behind its errors."""

    path: Path
    whole: bool = True
    found: list[Judgement] = field(default_factory=list)
    others: int = 0

    def of(self, verdict: Verdict) -> list[Judgement]:
        """All with that verdict."""
        return [one for one in self.found if one.verdict == verdict]

    @property
    def exit_code(self) -> int:
        """0, 1 or 3: the worst of all verdicts."""
        return max((EXIT[one.verdict] for one in self.found), default=0)


def judge(path: Path, environ: Mapping[str, str]) -> Judged:
    """Judge a project.

    Arguments:
        path: the directory of the configuration or of the project, or a gateway.config file.
        environ: the variables that the configuration may use.
    """
    config = path / "config" if gateway_file(path) is None and (path / "config").is_dir() else path
    judged = Judged(path)
    directory = config if config.is_dir() else config.parent
    try:
        compiled = compile_project(config, environ, eg_compat=True)
        report = everything(compiled)
        refused = {(one.code, one.span) for one in check(config, environ) if one.severity == "error"}
        judged.found += _policies(compiled)
        judged.found += _parts(compiled.model, report)
    except DoesNotCompile as error:
        judged.whole = False
        report, refused = error.report, set()
    _findings(judged, report, refused)
    try:
        judged.found += _system(config, environ)
    except DoesNotCompile:
        # Its findings are in the report already.
        judged.whole = False
    judged.found += _packages(directory)
    return judged


def _findings(judged: Judged, report: Report, refused: Set[tuple[str, Span]]) -> None:
    """Group the findings by what they say; those that have nothing to do with Express Gateway are counted.

    Arguments:
        refused: code and place of what is an error without --eg-compat.
    """
    about = {page.code: page for page in pages()}
    grouped: dict[tuple[str, str, str, str], list[Span]] = {}
    for one in report:
        was = about[one.code].express_gateway if one.code in about else ""
        stricter = (one.code, one.span) in refused
        if one.severity == "error":
            grouped.setdefault((one.code, one.name, one.message, one.help), []).append(one.span)
        elif stricter or one.code.startswith(MIGRATION) or one.name in DIFFERENT:
            message = f"{one.message}. Express Gateway: {was}" if was else one.message
            help = f"{one.help}; until then: --eg-compat" if stricter else one.help
            grouped.setdefault((f"~{one.code}", one.name, message, help.removeprefix("; ")), []).append(one.span)
        else:
            judged.others += 1
    for (code, name, message, help), spans in grouped.items():
        places = tuple(dict.fromkeys(_place(report, span) for span in spans))
        verdict: Verdict = "changed" if code.startswith("~") else "unsupported"
        judged.found.append(Judgement(verdict, name, message, places, help, code.removeprefix("~")))


def _policies(compiled: Compiled) -> Iterator[Judgement]:
    """The policies and conditions that pipelines use."""
    places: dict[tuple[str, str], list[str]] = {}
    for pipeline in compiled.model.pipelines:
        for action in pipeline.actions:
            name = str(action.policy.value)
            places.setdefault(("policy", name), []).append(_place(compiled.report, action.span))
            if action.condition is not None:
                for name, span in _conditions(action.condition):
                    places.setdefault(("condition", name), []).append(_place(compiled.report, span))
    for (kind, name), found in places.items():
        yield Judgement("supported", f"{kind} {name}", f"used {_times(len(found))}", tuple(found))


def _conditions(condition: Tree) -> Iterator[tuple[str, Span]]:
    """The names of a condition and of those inside of it."""
    waiting: list[Node] = [condition]
    while waiting:
        one = waiting.pop()
        if not isinstance(one, Tree):
            waiting += list(getattr(one, "items", ()))
            continue
        name = one.get("name")
        if isinstance(name, Scalar):
            yield str(name.value), name.span
        waiting += [inner for word in ("conditions", "condition") if (inner := one.get(word)) is not None]


def _parts(model: Model, report: Report) -> Iterator[Judgement]:
    """Endpoints, services and pipelines."""
    for word, found in (
        ("apiEndpoints", model.definitions),
        ("serviceEndpoints", model.services),
        ("pipelines", model.pipelines),
    ):
        if found:
            names = {one.name for one in found}
            spans = tuple(_place(report, one.span) for one in found)
            yield Judgement("supported", word, f"{len(names)} of them", spans)


def _system(config: Path, environ: Mapping[str, str]) -> Iterator[Judgement]:
    """What system.config and the models say about data that is to be carried."""
    report = Report()
    project = read_project(config, environ, report)
    for name, model in project.models.items():
        declared = model.tree.get("properties") if isinstance(model.tree, Tree) else None
        if isinstance(declared, Tree):
            words = ", ".join(str(entry.key.value) for entry in declared.entries)
            place = _place(report, declared.span)
            yield Judgement("supported", f"model {name}", f"its properties are {words}", (place,))
    tree = project.system.tree if project.system is not None else None
    if not isinstance(tree, Tree):
        return
    crypto, database = tree.get("crypto"), tree.get("db")
    key = crypto.get("cipherKey") if isinstance(crypto, Tree) else None
    if key is not None:
        yield Judgement(
            "changed",
            "crypto.cipherKey",
            "secrets of tokens are hashed; the key is needed once, to carry what Express Gateway encrypted",
            (_place(report, key.span),),
            "keep it until `egc migrate` has run",
        )
    redis = database.get("redis") if isinstance(database, Tree) else None
    if isinstance(redis, Tree) and not _is_true(redis.get("emulate")):
        yield Judgement(
            "changed",
            "db.redis",
            "users, apps, credentials and tokens are kept in another form; those that are there can be carried",
            (_place(report, redis.span),),
            f"egc migrate --from-redis redis://HOST:PORT/0 --to {config} --dry-run",
        )
    tokens = tree.get("accessTokens")
    kind = tokens.get("tokenType") if isinstance(tokens, Tree) else None
    if isinstance(kind, Scalar) and kind.value == "jwt":
        yield Judgement(
            "changed",
            "accessTokens.tokenType",
            "access tokens of type jwt live as long as timeToExpiry says; Express Gateway took its milliseconds for "
            "seconds (N12)",
            (_place(report, kind.span),),
            "those that are out stay good while the key, algorithm, issuer and audience stay as they are",
        )


def _packages(directory: Path) -> Iterator[Judgement]:
    """What package.json of the project depends on: plugins that no configuration names are told too."""
    file = next((one for one in (directory / PACKAGE, directory.parent / PACKAGE) if one.is_file()), None)
    if file is None:
        return
    try:
        if file.stat().st_size > LARGEST_PACKAGE:
            raise ValueError(f"it is larger than {LARGEST_PACKAGE} bytes")
        text = file.read_text(encoding="utf-8")
        package = json.loads(text)
        wanted = package.get("dependencies") or {}
        if not isinstance(wanted, dict):
            raise ValueError("`dependencies` is no object")
    except (OSError, ValueError, RecursionError, AttributeError) as error:
        yield Judgement("changed", PACKAGE, f"{file.name} cannot be read: {error}", (str(file),))
        return
    lines = text.splitlines()
    for name, version in wanted.items():
        line = next((number for number, one in enumerate(lines, 1) if f'"{name}"' in one), 1)
        place = (f"{file}:{line}",)
        if name == ITSELF:
            yield Judgement("supported", name, f"its version is {version}; egc takes its place", place)
        elif npm.is_built_in(name):
            yield Judgement("supported", f"plugin {name}", "what it does is built in", place)
        elif "express-gateway" in name or name.startswith("eg-"):
            help = npm.instead(name)
            yield Judgement("unsupported", f"plugin {name}", "plugins in JavaScript are not run", place, help)


def _is_true(node: Node | None) -> bool:
    return isinstance(node, Scalar) and node.value in (True, "true")


def _place(report: Report, span: Span) -> str:
    return f"{report.root}{span.file}:{span.line}"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
