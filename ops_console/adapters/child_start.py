"""Where a child process begins: it bounds its memory and time, then becomes the script it is told to be.

Not for import by the console: `bounded_child` starts this file by its path, isolated, with the standard library alone.
"""

from __future__ import annotations

import json
import runpy
import sys


def bound_self(limits: dict[str, int]) -> None:
    """Given the bounds, keep to them from now on, and leave no core file with what was read."""
    try:
        import resource
    except ImportError:  # Windows: the counts alone
        return
    resource.setrlimit(resource.RLIMIT_AS, (limits["memory_bytes"], limits["memory_bytes"]))
    resource.setrlimit(resource.RLIMIT_CPU, (limits["cpu_seconds"], limits["cpu_seconds"] + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    script = sys.argv.pop(1)
    bound_self(json.loads(sys.argv[1]))
    runpy.run_path(script, run_name="__main__")
