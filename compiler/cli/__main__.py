"""`python -m egc.compiler.cli` is `egc`."""

import sys

from egc.compiler.cli import main

sys.exit(main())
