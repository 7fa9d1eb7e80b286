"""Listeners: the sockets of the configuration, and their TLS."""

import ipaddress
import socket
import ssl
from collections.abc import Sequence
from typing import Literal

from egc.runtime import env
from egc.runtime.patterns import Pattern

_WILDCARDS = ("", "0.0.0.0", "::")  # noqa: S104 - compared with, never bound


class Certificate:
    """A key pair for the names that `pattern` takes; `default` serves clients without SNI (D25-D27).

    Arguments:
        pattern: a name, a glob, or `default`.
        matches: what a glob means; without, the name is taken as it is. Case counts.
        key, cert: paths of PEM files.
        ca: paths of PEM files with authorities for client certificates.
    """

    __slots__ = ("_matches", "ca", "cert", "key", "pattern")

    def __init__(
        self, pattern: str, *, matches: Pattern | None = None, key: str, cert: str, ca: Sequence[str] = ()
    ) -> None:
        self.pattern = pattern
        self.key = key
        self.cert = cert
        self.ca = tuple(ca)
        self._matches = matches

    def takes(self, name: str) -> bool:
        """Whether clients that ask for this name are shown this certificate."""
        if self._matches is None:
            return name == self.pattern
        return self._matches.match(name) is not None


class Listener:
    """Where the gateway listens.

    Arguments:
        name: http, https or admin.
        host: name or address to bind; None for all interfaces, IPv6 and IPv4.
        port: TCP port; 0 takes a free one.
        certificates: for https, in the order in which they are tried.
        request_cert: ask callers for a certificate (D29).
        reject_unauthorized: refuse callers without a valid one.
        ciphers: OpenSSL cipher list, or None.
        min_version: lowest TLS version.
        trusted_proxies: networks whose X-Forwarded-For and -Proto count.
    """

    def __init__(
        self,
        name: Literal["http", "https", "admin"],
        *,
        host: str | None = None,
        port: int = 0,
        certificates: Sequence[Certificate] = (),
        request_cert: bool = False,
        reject_unauthorized: bool = True,
        ciphers: str | None = None,
        min_version: Literal["TLSv1.2", "TLSv1.3"] = "TLSv1.2",
        trusted_proxies: Sequence[str] = (),
    ) -> None:
        self.name = name
        self.host = host or ""
        self.port = port
        self.certificates = tuple(certificates)
        self.trusted = tuple(ipaddress.ip_network(network, strict=False) for network in trusted_proxies)
        self._request_cert = request_cert
        self._reject_unauthorized = reject_unauthorized
        self._ciphers = ciphers
        self._min_version = min_version

    @property
    def asks_certificates(self) -> bool:
        """Whether callers are asked for a certificate (D29)."""
        return self._request_cert

    @property
    def secure(self) -> bool:
        """Whether callers speak TLS with this listener."""
        return self.name == "https"

    def takes(self, server: tuple[str, int]) -> bool:
        """Whether a connection to this address and port came through this listener."""
        host, port = server
        if self.port not in (0, port):
            return False
        if self.host in _WILDCARDS or self.host == host:
            return True
        try:
            found = socket.getaddrinfo(self.host, port, type=socket.SOCK_STREAM)
        except OSError:
            return False
        return any(plain_address(str(entry[4][0])) == plain_address(host) for entry in found)

    def tls_context(self) -> ssl.SSLContext | None:
        """The server context, or None for plain listeners. Raises OSError or ssl.SSLError for a bad certificate."""
        if not self.secure:
            return None
        contexts = [(certificate, self._context(certificate)) for certificate in self.certificates]
        default = next((context for certificate, context in contexts if certificate.pattern == "default"), None)
        outer = default or self._context(None)

        def choose(connection: ssl.SSLObject | ssl.SSLSocket, name: str | None, _: ssl.SSLContext) -> int | None:
            for certificate, context in contexts:
                if name is not None and certificate.pattern != "default" and certificate.takes(name):
                    connection.context = context
                    return None
            return None if default is not None else int(ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME)

        outer.sni_callback = choose
        return outer

    def _context(self, certificate: Certificate | None) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_3 if self._min_version == "TLSv1.3" else ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        if self._ciphers:
            context.set_ciphers(self._ciphers)
        if certificate is not None:
            cert, key = env.file(certificate.cert), env.file(certificate.key)
            try:
                context.load_cert_chain(cert, key)
            except (OSError, ssl.SSLError) as error:
                raise OSError(f"{cert} with the key {key}: {error.strerror or error}") from None
            for authority in map(env.file, certificate.ca):
                try:
                    context.load_verify_locations(authority)
                except (OSError, ssl.SSLError) as error:
                    raise OSError(f"{authority}: {error.strerror or error}") from None
        if self._request_cert:
            context.verify_mode = ssl.CERT_REQUIRED if self._reject_unauthorized else ssl.CERT_OPTIONAL
        return context


def plain_address(address: str) -> str:
    """An IPv4-mapped IPv6 address as the IPv4 address it stands for; others unchanged."""
    return address[7:] if address.startswith("::ffff:") and "." in address else address
