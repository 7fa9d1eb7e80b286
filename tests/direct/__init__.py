"""The short way and the ASGI way: one behaviour."""
