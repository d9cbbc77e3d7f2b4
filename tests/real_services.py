"""Finds or starts the real programs that tests talk to: a throw-away PostgreSQL, Chromium, free ports.

Not for fakes, and not for the console's own layer `services`. A pytest plugin: name it in `pytest_plugins`.
"""

from __future__ import annotations

import atexit
import json
import os
import shutil
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil
import psycopg
import pytest
from sqlalchemy import make_url

SHARED_FOLDER = "OPS_TEST_SHARED"  # environment: the folder through which the session's processes find each other
GIVEN_POSTGRES = "OPS_TEST_POSTGRES"  # environment: a SQLAlchemy URL to use instead of a server of our own
CLUSTER_PREFIX = "ops-test-pg-"
LEADER = "leader"  # in the shared folder: the id of the process that clears it up
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "listen_addresses": "127.0.0.1",
}


@dataclass(frozen=True)
class Found:
    """The URL of a server, or None and the reason why there is none; `folder` is set if we started it."""

    url: str | None
    reason: str = ""
    folder: str | None = None


# -- what tests use ---------------------------------------------------------------------------------------------------


def require(service: str, found: object, reason: str) -> None:
    """Given a service's name and whether it was found, skip the test with the reason if not.

    Under OPS_REQUIRE_SERVICES=1, as in CI, fail instead: there a missing service is a mistake.
    """
    if found:
        return
    if os.environ.get("OPS_REQUIRE_SERVICES") == "1":
        pytest.fail(f"{service} is required here: {reason}", pytrace=False)
    pytest.skip(f"{service}: {reason}")


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nobody listened on just now."""
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def chromium_path() -> str | None:
    """Return the path of a Chromium, or None."""
    return next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)


def postgres_url() -> str | None:
    """Return a SQLAlchemy URL of a PostgreSQL server whose user may create databases, or None."""
    return find_postgres().url


def find_postgres() -> Found:
    """Return the session's PostgreSQL server, started by whoever asks first, or the reason why there is none."""
    if given := os.environ.get(GIVEN_POSTGRES):
        return Found(given)
    programs = postgres_programs()
    if programs is None:
        return Found(None, "no PostgreSQL server programs under /usr/lib/postgresql (apt install postgresql)")
    shared = shared_folder()
    with alone(shared / "postgres.lock"):
        state = shared / "postgres.json"
        if state.exists():
            return Found(**json.loads(state.read_text()))
        found = start_postgres(programs)
        state.write_text(json.dumps(asdict(found)))
    return found


@contextmanager
def fresh_postgres(url: str, template: str | None = None) -> Iterator[str]:
    """Given a server's URL, yield the URL of a new empty database there and drop it afterwards.

    `template` is the URL of another such database, say a migrated one, to copy; nobody may be connected to it then.
    """
    name = f"ops_test_{uuid.uuid4().hex[:16]}"
    origin = make_url(template).database if template else "template1"
    with psycopg.connect(plain(url), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{origin}"')
    try:
        yield make_url(url).set(database=name).render_as_string(hide_password=False)
    finally:
        with psycopg.connect(plain(url), autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def plain(url: str) -> str:
    """Given a SQLAlchemy URL, return it as psycopg itself reads it."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def pytest_configure(config: pytest.Config) -> None:
    """Let the controller name the shared folder before its workers start: they inherit the environment."""
    shared_folder()


@pytest.fixture(scope="session")
def postgres_server() -> str:
    """The URL of a PostgreSQL server; skips (or in CI fails) without one."""
    found = find_postgres()
    require("PostgreSQL", found.url, found.reason)
    assert found.url is not None
    return found.url


@pytest.fixture
def postgres_database(postgres_server: str) -> Iterator[str]:
    """The URL of a new, empty PostgreSQL database, dropped after the test."""
    with fresh_postgres(postgres_server) as url:
        yield url


# -- one server for all processes of a session -----------------------------------------------------------------------


def shared_folder() -> Path:
    """Return the folder shared by this session's processes; the first to ask makes it, and at its end clears up."""
    if SHARED_FOLDER not in os.environ:
        folder = Path(tempfile.mkdtemp(prefix="ops-test-shared-"))
        (folder / LEADER).write_text(str(os.getpid()))
        os.environ[SHARED_FOLDER] = str(folder)
        atexit.register(clear_up, folder)
    return Path(os.environ[SHARED_FOLDER])


def clear_up(shared: Path) -> None:
    """Given the shared folder, stop what the session started, unless this is a mere fork of its leader."""
    if leader_of(shared) != os.getpid():
        return
    state = shared / "postgres.json"
    if state.exists() and (folder := json.loads(state.read_text())["folder"]):
        stop_postgres(Path(folder))
    shutil.rmtree(shared, ignore_errors=True)


@contextmanager
def alone(lock: Path) -> Iterator[None]:
    """Given a lock file, run the block while no other process of the session runs its own."""
    import fcntl  # only where Debian's programs were found

    with lock.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def postgres_programs() -> Path | None:
    """Return the folder of the newest PostgreSQL server programs, or None."""
    folders = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    return max(folders, key=lambda folder: int(folder.parent.name), default=None)


def unprivileged() -> dict[str, object]:
    """Return the arguments for subprocess under which PostgreSQL, which refuses to run as root, runs."""
    return {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}


def start_postgres(programs: Path) -> Found:
    """Given the server's programs, start a throw-away cluster and return it, or what it said instead."""
    stop_orphans()
    folder = Path(tempfile.mkdtemp(prefix=CLUSTER_PREFIX))
    try:
        url = start_cluster(programs, folder, SETTINGS)
    except (OSError, LookupError, subprocess.SubprocessError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        return Found(None, f"did not start: {getattr(error, 'stdout', None) or error}")
    (folder / "session").write_text(str(shared_folder()))
    return Found(url, folder=str(folder))


def start_cluster(programs: Path, folder: Path, settings: Mapping[str, str]) -> str:
    """Given the programs, an empty folder and settings, start a cluster there and return its URL."""
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    port = free_port()
    run_all(start_commands(programs, folder, port, settings))
    return f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres"


def start_commands(programs: Path, folder: Path, port: int, given: Mapping[str, str]) -> list[list[str]]:
    """Given the programs, an empty folder, a port and settings, return the commands that make a cluster there."""
    cluster, log = str(folder / "data"), str(folder / "log")
    made = [str(programs / "initdb"), "-N", "--username=postgres", "--auth=trust", "--encoding=UTF8"]
    settings = {**given, "port": str(port), "unix_socket_directories": str(folder)}
    options = " ".join(f"-c {name}={value}" for name, value in settings.items())
    started = [str(programs / "pg_ctl"), "start", "-w", "-t", "60", "-s", "-D", cluster, "-l", log, "-o", options]
    return [[*made, "--locale=C.UTF-8", "-D", cluster], started]


def run_all(commands: list[list[str]]) -> None:
    """Given commands, run each as an unprivileged user. Raises CalledProcessError with what the first to fail said."""
    for command in commands:
        with tempfile.TemporaryFile("w+") as said:  # not a pipe: the server would keep it open
            done = subprocess.run(
                command, cwd="/", stdin=subprocess.DEVNULL, stdout=said, stderr=said, timeout=120, **unprivileged()
            )
            said.seek(0)
            if done.returncode:
                raise subprocess.CalledProcessError(done.returncode, command, said.read()[-2000:])


def stop_postgres(folder: Path) -> None:
    """Given a cluster's folder, end its server, known by the process id there, and remove the folder."""
    programs = postgres_programs()
    if programs and (folder / "data" / "postmaster.pid").exists():
        stop = [str(programs / "pg_ctl"), "stop", "-m", "immediate", "-w", "-s", "-D", str(folder / "data")]
        subprocess.run(stop, cwd="/", check=False, capture_output=True, timeout=60, **unprivileged())
    shutil.rmtree(folder, ignore_errors=True)


def leader_of(shared: Path) -> int | None:
    """Given a session's shared folder, return the id of the process that leads the session, or None if it is gone."""
    leader = shared / LEADER
    return int(leader.read_text()) if leader.exists() else None


def stop_orphans() -> None:
    """End the clusters of earlier sessions that were killed before they could clear up."""
    for folder in Path(tempfile.gettempdir()).glob(f"{CLUSTER_PREFIX}*"):
        if not os.access(folder, os.W_OK) or not (folder / "session").exists():
            continue
        shared = Path((folder / "session").read_text())
        leader = leader_of(shared)
        if leader is None or not psutil.pid_exists(leader):
            stop_postgres(folder)
            shutil.rmtree(shared, ignore_errors=True)
