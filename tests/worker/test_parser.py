"""The parser that reads plain heads at once says of every request exactly what gunicorn's strict parser says."""

from collections.abc import Iterable

from gunicorn.asgi.parser import CallbackRequest, ParseError, PythonProtocol
from hypothesis import given, settings
from hypothesis import strategies as st

from egc.runtime.parser import Head, RequestParser

NAMES = st.sampled_from(
    [
        b"Host",
        b"X-A",
        b"x_b",
        b"Content-Length",
        b"Transfer-Encoding",
        b"Connection",
        b"",
        b" Folded",
        b"Na me",
        b"N\x00",
    ]
)
VALUES = st.one_of(
    st.sampled_from(
        [b"a", b"", b"0", b"3", b"chunked", b"close", b"gzip, chunked", b"\tx\t", b"a\rb", b"a\nb", b"\x7f"]
    ),
    st.binary(max_size=12),
)
LINES = st.one_of(
    st.tuples(NAMES, st.sampled_from([b":", b": ", b" :", b""]), VALUES).map(b"".join),
    st.binary(max_size=12),
)
ENDS = st.sampled_from([b"\r\n", b"\r\n", b"\r\n", b"\n", b"\r"])


def told(parser: PythonProtocol, pieces: Iterable[bytes]) -> tuple[object, ...]:
    """All that a server sees of the pieces: the parts of the request, the body, or the kind of refusal."""
    body: list[bytes] = []
    parser._on_body = body.append
    try:
        for piece in pieces:
            parser.feed(piece)
    except Exception as error:
        return (type(error).__name__, str(error))
    return (
        parser.method,
        parser.path,
        parser.http_version,
        list(parser.headers),
        parser.content_length,
        parser.is_chunked,
        parser.should_keep_alive,
        parser.is_complete,
        b"".join(body),
        bytes(parser._buffer),
    )


@settings(max_examples=1500, deadline=None)
@given(
    start=st.sampled_from([b"GET / HTTP/1.1", b"POST /x?y HTTP/1.1", b"GET / HTTP/1.0", b"get / HTTP/1.1", b"GET /"]),
    fields=st.lists(st.tuples(LINES, ENDS), max_size=6),
    rest=st.sampled_from([b"", b"abc", b"3\r\nabc\r\n0\r\n\r\n", b"GET /2 HTTP/1.1\r\nHost: b\r\n\r\n"]),
    cut=st.integers(min_value=0, max_value=200),
)
def test_same_reading_as_gunicorns_parser(
    start: bytes, fields: list[tuple[bytes, bytes]], rest: bytes, cut: int
) -> None:
    data = start + b"\r\n" + b"".join(line + end for line, end in fields) + b"\r\n" + rest
    limits = {"limit_request_line": 40, "limit_request_fields": 5, "limit_request_field_size": 30}
    pieces = [piece for piece in (data[:cut], data[cut:]) if piece]
    assert told(RequestParser(**limits), pieces) == told(PythonProtocol(**limits), pieces)


@settings(max_examples=500, deadline=None)
@given(
    start=st.sampled_from(
        [
            b"GET /%41?b HTTP/1.1",
            b"POST / HTTP/1.0",
            b"CONNECT a:1 HTTP/1.1",
            b"OPTIONS * HTTP/1.1",
            b"GET //?? HTTP/1.1",
        ]
    ),
    fields=st.lists(
        st.sampled_from(
            [
                b"Host: a",
                b"Connection: close",
                b"Connection:",
                b"Connection: Keep-Alive",
                b"connection: upgrade",
                b"Upgrade: websocket",
                b"Expect: 100-Continue",
                b"Expect: more",
                b"Content-Length: 3",
                b"Transfer-Encoding: chunked",
                b"X-A: b",
            ]
        ),
        max_size=5,
    ),
)
def test_same_head_as_gunicorns_request(start: bytes, fields: list[bytes]) -> None:
    parser = RequestParser()
    try:
        parser.feed(b"".join(line + b"\r\n" for line in (start, *fields, b"")))
    except ParseError:
        return
    ours, its = Head(parser), CallbackRequest.from_parser(parser)
    assert (ours.method, ours.version, ours.content_length, ours.chunked) == (
        its.method,
        its.version,
        its.content_length,
        its.chunked,
    )
    assert (ours.target, ours.fields) == (its.uri.encode("latin-1"), its.headers_bytes)
    assert (ours.closes, ours.upgrades, ours._expect_100_continue) == (
        its.should_close(),
        its.may_upgrade(),
        its._expect_100_continue,
    )
