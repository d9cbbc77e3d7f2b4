"""The walls of the house (design.md §2-§3): who may import whom, and what each layer may not touch.

Not for what the code does: this reads the sources as text and never imports them.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
MODULES = sorted(path.relative_to(PROJECT).as_posix() for path in (PROJECT / "ops_console").rglob("*.py"))
LONGEST_MODULE = 400

# Layer -> the layers to its right. Within itself a layer imports freely; faces never import each other.
BELOW = {
    "core": set(),
    "settings": {"core"},
    "store": {"core"},
    "services": {"store", "core"},
    "adapters": {"services", "store", "core"},
    "console": {"settings", "adapters", "services", "store", "core"},
    **dict.fromkeys(
        ("web", "api", "bot", "cli", "jobs"), {"console", "adapters", "services", "store", "core"}
    ),
}  # fmt: skip
OUTSIDE = ("main", "__main__", "__init__")  # composes the process; the only files outside the arrows

# Layer -> what it may add to the standard library: a package, or one name of a module where no more is wanted.
# Session is a name in annotations: a use case takes an open session, and builds no query with it.
SESSION = "sqlalchemy.orm.Session"
ADDED = {
    "core": set(),
    "settings": {"pydantic"},
    "store": {"sqlalchemy", "alembic"},
    "services": {SESSION},
    "adapters": {
        "PIL", "argon2", "chinese_calendar", "cryptography", "joserfc", "openpyxl", "pylopdf_fonts_zh_cn", "requests",
        "segno", "typst", "xlsxwriter", "docxtpl", "jinja2", "webauthn",
    },
    "console": {SESSION, "sqlalchemy.URL"},  # the database's address, password and all, is put together there
    "web": {
        "flask", "flask_login", "flask_sqlalchemy", "flask_wtf", "itsdangerous", "markupsafe", "waitress", "werkzeug",
        "wtforms", SESSION,
    },
    "api": {"flask", "pydantic", "pydantic_core", "werkzeug", SESSION},
    "bot": set(),
    "cli": set(),
    "jobs": {"apscheduler", "celery", SESSION},
}  # fmt: skip
READS_ENVIRONMENT = {
    "ops_console/settings.py",
    "ops_console/main.py",  # OPS_LOG, before there are settings
    "ops_console/cli/commands.py",  # OPS_LANG, the language of this terminal
    "ops_console/adapters/bounded_child.py",  # SYSTEMROOT, without which a child process does not start on Windows
}
FORBIDDEN_NAMES = ("utils", "util", "helpers", "helper", "manager", "managers", "common", "misc")
CLOCK = re.compile(r"(^|\.)(datetime|date)\.(now|utcnow|today)$|^time\.(time|monotonic|localtime|gmtime|ctime)(_ns)?$")
ENVIRONMENT = re.compile(r"^os\.(environb?|getenvb?)$")
QUERY = re.compile(r"^(select|text|insert|update|delete|exists)$|(^|\.)session\.(execute|scalars?|query|exec)$")


def layer_of(module: str) -> str:
    """Given `ops_console.web.app` or `ops_console.settings_file`, return its layer: `web`, `settings`."""
    return {"settings_file": "settings", "settings_contract": "settings"}.get(
        name := (module.split(".") + [""])[1], name
    )


def imported(tree: ast.AST) -> Iterator[str]:
    """Every import of a module, wherever it stands, as a dotted name; of `from a import b`, `a.b`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{'.' * node.level}{node.module or ''}.{alias.name}" for alias in node.names)


def faults(path: str, source: str) -> list[str]:
    """Given a module's path and its source, return how it breaks the walls."""
    layer, tree = layer_of(path.removesuffix(".py").replace("/", ".")), ast.parse(source)
    used = {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute | ast.Name)}
    names = list(imported(tree))
    found = [] if layer in OUTSIDE else [f"imports {name}" for name in names if not may_import(layer, name)]
    if layer in ("core", "services"):
        found += [f"reads the clock: {name}" for name in {*used, *names} if CLOCK.search(name)]
    if path not in READS_ENVIRONMENT:
        found += [f"reads the environment: {name}" for name in {*used, *names} if ENVIRONMENT.search(name)]
    if layer != "store":
        called = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
        found += [f"builds a query: {name}" for name in called if QUERY.search(name)]
    if Path(path).stem in FORBIDDEN_NAMES:
        found.append("has a name that says nothing")
    if len(source.splitlines()) > LONGEST_MODULE:
        found.append(f"is longer than {LONGEST_MODULE} lines")
    return found


def may_import(layer: str, name: str) -> bool:
    """Given a layer and a dotted name, say whether the one may import the other."""
    top = name.split(".")[0]
    if top == "ops_console":
        return layer_of(name) in {layer, *BELOW[layer]}
    return top in sys.stdlib_module_names or bool({top, name} & ADDED[layer])


@pytest.mark.parametrize("path", MODULES)
def test_a_module_keeps_to_its_layer(path: str) -> None:
    assert faults(path, (PROJECT / path).read_text(encoding="utf-8")) == []


def test_every_package_is_a_layer_with_its_arrows_and_its_libraries() -> None:
    packages = {path.split("/")[1] for path in MODULES if path.count("/") == 2}
    assert packages - set(BELOW) == set()
    assert set(BELOW) == set(ADDED)


def test_one_module_alone_goes_out_by_http() -> None:
    importers = [
        path for path in MODULES
        if any(n.split(".")[0] in ("requests", "urllib3", "httpx") or n.startswith(("urllib.request", "http.client"))
               for n in imported(ast.parse((PROJECT / path).read_text(encoding="utf-8"))))
    ]  # fmt: skip
    assert importers == ["ops_console/adapters/egress.py"]


def test_migrations_stand_on_the_store_alone() -> None:
    for path in (PROJECT / "migrations").rglob("*.py"):
        assert [
            name for name in imported(ast.parse(path.read_text(encoding="utf-8"))) if not may_import("store", name)
        ] == []


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("ops_console/core/x.py", "from ops_console.store import tickets"),
        ("ops_console/core/x.py", "import sqlalchemy"),
        ("ops_console/core/x.py", "def f():\n    from ops_console.services import tickets"),
        ("ops_console/core/x.py", "from .. import store"),
        ("ops_console/core/x.py", "from datetime import datetime\nf = datetime.now"),
        ("ops_console/store/x.py", "from ops_console import services"),
        ("ops_console/store/x.py", "import flask"),
        ("ops_console/services/x.py", "from ops_console.adapters.files import DataFolder"),
        ("ops_console/services/x.py", "from ops_console.settings import Settings"),
        ("ops_console/services/x.py", "from sqlalchemy import select"),
        ("ops_console/services/x.py", "from sqlalchemy.orm import Session, selectinload"),
        ("ops_console/services/x.py", "import time\nnow = time.time()"),
        ("ops_console/services/x.py", "from time import time as t\nnow = t()"),
        ("ops_console/services/x.py", "def f(session): session.execute('x')"),
        ("ops_console/adapters/x.py", "from ops_console.console import Console"),
        ("ops_console/adapters/x.py", "import os\nhome = os.environ['HOME']"),
        ("ops_console/adapters/x.py", "from os import getenv"),
        ("ops_console/web/x.py", "from ops_console.cli import commands"),
        ("ops_console/web/x.py", "from ops_console.jobs.schedule import registry"),
        ("ops_console/web/x.py", "from ops_console import settings_file"),
        ("ops_console/web/x.py", "def f(g): return g.session.scalars(text('SELECT 1'))"),
        ("ops_console/cli/x.py", "from ops_console.main import main"),
        ("ops_console/jobs/x.py", "import requests"),
        ("ops_console/console.py", "from ops_console.web.app import create_app"),
        ("ops_console/settings.py", "from ops_console.store.database import Database"),
        ("ops_console/core/utils.py", ""),
        ("ops_console/core/x.py", "\n" * 401),
    ],
)  # fmt: skip
def test_a_broken_wall_is_noticed(path: str, source: str) -> None:
    assert faults(path, source) != []


def test_what_is_allowed_is_not_complained_of() -> None:
    source = "import json\nfrom sqlalchemy.orm import Session\nfrom ops_console.store import tickets\n"
    assert faults("ops_console/services/x.py", source + "def f(self): return self.now()") == []
