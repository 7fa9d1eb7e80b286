"""Malformed and unusual requests, by class: what goes over the wire, and what may come back.

`answers` are the statuses allowed for each answer in turn; no entry means that the connection ends without an answer,
as it does for a request that never ends. `keeps` says whether the connection must take another request afterwards
(True), must be closed (False), or either (None). `reaches` is how many requests the service may have seen.
Every request that must never be read hides behind the target `/smuggled`.
"""

from dataclasses import dataclass

S = b"GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n"
OK = (200,)
BAD = (400,)
NO_CODING = (400, 501)


@dataclass(frozen=True)
class Vector:
    """One attack."""

    name: str
    kind: str
    sent: bytes
    answers: tuple[tuple[int, ...], ...]
    keeps: bool | None
    reaches: int


VECTORS: list[Vector] = []
_NONE: tuple[bytes, ...] = ()


def _add(
    kind: str,
    name: str,
    sent: bytes,
    *answers: tuple[int, ...],
    keeps: bool | None = None,
    reaches: int | None = None,
) -> None:
    fine = sum(OK[0] in allowed for allowed in answers)
    if keeps is None and answers and answers[-1] == OK:
        keeps = True
    if keeps is None and answers and OK[0] not in answers[-1]:
        keeps = False
    VECTORS.append(Vector(f"{kind}: {name}", kind, sent, answers, keeps, fine if reaches is None else reaches))


def _head(*fields: bytes, method: bytes = b"POST", target: bytes = b"/v", version: bytes = b"HTTP/1.1") -> bytes:
    return b"\r\n".join((method + b" " + target + b" " + version, b"Host: h", *fields, b"", b""))


# Length: RFC 9112 section 6.3, RFC 9110 section 8.6

for order in (
    (b"Content-Length: 5", b"Transfer-Encoding: chunked"),
    (b"Transfer-Encoding: chunked", b"Content-Length: 5"),
):
    for method in (b"POST", b"GET", b"DELETE", b"OPTIONS"):
        name = f"{order[0].decode()} before {order[1].decode()}, {method.decode()}"
        _add("length", name, _head(*order, method=method) + b"0\r\n\r\n" + S, BAD)
for name, value in (
    ("sign", b"+5"),
    ("minus", b"-5"),
    ("minus nought", b"-0"),
    ("underscore", b"1_0"),
    ("hexadecimal", b"0x5"),
    ("hexadecimal digits", b"a"),
    ("octal", b"0o5"),
    ("fraction", b"5.0"),
    ("exponent", b"5e0"),
    ("inner space", b"1 0"),
    ("inner tab", b"1\t0"),
    ("empty", b""),
    ("spaces only", b"   "),
    ("list of two equal", b"5, 5"),
    ("list of two", b"5, 6"),
    ("list without space", b"5,5"),
    ("list with nothing", b"5,"),
    ("quoted", b'"5"'),
    ("semicolon", b"5;"),
    ("vertical tab", b"\x0b5"),
    ("form feed behind", b"5\x0c"),
    ("NUL behind", b"5\x00"),
    ("no-break space", b"\xa05"),
    ("Arabic digits in UTF-8", "\u0665".encode()),
    ("superscript in Latin-1", b"\xb2"),
    ("word", b"five"),
    ("5,000 digits", b"1" * 5000),
    ("beyond 64 bits", b"18446744073709551621"),
    ("beyond 63 bits", b"9223372036854775808"),
    ("beyond a hundred bits", b"1" + b"0" * 40),
):
    _add("length", name, _head(b"Content-Length: " + value) + b"hello" + S, BAD)
for name, fields in (
    ("twice the same", (b"Content-Length: 5", b"Content-Length: 5")),
    ("twice, different", (b"Content-Length: 5", b"Content-Length: 0")),
    ("twice, the other way", (b"Content-Length: 0", b"Content-Length: 5")),
    ("twice in another case", (b"Content-Length: 5", b"content-length: 6")),
    ("twice, one empty", (b"Content-Length: 5", b"Content-Length:")),
    ("with underscore", (b"Content_Length: 5",)),
    ("beside one with underscore", (b"Content-Length: 5", b"Content_Length: 50")),
    ("space before colon", (b"Content-Length : 5",)),
    ("tab before colon", (b"Content-Length\t: 5",)),
    ("folded value", (b"Content-Length:", b" 5")),
):
    _add("length", name, _head(*fields) + b"hello" + S, BAD)
_add("length", "leading noughts", _head(b"Content-Length: 0005") + b"hello", OK)
_add("length", "spaces around", _head(b"Content-Length: \t 5 \t") + b"hello", OK)
_add("length", "nought", _head(b"Content-Length: 0"), OK)
_add("length", "minus nought beside a request", _head(b"Content-Length: 0") + _head(), OK, OK)
for method in (b"GET", b"OPTIONS", b"DELETE", b"PUT", b"PATCH"):
    text = f"body of {method.decode()} is its own, not a request"
    _add("length", text, _head(b"Content-Length: %d" % len(S), method=method) + S, OK)


# Transfer codings: RFC 9112 section 6.1

for name, value in (
    ("vertical tab before", b"\x0bchunked"),
    ("vertical tab behind", b"chunked\x0b"),
    ("form feed before", b"\x0cchunked"),
    ("form feed behind", b"chunked\x0c"),
    ("NUL behind", b"chunked\x00"),
    ("NUL before", b"\x00chunked"),
    ("no-break space behind", b"chunked\xa0"),
    ("no-break space before", b"\xa0chunked"),
    ("next line behind", b"chunked\x85"),
    ("leading comma", b", chunked"),
    ("trailing comma", b"chunked,"),
    ("commas only", b",,"),
    ("twice in a list", b"chunked, chunked"),
    ("not last", b"chunked, gzip"),
    ("before identity", b"chunked, identity"),
    ("behind identity", b"identity, chunked"),
    ("behind gzip", b"gzip, chunked"),
    ("identity", b"identity"),
    ("gzip", b"gzip"),
    ("deflate", b"deflate"),
    ("unknown", b"xchunked"),
    ("unknown behind", b"chunked, x"),
    ("longer word", b"chunkedx"),
    ("shorter word", b"chunke"),
    ("parameter", b"chunked;q=1"),
    ("parameter with space", b"chunked; a=b"),
    ("quoted", b'"chunked"'),
    ("in single quotes", b"'chunked'"),
    ("empty", b""),
    ("inner space", b"chun ked"),
    ("line separator", b"chunked\xe2\x80\xa8"),
    ("dotless letters", "chun\u212aed".encode()),
):
    _add("coding", name, _head(b"Transfer-Encoding: " + value) + b"0\r\n\r\n" + S, NO_CODING)
for name, fields in (
    ("two fields", (b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked")),
    ("two fields, identity first", (b"Transfer-Encoding: identity", b"Transfer-Encoding: chunked")),
    ("two fields, identity last", (b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity")),
    ("two fields, empty first", (b"Transfer-Encoding:", b"Transfer-Encoding: chunked")),
    ("space before colon", (b"Transfer-Encoding : chunked",)),
    ("space before colon and a length", (b"Transfer-Encoding : chunked", b"Content-Length: 5")),
    ("tab before colon", (b"Transfer-Encoding\t: chunked",)),
    ("with underscore", (b"Transfer_Encoding: chunked",)),
    ("with underscore and a length", (b"Transfer_Encoding: chunked", b"Content-Length: 5")),
    ("space in front", (b" Transfer-Encoding: chunked",)),
    ("folded value", (b"Transfer-Encoding:", b" chunked")),
    ("folded list", (b"Transfer-Encoding: gzip,", b"\tchunked")),
    ("name with NUL", (b"Transfer-Encoding\x00: chunked", b"Content-Length: 5")),
    ("name with vertical tab", (b"Transfer-Encoding\x0b: chunked",)),
    ("name in Latin-1", (b"Transf\xe9r-Encoding: chunked",)),
):
    _add("coding", name, _head(*fields) + b"0\r\n\r\n" + S, NO_CODING)
_add("coding", "HTTP/1.0", _head(b"Transfer-Encoding: chunked", version=b"HTTP/1.0") + b"0\r\n\r\n" + S, NO_CODING)
_add("coding", "upper case", _head(b"TRANSFER-ENCODING: CHUNKED") + b"5\r\nhello\r\n0\r\n\r\n", OK)
_add("coding", "spaces around", _head(b"Transfer-Encoding: \t chunked \t") + b"0\r\n\r\n", OK)
for method in (b"GET", b"DELETE", b"OPTIONS", b"PUT"):
    body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(S), S)
    _add("coding", f"body of {method.decode()}", _head(b"Transfer-Encoding: chunked", method=method) + body, OK)


# Chunks: RFC 9112 section 7.1. The request has begun when they are read: the service may have seen its head.

_CHUNKED = _head(b"Transfer-Encoding: chunked")
for name, body in (
    ("size with sign", b"+5\r\nhello\r\n0\r\n\r\n"),
    ("size with minus", b"-5\r\nhello\r\n0\r\n\r\n"),
    ("size minus nought", b"-0\r\n\r\n"),
    ("size 0x", b"0x5\r\nhello\r\n0\r\n\r\n"),
    ("size 0X", b"0X5\r\nhello\r\n0\r\n\r\n"),
    ("size with underscore", b"0_5\r\nhello\r\n0\r\n\r\n"),
    ("size with space before", b" 5\r\nhello\r\n0\r\n\r\n"),
    ("size with space behind", b"5 \r\nhello\r\n0\r\n\r\n"),
    ("size with tab behind", b"5\t\r\nhello\r\n0\r\n\r\n"),
    ("size with vertical tab", b"5\x0b\r\nhello\r\n0\r\n\r\n"),
    ("size with NUL", b"5\x00\r\nhello\r\n0\r\n\r\n"),
    ("size with no-break space", b"5\xa0\r\nhello\r\n0\r\n\r\n"),
    ("size not hexadecimal", b"g\r\nhello\r\n0\r\n\r\n"),
    ("size empty", b"\r\nhello\r\n0\r\n\r\n"),
    ("size with comma", b"5,5\r\nhello\r\n0\r\n\r\n"),
    ("size with fraction", b"5.0\r\nhello\r\n0\r\n\r\n"),
    ("size with h", b"5h\r\nhello\r\n0\r\n\r\n"),
    ("size in full-width digits", "\uff15\r\nhello\r\n0\r\n\r\n".encode()),
    ("size ended by LF", b"5\nhello\r\n0\r\n\r\n"),
    ("size ended by CR", b"5\rhello\r\n0\r\n\r\n"),
    ("size ended by CR CR LF", b"5\r\r\nhello\r\n0\r\n\r\n"),
    ("size ended by LF CR", b"5\n\rhello\r\n0\r\n\r\n"),
    ("data ended by LF", b"5\r\nhello\n0\r\n\r\n"),
    ("data ended by CR", b"5\r\nhello\r0\r\n\r\n"),
    ("data ended by nothing", b"5\r\nhello0\r\n\r\n"),
    ("data ended by LF CR", b"5\r\nhello\n\r0\r\n\r\n"),
    ("data ended by two letters", b"5\r\nhelloXX0\r\n\r\n"),
    ("data longer than its size", b"5\r\nhelloworld\r\n0\r\n\r\n"),
    ("data shorter than its size", b"6\r\nhello\r\n0\r\n\r\n"),
    ("end ended by LF", b"0\n\n"),
    ("end ended by LF after CRLF", b"0\r\n\n"),
    ("end with size of noughts and LF", b"000\n\r\n"),
    ("extension with LF", b"5;a\nb\r\nhello\r\n0\r\n\r\n"),
    ("extension with CR", b"5;a\rb\r\nhello\r\n0\r\n\r\n"),
    ("extension with NUL", b"5;a=\x00\r\nhello\r\n0\r\n\r\n"),
    ("extension with control", b"5;a=\x01\r\nhello\r\n0\r\n\r\n"),
    ("extension without name", b"5;=b\r\nhello\r\n0\r\n\r\n"),
    ("extension with two equal signs", b"5;a==b\r\nhello\r\n0\r\n\r\n"),
    ("extension with an open quote", b'5;a="b\r\nhello\r\n0\r\n\r\n'),
    ("extension ended by LF", b"5;a=b\nhello\r\n0\r\n\r\n"),
    ("extension that is a request", b"5;GET /smuggled HTTP/1.1\nHost: h\r\n\r\n"),
    ("endless extension", b"5;a=" + b"x" * 20000),
    ("endless size", b"0" * 20000),
    ("second size bad", b"5\r\nhello\r\nzz\r\n"),
    ("last chunk is a word", b"5\r\nhello\r\nend\r\n\r\n"),
    ("empty line between chunks", b"5\r\nhello\r\n\r\n0\r\n\r\n"),
    ("beyond 64 bits with a sign", b"+10000000000000005\r\nhello\r\n0\r\n\r\n"),
):
    _add("chunks", name, _CHUNKED + body + S, BAD, reaches=1)
for name, body in (
    ("size in either case", b"A\r\nhellohello\r\na\r\nhellohello\r\n0\r\n\r\n"),
    ("size with leading noughts", b"0005\r\nhello\r\n000\r\n\r\n"),
    ("extension", b"5;a=b\r\nhello\r\n0;c\r\n\r\n"),
    ("extension quoted", b'5;a="b;c\\"d"\r\nhello\r\n0\r\n\r\n'),
    ("a request as data", b"%x\r\n%b\r\n0\r\n\r\n" % (len(S), S)),
):
    _add("chunks", name, _CHUNKED + body, OK)
_add("chunks", "size beyond 64 bits", _CHUNKED + b"10000000000000005\r\nhello\r\n0\r\n\r\n" + S, BAD, reaches=1)
_add("chunks", "size beyond 63 bits", _CHUNKED + b"8000000000000000\r\nhello\r\n0\r\n\r\n" + S, BAD, reaches=1)
_add("chunks", "never ends", _CHUNKED + b"5\r\nhello\r\n", reaches=1)
_add("chunks", "ends without its last line", _CHUNKED + b"5\r\nhello\r\n0\r\n", reaches=1)
_add("chunks", "ends within a chunk", _CHUNKED + b"50\r\nhello", reaches=1)


# Trailers: RFC 9110 section 6.5.1

for name, line in (
    ("Content-Length", b"Content-Length: 5"),
    ("Transfer-Encoding", b"Transfer-Encoding: chunked"),
    ("Host", b"Host: other"),
    ("Authorization", b"Authorization: Bearer a|b"),
    ("TE", b"TE: trailers"),
    ("Trailer", b"Trailer: a"),
    ("Content-Length in lower case", b"content-length: 5"),
    ("space before colon", b"Content-Length : 5"),
    ("space in front", b" Host: other"),
    ("LF", b"a: b\nc: d"),
    ("LF alone at its end", b"a: b\n"),
):
    _add("trailers", name, _CHUNKED + b"5\r\nhello\r\n0\r\n" + line + b"\r\n\r\n" + S, (400, 431), reaches=1)
_add("trailers", "101", _CHUNKED + b"0\r\n" + b"a: b\r\n" * 101 + b"\r\n" + S, (400, 431), reaches=1)
_add("trailers", "endless", _CHUNKED + b"0\r\na: " + b"x" * 40000, (400, 431), reaches=1)
_add("trailers", "harmless", _CHUNKED + b"5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n", OK)
_add("trailers", "cookie is not merged", _CHUNKED + b"5\r\nhello\r\n0\r\nX-Cookie: a=b\r\n\r\n", OK)


# Lines: RFC 9112 sections 2.2 and 5

for name, sent in (
    ("bare LF", b"GET /v HTTP/1.1\nHost: h\n\n"),
    ("bare LF behind the start", b"GET /v HTTP/1.1\nHost: h\r\n\r\n"),
    ("bare LF behind a field", b"GET /v HTTP/1.1\r\nHost: h\nX: y\r\n\r\n"),
    ("bare LF at the end", b"GET /v HTTP/1.1\r\nHost: h\r\n\n"),
    ("bare CR behind the start", b"GET /v HTTP/1.1\rHost: h\r\n\r\n"),
    ("bare CR in a value", b"GET /v HTTP/1.1\r\nHost: h\r\nX: a\rb\r\n\r\n"),
    ("bare CR that hides a field", b"GET /v HTTP/1.1\r\nHost: h\r\nX: a\rTransfer-Encoding: chunked\r\n\r\n"),
    ("CR CR LF", b"GET /v HTTP/1.1\r\r\nHost: h\r\n\r\n"),
    ("CR CR LF behind a field", b"GET /v HTTP/1.1\r\nHost: h\r\r\n\r\n"),
    ("LF CR", b"GET /v HTTP/1.1\n\rHost: h\r\n\r\n"),
    ("NUL in a value", b"GET /v HTTP/1.1\r\nHost: h\r\nX: a\x00b\r\n\r\n"),
    ("NUL in a name", b"GET /v HTTP/1.1\r\nHost: h\r\nX\x00: a\r\n\r\n"),
    ("NUL in the start", b"GET /v\x00 HTTP/1.1\r\nHost: h\r\n\r\n"),
    ("control in a value", b"GET /v HTTP/1.1\r\nHost: h\r\nX: a\x01b\r\n\r\n"),
    ("backspace in a value", b"GET /v HTTP/1.1\r\nHost: h\r\nX: a\x08b\r\n\r\n"),
    ("escape in a value", b"GET /v HTTP/1.1\r\nHost: h\r\nX: \x1b[2J\r\n\r\n"),
    ("DEL in a value", b"GET /v HTTP/1.1\r\nHost: h\r\nX: a\x7fb\r\n\r\n"),
    ("folded with space", b"GET /v HTTP/1.1\r\nHost: h\r\nX: a\r\n b\r\n\r\n"),
    ("folded with tab", b"GET /v HTTP/1.1\r\nHost: h\r\nX: a\r\n\tb\r\n\r\n"),
    ("folded first line", b"GET /v HTTP/1.1\r\n Host: h\r\n\r\n"),
    ("folded Host", b"GET /v HTTP/1.1\r\nHost:\r\n h\r\n\r\n"),
    ("no colon", b"GET /v HTTP/1.1\r\nHost: h\r\nX\r\n\r\n"),
    ("no colon, two words", b"GET /v HTTP/1.1\r\nHost: h\r\nX y\r\n\r\n"),
    ("empty name", b"GET /v HTTP/1.1\r\nHost: h\r\n: x\r\n\r\n"),
    ("name of a space", b"GET /v HTTP/1.1\r\nHost: h\r\n : x\r\n\r\n"),
    ("space in a name", b"GET /v HTTP/1.1\r\nHost: h\r\nX y: z\r\n\r\n"),
    ("space before colon", b"GET /v HTTP/1.1\r\nHost: h\r\nX : z\r\n\r\n"),
    ("space first", b" GET /v HTTP/1.1\r\nHost: h\r\n\r\n"),
    ("tab first", b"\tGET /v HTTP/1.1\r\nHost: h\r\n\r\n"),
    ("two empty lines first", b"\r\n\r\nGET /v HTTP/1.1\r\nHost: h\r\n\r\n"),
    ("LF first", b"\nGET /v HTTP/1.1\r\nHost: h\r\n\r\n"),
    ("slash in a name", b"GET /v HTTP/1.1\r\nHost: h\r\nX/y: z\r\n\r\n"),
    ("quote in a name", b'GET /v HTTP/1.1\r\nHost: h\r\n"X": z\r\n\r\n'),
    ("brace in a name", b"GET /v HTTP/1.1\r\nHost: h\r\n{X}: z\r\n\r\n"),
    ("name in UTF-8", "GET /v HTTP/1.1\r\nHost: h\r\nX\u00e9: z\r\n\r\n".encode()),
    ("TLS greeting", b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03\r\n\r\n"),
    ("noise", bytes(range(256)) + b"\r\n\r\n"),
):
    _add("lines", name, sent + S, BAD)
_add("lines", "101 fields", _head(*(b"X-%d: y" % number for number in range(101))) + S, (431,))
_add("lines", "field of 17 kB", _head(b"X: " + b"y" * 17000) + S, (431,))
_add("lines", "fields of 20 kB together", _head(*(b"X-%d: " % n + b"y" * 2000 for n in range(10))) + S, (431,))
_add("lines", "field without end", b"GET /v HTTP/1.1\r\nHost: h\r\nX: " + b"y" * 40000, (431,))
_add("lines", "name without end", b"GET /v HTTP/1.1\r\nHost: h\r\n" + b"y" * 40000, (431,))
_add("lines", "start without end", b"GET /" + b"v" * 40000, (414, 431))
_add("lines", "an empty line first", b"\r\nGET /v HTTP/1.1\r\nHost: h\r\n\r\n", OK)
_add("lines", "obs-text in a value", _head("X: \u00e9".encode("latin-1")), OK)
_add("lines", "value empty", _head(b"X:"), OK)
_add("lines", "head never ends", b"GET /v HTTP/1.1\r\nHost: h\r\n")
_add("lines", "start never ends", b"GET /v HT")
_add("lines", "nothing at all", b"")
_add("lines", "100 fields", _head(*(b"X-%d: y" % number for number in range(99))), OK)


# Targets: RFC 9112 section 3.2, and paths that a service might read as others

for name, target in (
    ("space", b"/v v"),
    ("tab", b"/v\tv"),
    ("control", b"/v\x01"),
    ("DEL", b"/v\x7f"),
    ("UTF-8", "/\u00e9".encode()),
    ("Latin-1", b"/\xe9"),
    ("no slash", b"v"),
    ("empty", b""),
    ("star on GET", b"*"),
    ("fragment", b"/v#w"),
    ("fragment in the query", b"/v?a#b"),
    ("authority", b"h:80"),
    ("authority without port", b"h"),
    ("another host", b"http://other/v"),
    ("another host with port", b"http://h:81/v"),
    ("another host by user", b"http://h@other/v"),
    ("user before the host", b"http://u@h/v"),
    ("another scheme", b"ftp://h/v"),
    ("no host", b"http:///v"),
    ("no scheme", b"://h/v"),
    ("file", b"file:///etc/passwd"),
    ("javascript", b"javascript://h/%0aalert(1)"),
    ("backslash host", b"http://h\\@other/v"),
    ("dot segment", b"/a/./v"),
    ("dot segments", b"/a/../v"),
    ("dot segments at the end", b"/a/.."),
    ("dot at the end", b"/a/."),
    ("dot segments, encoded", b"/a/%2e%2e/v"),
    ("dot segments, half encoded", b"/a/.%2E/v"),
    ("dot segments behind a backslash", b"/a\\..\\v"),
    ("dot segments behind an encoded slash", b"/a%2f..%2fv"),
    ("dot segments with a parameter", b"/a/..;x/v"),
    ("encoded NUL", b"/v%00"),
    ("dot segments in absolute form", b"http://h/a/../v"),
):
    _add("target", name, _head(method=b"GET", target=target) + S, BAD)
_add("target", "star", _head(method=b"OPTIONS", target=b"*") + S, BAD)
_add("target", "CONNECT", _head(method=b"CONNECT", target=b"h:80") + S, BAD)
_add("target", "of 17 kB", _head(method=b"GET", target=b"/" + b"v" * 17000) + S, (414, 431))
for name, target in (
    ("absolute form", b"http://h/v"),
    ("absolute form in upper case", b"HTTP://H/v"),
    ("absolute form without path", b"http://h"),
    ("absolute form with query", b"http://h/v?a=b"),
    ("two slashes", b"//v"),
    ("backslash", b"/a\\v"),
    ("only a query", b"/?a=b"),
    ("dots that are names", b"/.well-known/..v/v.."),
    ("dots in the query", b"/v?a=../.."),
):
    _add("target", name, _head(method=b"GET", target=target), OK)
for name, target in (("bad percent", b"/v%zz"), ("lone percent", b"/v%")):
    # What a route captures must decode (D96); the request itself is whole.
    _add("target", name, _head(method=b"GET", target=target), (400,), keeps=True)


# Host: RFC 9112 section 3.2

for name, lines in (
    ("none", _NONE),
    ("two", (b"Host: h", b"Host: h")),
    ("two in another case", (b"Host: h", b"HOST: other")),
    ("two hosts in a list", (b"Host: h, other",)),
    ("comma", (b"Host: h,other",)),
    ("user", (b"Host: u@h",)),
    ("path", (b"Host: h/v",)),
    ("query", (b"Host: h?a",)),
    ("fragment", (b"Host: h#a",)),
    ("backslash", (b"Host: h\\v",)),
    ("empty", (b"Host:",)),
    ("space", (b"Host: h other",)),
    ("tab", (b"Host: h\tother",)),
    ("port only", (b"Host: :80",)),
    ("port a word", (b"Host: h:http",)),
    ("port negative", (b"Host: h:-1",)),
    ("port too long", (b"Host: h:800000",)),
    ("two ports", (b"Host: h:80:80",)),
    ("scheme", (b"Host: http://h",)),
    ("quote", (b'Host: "h"',)),
    ("angle", (b"Host: <h>",)),
    ("bracket open", (b"Host: [::1",)),
    ("bracket with letters", (b"Host: [xyz]",)),
    ("UTF-8", ("Host: h\u00e9".encode(),)),
    ("name with underscore twin", (b"Host : h",)),
):
    _add("host", name, b"\r\n".join((b"GET /v HTTP/1.1", *lines, b"", b"")) + S, BAD)
_add("host", "none in HTTP/1.0", b"GET /v HTTP/1.0\r\n\r\n", OK, keeps=False)
_add("host", "address", b"GET /v HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", OK)
_add("host", "underscore", b"GET /v HTTP/1.1\r\nHost: a_b.c-d:8080\r\n\r\n", OK)
_add("host", "empty port", b"GET /v HTTP/1.1\r\nHost: h:\r\n\r\n", OK)


# Connections: RFC 9112 section 9

_ONE = _head(method=b"GET")
_add("connection", "two in one write", _ONE * 2, OK, OK)
_add("connection", "twenty in one write", _ONE * 20, *(OK,) * 20)
_add("connection", "bodies in one write", (_head(b"Content-Length: 5") + b"hello") * 3, OK, OK, OK)
_add("connection", "chunked bodies in one write", (_CHUNKED + b"5\r\nhello\r\n0\r\n\r\n") * 3, OK, OK, OK)
_add("connection", "good, then bad", _ONE + b"GET /v HTTP/1.1\r\n\r\n" + S, OK, BAD)
_add("connection", "good, then noise", _ONE + b"\x00\x01\x02\r\n\r\n" + S, OK, BAD)
_add("connection", "good, then a bad length", _ONE + _head(b"Content-Length: +1") + S, OK, BAD)
_add("connection", "body, then bad", _head(b"Content-Length: 5") + b"hello" + b"x" + S, OK, BAD)
_add("connection", "close, then more", _head(b"Connection: close") + S, OK, keeps=False)
_add("connection", "close in upper case, then more", _head(b"Connection: CLOSE") + S, OK, keeps=False)
_add("connection", "close in a list, then more", _head(b"Connection: x-a, close") + S, OK, keeps=False)
_add("connection", "HTTP/1.0, then more", _head(version=b"HTTP/1.0") + S, OK, keeps=False)
_add("connection", "HTTP/1.0 kept", _head(b"Connection: keep-alive", version=b"HTTP/1.0") * 2, OK, OK)
_add("connection", "names Content-Length", _head(b"Connection: content-length", b"Content-Length: 5") + b"hello", OK)
_add(
    "connection",
    "names Transfer-Encoding",
    _head(b"Connection: transfer-encoding", b"Transfer-Encoding: chunked") + b"0\r\n\r\n",
    OK,
)
_add("connection", "names Host", _head(b"Connection: host"), OK)
_add("connection", "names Authorization", _head(b"Connection: authorization", b"Authorization: Bearer x"), OK)
_add("connection", "of commas", _head(b"Connection: ,,,"), OK)
_add("connection", "of noise", _head(b"Connection: \xff;=@"), OK)
_add(
    "connection",
    "Upgrade to h2c",
    _head(
        b"Connection: Upgrade, HTTP2-Settings",
        b"Upgrade: h2c",
        b"HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA",
        method=b"GET",
    ),
    OK,
)
_add(
    "connection",
    "Upgrade to WebSocket",
    _head(
        b"Connection: Upgrade",
        b"Upgrade: websocket",
        b"Sec-WebSocket-Version: 13",
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        method=b"GET",
    ),
    OK,
)
_add("connection", "half an Upgrade", _head(b"Upgrade: websocket", method=b"GET") + _ONE, OK, OK)
_add(
    "connection",
    "Upgrade with a request behind",
    _head(b"Connection: Upgrade", b"Upgrade: x", method=b"GET") + _ONE,
    OK,
    OK,
)
_add(
    "connection", "Expect something else", _head(b"Expect: wonders", b"Content-Length: 5") + b"hello", (417,), reaches=0
)
_add(
    "connection",
    "Expect two things",
    _head(b"Expect: 100-continue, x", b"Content-Length: 5") + b"hello",
    (417,),
    reaches=0,
)
_add("connection", "Expect without a body", _head(b"Expect: 100-continue"), OK)
_add("connection", "Expect with a body of nought", _head(b"Expect: 100-continue", b"Content-Length: 0"), OK)
_add(
    "connection",
    "Expect in HTTP/1.0",
    _head(b"Expect: 100-continue", b"Content-Length: 5", version=b"HTTP/1.0") + b"hello",
    OK,
    keeps=False,
)
_add("connection", "Proxy-Connection", _head(b"Proxy-Connection: close"), OK)
_add("connection", "proxy_connection", _head(b"proxy_connection: close") + S, BAD)
_add("connection", "body shorter than its length", _head(b"Content-Length: 50") + b"hello", reaches=1)
_add("connection", "body missing", _head(b"Content-Length: 50"), reaches=1)


# Versions and methods: RFC 9112 sections 2.3 and 3.1

for version in (
    b"HTTP/0.9",
    b"HTTP/1.2",
    b"HTTP/1.10",
    b"HTTP/1.01",
    b"HTTP/01.1",
    b"HTTP/1",
    b"HTTP/1.",
    b"HTTP/.1",
    b"HTTP/1.1 ",
    b"HTTP/1.1x",
    b"HTTP/2.0",
    b"HTTP/2",
    b"HTTP/3",
    b"HTTP/9.9",
    b"http/1.1",
    b"Http/1.1",
    b"HTTPS/1.1",
    b"HTTP/ 1.1",
    b"HTTP /1.1",
    b"HTTP/1,1",
    b"HTTP/\xb9.1",
    b"",
):
    _add("version", repr(version), _head(method=b"GET", version=version) + S, BAD)
_add("version", "none", b"GET /v\r\n\r\n" + S, BAD)
_add("version", "HTTP/2 preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + S, BAD)
for method in (
    b"get",
    b"Get",
    b"G\xc9T",
    b"GE T",
    b"GET\t",
    b"FOO",
    b"GETX",
    b"",
    b"G(T",
    b"X" * 21,
    b"GET\x00",
    b"CONNECT",
    b"PRI",
):
    _add("version", f"method {method!r}", _head(method=method) + S, BAD)
