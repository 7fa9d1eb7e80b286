"""SC105: expressions for origins that take origins which nobody meant."""

import re
from collections.abc import Iterator
from itertools import islice

from egc.compiler.diagnostics import Diagnostic, Edit, Fix
from egc.compiler.ecmascript import Untranslatable, read
from egc.compiler.languages import Beyond, Language, whole, within
from egc.compiler.lint._text import text_of
from egc.compiler.lint._written import written
from egc.compiler.node import Regexp, Scalar, Sequence
from egc.compiler.review import Review
from egc.compiler.rules import Example, Rule

RULE = Rule(
    code="SC105",
    name="cors-regex-unanchored",
    severity="error",
    confidence="proven",
    fix="unsafe",
    summary="An expression for origins takes hosts that anybody can register, for it lacks an anchor or a backslash.",
    why="""\
An expression is searched for anywhere in `Origin`. Without `$` it takes `https://app.example.com.attacker.example`, \
without `^` or a dot in front `https://attackerexample.com`, and a bare dot is any character: `wwwxexample.com`. Pages \
from there read what your users may (CWE-625, CWE-942).""",
    instead=r"Anchor it at both ends and escape the dots: `/^https:\/\/([a-z0-9-]+\.)*example\.com$/`.",
    express_gateway="Does the same.",
    bad=Example(
        gateway=r"""
http: {port: 8080}
apiEndpoints:
  orders: {host: api.example.com, paths: '/orders*'}
serviceEndpoints:
  backend: {url: 'http://localhost:3000'}
policies: [cors, key-auth, proxy]
pipelines:
  orders:
    apiEndpoints: [orders]
    policies:
      - cors:
          action:
            origin: !!js/regexp /example.com/  # <--
      - key-auth: {action: {disableQueryParam: true}}
      - proxy: {action: {serviceEndpoint: backend, proxyTimeout: 5000}}
"""
    ),
    good=Example(
        gateway=r"""
http: {port: 8080}
apiEndpoints:
  orders: {host: api.example.com, paths: '/orders*'}
serviceEndpoints:
  backend: {url: 'http://localhost:3000'}
policies: [cors, key-auth, proxy]
pipelines:
  orders:
    apiEndpoints: [orders]
    policies:
      - cors:
          action:
            origin: !!js/regexp /^https:\/\/([a-z0-9-]+\.)*example\.com$/
      - key-auth: {action: {disableQueryParam: true}}
      - proxy: {action: {serviceEndpoint: backend, proxyTimeout: 5000}}
"""
    ),
)

_LABEL = "[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_ORIGIN = rf"https?:\/\/{_LABEL}(?:\.{_LABEL})*(?::[0-9]{{1,5}})?"
_ANYBODY = ("https://attacker.example", "http://q.invalid", "https://a1b2c3.org:8443")
"""Origins that only an expression for all of them takes together."""
_SHARED = frozenset(("co", "com", "org", "net", "gov", "ac", "edu", "ne", "or"))
"""Second labels that stand above names which anybody can register: `co.uk`."""
_MOST = 12
_START = r"^https?:\/\/([^\/]+\.)?"
_PARTS = re.compile(r"(https?)://([^:/]+)(:[0-9]+)?")
_BARE_DOT = re.compile(r"(?<=[\w-])\.(?=[\w-])")
_OVER = re.compile(r"\\.|\[[^\]]*\]")


def check(review: Review) -> Iterator[Diagnostic]:
    text = text_of(review.project.gateway)
    for step in written(review, "cors"):
        entry = step.entry("origin")
        if entry is None:
            continue
        for node in entry.value.items if isinstance(entry.value, Sequence) else (entry.value,):
            if not isinstance(node, Scalar) or not isinstance(node.value, Regexp):
                continue
            try:
                found = foreign(node.value)
            except (Beyond, Untranslatable):
                continue
            if found is not None:
                like, other = found
                yield RULE.found(
                    f"this expression takes `{other}` as it takes `{like}`",
                    node.span,
                    help="anchor it with `^` and `$`, and escape the dots",
                    witness=f"Origin: {other} -> its pages may read the answers",
                    fix=_fix(node, text.at(node.span)),
                )


def foreign(pattern: Regexp) -> tuple[str, str] | None:
    """An origin that a pattern was made for, and one of somebody else that it takes too; None where there is none.

    Raises Beyond, Untranslatable.
    """
    origins = within(read(pattern.source, ignore_case="i" in pattern.flags, one_line=True))
    if all(origin in origins for origin in _ANYBODY):
        return None  # it is meant for all, as `*` is
    meant = within(read(_escaped(pattern.source), ignore_case="i" in pattern.flags, one_line=True))
    for like in islice((meant & whole(read(_ORIGIN))).witnesses(), _MOST):
        for other in _others(like, origins):
            if other in origins:
                return like, other
    return None


def _others(like: str, origins: Language) -> Iterator[str]:
    """Origins like one that is meant, which belong to somebody else."""
    found = _PARTS.fullmatch(like)
    if found is None:
        return
    scheme, host, port = found[1], found[2], found[3] or ""
    labels = host.split(".")
    yield f"{scheme}://{host}.attacker.example{port}"
    registered = 3 if len(labels) > 2 and labels[-2] in _SHARED and len(labels[-1]) == 2 else 2
    # Where any name will do in the place of the first label, it is meant for all of them.
    if len(labels) == registered and f"{scheme}://{'.'.join(['zqj', *labels[1:]])}{port}" not in origins:
        yield f"{scheme}://attacker{host}{port}"
    for index in range(len(labels) - 2):
        joined = f"{labels[index]}x{labels[index + 1]}"
        yield f"{scheme}://{'.'.join([*labels[:index], joined, *labels[index + 2 :]])}{port}"


def _fix(node: Scalar, written: str) -> Fix | None:
    """The expression with what it lacks; None where that is not enough, or is not plain to write."""
    assert isinstance(node.value, Regexp)  # noqa: S101 - it was asked before
    source, flags = node.value.source, node.value.flags
    if "|" in source or written.count(f"/{source}/") != 1:
        return None
    mended = _escaped(source)
    mended = mended if mended.endswith("$") and not mended.endswith(r"\$") else f"{mended}$"
    starts = [""]
    if not mended.startswith("^"):
        starts += ["^"] if mended.startswith("http") else [_START] if mended[0].isalnum() else []
    for start in starts:
        wanted = Regexp(start + mended, flags)
        try:
            if foreign(wanted) is None:
                text = written.replace(f"/{source}/", f"/{wanted.source}/")
                return Fix("anchor it, and escape the dots", (Edit(node.span, text),), safe=False)
        except (Beyond, Untranslatable):
            return None
    return None


def _escaped(source: str) -> str:
    """An expression whose bare dots between letters are dots."""
    kept = [(found.start(), found.end()) for found in _OVER.finditer(source)]
    return _BARE_DOT.sub(lambda dot: dot[0] if _inside(dot.start(), kept) else r"\.", source)


def _inside(place: int, spans: list[tuple[int, int]]) -> bool:
    return any(start <= place < end for start, end in spans)
