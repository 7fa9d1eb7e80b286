"""A change stands in the file as it was asked for, and nothing else moves (D11, C139, C140, C142, C143, C146, N32)."""

import json
from difflib import unified_diff
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egc.compiler.diagnostics import DoesNotCompile, Report, Span
from egc.compiler.edit import Edit, NotEditable, apply, errors
from egc.compiler.shown import normal, shown
from egc.compiler.source import read

pytestmark = pytest.mark.slow

FILE = "gateway.config.yml"

TEXT = """\
# The shop's gateway.
http: {port: "${PORT:-8080}"}   # the port
apiEndpoints:
  # the first
  one:
    host: '*'      # any
    paths: /one    # just this
    note: |
      text
      more
  two: {host: x.test, paths: [/a, /b]}  # short

  # nothing behind it
serviceEndpoints:
  up:
    url: http://up  # here
policies:
- terminate   # a
# between
- proxy
pipelines:
  p:
    apiEndpoints: [one]
    policies:
      # answers
      - terminate:
          - action: {statusCode: 200, message: before}  # msg
      - proxy:
          - action:
              serviceEndpoint: ${UP:-up}
              # why
              changeOrigin: true
"""

STEPS: list[Any] = [
    {"terminate": [{"action": {"statusCode": 200, "message": "before"}}]},
    {"proxy": [{"action": {"serviceEndpoint": "${UP:-up}", "changeOrigin": True}}]},
]

JSON = """\
{
  "http": {"port": 8080},
  "apiEndpoints": {
    "a": {"host": "*"}
  },
  "policies": ["terminate"],
  "pipelines": {}
}
"""

LISTED = """\
policies: [a, b]
pipelines:
  - name: default   # the one
    apiEndpoints: [x]
    policies:
      - a:
  - name: other
    policies: []
"""


def change(text: str, edit: Edit, name: str = FILE) -> tuple[str, str]:
    """The lines that go and come, as a diff says it, and what has been done."""
    edited = apply(edit, name, text.encode(), {})
    diff = unified_diff(text.splitlines(), edited.data.decode().splitlines(), lineterm="", n=0)
    return "\n".join(line for line in diff if not line.startswith(("---", "+++", "@@"))), edited.outcome


def tree(data: bytes, name: str = FILE) -> Any:
    """What is read of a file, as the Admin API shows it."""
    found = read(name, data, {}, Report())
    assert found is not None
    return shown(found)


CHANGES = {
    "a value": (
        Edit(
            "pipelines",
            "p",
            {
                "apiEndpoints": ["one"],
                "policies": [{"terminate": [{"action": {"statusCode": 202, "message": "before"}}]}, STEPS[1]],
            },
        ),
        "-          - action: {statusCode: 200, message: before}  # msg\n"
        "+          - action: {statusCode: 202, message: before}  # msg",
        "replaced",
    ),
    "a step that goes": (
        Edit("pipelines", "p", {"apiEndpoints": ["one"], "policies": STEPS[1:]}),
        "-      - terminate:\n-          - action: {statusCode: 200, message: before}  # msg",
        "replaced",
    ),
    "a step between": (
        Edit("pipelines", "p", {"apiEndpoints": ["one"], "policies": [STEPS[0], {"cors": None}, STEPS[1]]}),
        "+      - cors: null",
        "replaced",
    ),
    "a list instead of text": (
        Edit("apiEndpoints", "one", {"host": "*", "paths": ["/one", "/more"], "note": "text\nmore\n"}),
        "-    paths: /one    # just this\n+    paths:\n+      - /one\n+      - /more    # just this",
        "replaced",
    ),
    "in brackets": (
        Edit("apiEndpoints", "two", {"host": "x.test", "paths": ["/a", "/c", "/b"], "methods": "GET"}),
        "-  two: {host: x.test, paths: [/a, /b]}  # short\n"
        "+  two: {host: x.test, paths: [/a, /c, /b], methods: GET}  # short",
        "replaced",
    ),
    "one more": (
        Edit("apiEndpoints", "three", {"host": "*", "paths": ["/x"], "note": "a\nb", "on": "true", "n": 1.5}),
        "+  three:\n+    host: '*'\n+    paths:\n+      - /x\n+    note: |-\n+      a\n+      b\n"
        "+    on: 'true'\n+    n: 1.5",
        "created",
    ),
    "an entry that goes": (
        Edit("apiEndpoints", "one", delete=True),
        "-  one:\n-    host: '*'      # any\n-    paths: /one    # just this\n-    note: |\n-      text\n-      more",
        "deleted",
    ),
    "the last entry": (
        Edit("serviceEndpoints", "up", delete=True),
        "-serviceEndpoints:\n-  up:\n-    url: http://up  # here\n+serviceEndpoints: {}  # here",
        "deleted",
    ),
    "a policy": (Edit("policies", "cors"), "+- cors", "created"),
    "a policy that goes": (Edit("policies", "terminate", delete=True), "-- terminate   # a", "deleted"),
    "a policy that is there": (Edit("policies", "proxy"), "", "unchanged"),
    "no such policy": (Edit("policies", "cors", delete=True), "", "absent"),
    "no such entry": (Edit("pipelines", "q", delete=True), "", "absent"),
    "what is there": (Edit("pipelines", "p", {"apiEndpoints": ["one"], "policies": STEPS}), "", "unchanged"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_only_what_changes_is_written(name: str) -> None:
    """Comments, order, quotes and `${NAME}` of everything else stay byte for byte."""
    edit, lines, outcome = CHANGES[name]
    assert change(TEXT, edit) == (lines, outcome)


IN_JSON = {
    "one more": (
        Edit("apiEndpoints", "b", {"paths": ["/b"]}),
        '-    "a": {"host": "*"}\n+    "a": {"host": "*"},\n'
        '+    "b": {\n+      "paths": [\n+        "/b"\n+      ]\n+    }',
    ),
    "a value": (
        Edit("apiEndpoints", "a", {"host": "a.test"}),
        '-    "a": {"host": "*"}\n+    "a": {"host": "a.test"}',
    ),
    "in an empty section": (
        Edit("pipelines", "p", {"policies": []}),
        '-  "pipelines": {}\n+  "pipelines": {"p": {"policies": []}}',
    ),
    "a policy": (
        Edit("policies", "cors"),
        '-  "policies": ["terminate"],\n+  "policies": ["terminate", "cors"],',
    ),
    "the last entry": (
        Edit("apiEndpoints", "a", delete=True),
        '-  "apiEndpoints": {\n-    "a": {"host": "*"}\n-  },\n+  "apiEndpoints": {},',
    ),
}


@pytest.mark.parametrize("name", IN_JSON)
def test_json_stays_json(name: str) -> None:
    """D1: Express Gateway wrote YAML into gateway.config.json (C146)."""
    edit, lines = IN_JSON[name]
    assert change(JSON, edit, "gateway.config.json")[0] == lines
    json.loads(apply(edit, "gateway.config.json", JSON.encode(), {}).data)


def test_a_section_that_is_absent_or_empty_is_begun() -> None:
    """As far as it is none, it is made."""
    assert (
        change("policies: []\n", Edit("pipelines", "p", {"policies": []}))[0] == "+pipelines:\n+  p:\n+    policies: []"
    )
    assert change("pipelines:\npolicies: []", Edit("pipelines", "p", {"a": [1]}))[0] == "+  p:\n+    a:\n+      - 1"
    assert change("pipelines: {}  # none\n", Edit("pipelines", "p", {"a": 1}))[0] == (
        "-pipelines: {}  # none\n+pipelines:\n+  p:\n+    a: 1  # none"
    )
    assert change("policies: []\n", Edit("policies", "cors"))[0] == "-policies: []\n+policies: [cors]"


def test_pipelines_may_be_a_list() -> None:
    """D35: each item has its name."""
    steps: list[Any] = [{"a": {"action": {"x": 1}}}]
    assert change(LISTED, Edit("pipelines", "default", {"apiEndpoints": ["x"], "policies": steps})) == (
        "+          action:\n+            x: 1",
        "replaced",
    )
    assert change(LISTED, Edit("pipelines", "third", {"policies": [{"b": None}]})) == (
        "+  - name: third\n+    policies:\n+      - b: null",
        "created",
    )
    assert change(LISTED, Edit("pipelines", "other", delete=True)) == (
        "-  - name: other\n-    policies: []",
        "deleted",
    )


def test_line_ends_and_the_byte_order_mark_stay() -> None:
    """What an editor of another system has written."""
    for end in ("\r\n", "\r"):
        edited = apply(Edit("policies", "cors"), FILE, ("\ufeff" + TEXT.replace("\n", end)).encode(), {})
        assert edited.data.decode() == "\ufeff" + TEXT.replace("- proxy\n", "- proxy\n- cors\n", 1).replace("\n", end)


def test_the_first_line_may_be_the_one() -> None:
    """The mark before it takes no column."""
    edited = apply(Edit("policies", "cors"), FILE, "\ufeffpolicies: [a]\n".encode(), {})
    assert edited.data.decode() == "\ufeffpolicies: [a, cors]\n"


ALIASES = """\
shared: &it {host: q.test}
apiEndpoints:
  one: *it
  two:
    <<: *it
    paths: /b   # here
"""


def test_what_an_alias_stands_for_is_not_changed_elsewhere() -> None:
    """An alias is replaced, a merged key is written out; what they name stays."""
    assert change(ALIASES, Edit("apiEndpoints", "one", {"host": "z"}))[0] == "-  one: *it\n+  one: {host: z}"
    assert change(ALIASES, Edit("apiEndpoints", "two", {"host": "q.test", "paths": "/c"}))[0] == (
        "-    paths: /b   # here\n+    paths: /c   # here"
    )
    assert change(ALIASES, Edit("apiEndpoints", "one", delete=True))[0] == "-  one: *it"
    lines, _ = change(ALIASES, Edit("apiEndpoints", "two", {"host": "z", "paths": "/b"}))
    assert "shared" not in lines


@pytest.mark.parametrize(
    ("text", "edit"),
    [
        (TEXT, Edit("pipelines", "${NAME}", {})),
        (TEXT, Edit("http", "port", 1)),
        (TEXT, Edit("pipelines", "p", {"n": 10**400})),
        (TEXT, Edit("pipelines", "p", {"${KEY}": 1})),
        ("apiEndpoints: ${ENDPOINTS}\n", Edit("apiEndpoints", "a", {})),
        ("apiEndpoints: &a {x: 1}\nserviceEndpoints: *a\n", Edit("apiEndpoints", "x", 2)),
        (TEXT, Edit("pipelines", "p", {"n": "\U0010f041"})),
        ("- list\n", Edit("apiEndpoints", "a", {})),
    ],
)
def test_what_cannot_be_done_in_place_is_said(text: str, edit: Edit) -> None:
    """And nothing is changed."""
    with pytest.raises(NotEditable):
        apply(edit, FILE, text.encode(), {})


def test_a_file_that_cannot_be_read_is_told_with_its_place() -> None:
    with pytest.raises(DoesNotCompile) as failure:
        apply(Edit("policies", "cors"), FILE, b"policies: [", {})
    assert errors(failure.value.report, FILE, None, {})[0]["file"].startswith(f"{FILE}:")


def test_a_mistake_names_its_field() -> None:
    """RFC 9457 section 3: a JSON Pointer, whose `/` and `~` are escaped (RFC 6901)."""
    data = b"pipelines: {'a/b ~': [{x: 1}]}\n"
    report = Report()
    place = Span(FILE, 1, 27, 1, 28)
    report.error("CO142", "wrong-value", "no", place)
    report.warning("CO143", "empty-value", "hm", place)
    assert errors(report, FILE, data, {}) == [{"pointer": "#/pipelines/a~1b%20~0/0/x", "detail": "no", "code": "CO142"}]


ODD = [
    "null",
    "true",
    "1e3",
    "0o7",
    "2020-01-01",
    "~",
    "<<",
    "- a",
    "a: b",
    "#",
    "*a",
    "&a",
    "!t",
    "%",
    "@",
    "`",
    "|",
    ">",
]
ODD += ["${A}", "${A:-b}", "x${A:-}y", "$${A}", "'", '"', "\\", "?", "-", ":", ",", "[", "{", "---", "..."]
ODD += ["a\nb\n", "\n", " a", "a ", "a\n\n", "\ta\n b", "a\n\n b", "\x00", "\x85", "\u2028", "\ufeff"]
TEXTS = st.text(st.characters(max_codepoint=0x10EFFF, exclude_categories=["Cs"]), max_size=12) | st.sampled_from(ODD)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(TEXTS.filter(lambda key: "${" not in key), inner, max_size=4)
    ),
    max_leaves=12,
)
NAMES = st.sampled_from(["one", "two", "three"]) | TEXTS.filter(lambda name: "${" not in name)


@given(
    NAMES, VALUES, st.sampled_from([(TEXT, FILE), (JSON, "gateway.config.json"), (TEXT.replace("\n", "\r\n"), FILE)])
)
def test_whatever_is_written_is_read_back(name: str, value: Any, file: tuple[str, str]) -> None:
    """Any name, any value; and all other entries are as they were."""
    text, path = file
    before = tree(text.encode(), path)
    edited = apply(Edit("apiEndpoints", name, value), path, text.encode(), {})
    after = tree(edited.data, path)
    assert repr(after["apiEndpoints"][name]) == repr(normal(value))
    assert {**before["apiEndpoints"], name: None} == {**after["apiEndpoints"], name: None}
    assert {**before, "apiEndpoints": None} == {**after, "apiEndpoints": None}
    gone = apply(Edit("apiEndpoints", name, delete=True), path, edited.data, {})
    assert name not in tree(gone.data, path)["apiEndpoints"]


@given(st.lists(VALUES, min_size=1, max_size=4), st.lists(VALUES, min_size=1, max_size=4))
def test_one_value_becomes_any_other(first: list[Any], second: list[Any]) -> None:
    """Lists and mappings in the block style that was written before."""
    once = apply(Edit("pipelines", "p", {"a": first, "b": {"c": second}}), FILE, TEXT.encode(), {})
    wanted: Any = {"a": second, "b": {"c": first}, "d": 1}
    twice = apply(Edit("pipelines", "p", wanted), FILE, once.data, {})
    assert repr(tree(twice.data)["pipelines"]["p"]) == repr(normal(wanted))
