"""`python -m ops_console`: what run.py starts inside the environment it made."""

import sys

from ops_console.main import main

sys.exit(main(sys.argv[1:]))
