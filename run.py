#!/usr/bin/env python3
# Python 3.6 must be able to read this file, or it could not say that it is too old; and every start waits for it, so it
# imports little. Hence os.path, % and no annotations:
# ruff: noqa: UP031, PTH100, PTH103, PTH105, PTH108, PTH109, PTH110, PTH111, PTH112, PTH113, PTH114, PTH118, PTH120
# ruff: noqa: PTH123, PTH208, S108, S606
"""Starts the console: `python3 run.py …`, or its tests: `python3 run.py test …`, making `.venv` first when needed.

Not for anything the console itself does: all arguments but `--wheels DIR` are the console's own.
"""

import json
import os
import sys

PROJECT = os.path.dirname(os.path.abspath(__file__))
OLDEST_PYTHON = (3, 11)
STAMP = "ops-stamp.json"  # in the environment's folder: what was installed; written last
LOCK = "ops-setup.lock"  # in the environment's folder: held while someone sets it up; written first
LINK = "ops_console.pth"  # in site-packages: where the console's code is, whatever folder one starts from
FRESH, BEHIND, BROKEN = "fresh", "behind", "broken"
MEMORY, ROOM = "/dev/shm", 4 << 30  # where Linux keeps files in memory; what a whole run needs there, twice over


class Stop(Exception):
    """Why nothing was started, in one Chinese and one English sentence; `detail` is shown indented below."""

    def __init__(self, chinese, english, detail="", code=1):
        Exception.__init__(self, "%s / %s%s" % (chinese, english, detail))
        self.code = code


def main(argv):
    """Given the arguments after the file's name, start the console or the tests; return an exit code if that fails."""
    os.umask(0o077)
    try:
        check_python(sys.version_info)
        wheels, arguments = take_wheels(argv)
        is_test = arguments[:1] == ["test"]
        python = ready_python(venv_folder(), "test" if is_test else "run", wheels)
        return run_tests(python, arguments[1:]) if is_test else run_console(python, arguments)
    except Stop as stop:
        say(str(stop))
        return stop.code
    except KeyboardInterrupt:
        say("已中断；再次运行会接着准备。 / Interrupted; run it again to go on.")
        return 130


def say(text):
    """Given a sentence, show it on standard error; standard output carries results only."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def check_python(version):
    """Given a version tuple, raise Stop if it is too old."""
    if tuple(version[:2]) >= OLDEST_PYTHON:
        return
    found = ".".join(str(part) for part in version[:3])
    raise Stop(
        "需要 Python 3.11 或更新版本，当前为 %s。" % found, "Python 3.11 or newer is needed; this is %s." % found
    )


def take_wheels(argv):
    """Given the arguments, return the absolute folder of `--wheels` or None, and the other arguments unchanged."""
    wheels, others, rest = None, [], list(argv)
    while rest:
        argument = rest.pop(0)
        if argument == "--":
            others += [argument] + rest
            break
        if argument == "--wheels":
            wheels = rest.pop(0) if rest else ""
        elif argument.startswith("--wheels="):
            wheels = argument[len("--wheels=") :]
        else:
            others.append(argument)
    return check_wheels(wheels), others


def check_wheels(wheels):
    """Given what followed `--wheels`, or None, return it absolute. Raises Stop when it is no folder."""
    if wheels is None:
        return None
    if not wheels:
        raise Stop("--wheels 后面缺少文件夹。", "--wheels needs a folder.", code=2)
    if not os.path.isdir(wheels):
        raise Stop(
            "找不到 --wheels 指定的文件夹 %s。" % wheels, "The folder given with --wheels, %s, does not exist." % wheels
        )
    return os.path.abspath(wheels)


# -- what is there already ------------------------------------------------------------------------------------------


def venv_folder():
    """Return the absolute folder of the environment: $OPS_VENV, or `.venv` beside this file."""
    return os.path.abspath(os.path.expanduser(os.environ.get("OPS_VENV") or os.path.join(PROJECT, ".venv")))


def lock_file(kind):
    """Given `run` or `test`, return the path of its lock."""
    return os.path.join(PROJECT, "requirements", kind + ".lock")


def python_of(venv):
    """Given an environment's folder, return the path of its interpreter."""
    return os.path.join(venv, "Scripts", "python.exe") if os.name == "nt" else os.path.join(venv, "bin", "python")


def base_of(venv):
    """Given an environment's folder, return the interpreter it was made from, or None when that is gone."""
    base = os.path.realpath(python_of(venv))
    if base.startswith(os.path.realpath(venv) + os.sep):  # a copy, as on Windows: its origin stands in pyvenv.cfg
        base = read_settings(os.path.join(venv, "pyvenv.cfg")).get("executable", "")
    return base if os.path.isfile(base) and os.path.isfile(python_of(venv)) else None


def read_settings(path):
    """Given a `name = value` file, return a dict; an absent file is empty."""
    try:
        with open(path, encoding="utf-8") as lines:
            pairs = [line.partition("=") for line in lines]
    except OSError:
        return {}
    return {name.strip(): value.strip() for name, _, value in pairs}


def read_stamp(venv):
    """Given an environment's folder, return the stamp of its last complete set-up, or None."""
    try:
        with open(os.path.join(venv, STAMP), encoding="utf-8") as file:
            stamp = json.load(file)
    except (OSError, ValueError):
        return None
    return stamp if isinstance(stamp, dict) and stamp.get("kind") in ("run", "test") else None


def make_stamp(venv, kind, known_version=None):
    """Given an environment, the kind of its lock and the version it had, return the stamp that fits it now."""
    base = base_of(venv)
    return {
        "kind": kind,
        "sha256": digest(lock_file(kind)),
        "base": base,
        "python": version_of(base, known_version),
        "project": ".." if os.path.dirname(venv) == PROJECT else PROJECT,
    }


def digest(path):
    """Given a file, return its SHA-256, or an empty text when there is none."""
    import hashlib

    try:
        with open(path, "rb") as file:
            return hashlib.sha256(file.read()).hexdigest()
    except OSError:
        return ""


def running_base():
    """Return the interpreter that runs this file, outside any virtual environment."""
    return getattr(sys, "_base_executable", None) or sys.executable


def version_of(base, known):
    """Given an interpreter and the version it had, return its version; asking another one would cost a process."""
    if base is None or os.path.realpath(running_base()) != os.path.realpath(base):
        return known
    return "%d.%d.%d" % sys.version_info[:3]


def judge(venv, kind):
    """Given an environment and the kind wanted, return FRESH, BEHIND (install over it) or BROKEN (make it anew)."""
    stamp = read_stamp(venv)
    if stamp is None:
        return BROKEN
    now = make_stamp(venv, stamp["kind"], stamp.get("python"))
    if now["base"] != stamp.get("base") or series(now["python"]) != series(stamp.get("python")):
        return BROKEN
    is_enough = kind == "run" or stamp["kind"] == "test"
    return FRESH if is_enough and now == stamp else BEHIND


def series(version):
    """Given "3.11.2", return ["3", "11"]: packages installed for one series do not serve another."""
    return str(version).split(".")[:2]


# -- setting up -----------------------------------------------------------------------------------------------------


def ready_python(venv, kind, wheels):
    """Given the environment, the kind of lock and a folder of wheels or None, return an interpreter that has it all."""
    if judge(venv, kind) != FRESH:
        try:
            set_up(venv, kind, wheels)
        except OSError as error:
            reason = error.strerror or str(error)
            raise Stop(
                "无法写入 %s（%s），请检查权限和磁盘空间，或用环境变量 OPS_VENV 指定另一个文件夹。" % (venv, reason),
                "Cannot write to %s (%s); check permissions and disk space, or name another folder by OPS_VENV."
                % (venv, reason),
            ) from error
    return python_of(venv)


def set_up(venv, kind, wheels):
    """Given what is wanted, make or complete the environment, alone, and stamp it."""
    check_ours(venv)
    os.makedirs(venv, exist_ok=True)
    lock, is_first = open_lock(os.path.join(venv, LOCK))
    try:
        wait_for(lock)
        state = judge(venv, kind)
        if state == FRESH:
            return
        is_kept = state == BEHIND or is_first  # one that was made by hand serves as well, if it works
        site = site_packages(venv) if is_kept else None
        if site is None:
            site = make_venv(venv, lock)
        install(venv, kind, wheels, site, lock)
    finally:
        os.close(lock)


def check_ours(venv):
    """Given the folder to use, raise Stop if it is in use for something else: making it anew would empty it."""
    if not os.path.lexists(venv):
        return
    names = os.listdir(venv)
    if names and LOCK not in names and "pyvenv.cfg" not in names:
        raise Stop(
            "文件夹 %s 里有别的文件，不是虚拟环境，未作改动；请删除它或用 OPS_VENV 指定另一个文件夹。" % venv,
            "The folder %s holds other files and is no virtual environment; nothing was changed. "
            "Remove it or name another by OPS_VENV." % venv,
        )


def check_venv_module():
    """Raise Stop if this Python cannot make virtual environments, as Debian's cannot without python3-venv."""
    try:
        import ensurepip
        import venv

        return [ensurepip, venv]
    except ImportError as error:
        raise Stop(
            "此 Python 缺少 venv 模块，请先安装（Debian/Ubuntu：apt install python3-venv）。",
            "This Python lacks the venv module; install it first (Debian/Ubuntu: apt install python3-venv).",
        ) from error


def open_lock(path):
    """Given the lock file's path, return it open, and whether it was not there before."""
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), True
    except FileExistsError:
        return os.open(path, os.O_RDWR), False


def wait_for(lock):
    """Given the open lock file, return when this process holds it."""
    import time

    has_waited = False
    while not try_lock(lock):
        if not has_waited:
            say("另一个 run.py 正在准备运行环境，等它完成… / Waiting for another run.py that is setting up…")
        has_waited = True
        time.sleep(0.1)


def try_lock(lock):
    """Given the open lock file, return whether it is ours now. The system gives it up when its holders end."""
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(lock, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True


def call(command, lock=None):
    """Given a command and perhaps the lock file, return its exit code and all it printed.

    The child holds the lock too: should this process be killed, nobody else begins while the child still writes.
    """
    import subprocess

    inherited = {"pass_fds": (lock,)} if lock is not None and os.name != "nt" else {}
    child = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **inherited
    )
    printed, _ = child.communicate()
    return child.returncode, printed.decode("utf-8", "replace")


def make_venv(venv, lock):
    """Given the environment's folder, empty it but for our lock file, make it anew, return where packages go."""
    import shutil

    check_venv_module()
    for name in os.listdir(venv):
        path = os.path.join(venv, name)
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        elif name != LOCK:
            os.unlink(path)
    code, printed = call([running_base(), "-I", "-m", "venv", venv], lock)
    site = site_packages(venv) if code == 0 else None
    if site is None:
        raise Stop(
            "无法创建虚拟环境 %s。" % venv, "The virtual environment %s could not be made." % venv, tail_of(printed)
        )
    return site


def site_packages(venv):
    """Given the environment's folder, return where its packages go, or None when it is of no use."""
    question = "import pip, sys, sysconfig; assert sys.version_info >= %r; print(sysconfig.get_path('purelib'))"
    try:
        code, printed = call([python_of(venv), "-I", "-c", question % (OLDEST_PYTHON,)])
    except OSError:
        return None
    return printed.strip() if code == 0 else None


def install(venv, kind, wheels, site, lock):
    """Given the environment, install the lock of that kind into it, link the console's code, and stamp it.

    A failure that changed no package, as without network, leaves the stamp: what ran before can still start.
    """
    stamp, packages = read_stamp(venv), sorted(os.listdir(site))
    remove_stamp(venv)
    is_done = False
    try:
        run_pip(venv, lock_file(kind), wheels, lock)
        link_project(venv, site)
        write_stamp(venv, make_stamp(venv, kind, (stamp or {}).get("python") or version_in(venv)))
        is_done = True
    finally:
        if stamp and not is_done and sorted(os.listdir(site)) == packages:
            write_stamp(venv, stamp)


def run_pip(venv, lock_path, wheels, lock):
    """Given the lock's path and a folder of wheels or None, install just what it lists, each checked by its hash."""
    if not os.path.isfile(lock_path):
        raise Stop("程序不完整：缺少 %s。" % lock_path, "The program is incomplete: %s is missing." % lock_path)
    count = count_packages(lock_path)
    say(
        "正在准备运行环境：向 %s 安装 %d 个软件包，通常需要半分钟左右… / "
        "Setting up: installing %d packages, usually about half a minute…" % (venv, count, count)
    )
    command = [python_of(venv), "-I", "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    command += ["--require-hashes", "--only-binary", ":all:", "-r", lock_path]
    if wheels:
        command += ["--no-index", "--find-links", wheels]
    code, printed = call(command, lock)
    if code:
        raise install_failure(printed, wheels)


def count_packages(lock_path):
    """Given a lock's path, return how many packages it lists."""
    with open(lock_path, encoding="utf-8") as lines:
        return sum("==" in line and not line.startswith((" ", "#")) for line in lines)


def install_failure(printed, wheels):
    """Given what pip said and the folder of wheels or None, return the Stop that names the likely reason."""
    if "DO NOT MATCH THE HASHES" in printed:
        return Stop(
            "有软件包与锁定的校验值不符，已拒绝安装。",
            "A package does not match its locked hash; it was not installed.",
            tail_of(printed),
        )
    if wheels:
        return Stop(
            "安装失败：文件夹 %s 里的软件包不全，或不适用于本机。" % wheels,
            "Installing failed: %s lacks packages, or they are for another kind of machine." % wheels,
            tail_of(printed),
        )
    return Stop(
        "安装失败：请检查网络，或用 --wheels DIR 离线安装。",
        "Installing failed: check the network, or install offline with --wheels DIR.",
        tail_of(printed),
    )


def tail_of(printed):
    """Given a program's output, return its last lines that say something, indented."""
    lines = [line.strip() for line in printed.splitlines() if line.strip()]
    return "".join("\n    " + line[:300] for line in lines[-5:])


def link_project(venv, site):
    """Given the environment and its site-packages, let it find the console's code from any working folder.

    Relative while both lie in one folder, so that this can be moved as a whole (and its name may be Chinese).
    """
    target = os.path.relpath(PROJECT, site) if os.path.dirname(venv) == PROJECT else PROJECT
    with open(os.path.join(site, LINK), "w") as file:
        file.write(target + "\n")


def version_in(venv):
    """Given an environment that this file did not make, return the version of Python it was made with."""
    return read_settings(os.path.join(venv, "pyvenv.cfg")).get("version")


def write_stamp(venv, stamp):
    """Given an environment and a stamp, put the stamp there in one step."""
    path = os.path.join(venv, STAMP)
    with open(path + ".new", "w", encoding="utf-8") as file:
        json.dump(stamp, file)
    os.replace(path + ".new", path)


def remove_stamp(venv):
    """Given an environment, take its stamp away: from now on it counts as half-made."""
    if os.path.exists(os.path.join(venv, STAMP)):
        os.unlink(os.path.join(venv, STAMP))


# -- starting -------------------------------------------------------------------------------------------------------


def run_console(python, arguments):
    """Given the environment's interpreter and the arguments, become the console; -P keeps this folder's files out."""
    return hand_over([python, "-P", "-m", "ops_console"] + arguments, os.environ)


def run_tests(python, arguments):
    """Given the environment's interpreter and what followed `test`, become pytest in the project's folder."""
    marks = [] if "--all" in arguments else ["-m", "not long"]
    chosen = [argument for argument in arguments if argument != "--all"]
    os.chdir(PROJECT)
    # A file's tests stay together: they share what it sets up. In order: the browser's, the longest, come early.
    spread = ["-n", str(count_workers()), "--dist", "loadfile", "--no-loadscope-reorder"]
    command = [python, "-m", "pytest"] + spread
    return hand_over(command + marks + chosen, test_environment(os.environ))


def count_workers():
    """Return how many test processes this machine bears, two to five: one more than it can run, for some wait."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 2
    return max(2, min(usable + 1, 5))


def test_environment(environment):
    """Given an environment, return it without the settings of a console in use: tests must not touch its data."""
    kept = ("OPS_TEST_", "OPS_REQUIRE_SERVICES", "OPS_VENV")
    given = {name: value for name, value in environment.items() if not name.startswith("OPS_") or name.startswith(kept)}
    if "TMPDIR" not in given and has_room(MEMORY):
        given["TMPDIR"] = MEMORY  # a database a test: on a disk most of the time goes into waiting for it
    return given


def has_room(folder):
    """Given a folder in memory, return whether the tests' files fit there and leave memory enough to run them."""
    try:
        there = os.statvfs(folder)
        with open("/proc/meminfo", encoding="ascii") as file:
            free = {line.split(":")[0]: int(line.split()[1]) << 10 for line in file}
    except (OSError, ValueError, IndexError):
        return False
    is_ours = os.access(folder, os.W_OK | os.X_OK)
    return is_ours and there.f_bavail * there.f_frsize >= ROOM and free.get("MemAvailable", 0) >= 2 * ROOM


def hand_over(command, environment):
    """Given a command and its environment, become it; where the system cannot, run it and return its exit code."""
    try:
        if os.name != "nt":
            os.execve(command[0], command, environment)
        import subprocess

        return subprocess.call(command, env=environment)
    except OSError as error:
        raise Stop(
            "无法启动 %s（%s），请删除这个虚拟环境后重试。" % (command[0], error.strerror),
            "%s does not start (%s); remove that virtual environment and try again." % (command[0], error.strerror),
        ) from error


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
