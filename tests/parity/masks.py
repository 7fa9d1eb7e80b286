"""What differs from one run to the next, replaced by its name: ids, tokens, dates, ports."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

_PATTERNS = (
    (re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "<uuid>"),
    (re.compile(r"[0-9a-f]{32}\|[0-9a-f]{32}"), "<token>"),
    (re.compile(r"[0-9a-f]{32}%7C[0-9a-f]{32}"), "<token%7C>"),
    (re.compile(r"\b[0-9a-f]{32}\b"), "<hex>"),
    (re.compile(r"[A-Z][a-z]{2} [A-Z][a-z]{2} \d{2} \d{4} \d{2}:\d{2}:\d{2} GMT[+-]\d{4} \([^)]*\)"), "<date>"),
    (re.compile(r"(?<=\.sid=)[^;]+"), "<session>"),
    (re.compile(r'^W/"[0-9a-f]+-[A-Za-z0-9+/]{27}"$'), "<etag>"),
    (re.compile(r"^[0-9A-Za-z]{22}$"), "<base62>"),
)


class Masks:
    """Values that are known to vary, by name: ports, and what exchanges have saved."""

    def __init__(self, ports: Mapping[str, int]) -> None:
        self._ports = [(re.compile(rf"(?<![\d.]){port}(?!\d)"), f"<{name}>") for name, port in ports.items()]
        self._saved: dict[str, str] = {}

    def learn(self, name: str, value: str) -> None:
        """Mask a value from now on."""
        for form in (value, quote(value, safe="")):
            if len(form) >= 8:
                self._saved.setdefault(form, f"<{name}>")

    def __call__(self, value: Any) -> Any:
        """The value with everything in it masked."""
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, list):
            return [self(item) for item in value]
        if isinstance(value, dict):
            return {self._text(key): self(item) for key, item in value.items()}
        return value

    def _text(self, text: str) -> str:
        for value in sorted(self._saved, key=len, reverse=True):
            text = text.replace(value, self._saved[value])
        for pattern, name in (*_PATTERNS, *self._ports):
            text = pattern.sub(name, text)
        return text
