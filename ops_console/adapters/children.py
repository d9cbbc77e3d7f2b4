"""What every child process of ours begins with. Not for starting or bounding one: each adapter does that itself."""

from __future__ import annotations

import os
import sys


def bare_environment() -> dict[str, str]:
    """Return an environment that tells a child nothing, but for what Windows needs to start any process."""
    return {"SYSTEMROOT": os.environ["SYSTEMROOT"]} if sys.platform == "win32" else {}
