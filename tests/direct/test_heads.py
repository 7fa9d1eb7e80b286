"""What is read at once is read as the parser reads it."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egc.runtime.heads import Fields, PlainRequest, PlainRequests
from egc.runtime.parser import RequestParser

TOKENS = st.text(string.ascii_letters + "-_.!", min_size=1, max_size=12)
NAMES = st.one_of(
    st.sampled_from(
        (
            "Host",
            "Content-Length",
            "Connection",
            "Expect",
            "Upgrade",
            "Transfer-Encoding",
            "Cookie",
            "X_A",
            "eg-consumer-id",
        )
    ),
    TOKENS,
)
VALUES = st.one_of(
    st.sampled_from(("h", "h:80", "0", "3", "keep-alive", "close", "chunked", "", " x ", "a\tb", "[::1]", "\x7f", "é")),
    st.text(st.characters(codec="latin-1"), max_size=12),
)
TARGETS = st.one_of(
    st.sampled_from(("/", "/a?b", "/?", "/??", "/a/../b", "/%2e%2e/", "/%00", "*", "http://h/", "/a#b", "/é")),
    st.text(string.printable, max_size=12).map("/".__add__),
)
REQUESTS = st.builds(
    lambda method, target, version, fields, ends, behind: ends.join(
        [f"{method} {target} HTTP/{version}", "Host: h", *(f"{name}:{value}" for name, value in fields), "", behind]
    ).encode("latin-1", "replace"),
    st.sampled_from(("GET", "POST", "HEAD", "BREW", "get", "M-SEARCH")),
    TARGETS,
    st.sampled_from(("1.1", "1.1", "1.1", "1.0", "2")),
    st.lists(st.tuples(NAMES, VALUES), max_size=5),
    st.sampled_from(("\r\n", "\r\n", "\r\n", "\n")),
    st.sampled_from(("", "abc", "GET / HTTP/1.1\r\n")),
)


def plain(data: bytes) -> PlainRequest | None:
    return PlainRequests(line_bytes=8190, fields=100, field_bytes=8190).read(data)


@given(REQUESTS)
def test_a_plain_request_is_what_the_parser_reads(data: bytes) -> None:
    found = plain(data)
    if found is None:
        return
    told: list[bytes] = []
    parser = RequestParser(on_body=told.append, limit_request_line=8190)
    parser.feed(data)
    method = parser.method.decode()
    target = parser.path.decode().removesuffix("?") if parser.path.count(b"?") == 1 else parser.path.decode()
    assert (found.method, found.target, list(found.fields)) == (method, target, parser.headers)
    assert parser.is_complete
    assert (found.body or b"") == b"".join(told)
    assert data[found.end :] == parser.remaining()


def test_fields_that_come_again_are_read_once() -> None:
    requests = PlainRequests(line_bytes=8190, fields=100, field_bytes=8190)
    one = requests.read(b"GET /a HTTP/1.1\r\nHost: h\r\nX-A: b\r\n\r\n")
    other = requests.read(b"PUT /b HTTP/1.1\r\nHost: h\r\nX-A: b\r\n\r\n")
    assert one is not None
    assert other is not None
    assert one.fields is other.fields


def test_what_is_kept_of_fields_is_bounded() -> None:
    requests = PlainRequests(line_bytes=8190, fields=100, field_bytes=8190)
    for number in range(5000):
        requests.read(b"GET / HTTP/1.1\r\nHost: h\r\nX-A: %d\r\n\r\n" % number)
    assert len(requests._known) <= 512
    fields = Fields([], "h", None)
    for number in range(100):
        fields.keep(number, b"")
    assert len(fields.lines) <= 4


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nabc",
        b"POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
        b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\nTransfer_Encoding: chunked\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\neg-request-id: x\r\n\r\n",
        b"GET /../a HTTP/1.1\r\nHost: h\r\n\r\n",
        b"CONNECT / HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\nX-A: b",
    ],
)
def test_what_is_not_plain_is_left_to_the_parser(data: bytes) -> None:
    assert plain(data) is None
