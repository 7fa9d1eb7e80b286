"""Whether what somebody expects of a configuration holds; where it does not, the request that shows it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from egc.compiler.access.expectations import Expectation, read_expectations
from egc.compiler.access.rows import CERTIFIED, is_nowhere, is_open, services
from egc.compiler.access.sentences import Sentence, Target
from egc.compiler.access.words import refuses
from egc.compiler.branches import Access
from egc.compiler.diagnostics import About, Related, Report, Span
from egc.compiler.languages import Beyond
from egc.compiler.plan import Gateway
from egc.compiler.requests import Request, Requests
from egc.compiler.review import Review

NOT_FOUND = 404


@dataclass(frozen=True, slots=True)
class _Case:
    """A class of requests that an expectation is about. `exact`: whether all of it surely ends as the class says."""

    access: Access
    witness: Request | None
    exact: bool


def held(file: Path, directory: Path, review: Review, compiled: Report) -> Report:
    """Hold a configuration against a file of expectations.

    Arguments:
        file: the expectations.
        directory: of the configuration.
        review: the configuration.
        compiled: the report of its compilation: the texts of its files, and what is put before their names.

    Returns:
        A report of what does not hold, what nobody can decide, and what is about no request.

    Raises DoesNotCompile where the file cannot be used.
    """
    beside = file.parent == directory
    findings = Report(root=compiled.root if beside else "")
    expectations = read_expectations(
        *((directory, file.name) if beside else (Path(), str(file))), review.plan, findings
    )
    findings.end_stage()
    # Where the file is somewhere else, those of the configuration are called as they are from here.
    root = "" if beside else compiled.root
    findings.sources |= {f"{root}{name}": text for name, text in compiled.sources.items()}
    findings.trees |= {f"{root}{name}": tree for name, tree in compiled.trees.items()}
    for expectation in expectations:
        _judge(expectation, review, root, findings)
    return findings


def _judge(expectation: Expectation, review: Review, root: str, findings: Report) -> None:
    sentence, plan = expectation.sentence, review.plan
    cases = list(_cases(expectation, review))
    said = f"`{sentence.text}`"
    if not cases and sentence.kind not in ("unreached", "not found"):
        message = f"{said} is true, but of no request: none that this is about gets there"
        findings.warning("AC105", "idle-expectation", message, expectation.span, help="check the names and patterns")
        return
    against = [(case, why) for case in cases if (why := _objection(sentence, case.access, plan))]
    broken = [(case, why) for case, why in against if case.exact and not _may_be_not_found(sentence, case.access)]
    if broken:
        shown = next((one for one in broken if one[0].witness is not None), broken[0])
        others = f" (and {_more(len(against) - 1)})" if len(against) > 1 else ""
        message = f"{said} does not hold: {_subject(shown[0])} {shown[1]}{others}"
        findings.error("AC101", "expectation-broken", message, expectation.span, **_about(shown, root))
    elif against:
        shown = against[0]
        message = f"nobody can tell whether {said} holds: {_subject(shown[0])} may be one that {shown[1]}"
        about = _about(shown, root)
        about["help"] = "only the request or the start of the gateway can tell; `egc access` shows what is inexact"
        findings.error("AC102", "expectation-undecided", message, expectation.span, **about)


def _more(count: int) -> str:
    return f"{count} more {'class' if count == 1 else 'classes'} of requests"


def _subject(case: _Case) -> str:
    return f"`{case.witness}`" if case.witness is not None else "a request"


def _about(shown: tuple[_Case, str], root: str) -> About:
    case, why = shown
    access = case.access
    related = []
    if access.route is not None:
        related.append(Related(_at(access.route.span, root), f"`{access.route.endpoint.name}` takes it here"))
    if access.step is not None:
        related.append(Related(_at(access.step.span, root), f"`{access.step.policy}` decides what comes of it"))
    return {"related": tuple(related), "witness": f"{case.witness} -> it {why}" if case.witness is not None else ""}


def _at(span: Span, root: str) -> Span:
    return replace(span, file=f"{root}{span.file}")


# ---- Which classes an expectation is about


def _cases(expectation: Expectation, review: Review) -> Iterator[_Case]:
    target = expectation.sentence.target
    for access in review.accesses:
        if access.route is not None and access.route.endpoint.name in expectation.excepted:
            continue
        if target is not None and not _reaches(access, target, review.plan):
            continue
        exact = access.exact and (access.service is not None or not services(access, review.plan))
        if expectation.requests is None:
            yield _Case(access, access.witness, exact)
            continue
        case = _narrowed(access, expectation.requests, exact)
        if case is not None:
            yield case


def _reaches(access: Access, target: Target, gateway: Gateway) -> bool:
    """Whether requests reach a service, or may; whether they reach an endpoint and anything comes of it.

    What `cors` says to a preflight is no answer of an endpoint.
    """
    names = {service.name for service in services(access, gateway)}
    if target.kind == "any service":
        return bool(names)
    if target.kind != "endpoint" and target.name in names:
        return True
    if target.kind == "service" or access.route is None or access.route.endpoint.name != target.name:
        return False
    return not is_nowhere(access) and not (access.step is not None and access.step.policy == "cors")


def _narrowed(access: Access, wanted: tuple[Requests, ...], exact: bool) -> _Case | None:
    """The part of a class that an expectation is about, None where that is nothing."""
    unsure = False
    for part in access.requests:
        for one in wanted:
            if not part.methods & one.methods:
                continue
            both = part & one
            try:
                witness = both.witness()
            except Beyond:
                unsure = True
                continue
            if witness is not None:
                return _Case(access, witness, exact and both.exact)
    return _Case(access, None, exact=False) if unsure else None


# ---- What speaks against it


def _objection(sentence: Sentence, access: Access, gateway: Gateway) -> str:
    """What a request of the class does that it should not, behind a subject; empty where all is as expected."""
    reached = _reached(access, gateway)
    match sentence.kind:
        case "authenticated":
            return f"{reached}, and nobody asks who the caller is" if is_open(access) else ""
        case "scopes" | "policies":
            shown = _scopes(access) if sentence.kind == "scopes" else _passed(access)
            enough = all if sentence.all else any
            return "" if enough(name in shown for name in sentence.names) else f"{reached} {_with(access)}"
        case "limited":
            return "" if any(map(refuses, access.limits)) else f"{reached}, and nothing limits how often"
        case "unreached":
            return reached
        case "endpoints":
            name = access.route.endpoint.name if access.route is not None else ""
            return "" if name in sentence.names else f"{reached} through `{name}`"
        case "not found":
            return _answer(access, reached)


def _reached(access: Access, gateway: Gateway) -> str:
    names = [service.name for service in services(access, gateway)]
    if access.service is not None:
        return f"reaches `{names[0]}`"
    if names:
        return f"comes to `{access.step.policy if access.step else ''}`, which may call `{names[0]}`"
    by = f" by `{access.step.policy}`" if access.step is not None else ""
    return f"is {access.outcome}{by}"


def _scopes(access: Access) -> set[str]:
    return {scope for one in access.authentication for scope in one.scopes}


def _passed(access: Access) -> set[str]:
    """The policies that have let the caller pass, with those of plugins, and the condition of TLS certificates."""
    certified = {CERTIFIED for fact in access.facts if fact.holds and fact.check.condition == CERTIFIED}
    brought = {step.policy for step in access.steps if not step.module.startswith("egc.")}
    return {one.step.policy for one in access.authentication} | brought | certified


def _with(access: Access) -> str:
    shown = [
        f"{one.step.policy} [{', '.join(one.scopes)}]" if one.scopes else one.step.policy
        for one in access.authentication
    ]
    return f"with {', '.join(f'`{one}`' for one in shown)}" if shown else "without any authentication"


def _answer(access: Access, reached: str) -> str:
    """What stands against 404."""
    if access.authentication and access.outcome in ("fell through", "answered"):
        return f"is asked for `{access.authentication[0].step.policy}` first"
    if access.outcome in ("no route", "no pipeline", "fell through") or access.status == NOT_FOUND:
        return ""
    if access.outcome == "allow":
        return "is answered with the methods that there are"
    if access.outcome == "authorization server":
        return "comes to the authorization server"
    if access.outcome == "plugin":
        return "comes to a route of a plugin"
    return f"{reached} with {access.status}" if access.status is not None else reached


def _may_be_not_found(sentence: Sentence, access: Access) -> bool:
    """Whether the status of an answer is unknown, so that it may be 404 after all."""
    return sentence.kind == "not found" and access.outcome == "answered" and access.status is None
