"""Policies: one class a file, keyword-only settings, called with the exchange."""
