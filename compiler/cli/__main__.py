"""`python -m egc.compiler.cli` is `egc`."""

from egc.compiler.cli import main

main()
