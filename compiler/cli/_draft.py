"""The first draft of a test file: a test for each row of `egc access`, with what comes of its witness today."""

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from egc.compiler import Compiled
from egc.compiler.access.words import condition
from egc.compiler.branches import Access, accesses
from egc.compiler.cli._played import outcome
from egc.compiler.cli._rehearsing import environment, lookups, read_caller, read_request, rehearsing
from egc.compiler.cli._traced import source_lines
from egc.compiler.plan import Gateway
from egc.compiler.variables import looks_secret
from egc.runtime.rehearsal import Happened, Rehearsal
from egc.runtime.rehearsal.callers import POLICIES

CALLER = "tester"
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_ -]*[A-Za-z0-9_-]")
_WORDS = frozenset(("true", "false", "null", "yes", "no", "on", "off", "y", "n"))
_KINDS = {"basic-auth": "user", "key-auth": "key"}


@dataclass(frozen=True, slots=True)
class Drafted:
    """A test: its name, its request, who calls, what comes of it, and what is to be said of it."""

    name: str
    request: str
    caller: str
    scopes: tuple[str, ...]
    expected: Mapping[str, object]
    remark: str


def variables(gateway: Gateway, environ: Mapping[str, str]) -> dict[str, str]:
    """The variables that a test file fixes, so that it says the same everywhere: all that are no secrets.

    Of secrets only those that are not set, and something is made up for them.
    """
    given = environment(gateway, environ)
    found = {name: given.variables[name] for name in given.made_up}
    for one in gateway.resolved_variables:
        if not looks_secret(one.name) and one.name in environ:
            found[one.name] = one.value
    for name, default in _defaults(gateway):
        if name not in found and not looks_secret(name):
            value = environ.get(name, default)
            if value is not None:
                found[name] = value
    return dict(sorted(found.items()))


def _defaults(gateway: Gateway) -> Iterator[tuple[str, str | None]]:
    for lookup in lookups(gateway):
        for part in lookup.parts:
            if not isinstance(part, str):
                yield part


def draft(compiled: Compiled, environ: Mapping[str, str]) -> list[Drafted]:
    """The tests. `environ` is the whole environment, those of `variables` included."""
    with rehearsing(compiled, environ) as rehearsal:
        return list(_drafted(compiled, rehearsal))


def _drafted(compiled: Compiled, rehearsal: Rehearsal) -> Iterator[Drafted]:
    seen: set[tuple[str, str, tuple[str, ...]]] = set()
    for access in accesses(compiled.plan):
        # What code of a plugin answers to a request that nobody has thought of is not for a test to find out.
        if access.witness is None or access.outcome == "plugin":
            continue
        request = f"{access.witness.method} http://{access.witness.host or 'localhost'}{access.witness.target}"
        callers: list[tuple[str, tuple[str, ...]]] = [("", ())]
        proofs = [one for one in access.authentication if one.step.policy in POLICIES]
        if proofs and len(proofs) == len(access.authentication):
            scopes = tuple(dict.fromkeys(scope for one in proofs for scope in one.scopes))
            kind = _KINDS.get(proofs[0].step.policy, "app") if len(proofs) == 1 else "user"
            callers.append((f"{kind}:{CALLER}", scopes))
        for caller, scopes in callers:
            if (request, caller, scopes) in seen:
                continue
            seen.add((request, caller, scopes))
            made = _one(compiled, rehearsal, access, request, caller, scopes)
            if made is not None:
                yield made


def _one(
    compiled: Compiled, rehearsal: Rehearsal, access: Access, request: str, caller: str, scopes: tuple[str, ...]
) -> Drafted | None:
    """A test, with what comes of its request both times; None where nothing does."""
    ask = read_request(request)
    results: list[dict[str, object]] = []
    happened = Happened()
    for _ in range(2):
        rehearsal.forget()
        happened = rehearsal.ask(ask, read_caller(caller, scopes) if caller else None)
        results.append(dict(_expectations(compiled, happened)))
    expected = {name: value for name, value in results[0].items() if name in results[1] and results[1][name] == value}
    if not expected:
        return None
    reached = outcome(compiled, happened)["service"]
    wanted = access.service.name if access.service is not None else None
    satisfied = bool(caller) or not access.authentication
    remark = ""
    if satisfied and reached != wanted:
        opaque = [fact for fact in access.facts if not fact.known]
        lines = source_lines(compiled)
        says = [f"{condition(fact.check, lines)} {'holds' if fact.holds else 'does not hold'}" for fact in opaque]
        goes = f"goes to {wanted}" if wanted else "goes nowhere"
        remark = f"It {goes} where {' and '.join(says)}: change the request so." if says else ""
    return Drafted(_name(compiled, happened, request, caller, scopes), request, caller, scopes, expected, remark)


def _name(compiled: Compiled, happened: Happened, request: str, caller: str, scopes: tuple[str, ...]) -> str:
    method, _, url = request.partition(" ")
    met = outcome(compiled, happened)
    goes = f"reaches {met['service']}" if met["service"] else f"is answered with {happened.status}"
    who = f" as {caller.partition(':')[0]}" if caller else ""
    holding = f" with {', '.join(scopes)}" if scopes else ""
    return f"{method} {url.partition('://')[2]}{who}{holding} {goes}"


def _expectations(compiled: Compiled, happened: Happened) -> Iterator[tuple[str, object]]:
    if happened.status:
        yield "status", happened.status
    yield from outcome(compiled, happened).items()
    if happened.sent:
        yield "upstream", {"method": happened.sent[-1].method, "url": happened.sent[-1].url}


# ---- The file


def text(tests: list[Drafted], env: Mapping[str, str], source: str) -> str:
    """The test file."""
    lines = [
        f"# Drafted by `egc test --init` from {source}: each request that `egc access` shows, and what comes of it.",
        "# From here on it is yours: keep what should stay so. Services are stubs; they answer 200.",
    ]
    if env:
        lines += ["", "env:", *(f"  {_word(name)}: {_quoted(value)}" for name, value in env.items())]
    lines += ["", "tests:" if tests else "tests: []"]
    for one in tests:
        if one.remark:
            lines.append(f"  # {' '.join(one.remark.split())}")
        lines.append(f"  - name: {_word(one.name)}")
        lines.append(f"    request: {_quoted(one.request)}")
        if one.caller:
            lines.append(f"    as: {_quoted(one.caller)}")
        if one.scopes:
            lines.append(f"    scopes: [{', '.join(map(_word, one.scopes))}]")
        lines.append("    expect:")
        for name, value in one.expected.items():
            if isinstance(value, dict):
                inner = ", ".join(f"{key}: {_quoted(str(said))}" for key, said in value.items())
                lines.append(f"      {name}: {{{inner}}}")
            else:
                lines.append(f"      {name}: {_value(value)}")
    return "\n".join(lines) + "\n"


def _value(value: object) -> str:
    if value is None:
        return "null"
    return str(value) if isinstance(value, int) else _word(str(value))


def _word(value: str) -> str:
    """A text as YAML has it, bare where that is safe."""
    if _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    return _quoted(value)


def _quoted(value: str) -> str:
    # JSON in ASCII is YAML; DEL is the one character of it that YAML does not take.
    return json.dumps(value).replace("\x7f", "\\u007f")


def place_for(directory: Path) -> Path:
    """Where a first draft goes. Raises FileExistsError where there is one already."""
    from egc.compiler.cases import NAME

    path = directory / NAME
    if os.path.lexists(path):
        raise FileExistsError(f"{path} is there already")
    return path
