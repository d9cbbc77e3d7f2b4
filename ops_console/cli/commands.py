"""The terminal: arguments in, results on standard output, everything else on standard error.

Not for acting for a party: whoever has the terminal may import and read, never confirm, approve or sign.
"""

from __future__ import annotations

import argparse
import getpass
import os
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from ops_console.adapters.translations import Translations
from ops_console.cli import (
    audit,
    breaches,
    caps,
    contracts,
    demo,
    doctor,
    duties,
    evidence,
    expose,
    imports,
    jobs,
    people,
    quick_log,
    reports,
    scores,
    service,
)
from ops_console.console import PROJECT
from ops_console.core.errors import ConsoleError
from ops_console.core.people import Actor, terminal_actor

FACES = (
    quick_log, imports, reports, contracts, scores, duties, breaches, caps, jobs, people, audit, evidence, doctor,
    expose, service, demo,
)  # fmt: skip


class Terminal:
    """What a command needs: the console (opened when first asked for), who is there, and their language."""

    def __init__(self, open_console: Callable[..., Any], serve: Callable[..., int], language: str) -> None:
        self._open, self._serve = open_console, serve
        self._console: Any = None
        self.may_found = False  # whether the command makes a console where there is none yet
        self.language = language
        self.translations = Translations(PROJECT / "ops_console" / "translations")

    @property
    def console(self) -> Any:
        """The prepared console. Raises Refused where there is none, unless the command may make one."""
        if self._console is None:
            self._console = self._open(founding=self.may_found)
            if self._console.is_new:
                self.tell("%(place)s 里原来没有控制台，已在这里新建一个。", place=self._console.place)
        return self._console

    def open_at(self, folder: Path, now: Callable[[], datetime]) -> Any:
        """Given a data folder and a clock, return a prepared console of its own there, to be closed by who asked."""
        return self._open(folder=folder, now=now)

    def serve(self, folder: Path, demo_host: str) -> int:
        """Given a demo's data folder and where it listens ("": loopback), serve it until told to stop."""
        return self._serve(folder, demo_host)

    @property
    def actor(self) -> Actor:
        """The operating-system user, recorded as 系统/<user>."""
        try:
            return terminal_actor(getpass.getuser())
        except (KeyError, OSError):
            return terminal_actor(str(os.getuid()))

    def say(self, text: str, **values: object) -> str:
        """Given a Chinese message and its values, return it in the terminal's language."""
        said = self.translations.text(text, self.language)
        return said % {k: self.translations.render(v, self.language) for k, v in values.items()} if values else said

    def show(self, value: object) -> str:
        """Given a Sentence, an instant, a duration or a plain value, return it in the terminal's language."""
        return self.translations.render(value, self.language)

    def tell(self, text: str, **values: object) -> None:
        """Given a message, put it on standard error."""
        print(self.say(text, **values), file=sys.stderr)

    def close(self) -> None:
        """Give back what was opened."""
        if self._console is not None:
            self._console.close()


def run(argv: list[str], *, open_console: Callable[..., Any], serve: Callable[..., int]) -> int:
    """Given the arguments, do the command and return its exit code: 0 done, 1 refused or failed, 2 wrong usage."""
    terminal = Terminal(open_console, serve, os.environ.get("OPS_LANG", "zh"))
    parser = _parser(terminal)
    given = parser.parse_args(argv)
    terminal.may_found = given.may_found
    try:
        if given.act is None:
            return serve()
        return int(given.act(terminal, given))
    except ConsoleError as exc:
        print(terminal.translations.render(exc.sentence, terminal.language), file=sys.stderr)
        return 1
    except BrokenPipeError:
        return 1
    except KeyboardInterrupt:
        return 1
    finally:
        terminal.close()


def _parser(terminal: Terminal) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python3 run.py",
        description=terminal.say("运维控制台。不带命令：启动控制台。test：运行测试。"),
    )
    parser.set_defaults(act=None, may_found=False)
    verbs = parser.add_subparsers(metavar=terminal.say("命令"))
    for face in FACES:
        face.add_commands(verbs, terminal)
    return parser
