"""Which requests a route takes, as languages: the names of hosts, and the paths as they stand in the request line."""

from egc.compiler.languages import EVERYTHING, Language, starting, text
from egc.compiler.paths import ANY
from egc.compiler.plan import HostPattern, PathPattern


def hosts(pattern: HostPattern) -> Language:
    """The hosts that a pattern takes: Host without its port, in lower case (D70-D73).

    Raises Beyond.
    """
    if pattern.text == ANY:
        return EVERYTHING
    return text(pattern.text.lower()) if pattern.tree is None else starting(pattern.tree)


def paths(pattern: PathPattern) -> Language:
    """The paths that a pattern takes: the request target up to its query, undecoded (D76-D96).

    Raises Beyond.
    """
    if pattern.text == ANY and not pattern.sensitive:
        return EVERYTHING
    if pattern.tree is not None:
        return starting(pattern.tree)
    bare = text(pattern.text.removesuffix("/"), ignore_case=True)
    return bare | bare + text("/")
