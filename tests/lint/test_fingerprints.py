"""What findings are called in a baseline."""

from egc.compiler.diagnostics import Diagnostic, Report, Span
from egc.compiler.fingerprints import Fingerprints
from egc.compiler.source import read

TEXT = """\
http: {port: 8080}
shared: &shared
  methods: [GET]
apiEndpoints:
  a: *shared
  'odd name': {<<: *shared, host: x}
pipelines:
  late:
    policies:
      - log:
      - terminate: {action: {statusCode: 200}}
listed:
  - 1
  - {name: x}
"""


def report(text: str) -> Report:
    """A report that knows the tree of a text."""
    made = Report()
    assert read("g.yml", text.encode(), {}, made) is not None
    return made


def way(place: str, text: str = TEXT) -> str:
    """The fingerprint of what begins where a word does."""
    before = text[: text.index(place)]
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    found = Diagnostic("RT106", "name", "error", "", Span("g.yml", line, column, line, column + 1))
    return Fingerprints(report(text)).of(found)


def test_the_way_leads_through_keys_and_indexes() -> None:
    assert way("terminate") == "RT106:g.yml:pipelines.late.policies[1].terminate"
    assert way("statusCode") == "RT106:g.yml:pipelines.late.policies[1].terminate.action.statusCode"
    assert way("8080") == "RT106:g.yml:http.port"
    assert way("1\n") == "RT106:g.yml:listed[0]"
    assert way("http") == "RT106:g.yml:http"


def test_what_an_alias_repeats_is_named_where_it_stands() -> None:
    assert way("GET") == "RT106:g.yml:shared.methods[0]"


def test_a_name_that_is_no_word_is_quoted() -> None:
    assert way("host: x") == "RT106:g.yml:apiEndpoints.['odd name'].host"


def test_lines_above_and_below_change_nothing() -> None:
    moved = "# a comment\n\n" + TEXT.replace("  late:", "  early: {}\n\n  late:")
    assert way("terminate", moved) == way("terminate")


def test_pipelines_of_a_list_go_by_their_names() -> None:
    one = "pipelines:\n  - name: late\n    policies: [{terminate: }]\n"
    assert way("terminate", one) == "RT106:g.yml:pipelines[late].policies[0].terminate"
    assert way("terminate", one.replace("  - name", "  - name: early\n  - name")) == way("terminate", one)
    assert way("terminate", one.replace("name: late", "apiEndpoints: [a]")) == (
        "RT106:g.yml:pipelines[0].policies[0].terminate"
    )


def test_a_file_that_could_not_be_read_has_no_way() -> None:
    found = Diagnostic("YA101", "yaml-syntax", "error", "", Span("g.yml", 3, 1, 3, 2))
    assert Fingerprints(Report()).of(found) == "YA101:g.yml:"
