"""Fetch, compile and lock the front-end files under ops_console/web/static/vendor (for developers, needs node and npm).

Not part of installing or running the product: the results are committed, and a test compares them with vendor.lock.

What it does, each step stopping at the first doubt:
1. `npm pack name@version` for every package in PACKAGES; the archive's SHA-256 must be the one in vendor.lock
   (with --renew, after changing a version, the new sum is written instead).
2. Take over htmx and ECharts (and, for tests alone, axe) byte for byte; parse both to see that Chrome 86 reads them.
3. Compile Tabler's stylesheet for Chrome 86 (scripts/frontend/*.mjs; ends with an audit by MDN's compatibility data).
4. Draw one SVG sprite of the icons named in scripts/frontend/icons.txt.
5. Put every licence beside its files and write vendor.lock.

A second run writes the same bytes. The registry is whatever the developer's npm is set to; none is named here.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
STATIC = HERE.parent / "ops_console" / "web" / "static"
VENDOR = STATIC / "vendor"
TESTING = HERE.parent / "tests" / "vendor"
LOCK = STATIC / "vendor.lock"
CHROME = 86

# name → (version, licence). Bootstrap and zrender lend only their licence texts: Tabler and ECharts contain them.
PACKAGES = {
    "@tabler/core": ("1.6.1", "MIT"),
    "bootstrap": ("5.3.9", "MIT"),
    "htmx.org": ("2.0.11", "0BSD"),
    "echarts": ("6.1.0", "Apache-2.0"),
    "zrender": ("6.1.0", "BSD-3-Clause"),
    "@tabler/icons": ("3.51.0", "MIT"),
    "axe-core": ("4.14.1", "MPL-2.0"),
}
# Used while compiling; nothing of them is shipped.
TOOLS = {
    "postcss": "8.5.33",
    "postcss-value-parser": "4.2.0",
    "postcss-selector-parser": "7.2.1",
    "acorn": "8.19.0",
    "@mdn/browser-compat-data": "8.1.9",
}
# vendored file → (package, path in the package)
UNCHANGED = {
    "htmx/htmx.min.js": ("htmx.org", "dist/htmx.min.js"),
    "htmx/LICENSE": ("htmx.org", "LICENSE"),
    "echarts/echarts.common.min.js": ("echarts", "dist/echarts.common.min.js"),
    "echarts/LICENSE": ("echarts", "LICENSE"),
    "echarts/NOTICE": ("echarts", "NOTICE"),
    "echarts/LICENSE-d3": ("echarts", "licenses/LICENSE-d3"),
    "echarts/LICENSE-zrender": ("zrender", "LICENSE"),
    "tabler/LICENSE-bootstrap": ("bootstrap", "LICENSE"),
    "tabler-icons/LICENSE": ("@tabler/icons", "LICENSE"),
}
# The same below tests/vendor: used by tests of pages alone, never shipped.
TESTED_WITH = {
    "axe-core/axe.min.js": ("axe-core", "axe.min.js"),
    "axe-core/LICENSE": ("axe-core", "LICENSE"),
}
# Part of ECharts under terms of its own.
OTHER_LICENCE = {"echarts/LICENSE-d3": "BSD-3-Clause"}
# Named by a script, yet only called where the browser has it (read in htmx 2.0.11).
GUARDED = {"htmx.min.js": ["moveBefore (133)", "startViewTransition (111)"]}
STYLESHEET = "tabler/tabler.chrome86.min.css"
SPRITE = "tabler-icons/icons.svg"


class Doubt(Exception):
    """Something a developer must look at before the files may change."""


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def run(*command: str, cwd: Path) -> str:
    """Given a command, return its standard output. Raises Doubt with what it printed when it fails."""
    program = shutil.which(command[0])
    if program is None:
        raise Doubt(f"{command[0]} not found; install node and npm")
    done = subprocess.run([program, *command[1:]], cwd=cwd, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise Doubt(f"{' '.join(command)[:200]}\n{done.stdout}{done.stderr}")
    return done.stdout


class Package:
    """One archive from the registry, read without unpacking it."""

    def __init__(self, name: str, work: Path) -> None:
        self.name = name
        self.version, self.licence = PACKAGES[name]
        printed = run("npm", "pack", "--silent", "--ignore-scripts", f"{name}@{self.version}", cwd=work)
        self.path = work / printed.split()[-1]
        self.sha256 = sha256(self.path.read_bytes())

    def read(self, path: str) -> bytes:
        with tarfile.open(self.path) as archive:
            member = archive.extractfile(f"package/{path}")
            if member is None:
                raise Doubt(f"{self.name} has no file {path}")
            return member.read()


def locked_sums() -> dict[str, str]:
    if not LOCK.exists():
        return {}
    lock = json.loads(LOCK.read_text(encoding="utf-8"))
    return {f"{one['name']}@{one['version']}": one["sha256"] for one in lock["packages"]}


def fetch(work: Path, *, renew: bool) -> dict[str, Package]:
    """Given a work directory, return the packages. Raises Doubt when an archive is not the one in the lock."""
    known = locked_sums()
    packages = {}
    for name in PACKAGES:
        package = packages[name] = Package(name, work)
        expected = known.get(f"{name}@{package.version}")
        if expected is None and known and not renew:
            raise Doubt(f"{name}@{package.version} is not in vendor.lock; run again with --renew to accept it")
        if expected not in (None, package.sha256):
            raise Doubt(f"{name}@{package.version}: archive has {package.sha256}, vendor.lock says {expected}")
    return packages


def install_tools(work: Path) -> Path:
    tools = work / "tools"
    tools.mkdir()
    (tools / "package.json").write_text('{"private": true}', encoding="utf-8")
    wanted = [f"{name}@{version}" for name, version in TOOLS.items()]
    run("npm", "install", "--silent", "--ignore-scripts", "--no-audit", "--no-fund", "--save-exact", *wanted, cwd=tools)
    return tools


def compile_tabler(core: Package, tools: Path) -> tuple[bytes, dict]:
    """Given Tabler's package, return the stylesheet for Chrome 86 and what was done to it."""
    source, target, report = tools / "in.css", tools / "out.css", tools / "report.json"
    source.write_bytes(core.read("dist/css/tabler.css"))
    banner = (
        f"Tabler {core.version} compiled for Chrome {CHROME}. MIT, see LICENSE in this directory. "
        "Made by scripts/vendor_frontend.py; do not edit."
    )
    script = HERE / "frontend" / "compile_tabler.mjs"
    run("node", str(script), str(source), str(target), str(report), banner, cwd=tools)
    return target.read_bytes(), json.loads(report.read_text(encoding="utf-8"))


def tabler_licence(core: Package, icons: Package) -> bytes:
    """Tabler's package holds no licence text: its stylesheet's copyright lines over the MIT text of its icons."""
    header = core.read("dist/css/tabler.css").decode()[:600]
    holders = re.findall(r"\* (Copyright [^\n]+)", header)
    if not holders or "Licensed under MIT" not in header:
        raise Doubt("Tabler's stylesheet no longer opens with its copyright and MIT")
    terms = icons.read("LICENSE").decode().partition("Permission is hereby granted")
    return ("MIT License\n\n" + "\n".join(holders) + "\n\n" + terms[1] + terms[2]).encode()


def draw_sprite(icons: Package) -> bytes:
    """Given the icon package, return one SVG with a <symbol> per name in icons.txt.

    No stroke width is set: class "icon" of the stylesheet gives it.
    """
    symbols = []
    for name in (HERE / "frontend" / "icons.txt").read_text(encoding="utf-8").split():
        drawing = icons.read(f"icons/outline/{name}.svg").decode()
        inner = drawing[drawing.index(">") + 1 : drawing.rindex("</svg>")]
        shapes = [" ".join(one.split()) for one in inner.strip().split("\n")]
        kept = [one.replace(" />", "/>") for one in shapes if one and 'd="M0 0h24v24H0z"' not in one]
        symbols.append(
            f'<symbol id="{name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" '
            f'stroke-linecap="round" stroke-linejoin="round">{"".join(kept)}</symbol>'
        )
    opening = f"<!-- Tabler Icons {icons.version}, MIT, see LICENSE in this directory. -->\n"
    return (opening + '<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n").encode()


def check_scripts(files: dict[str, bytes], tools: Path) -> dict:
    paths = []
    for name in sorted(one for one in files if one.endswith(".js")):
        path = tools / Path(name).name
        path.write_bytes(files[name])
        paths.append(str(path))
    result = json.loads(run("node", str(HERE / "frontend" / "check_js.mjs"), *paths, cwd=tools))
    for name, found in result.items():
        if found["named_newer_calls"] != GUARDED.get(name, []):
            raise Doubt(f"{name} calls what Chrome {CHROME} lacks, not reviewed: {found['named_newer_calls']}")
        found["guarded_newer_calls"] = found.pop("named_newer_calls")
    return result


def describe(name: str, content: bytes, packages: dict[str, Package]) -> dict:
    made_from = {STYLESHEET: "@tabler/core", SPRITE: "@tabler/icons", "tabler/LICENSE": "@tabler/core"}
    package = packages[made_from.get(name) or {**UNCHANGED, **TESTED_WITH}[name][0]]
    change = {
        STYLESHEET: f"compiled for Chrome {CHROME}, light theme, left to right",
        SPRITE: "sprite of the outline icons named in scripts/frontend/icons.txt",
        "tabler/LICENSE": "put together from the stylesheet's header and the MIT text",
    }
    return {
        "name": package.name,
        "version": package.version,
        "file": name,
        "sha256": sha256(content),
        "bytes": len(content),
        "licence": OTHER_LICENCE.get(name, package.licence),
        "change": change.get(name, "none"),
    }


def write_lock(
    files: dict[str, bytes], tested_with: dict[str, bytes], packages: dict[str, Package], checks: dict
) -> str:
    lock = {
        "about": "Made by scripts/vendor_frontend.py. Paths are relative to vendor/ (of tests: tests/vendor/). "
        "Sums of packages: npm archives.",
        "packages": [
            {"name": one.name, "version": one.version, "licence": one.licence, "sha256": one.sha256}
            for one in packages.values()
        ],
        "tools": [{"name": name, "version": version} for name, version in TOOLS.items()],
        "checks": checks,
        "files": [describe(name, files[name], packages) for name in sorted(files)],
        "tested_with": [describe(name, tested_with[name], packages) for name in sorted(tested_with)],
    }
    return json.dumps(lock, ensure_ascii=False, indent=2) + "\n"


def build(work: Path, *, renew: bool) -> tuple[dict[Path, dict[str, bytes]], str]:
    """Given a work directory, return the files of each vendor directory by name and the text of vendor.lock."""
    packages = fetch(work, renew=renew)
    tools = install_tools(work)
    files = {name: packages[package].read(path) for name, (package, path) in UNCHANGED.items()}
    files[STYLESHEET], report = compile_tabler(packages["@tabler/core"], tools)
    files[SPRITE] = draw_sprite(packages["@tabler/icons"])
    files["tabler/LICENSE"] = tabler_licence(packages["@tabler/core"], packages["@tabler/icons"])
    checks = {
        "chrome": CHROME,
        "css": {
            "newer_than_chrome": report["audit"]["problems"],
            "ignored_without_harm": report["audit"]["harmless"],
            "dropped_selectors": report["dropped_selectors"],
            "colours": report["colours"],
        },
        "js": check_scripts(files, tools),
    }
    tested_with = {name: packages[package].read(path) for name, (package, path) in TESTED_WITH.items()}
    return {VENDOR: files, TESTING: tested_with}, write_lock(files, tested_with, packages, checks)


def differences(built: dict[Path, dict[str, bytes]], lock: str) -> list[str]:
    """Return the names that are missing, surplus or other than built."""
    wrong = []
    for folder, files in built.items():
        present = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
        wrong += [name for name in files if name not in present or present[name].read_bytes() != files[name]]
        wrong += [name for name in present if name not in files]
    if not LOCK.exists() or LOCK.read_text(encoding="utf-8") != lock:
        wrong.append(LOCK.name)
    return sorted(wrong)


def replace(built: dict[Path, dict[str, bytes]], lock: str) -> None:
    for folder, files in built.items():
        if folder.exists():
            shutil.rmtree(folder)
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    LOCK.write_text(lock, encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="build and compare, write nothing")
    parser.add_argument("--renew", action="store_true", help="accept archives that vendor.lock does not know yet")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="vendor-") as work:
        try:
            files, lock = build(Path(work), renew=options.renew)
        except Doubt as doubt:
            print(doubt, file=sys.stderr)
            return 1
    changed = differences(files, lock)
    if not options.check and changed:
        replace(files, lock)
    print("\n".join(changed) or "nothing changed")
    return 1 if options.check and changed else 0


if __name__ == "__main__":
    sys.exit(main())
