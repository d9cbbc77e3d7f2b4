"""The child process that sets a document: bounds itself, compiles, writes the PDF to standard output.

Not for import by the console: `typst.py` starts this file by its path, isolated, with all it needs on standard input.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import typst as compiler

MEMORY_BYTES = 2 << 30  # of addresses: the compiler reserves more than it uses
CPU_SECONDS = 120


def main() -> int:
    """Given the work as JSON on standard input, write the PDF; 1 when it is longer than allowed."""
    given = json.load(sys.stdin.buffer)
    _bound_self()
    folder = Path(given["folder"])
    nowhere = folder / "no-packages"  # none are installed and none are fetched
    made = compiler.compile(
        str(folder / given["template"]), root=str(folder), format="pdf", font_paths=given["fonts"],
        ignore_system_fonts=True, sys_inputs={"data": given["data"]}, package_path=str(nowhere),
        package_cache_path=str(nowhere),
    )  # fmt: skip
    if not isinstance(made, bytes) or len(made) > given["longest"]:
        return 1
    sys.stdout.buffer.write(made)
    return 0


def _bound_self() -> None:
    try:
        import resource
    except ImportError:  # Windows: the deadline alone
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    sys.exit(main())
