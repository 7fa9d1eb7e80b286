"""Transports carry outcomes out: they read from callers, call services and write answers."""
