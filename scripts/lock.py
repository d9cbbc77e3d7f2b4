"""Rebuilds requirements/*.lock from requirements/*.in, or gathers a folder of wheels for `run.py --wheels`.

For developers, with uv on the path; not needed to run the console. Packages come from wherever uv and pip are set up to
look, and no lock says where that was.
"""

from __future__ import annotations

import argparse
import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

REQUIREMENTS = Path(__file__).resolve().parent.parent / "requirements"
# Debian 12's Python is the oldest served; universal, because packages differ between patch releases and systems.
OPTIONS = ["--universal", "--generate-hashes", "--python-version", "3.11", "--only-binary", ":all:"]
QUIET = ["--quiet", "--no-annotate", "--no-header", "--no-emit-index-url", "--no-emit-find-links"]


def main(arguments: list[str]) -> int:
    """Given the arguments, do what they ask and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions the .in files allow")
    parser.add_argument("--wheels", type=Path, metavar="DIR", help="instead: download the wheels of the lock to DIR")
    parser.add_argument("--tests", action="store_true", help="with --wheels: also those that only the tests need")
    chosen = parser.parse_args(arguments)
    if chosen.wheels:
        return gather_wheels(chosen.wheels, "test" if chosen.tests else "run")
    return rebuild_locks(upgrade=chosen.upgrade)


def find_uv() -> list[str] | None:
    """Return the command that starts uv, or None."""
    if found := shutil.which("uv"):
        return [found]
    return [sys.executable, "-m", "uv"] if importlib.util.find_spec("uv") else None


def rebuild_locks(*, upgrade: bool) -> int:
    """Resolve run.in, then test.in with the same versions; return the exit code."""
    uv = find_uv()
    if uv is None:
        print("uv is needed: pip install uv", file=sys.stderr)
        return 1
    command = [*uv, "pip", "compile", *OPTIONS, *QUIET, *(["--upgrade"] if upgrade else [])]
    for kind, extra in (("run", []), ("test", ["--constraint", "run.lock"])):
        done = subprocess.run(  # noqa: S603 -- our own fixed command
            [*command, *extra, f"{kind}.in", "--output-file", f"{kind}.lock"], cwd=REQUIREMENTS, check=False
        )
        if done.returncode:
            return done.returncode
        print(REQUIREMENTS / f"{kind}.lock")
    return 0


def gather_wheels(folder: Path, kind: str) -> int:
    """Given a folder and the kind of lock, download that lock's wheels for a machine like this."""
    command = [sys.executable, "-m", "pip", "download", "--disable-pip-version-check", "--quiet", "--require-hashes"]
    command += ["--only-binary", ":all:", "--requirement", f"{REQUIREMENTS / kind}.lock", "--dest", str(folder)]
    done = subprocess.run(command, check=False, stdout=sys.stderr)  # noqa: S603 -- our own fixed command
    if done.returncode == 0:
        print(f"{len(list(folder.glob('*.whl')))} wheels in {folder}")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
