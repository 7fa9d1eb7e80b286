"""The load generator's program, and what is read of its report."""

import pytest

from tests.bench.load import Report, Request, parse, script

PRINTED = """\
Running 2s test @ http://127.0.0.1:8080
  1 threads and 32 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     2.30ms    1.02ms  20.11ms   90.51%
    Req/Sec    14.03k     1.05k   15.80k    75.00%
  Latency Distribution
     50%  850.00us
     75%    2.48ms
     90%    3.10ms
     99%    1.02s
  27931 requests in 2.10s, 34.78MB read
"""


def test_a_report_is_read() -> None:
    assert parse(PRINTED) == Report(answered=27931, seconds=2.1, p50=0.85, p99=1020.0)


def test_whatever_went_wrong_is_counted() -> None:
    """Answers other than 2xx and 3xx, and sockets that failed."""
    more = "  Socket errors: connect 1, read 20, write 300, timeout 4000\n  Non-2xx or 3xx responses: 50000\n"
    report = parse(PRINTED + more)
    assert (report.refused, report.broken) == (50000, 4321)


def test_something_else_is_no_report() -> None:
    with pytest.raises(ValueError, match="unable to connect"):
        parse("unable to connect to 127.0.0.1:1 Connection refused")


def test_each_request_brings_headers_and_its_host() -> None:
    program = script([Request("/a?x=1"), Request("/b", "h.example")], {"Authorization": "Bearer t|s"})
    assert '{"/a?x=1", {["Authorization"] = "Bearer t|s"}},' in program
    assert '{"/b", {["Authorization"] = "Bearer t|s", ["Host"] = "h.example"}},' in program


@pytest.mark.parametrize("text", ['/a"', "/a\\n", "/a\nb", "/ä"])
def test_no_text_becomes_code(text: str) -> None:
    """What would end a Lua string, or mean something inside one, is refused."""
    with pytest.raises(ValueError, match="load generator"):
        script([Request(text)], {})
