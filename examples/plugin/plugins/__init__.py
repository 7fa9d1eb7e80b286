"""Plugins of this gateway. What stands here is copied into the artifact."""
