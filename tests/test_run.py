"""The bootstrap, run.py, in copies of the project: it sets itself up, says in one sentence why not, and starts fast.

Not for the console it starts: here that is a stand-in which prints what it was given. The real .venv is never touched.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent
BASE_PYTHON = Path(getattr(sys, "_base_executable", None) or sys.executable)
STAND_IN = """\
import json, os, sys
print(json.dumps({"arguments": sys.argv[1:], "folder": os.getcwd(), "OPS_DATA": os.environ.get("OPS_DATA")}))
sys.exit(int(os.environ.get("STAND_IN_CODE", "0")))
"""
OFFLINE = {
    "PIP_CONFIG_FILE": os.devnull,
    "PIP_INDEX_URL": "http://127.0.0.1:9/",
    "PIP_RETRIES": "0",
    "PIP_NO_CACHE_DIR": "1",
}

pytestmark = pytest.mark.skipif(os.name == "nt", reason="starts processes as POSIX does")


class Project:
    """A copy of run.py with locks of its own and stand-ins for the console and pytest."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.venv = folder / ".venv"
        (folder / "requirements").mkdir(parents=True)
        (folder / "ops_console").mkdir()
        (folder / "ops_console" / "__main__.py").write_text(STAND_IN)
        shutil.copy(ROOT / "run.py", folder)
        self.write_locks("absent-package==1.0 --hash=sha256:" + "0" * 64 + "\n")

    def write_locks(self, text: str) -> None:
        for kind in ("run", "test"):
            (self.folder / "requirements" / f"{kind}.lock").write_text(text)

    def command(self, *arguments: str) -> list[str]:
        return [str(BASE_PYTHON), str(self.folder / "run.py"), *arguments]

    def run(self, *arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
        settings = {"cwd": self.folder, "env": environment(), "capture_output": True, "text": True, "timeout": 200}
        return subprocess.run(self.command(*arguments), **(settings | options))

    def module(self) -> ModuleType:
        """Return run.py as a module: importing it does nothing."""
        spec = importlib.util.spec_from_file_location("run_copy", self.folder / "run.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    def pretend_set_up(self, kind: str = "run", *, symlinks: bool = True) -> None:
        """Make an environment without packages and stamp it as complete."""
        venv.create(self.venv, with_pip=False, symlinks=symlinks)
        module = self.module()
        [site] = self.venv.glob("lib/python*/site-packages")
        module.link_project(str(self.venv), str(site))
        (site / "pytest.py").write_text(STAND_IN)
        (self.venv / module.LOCK).touch()
        module.write_stamp(str(self.venv), module.make_stamp(str(self.venv), kind))


def environment(**extra: str) -> dict[str, str]:
    """Given settings, return an environment with them, without network for pip and without our own settings."""
    dropped = ("OPS_", "PYTHON", "PIP_", "PYTEST_")
    return {name: value for name, value in os.environ.items() if not name.startswith(dropped)} | OFFLINE | extra


def write_wheel(folder: Path, name: str = "stand_in_package") -> str:
    """Given a folder, put a minimal wheel there and return the line that locks it."""
    folder.mkdir()
    wheel = folder / f"{name}-1.0-py3-none-any.whl"
    meta = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(wheel, "w") as file:
        file.writestr(f"{name}.py", "VALUE = 1\n")
        file.writestr(f"{meta}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        file.writestr(f"{meta}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        file.writestr(f"{meta}/RECORD", f"{name}.py,,\n{meta}/METADATA,,\n{meta}/WHEEL,,\n{meta}/RECORD,,\n")
    return f"{name}==1.0 --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n"


def assert_one_sentence(done: subprocess.CompletedProcess[str], *words: str, code: int = 1) -> None:
    """Check that a run failed with one sentence in two languages on standard error, holding these words."""
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    sentences = [line for line in done.stderr.splitlines() if not line.startswith(("    ", "正在准备"))]
    assert len(sentences) == 1, done.stderr
    assert " / " in sentences[0]
    for word in words:
        assert word in sentences[0]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "运维 console")


@pytest.fixture
def installable(project: Project, tmp_path: Path) -> Project:
    """A project whose one package lies in the folder `wheels` beside it."""
    project.write_locks(write_wheel(tmp_path / "wheels"))
    return project


@pytest.fixture(scope="session")
def bare_venv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with pip alone, made once: copying it is ten times as fast as making it."""
    folder = tmp_path_factory.mktemp("bare") / "venv"
    venv.create(folder, with_pip=True, symlinks=True)
    return folder


@pytest.fixture
def hand_made(installable: Project, bare_venv: Path) -> Project:
    """The installable project with an environment that someone made by hand."""
    shutil.copytree(bare_venv, installable.venv, symlinks=True)
    return installable


# -- refusals ---------------------------------------------------------------------------------------------------------


def test_python_3_6_can_read_the_file() -> None:
    ast.parse((ROOT / "run.py").read_text(encoding="utf-8"), feature_version=(3, 6))


def test_old_python_is_told_what_is_needed(project: Project) -> None:
    pretend = (
        "import runpy, sys; sys.version_info = (3, 9, 2, 'final', 0); runpy.run_path(sys.argv[1], None, '__main__')"
    )
    command = [str(BASE_PYTHON), "-c", pretend, str(project.folder / "run.py")]
    done = subprocess.run(command, capture_output=True, text=True, env=environment())
    assert_one_sentence(done, "3.9.2", "3.11")
    assert not project.venv.exists()


@pytest.mark.parametrize("version", [(3, 11, 0), (3, 13, 1), (4, 0, 0)])
def test_new_python_is_accepted(project: Project, version: tuple[int, ...]) -> None:
    project.module().check_python(version)


@pytest.mark.parametrize("missing", ["venv", "ensurepip"])
def test_missing_venv_module_names_the_package_to_install(project: Project, tmp_path: Path, missing: str) -> None:
    (tmp_path / f"{missing}.py").write_text("raise ImportError('not packaged')\n")
    done = project.run(env=environment(PYTHONPATH=str(tmp_path)))
    assert_one_sentence(done, "apt install python3-venv")


def test_missing_wheels_folder_is_named(project: Project) -> None:
    assert_one_sentence(project.run("--wheels", "no-such-folder"), "no-such-folder")
    assert_one_sentence(project.run("test", "--wheels=no-such-folder"), "no-such-folder")
    assert_one_sentence(project.run("--wheels"), "--wheels", code=2)
    assert not project.venv.exists()


def test_no_network_says_so_and_shows_what_pip_said(project: Project) -> None:
    done = project.run("anything")
    assert_one_sentence(done, "检查网络", "--wheels DIR")
    assert "\n    ERROR: " in done.stderr


def test_failed_installation_keeps_what_could_start_before(hand_made: Project, tmp_path: Path) -> None:
    assert hand_made.run("--wheels", str(tmp_path / "wheels")).returncode == 0
    (hand_made.folder / "requirements" / "test.lock").write_text("absent-package==1.0 --hash=sha256:" + "0" * 64)
    assert_one_sentence(hand_made.run("test"), "检查网络")
    assert hand_made.run().returncode == 0


def test_wheels_that_lack_a_package_are_blamed(hand_made: Project, tmp_path: Path) -> None:
    hand_made.write_locks("absent-package==1.0 --hash=sha256:" + "0" * 64)
    assert_one_sentence(hand_made.run("--wheels", str(tmp_path / "wheels")), str(tmp_path / "wheels"), "lacks packages")


def test_a_package_with_another_hash_is_refused(hand_made: Project, tmp_path: Path) -> None:
    hand_made.write_locks("stand_in_package==1.0 --hash=sha256:" + "0" * 64)
    assert_one_sentence(hand_made.run("--wheels", str(tmp_path / "wheels")), "校验值")


def test_a_folder_with_other_files_is_not_emptied(project: Project, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "letter.txt").write_text("dear")
    assert_one_sentence(project.run(env=environment(OPS_VENV=str(tmp_path / "home"))), "OPS_VENV")
    assert [path.name for path in (tmp_path / "home").iterdir()] == ["letter.txt"]


@pytest.fixture
def unwritable() -> Iterator[tuple[Project, dict[str, object]]]:
    """A project that its user cannot write to, and the arguments for subprocess that make one that user."""
    is_root = os.geteuid() == 0
    if is_root and not os.access("/usr/bin/python3.11", os.X_OK):
        pytest.skip("root can write everywhere, and no other user can run this Python")
    folder = Path(tempfile.mkdtemp(prefix="ops-test-unwritable-"))
    project = Project(folder / "project")
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    yield project, {"user": 65534, "group": 65534, "extra_groups": []} if is_root else {}
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o700)
    shutil.rmtree(folder)


def test_unwritable_folder_points_to_another_one(unwritable: tuple[Project, dict[str, object]]) -> None:
    project, user = unwritable
    python = "/usr/bin/python3.11" if user else str(BASE_PYTHON)
    done = subprocess.run(
        [python, str(project.folder / "run.py")], cwd="/", env=environment(), capture_output=True, text=True, **user
    )
    assert_one_sentence(done, str(project.venv), "OPS_VENV")


# -- starting ---------------------------------------------------------------------------------------------------------


def test_arguments_folder_and_exit_code_pass_through(project: Project, tmp_path: Path) -> None:
    project.pretend_set_up()
    given = ["import", "--json", "工单 表.xlsx", "--", "--wheels"]
    done = project.run(*given, cwd=tmp_path, env=environment(STAND_IN_CODE="7", OPS_DATA="/kept"))
    assert done.returncode == 7
    assert done.stderr == ""
    assert json.loads(done.stdout) == {"arguments": given, "folder": str(tmp_path), "OPS_DATA": "/kept"}


def test_wheels_is_our_own_option_wherever_it_stands(project: Project, tmp_path: Path) -> None:
    project.pretend_set_up()
    for given in (["--wheels", ".", "log"], ["log", "--wheels=."], ["log", "--wheels", "."]):
        assert json.loads(project.run(*given).stdout)["arguments"] == ["log"]


def test_files_in_the_working_folder_are_not_imported(project: Project, tmp_path: Path) -> None:
    project.pretend_set_up()
    (tmp_path / "json.py").write_text("raise SystemExit('wrong json')")
    assert project.run(cwd=tmp_path).returncode == 0


def test_test_runs_pytest_in_the_project_without_the_users_data(project: Project, tmp_path: Path) -> None:
    project.pretend_set_up("test")
    done = project.run("test", "-k", "clock", cwd=tmp_path, env=environment(OPS_DATA="/precious"))
    told = json.loads(done.stdout)
    assert told["OPS_DATA"] is None
    assert told["folder"] == str(project.folder)
    assert told["arguments"][:1] == ["-n"]
    assert told["arguments"][2:] == ["--dist", "loadfile", "--no-loadscope-reorder", "-m", "not long", "-k", "clock"]
    assert 2 <= int(told["arguments"][1]) <= 5


def test_test_all_leaves_out_nothing(project: Project) -> None:
    project.pretend_set_up("test")
    assert json.loads(project.run("test", "--all", "tests/x.py").stdout)["arguments"][2:] == [
        *("--dist", "loadfile", "--no-loadscope-reorder", "tests/x.py")
    ]


def test_the_tests_files_are_kept_in_memory_where_there_is_room(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = project.module()
    monkeypatch.setattr(run, "has_room", lambda folder: folder == "/dev/shm")
    assert run.test_environment({"HOME": "/h"}) == {"HOME": "/h", "TMPDIR": "/dev/shm"}
    assert run.test_environment({"TMPDIR": "/t"}) == {"TMPDIR": "/t"}
    monkeypatch.undo()
    assert not run.has_room("/nowhere")
    monkeypatch.setattr(run, "ROOM", 1 << 60)
    assert not run.has_room("/dev/shm")


# -- when to install again --------------------------------------------------------------------------------------------


def test_what_the_tests_need_serves_the_console_too(project: Project) -> None:
    project.pretend_set_up("test")
    module = project.module()
    assert module.judge(str(project.venv), "test") == module.judge(str(project.venv), "run") == module.FRESH


def test_an_environment_with_a_copy_of_python_is_no_less_complete(project: Project) -> None:
    project.pretend_set_up(symlinks=False)
    done = project.run()
    assert (done.returncode, done.stderr) == (0, "")


def test_what_the_console_needs_does_not_serve_the_tests(project: Project) -> None:
    project.pretend_set_up("run")
    module = project.module()
    assert module.judge(str(project.venv), "test") == module.BEHIND


def test_a_new_lock_is_installed(project: Project) -> None:
    project.pretend_set_up()
    project.write_locks("other-package==2.0\n")
    module = project.module()
    assert module.judge(str(project.venv), "run") == module.BEHIND


def test_an_environment_whose_python_is_gone_is_made_anew(project: Project) -> None:
    project.pretend_set_up()
    (project.venv / "bin" / "python").unlink()
    (project.venv / "bin" / "python").symlink_to("/nowhere/python3")
    module = project.module()
    assert module.judge(str(project.venv), "run") == module.BROKEN


@pytest.mark.parametrize(("version", "verdict"), [("3.10.9", "broken"), (None, "fresh"), ("3.%d.99", "behind")])
def test_another_python_series_means_a_new_environment(project: Project, version: str | None, verdict: str) -> None:
    project.pretend_set_up()
    module = project.module()
    stamp = module.read_stamp(str(project.venv))
    if version:
        stamp["python"] = version % sys.version_info[1] if "%" in version else version
    module.write_stamp(str(project.venv), stamp)
    assert module.judge(str(project.venv), "run") == verdict


def test_a_project_that_moved_with_its_environment_still_starts(project: Project, tmp_path: Path) -> None:
    project.pretend_set_up()
    moved = project.folder.rename(tmp_path / "elsewhere")
    done = subprocess.run([str(BASE_PYTHON), str(moved / "run.py")], capture_output=True, text=True, env=environment())
    assert (done.returncode, done.stderr) == (0, "")


# -- real installations -----------------------------------------------------------------------------------------------


def test_first_start_installs_offline_and_the_second_needs_nothing(installable: Project, tmp_path: Path) -> None:
    first = installable.run("log", "--wheels", str(tmp_path / "wheels"))
    assert first.returncode == 0, first.stderr
    assert json.loads(first.stdout)["arguments"] == ["log"]
    assert "1 个软件包" in first.stderr
    assert len(first.stderr.splitlines()) == 1
    assert installed_in(installable)
    assert installable.venv.stat().st_mode & 0o077 == 0
    assert installable.run().stderr == ""


def installed_in(project: Project) -> bool:
    """Given a project, return whether its one package can be imported in its environment."""
    command = [str(project.venv / "bin" / "python"), "-c", "import stand_in_package"]
    return subprocess.run(command, capture_output=True).returncode == 0


def test_an_environment_made_by_hand_is_completed_not_replaced(hand_made: Project, tmp_path: Path) -> None:
    (hand_made.venv / "mine.txt").write_text("kept")
    assert hand_made.run("--wheels", str(tmp_path / "wheels")).returncode == 0
    assert installed_in(hand_made)
    assert (hand_made.venv / "mine.txt").exists()


@pytest.mark.long
@pytest.mark.parametrize("moment", ["pyvenv.cfg", "bin/pip"])
def test_a_set_up_killed_in_the_middle_is_done_again(installable: Project, tmp_path: Path, moment: str) -> None:
    wheels = str(tmp_path / "wheels")
    killed = subprocess.Popen(installable.command("--wheels", wheels), env=environment(), stderr=subprocess.DEVNULL)
    wait_until(lambda: (installable.venv / moment).exists())
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    (installable.venv / "half-made").touch()
    again = installable.run("--wheels", wheels)
    assert again.returncode == 0, again.stderr
    assert installed_in(installable)
    assert not (installable.venv / "half-made").exists()


def wait_until(condition: object, timeout_seconds: float = 60) -> None:
    """Given a condition, return once it holds; fail if it does not in time."""
    end = time.monotonic() + timeout_seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.long
def test_two_first_starts_at_once_install_once(installable: Project, tmp_path: Path) -> None:
    command = installable.command("--wheels", str(tmp_path / "wheels"))
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "env": environment()}
    both = [subprocess.Popen(command, **pipes) for _ in range(3)]
    said = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0, 0], said
    assert "".join(errors for _, errors in said).count("Setting up:") == 1
    assert installed_in(installable)


@pytest.mark.long
def test_the_real_lock_installs_offline_from_its_wheels(tmp_path: Path) -> None:
    wheels = tmp_path / "wheels"
    gather = [str(BASE_PYTHON), str(ROOT / "scripts" / "lock.py"), "--wheels", str(wheels)]
    if subprocess.run(gather, capture_output=True, timeout=280).returncode:
        pytest.skip("no network to download the wheels from")
    project = Project(tmp_path / "project")
    project.write_locks((ROOT / "requirements" / "run.lock").read_text())
    done = project.run("--wheels", str(wheels))
    assert done.returncode == 0, done.stderr
    imports = [str(project.venv / "bin" / "python"), "-c", "import flask, sqlalchemy, psycopg, waitress, argon2"]
    assert subprocess.run(imports).returncode == 0
