"""CO113: text that YAML reads as something else, for it has no quotes."""

from collections.abc import Iterator

from egc.compiler.diagnostics import Diagnostic, Fix
from egc.compiler.lint._text import text_of
from egc.compiler.lint._typed import Typed, typed
from egc.compiler.mends import Text, quoted
from egc.compiler.model import text
from egc.compiler.review import Review
from egc.compiler.rules import Example, Rule
from egc.compiler.scalars import OCTAL, SEXAGESIMAL

_TEXT = """\
http: {port: 8080}
apiEndpoints:
  shop: {host: '*', paths: '/shop*'}
serviceEndpoints:
  shop: {url: 'http://localhost:3000'}
policies: [key-auth, proxy]
pipelines:
  shop:
    apiEndpoints: [shop]
    policies:
      - key-auth: {action: {disableQueryParam: true}}
      - proxy:
          action:
            serviceEndpoint: shop
            proxyTimeout: 5000
            headers:
              X-Branch: %s
"""

RULE = Rule(
    code="CO113",
    name="yaml-lookalike",
    severity="warning",
    confidence="proven",
    fix="safe",
    summary="text without quotes that YAML reads as a number, a date or a flag, and that comes out as another text",
    why=(
        "YAML 1.1 reads `010` as eight, `12:30` as 750, `1e3` as a thousand and `1.10` as 1.1. Where the setting is "
        "text, the gateway uses the text of that number: a header, a path or a secret that nobody wrote. `yes`, `no`, "
        "`on` and `off` are text here, as in Express Gateway, and flags for most other readers of YAML; those are told "
        "as info."
    ),
    instead="Put the text in quotes.",
    bad=Example(_TEXT % "010"),
    good=Example(_TEXT % "'010'"),
    express_gateway="Reads the same dialect (js-yaml 3) and uses the same unexpected text.",
)

_FLAGS = frozenset(("yes", "no", "on", "off", "y", "n"))


def check(review: Review) -> Iterator[Diagnostic]:
    """Scalars without quotes whose text changes on the way, and numbers that are not what they seem."""
    texts: dict[str, Text] = {}
    for found in typed(review):
        scalar, place = found.scalar, found.scalar.span
        if found.script or scalar.parts or place.file != found.source.name or place.line != place.end_line:
            continue
        if isinstance(scalar.value, str) and scalar.value.lower() not in _FLAGS:
            continue
        if place.file not in texts:
            texts[place.file] = text_of(found.source)
        source = texts[place.file]
        written = source.at(place)
        if written[:1] in ("", "'", '"', "!", "&", "*", "~") or written in ("null", "Null", "NULL"):
            continue
        told = _told(found, written)
        if told is None:
            continue
        message, severe = told
        edit = quoted(source, place) if found.is_text else None
        yield RULE.found(
            message,
            place,
            severity="warning" if severe else "info",
            help=f"write '{written}'" if found.is_text else "write the number as it is meant",
            fix=Fix("put it in quotes", (edit,), safe=True) if edit else None,
        )


def _told(found: Typed, written: str) -> tuple[str, bool] | None:
    """What is to be said of a scalar, and whether it changes what the gateway does."""
    spelled = text(found.scalar)
    if found.is_text:
        if isinstance(found.scalar.value, str):
            if found.name == "message":
                return None  # said to people, whatever a program would make of it
            return f"`{written}` is text here, but a flag for other readers of YAML", False
        return (f"`{written}` is read as `{spelled}`, for it has no quotes", True) if spelled != written else None
    odd = OCTAL.fullmatch(written) or SEXAGESIMAL.fullmatch(written)
    if odd and {"integer", "number"} & set(found.types) and written.lstrip("+-0") and spelled != written.lstrip("+"):
        return f"`{written}` is read as {spelled}: digits behind a zero are octal, and those with colons base 60", True
    return None
