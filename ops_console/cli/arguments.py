"""What arguments of the terminal mean, told in the user's language when they mean nothing."""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Callable
from datetime import date
from ipaddress import ip_address
from typing import Any


def day_in(terminal: Any) -> Callable[[str], date]:
    """Given the terminal, return what reads a day, `2026-03-05`."""

    def read(text: str) -> date:
        try:
            return date.fromisoformat(text)
        except ValueError:
            told = "“%(value)s”不是日期；请写成年-月-日，例如 2026-03-05。"
            raise ArgumentTypeError(terminal.say(told, value=text)) from None

    return read


def own_address_in(terminal: Any) -> Callable[[str], str]:
    """Given the terminal, return what reads one address of this host: browsers are answered under it alone."""

    def read(text: str) -> str:
        try:
            is_one = not ip_address(text).is_unspecified
        except ValueError:
            is_one = False
        if not is_one:
            told = "“%(value)s”不是这台电脑的一个 IP 地址；请写它在网络上的那一个，例如 10.20.3.4。"
            raise ArgumentTypeError(terminal.say(told, value=text))
        return text

    return read
