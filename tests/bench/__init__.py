"""Measurements: CPU per request of each gateway's process tree, side by side in one run (`make bench`)."""
