"""The condition tlsClientAuthenticated."""

from egc.runtime.exchange import Exchange


class TlsClientAuthenticated:
    """The caller has shown a certificate that the listener's authorities vouch for (D139); never on plain HTTP."""

    def __call__(self, x: Exchange) -> bool:
        return x.certified
