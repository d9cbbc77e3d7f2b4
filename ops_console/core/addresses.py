"""Under which address people reach the console: the one that follows from where it listens, and how far it reaches.

Not for which hosts a request may name (`adapters/answers.py`), nor for where the console itself may go.
"""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from ops_console.core.sentences import Sentence, sentence

LOOPBACK = ("127.0.0.1", "::1", "localhost")
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - no address that a browser opens: the nearest one is
WEB_PORT = 80


def address_of(host: str, port: int) -> str:
    """Given where the console listens, return its address there.

    >>> address_of("127.0.0.1", 8870), address_of("::1", 80)
    ('http://127.0.0.1:8870', 'http://[::1]')
    """
    name = EVERYWHERE.get(host, host)
    name = f"[{name}]" if ":" in name else name
    return f"http://{name}" if port == WEB_PORT else f"http://{name}:{port}"


def opens_here_alone(url: str) -> bool:
    """Given an address, say whether it opens on the console's own computer and nowhere else."""
    name = urlsplit(url).hostname or ""
    try:
        return name in LOOPBACK or ip_address(name).is_loopback
    except ValueError:
        return False


def here_alone(url: str, *, is_demo: bool) -> Sentence | None:
    """Given the console's address, return what to say before it is printed; None when others can open it too."""
    if not opens_here_alone(url):
        return None
    if is_demo:
        return sentence(
            "地址 %(url)s 只在这台电脑上能打开，手机和别的电脑打不开。要在手机上看演示，"
            "请用 python3 run.py demo --host 加这台电脑在网络上的地址。",
            url=url,
        )  # fmt: skip
    return sentence(
        "地址 %(url)s 只在这台电脑上能打开，手机和别的电脑打不开。要在医院网络上使用，"
        "请先运行 python3 run.py expose（说明见 docs/service.md），再打印二维码和登录单。",
        url=url,
    )  # fmt: skip
