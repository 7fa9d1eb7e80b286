"""The text of a configuration, for rules that mend it."""

from egc.compiler.mends import Text
from egc.compiler.source import Source, lines


def text_of(source: Source) -> Text:
    """The text of a file as the places in its tree count it."""
    return Text(source.name, lines(source.data.decode("utf-8-sig")))
