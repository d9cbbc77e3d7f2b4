"""What run.py starts: composes the faces and jobs of this process, lazily. The only file outside the arrows."""

from __future__ import annotations

import logging
import os
import signal
import sys


def main(argv: list[str]) -> int:
    """Given the arguments, do the command: 0 done, 1 refused or failed, 2 wrong usage."""
    os.umask(0o077)
    from ops_console.adapters import logs

    logs.install(os.environ.get("OPS_LOG", "WARNING"))
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # a waiting request is no event
    from ops_console.cli import commands

    return commands.run(argv, open_console=open_console, serve=serve)


def open_console(  # type: ignore[no-untyped-def]
    *, serving: bool = False, founding: bool = True, folder=None, now=None, demo_host: str = ""
):
    """Return a prepared Console with its jobs, in the settings' data folder or another, on the host's clock or another.

    With `founding` it is made where there is none yet. Raises ConsoleError with one sentence when it cannot be.
    """
    from ops_console import settings
    from ops_console.adapters import logs
    from ops_console.console import PROJECT, Console, utc_now
    from ops_console.jobs.schedule import registry
    from ops_console.store.presence import answering

    chosen = {"OPS_DATA": str(folder)} if folder else {}
    found = settings.load(PROJECT, {**os.environ, **chosen}, demo_host=demo_host)
    if not founding:
        need_house(found)
    console = Console(found, now=now or utc_now)
    logs.use(console.masker)
    if serving:
        console.serve_alone()
    with answering():
        console.prepare(serving=serving)
    console.jobs.update(registry(console))
    return console


def need_house(settings) -> None:  # type: ignore[no-untyped-def]
    """Given settings, raise Refused, saying where was looked and what to do, unless a console has been made there."""
    from ops_console.adapters.demo.folder import DemoFolder
    from ops_console.console import is_house
    from ops_console.core import demo_places
    from ops_console.core.errors import Refused
    from ops_console.store import presence

    if is_house(settings):
        return
    if settings.database_url:
        raise Refused(
            "数据库 %(database)s 里还没有控制台，什么也没有做；请检查 config.toml 的 [database] url，"
            "或先用 python3 run.py 启动一次。",
            database=presence.shown(settings.database_url),
        )  # fmt: skip
    folder = settings.data_folder
    demo = DemoFolder(folder).path
    if demo != folder and (demo / demo_places.MARK).exists():
        raise Refused(
            "数据目录 %(folder)s 里还没有控制台，什么也没有做；要看演示年，请在命令前加 OPS_DATA=%(demo)s。",
            folder=str(folder), demo=str(demo),
        )  # fmt: skip
    raise Refused(
        "数据目录 %(folder)s 里还没有控制台，什么也没有做；请检查 OPS_DATA 是否写对，或先用 python3 run.py 启动一次。",
        folder=str(folder),
    )


def application(console):  # type: ignore[no-untyped-def]
    """Given a prepared console, return the WSGI application that serves its pages, and its API under /api."""
    from werkzeug.middleware.dispatcher import DispatcherMiddleware

    from ops_console.api.app import create_app as create_api
    from ops_console.web.app import create_app as create_pages

    return DispatcherMiddleware(create_pages(console), {"/api": create_api(console)})


def serve(folder=None, demo_host: str = "") -> int:  # type: ignore[no-untyped-def]
    """Run everything in one process: pages, loops, workers. Returns when told to stop."""
    console = open_console(serving=True, folder=folder, demo_host=demo_host)
    from dataclasses import replace

    from ops_console.jobs.loops import Loops
    from ops_console.web.server import Server

    server = Server(console, application(console))
    console.settings = replace(console.settings, server=console.settings.server.bound_to(server.port))
    _print_first_accounts(console)
    loops = Loops(console)
    loops.start()
    print(f"控制台已启动：{server.url}（停止：Ctrl+C） / Console ready.", file=sys.stderr, flush=True)
    _warn_of_address(console)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)
    try:
        server.run()
    finally:
        loops.stop()
        console.close()
    return 0


def _stop(*_signal: object) -> None:
    """What a signal does: waitress, in the main thread, ends on SystemExit and lets requests under way finish."""
    raise SystemExit(0)


def _warn_of_address(console) -> None:  # type: ignore[no-untyped-def]
    from ops_console.core.addresses import here_alone

    told = here_alone(console.settings.server.public_url, is_demo=console.settings.is_demo)
    if told is not None:
        language = os.environ.get("OPS_LANG", "zh")
        print(console.translations.render(told, language), file=sys.stderr, flush=True)


def _print_first_accounts(console) -> None:  # type: ignore[no-untyped-def]
    made = console.first_accounts()
    if not made:
        return
    hours = console.settings.security.one_time_hours
    print(f"首次启动，已建立以下账号；一次性密码只显示这一次，{hours} 小时内首次登录后须修改：")
    for account in made:
        print(f"  {account.name}\t账号 {account.account}\t一次性密码 {account.password}")
    print("请甲乙双方登录后各设置一处日锚接收处（系统 → 审计链）；没有日锚，事后截断或改写整条链查不出来。")
    sys.stdout.flush()
