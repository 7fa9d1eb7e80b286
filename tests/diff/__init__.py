"""Differences between configurations."""
