"""Files of expectations: what should hold of a configuration, each with the requests that it is about.

    access:
      - expect: only scope admin reaches billing
        host: api.example.com
        path: /admin/*
        methods: [DELETE]
        except: [health]

`host`, `hostRegex`, `path` (or `paths`), `pathRegex` and `methods` say of which requests it should hold, in the words
and patterns of an apiEndpoint; without them it is about all. `except` names apiEndpoints that it is not about.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from egc.compiler.access.rows import CERTIFIED
from egc.compiler.access.sentences import NotUnderstood, Sentence, Target, understand
from egc.compiler.diagnostics import Report, Span
from egc.compiler.node import Mapping, Node, Scalar, Sequence
from egc.compiler.paths import ANY, host_pattern, host_regex, never_matches, path_pattern, path_regex
from egc.compiler.plan import Gateway, HostPattern, PathPattern
from egc.compiler.policies import policies
from egc.compiler.regexes import Untranslatable
from egc.compiler.requests import EVERY_METHOD, Requests, taken
from egc.compiler.source import read_file
from egc.compiler.spelling import meant

NAME = "egc.access.yml"
"""The file that is looked for beside a configuration."""

KEYS = ("expect", "host", "hostRegex", "path", "paths", "pathRegex", "methods", "except")

_MISSING: dict[str, str] = {
    "scopes": "no apiEndpoint has the scope `{}`",
    "policies": "there is no policy `{}` that asks who the caller is",
    "endpoints": "there is no apiEndpoint `{}`",
}

Pattern = TypeVar("Pattern", HostPattern, PathPattern)


@dataclass(frozen=True, slots=True)
class Expectation:
    """A sentence and what it is about.

    Arguments:
        sentence: what should hold.
        requests: of which requests; None for all.
        excepted: names of endpoints that it is not about.
        span: where it stands.
    """

    sentence: Sentence
    requests: tuple[Requests, ...] | None
    excepted: frozenset[str]
    span: Span


def beside_configuration(directory: Path) -> Path | None:
    """The file of expectations beside a configuration, or what stands in its place; None where there is none."""
    path = directory / NAME
    return path if os.path.lexists(path) else None


def read_expectations(directory: Path, name: str, gateway: Gateway, report: Report) -> tuple[Expectation, ...]:
    """Read the file `name` below a directory; what cannot be used goes into the report and is left out."""
    source = read_file(directory, name, None, report)
    if source is None:
        return ()
    tree = source.tree
    reader = _Reader(gateway, report)
    if not isinstance(tree, Mapping):
        reader.wrong(tree.span, "a file of expectations holds `access:` and a list")
        return ()
    reader.check_keys(tree, ("access",))
    listed = tree.get("access")
    if listed is None:
        return ()
    if not isinstance(listed, Sequence):
        reader.wrong(listed.span, "`access` is a list of expectations")
        return ()
    return tuple(found for item in listed if (found := reader.expectation(item)) is not None)


class _Reader:
    """Reads the expectations of a file."""

    def __init__(self, gateway: Gateway, report: Report) -> None:
        self._report = report
        self._services = [service.name for service in gateway.services]
        self._endpoints = list(dict.fromkeys(endpoint.name for endpoint in gateway.endpoints))
        self._scopes = list(dict.fromkeys(scope for endpoint in gateway.endpoints for scope in endpoint.scopes))
        asking = [policy.name for policy in policies().values() if policy.role == "authenticates"]
        used = [step for pipeline in gateway.pipelines for step in pipeline.steps]
        brought = [step.policy for step in used if not step.module.startswith("egc.")]
        self._policies = list(dict.fromkeys((*asking, CERTIFIED, *brought)))

    def wrong(self, span: Span, message: str, help: str = "") -> None:
        """Report that something is not written as it should be."""
        self._report.error("AC103", "bad-expectation", message, span, help=help)

    def check_keys(self, mapping: Mapping, known: Iterable[str]) -> None:
        """Report keys that nobody knows."""
        for entry in mapping:
            if entry.name not in known:
                self.wrong(entry.key.span, f"`{entry.name}` has no meaning here", meant(entry.name, known))

    def expectation(self, item: Node) -> Expectation | None:
        """One item of the list, None where it cannot be used."""
        before = self._report.errors
        if not isinstance(item, Mapping):
            self.wrong(item.span, "an expectation is a mapping with `expect`", "write `- expect: ...`")
            return None
        self.check_keys(item, KEYS)
        said = item.get("expect")
        if said is None:
            self.wrong(item.span, "this expectation lacks `expect`")
            return None
        sentence = self._sentence(said)
        requests = self._requests(item)
        excepted = frozenset(self._excepted(item.get("except")))
        if sentence is None or self._report.errors > before:
            return None
        if sentence.kind == "not found" and requests is None:
            message = "this says of every request that it is answered 404"
            self.wrong(said.span, message, "say of which with `host`, `path` or `methods`")
            return None
        return Expectation(sentence, requests, excepted, said.span)

    # ---- What it says

    def _sentence(self, said: Node) -> Sentence | None:
        if not isinstance(said, Scalar) or not isinstance(said.value, str):
            self.wrong(said.span, "`expect` is a sentence")
            return None
        try:
            sentence = understand(said.value)
        except NotUnderstood as error:
            self.wrong(said.span, "this sentence says nothing that can be checked", str(error))
            return None
        self._check_target(sentence.target, said.span)
        known = {"scopes": self._scopes, "policies": self._policies, "endpoints": self._endpoints}.get(sentence.kind)
        for name in sentence.names if known is not None else ():
            if name not in (known or ()):
                self._unknown(_MISSING[sentence.kind].format(name), said.span, meant(name, known or ()))
        return sentence

    def _check_target(self, target: Target | None, span: Span) -> None:
        if target is None or target.kind == "any service":
            return
        service, endpoint = target.name in self._services, target.name in self._endpoints
        if target.kind == "" and service and endpoint:
            help = f"write `service {target.name}` or `endpoint {target.name}`"
            self.wrong(span, f"`{target.name}` is both a serviceEndpoint and an apiEndpoint", help)
        elif not ((service and target.kind != "endpoint") or (endpoint and target.kind != "service")):
            known = [
                *(self._services if target.kind != "endpoint" else ()),
                *(self._endpoints if target.kind != "service" else ()),
            ]
            what = {"service": "serviceEndpoint", "endpoint": "apiEndpoint"}.get(
                target.kind, "serviceEndpoint or apiEndpoint"
            )
            self._unknown(f"there is no {what} `{target.name}`", span, meant(target.name, known))

    def _excepted(self, node: Node | None) -> Iterator[str]:
        for scalar, name in self._texts(node, "except"):
            if name not in self._endpoints:
                message = f"there is no apiEndpoint `{name}`"
                self._unknown(message, scalar.span, meant(name, self._endpoints))
            yield name

    def _unknown(self, message: str, span: Span, help: str) -> None:
        self._report.error("AC104", "unknown-name", message, span, help=help)

    # ---- What it is about

    def _requests(self, item: Mapping) -> tuple[Requests, ...] | None:
        if not any(name in ("host", "hostRegex", "path", "paths", "pathRegex", "methods") for name in _names(item)):
            return None
        for pair in (("host", "hostRegex"), ("path", "paths"), ("path", "pathRegex"), ("paths", "pathRegex")):
            both = [entry for name in pair if (entry := item.entry(name)) is not None]
            if len(both) == 2:
                self.wrong(both[1].key.span, f"`{pair[0]}` and `{pair[1]}` say the same thing; write one of them")
        host = [*self._patterns(item, "host", host_pattern), *self._patterns(item, "hostRegex", host_regex)]
        path = [
            *self._patterns(item, "path", self._path),
            *self._patterns(item, "paths", self._path),
            *self._patterns(item, "pathRegex", path_regex),
        ]
        methods = tuple(self._methods(item.get("methods"))) if item.get("methods") is not None else None
        return tuple(
            taken(one, other, methods)
            for one in host or [HostPattern(ANY, None)]
            for other in path or [path_pattern(ANY)]
        )

    def _path(self, text: str) -> PathPattern:
        if never_matches(text):
            raise Untranslatable(f"it matches no request, for paths begin with `/`: write /{text}")
        return path_pattern(text)

    def _patterns(self, item: Mapping, key: str, make: Callable[[str], Pattern]) -> Iterator[Pattern]:
        for scalar, text in self._texts(item.get(key), key):
            try:
                yield make(text)
            except Untranslatable as error:
                self.wrong(scalar.span, f"this pattern does not compile: {error}")

    def _methods(self, node: Node | None) -> Iterator[str]:
        for scalar, text in self._texts(node, "methods"):
            for method in text.upper().replace(",", " ").split():
                if method not in EVERY_METHOD:
                    self.wrong(scalar.span, f"the gateway takes no method `{method}`", meant(method, EVERY_METHOD))
                yield method

    def _texts(self, node: Node | None, key: str) -> Iterator[tuple[Scalar, str]]:
        """The texts of a value that is text or a list of it."""
        if node is None:
            return
        items = node.items if isinstance(node, Sequence) else (node,)
        if not items:
            self.wrong(node.span, f"`{key}` is an empty list: that is no request at all")
        for item in items:
            if isinstance(item, Scalar) and isinstance(item.value, str) and item.value:
                yield item, item.value
            else:
                self.wrong(item.span, f"`{key}` is text or a list of texts")


def _names(item: Mapping) -> Iterator[str]:
    return (entry.name for entry in item)
