"""The console's own health: what `doctor` looks at, each as a finding in words.

Not for mending anything. Hands that look at the host arrive through `Host`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from ops_console.core.addresses import here_alone
from ops_console.core.people import Actor
from ops_console.core.sentences import Sentence, sentence
from ops_console.services import anchors as anchoring
from ops_console.services.chain_checks import quick
from ops_console.store import chain_checks, jobs, notices

OK, WARNING, WRONG = "ok", "warning", "wrong"
LEAST_FREE_MIB, FEW_FREE_MIB = 200, 2000
QUICK = 1000
BEAT_WITHIN = timedelta(minutes=1)


@dataclass(frozen=True)
class Looked:
    """One thing that was looked at: its name for programs, how it is, and the sentence for people."""

    name: str
    level: str
    told: Sentence


@dataclass(frozen=True)
class Host:
    """What the adapters know of the host and the files; lists name what is wrong."""

    is_sqlite: bool
    too_much: Callable[[], Sequence[str]]
    writable_by_others: Sequence[str]
    readable_by_others: Sequence[str]
    synchronised: bool | None
    free_mib: int
    has_fonts: bool
    public_url: str
    is_demo: bool


def look(session: Session, host: Host, actor: Actor, now: datetime) -> list[Looked]:
    """Given what the host says and now, return everything that was looked at, in order."""
    actor.need("audit.read")
    return [
        _roles(host), _triggers(session), _chain(session), *_files(host), _time(host), _disk(host), _fonts(host),
        _address(host), _loops(session, now), _failures(session), *_receivers(session),
    ]  # fmt: skip


def _roles(host: Host) -> Looked:
    if host.is_sqlite:
        return Looked(
            "database_roles", OK,
            sentence("SQLite：触发器拒绝改动事件，但拿到数据库文件的人可以改写它；能证明的是各方自己保存的日锚。"),
        )  # fmt: skip
    found = list(host.too_much())
    if found:
        return Looked(
            "database_roles", WRONG,
            sentence(
                "控制台的数据库角色权限过大（%(rights)s）：它能改写或停用事件的保护；请设置 [database] migrate_url，"
                "让另一个角色拥有各表。",
                rights="、".join(found),
            ),
        )  # fmt: skip
    return Looked("database_roles", OK, sentence("控制台的数据库角色对事件只能查询和追加，各表由另一个角色拥有。"))


def _triggers(session: Session) -> Looked:
    missing = chain_checks.missing_triggers(session)
    if missing:
        return Looked("triggers", WRONG, sentence("缺少防改触发器：%(names)s。", names="、".join(missing)))
    return Looked("triggers", OK, sentence("防改触发器都在。"))


def _chain(session: Session) -> Looked:
    first, count, findings = quick(session, QUICK)
    if findings:
        return Looked("chain", WRONG, findings[0].sentence)
    return Looked("chain", OK, sentence("审计链最近 %(n)s 条完整，共 %(count)s 条。", n=count - first + 1, count=count))


def _files(host: Host) -> list[Looked]:
    found = []
    if host.writable_by_others:
        names = "、".join(host.writable_by_others[:5])
        told = sentence("其他账号可以改写这些文件：%(names)s；请收回组和其他人的写权限。", names=names)
        found.append(Looked("writable_files", WRONG, told))
    if host.readable_by_others:
        names = "、".join(host.readable_by_others[:5])
        told = sentence("其他账号可以读取这些文件：%(names)s；请改为只有控制台账号可读。", names=names)
        found.append(Looked("readable_files", WRONG, told))
    return found or [Looked("files", OK, sentence("数据目录、密钥文件和设置文件只有控制台账号可以改动。"))]


def _time(host: Host) -> Looked:
    if host.synchronised is None:
        return Looked("time_source", WARNING, sentence("看不出本机时钟是否由时间源校准；请确认已启用 NTP。"))
    if not host.synchronised:
        return Looked("time_source", WARNING, sentence("本机时钟没有时间源校准；请启用 NTP，否则记录的时间没有旁证。"))
    return Looked("time_source", OK, sentence("本机时钟由时间源校准。"))


def _disk(host: Host) -> Looked:
    level = WRONG if host.free_mib < LEAST_FREE_MIB else WARNING if host.free_mib < FEW_FREE_MIB else OK
    return Looked("disk", level, sentence("数据目录所在磁盘剩余 %(mib)s MiB。", mib=host.free_mib))


def _fonts(host: Host) -> Looked:
    if host.has_fonts:
        return Looked("fonts", OK, sentence("中文字体已安装。"))
    return Looked("fonts", WARNING, sentence("没有中文字体包，生成的文档会缺字。"))


def _address(host: Host) -> Looked:
    told = here_alone(host.public_url, is_demo=host.is_demo)
    if told is not None:
        return Looked("address", WARNING, told)
    return Looked("address", OK, sentence("人们打开的地址是 %(url)s。", url=host.public_url))


def _loops(session: Session, now: datetime) -> Looked:
    beats = jobs.heartbeats(session)
    if not beats or any(now - beat.beat_at > BEAT_WITHIN for beat in beats):
        return Looked("loops", WARNING, sentence("控制台现在没有运行，或它的循环停了 1 分钟以上。"))
    return Looked("loops", OK, sentence("控制台正在运行。"))


def _failures(session: Session) -> Looked:
    count = notices.of_now(session).open_failures
    if count:
        return Looked("verification", WRONG, sentence("有 %(count)s 条校验失败还没有双方签字。", count=count))
    return Looked("verification", OK, sentence("没有未处理的校验失败。"))


def _receivers(session: Session) -> list[Looked]:
    told = notices.of_now(session)
    receives = {"hospital": told.hospital_receives, "vendor": told.vendor_receives}
    return [
        Looked(f"receiver_{side}", OK, sentence("日锚：%(side)s已在接收。", side=sentence(SIDE_NAMES[side])))
        if receives[side]
        else Looked(
            f"receiver_{side}", WARNING,
            sentence("日锚：%(side)s还没有收到过；截断和改写要靠它才看得出来。", side=sentence(SIDE_NAMES[side])),
        )
        for side in anchoring.SIDES
    ]  # fmt: skip


SIDE_NAMES = {"hospital": "甲方", "vendor": "乙方"}
