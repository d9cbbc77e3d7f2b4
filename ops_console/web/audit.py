"""The audit pages: the chain's state, its entries, its anchors and their receivers, the export and the verifier."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from flask import Blueprint, Response, flash, g, redirect, render_template, request, url_for

from ops_console.console import PROJECT
from ops_console.core.cap_entries import EVENT_NAMES as CAP_EVENTS
from ops_console.core.chain import EPOCH, MICROSECOND
from ops_console.core.duties import STATE_NAMES
from ops_console.core.errors import Refused
from ops_console.core.moments import ZONE, day_start
from ops_console.core.people import ROLE_NAMES
from ops_console.core.releases import DECISION_NAMES as DECISIONS
from ops_console.core.releases import FIELD_NAMES as RELEASE_FIELDS
from ops_console.core.releases import KIND_NAMES as KIND_NAMES_OF_RELEASES
from ops_console.core.signatures import METHOD_NAMES
from ops_console.core.signatures import OUTCOME_NAMES as LOCKED_NAMES
from ops_console.core.signing_keys import ALGORITHM_NAMES
from ops_console.core.signing_keys import KIND_NAMES as KEY_KINDS
from ops_console.core.tickets import CREDENTIAL_RESET
from ops_console.services import anchors, audit, chain_failures, jobs
from ops_console.store.trail import Wanted
from ops_console.web import formats
from ops_console.web.breaches import EVENT_NAMES as BREACH_NAMES
from ops_console.web.database import reading
from ops_console.web.factors import needs_factor
from ops_console.web.lists import listed, word
from ops_console.web.people import ACT_NAMES
from ops_console.web.rights import needs
from ops_console.web.sign_in import console

pages = Blueprint("audit", __name__)
VERIFIER = PROJECT / "docs" / "verify_chain.py"
SUBJECT_NAMES = {
    "ticket": "工单", "person": "账号", "contract": "合同", "anchor": "日锚", "chain": "审计链", "host": "主机时钟",
    "audit": "导出", "export": "导出", "slips": "停机登记单", "device": "设备", "location": "报修位置",
    "alias": "速记用词", "rights": "权限表", "server": "对外服务",
    "public_report": "免登录报修", "identity": "统一身份", "flag": "疑点", "cap": "额度", "breach": "安全事故",
    "duty": "义务", "release": "发布", "month": "月度考核", "agreement": "双方约定", "sample": "抽查",
    "entry": "月度录入", "signing_key": "签名密钥", "delegation": "签署委托", "payment": "付款",
    "evidence": "证据包",
}  # fmt: skip
KIND_NAMES = {
    **formats.EVENT_NAMES,
    **ACT_NAMES,
    **CAP_EVENTS,
    **BREACH_NAMES,
    "evidence_taken": "取走证据包",
    "factor_proved": "验证第二因素", "factor_failed": "第二因素验证失败", "token_made": "建立令牌",
    "token_revoked": "撤销令牌", "token_refused": "令牌被拒", "device_registered": "登记医院设备",
    "device_withdrawn": "取消登记设备", "device_used_by_vendor": "乙方登录过的设备", "location_added": "新增报修位置",
    "location_renewed": "更换二维码", "location_retired": "停用报修位置", "stickers_printed": "打印二维码贴",
    "slips_printed": "打印停机登记单", "exported": "导出列表", "taught": "速记学会用词", "exposed": "设置对外地址",
    "received": "收到报修", "accepted": "受理报修", "rejected": "不受理报修", "noted": "医院备注",
    "rights_table": "记录权限表", "security_policy": "记录安全策略",
    "signed_in": "登录", "signed_out": "退出登录", "sign_in_failed": "登录失败", "sign_in_locked": "登录锁定",
    "password_changed": "修改密码", "account_added": "建立账号", "account_reset": "重置密码",
    "account_disabled": "停用账号",
    "contract_loaded": "载入合同", "contract_proposed": "提出合同版本", "contract_withdrawn": "撤回合同版本",
    "contract_confirmed_hospital": "甲方确认合同版本", "contract_confirmed_vendor": "乙方确认合同版本",
    "contract_in_force": "合同版本生效", "contract_refused": "不同意合同版本", "anchor_made": "生成日锚",
    "anchor_received": "日锚已接收",
    "anchor_given_up": "日锚投递放弃", "receiver_set": "设置接收处", "chain_verified": "校验审计链",
    "chain_broken": "校验发现问题", "failure_signed_off": "校验失败签字",
    "clock_stepped": "主机时钟被调整", "audit_exported": "导出审计链",
    "agreement_proposed": "提出约定", "agreement_in_force": "双方约定生效", "agreement_refused": "不同意约定",
    "agreement_withdrawn": "撤回约定",
    "duty_planned": "生成义务", "duty_asked": "甲方提出要求", "duty_delivered": "登记义务完成",
    "duty_taken_back": "撤回完成登记", "duty_accepted": "验收义务", "duty_rejected": "退回完成",
    "duty_waived": "豁免义务", "duty_unwaived": "撤回豁免", "duty_moved": "义务改期", "duty_linked": "关联凭证",
    "duty_unlinked": "移除关联", "release_registered": "登记发布", "release_corrected": "更正发布",
    "release_change_proposed": "提出更正发布", "release_change_agreed": "同意更正发布",
    "release_change_refused": "不同意更正发布", "release_change_withdrawn": "撤回更正发布",
    "release_notice_off": "登记告知关闭", "release_decided": "甲方对新版本的决定",
    "sample_committed": "提交抽查清单", "sample_drawn": "抽取样本", "sample_answered": "记下回访",
    "sample_undone": "撤销回访", "sample_finished": "结束抽查", "entry_made": "录入月度事实",
    "entry_confirmed": "确认月度录入", "entry_objected": "对月度录入提出异议", "entry_withdrawn": "撤回月度录入",
    "month_signed": "签署月度考核", "month_signature_withdrawn": "撤回签署", "month_refused": "拒签月度考核",
    "month_locked": "锁定月度考核", "month_sign_asked": "催请签署", "key_registered": "登记签名密钥",
    "key_confirmed": "核对密钥指纹", "key_refused": "不同意密钥", "key_withdrawn": "撤回密钥登记",
    "key_revoked": "吊销签名密钥", "delegated": "委托签署", "delegation_revoked": "收回委托",
    "payment_recorded": "登记发票与付款",
}  # fmt: skip
# An event's word where the subject makes it another thing: a ticket is restored, and so is a backup.
NAMES_OF_SUBJECTS = {("chain", "restored"): "登记恢复备份"}
OUTCOME_NAMES = {"whole": "完整", "explained": "有问题，双方已签字说明", "broken": "有问题"}
AGREES_NAMES = {audit.MATCHED: "相符", audit.RESTORED: "由恢复记录说明", audit.APART: "不符"}
RECEIVER_NAMES = {"http": "投递到网址", "folder": "写入文件夹", "download": "本方下载并确认"}
ORIGIN_NAMES = {"file": "设置文件", "reading": "商定的口径"}
# Facts whose values are words.
WORDS = {
    **ROLE_NAMES, **RECEIVER_NAMES, **OUTCOME_NAMES, **formats.SIDE_NAMES, **STATE_NAMES, **KIND_NAMES_OF_RELEASES,
    **DECISIONS, **METHOD_NAMES, **LOCKED_NAMES, **KEY_KINDS, **ALGORITHM_NAMES, **ORIGIN_NAMES,
}  # fmt: skip
FACT_NAMES = {
    "file": "文件的 SHA-256",
    **RELEASE_FIELDS,
    "count": "条数", "head": "末条哈希", "digest": "摘要", "kind": "方式", "side": "一方", "place": "接收处",
    "answer": "回答",
    "first": "从第几条", "last": "到第几条", "full": "全链", "outcome": "结果", "seconds": "秒数", "before": "之前",
    "after": "之后", "reason": "原因", "failure": "校验失败", "fingerprint": "指纹", "from": "从第几条",
    "personal": "含个人信息",
    CREDENTIAL_RESET: "凭据或角色由他人重置",
    "draw": "第几次", "month": "月份", "list": "清单", "candidates": "候选", "size": "数量或字节数", "n": "抽中",
    "near": "临近或超过时限", "vendor_alone": "时间只由乙方登记", "others": "其他", "left_out": "没有人可问",
    "item": "第几件", "measure": "事实", "numerator": "次数或数值", "denominator": "总数", "is_ratio": "一个数",
    "source": "来源", "number": "第几次", "revision": "第几版", "method": "签署方式", "role": "角色",
    "delegated_by": "委托人", "proof": "扫描件", "attempt": "此前签过几次", "reserved": "附保留意见",
    "algorithm": "算法", "contract": "合同", "giver": "委托人", "taker": "受托人", "first_on": "从", "last_on": "到",
    "node": "付款节点", "months": "月份", "payable": "应付（分）", "invoice": "发票号码", "paid_on": "付款日期",
    "amount": "金额（分）", "scan": "扫描件", "version": "版本", "counts_from": "起计", "lost_to": "曾数到",
    "from_day": "从", "to_day": "到", "clause": "条款", "task": "任务", "key": "编号", "due_at": "到期",
    "old_due_at": "原到期", "delivery": "登记编号", "claim_counts": "认可所报时间", "by_correction": "因发布更正",
    "link": "关联编号", "ref": "所指", "duties": "生成的义务", "late_found": "甲方发现时已过提醒期限",
    "change": "更正编号", "fields": "更正项", "off_at": "关闭时间", "decision": "决定", "code": "凭证种类",
    "origin": "来自",
}  # fmt: skip
HASH = re.compile(r"[0-9a-f]{64}")
DELIVERY_NAMES = {"waiting": "待接收", "received": "已接收", "given_up": "已放弃"}


def kind_name(subject: str, kind: str) -> str:
    """Given an entry's subject and kind, return what people call it, untranslated."""
    return NAMES_OF_SUBJECTS.get((subject, kind)) or KIND_NAMES.get(kind, kind)


def fact_text(name: str, value: object) -> str:
    """Given an entry's fact, return it as people read it: hashes short, instants in Shanghai, words translated."""
    if isinstance(value, bool):
        return formats.gettext("是" if value else "否")
    if isinstance(value, dict) and value.keys() == {"old", "new"}:
        return " → ".join(fact_text(name, value[which]) for which in ("old", "new"))
    if isinstance(value, list):
        return formats.gettext("、").join(fact_text(name, item) for item in value)
    if name == "fields":
        return formats.gettext(FACT_NAMES.get(str(value), str(value)))
    if name in ("before", "after") and isinstance(value, int):
        return formats.exact_time(EPOCH + value * MICROSECOND)
    text = "" if value is None else str(value)
    if text in WORDS:
        return formats.gettext(WORDS[text])
    return text[:12] if HASH.fullmatch(text) else formats.instant_in_words(text)


@cache
def verifier_digest() -> str:
    """Return the SHA-256 of the verifier that is given away."""
    return hashlib.sha256(VERIFIER.read_bytes()).hexdigest()


@pages.get("/audit")
@needs("audit.read")
def index() -> Any:
    """The chain: whether it is whole, who holds its anchors, what was entered last."""
    return _page()


def _page(refused: Refused | None = None, failure_id: int = 0, status: int = 400) -> Any:
    wanted, given = _wanted()
    before = request.args.get("before", type=int)
    entries, older = audit.entries(reading(), wanted, before if before and 0 < before < 2**53 else None, g.guest.actor)
    return render_template(
        "audit/index.html", shown=audit.overview(reading(), g.guest.actor), entries=entries, older=older, given=given,
        verifier=verifier_digest(), refused=refused, failure_id=failure_id, kind_names=KIND_NAMES, kind_name=kind_name,
        subject_names=SUBJECT_NAMES, outcome_names=OUTCOME_NAMES, agrees_names=AGREES_NAMES,
        delivery_names=DELIVERY_NAMES, receiver_names=RECEIVER_NAMES,
        fact_names=FACT_NAMES, fact_text=fact_text,
    ), status if refused else 200  # fmt: skip


@listed(
    "events", "链上的事件", "audit.read", "序号", "记录时间", "对象", "编号", "事件", "谁", "一方", "发生时间", "哈希"
)
def _entries() -> Iterator[tuple[object, ...]]:
    wanted, _given = _wanted()
    before: int | None = None
    while True:
        entries, before = audit.entries(reading(), wanted, before, g.guest.actor)
        for one in entries:
            subject, what = word(SUBJECT_NAMES.get(one.subject, one.subject)), word(kind_name(one.subject, one.kind))
            by, side = formats.who(one.actor), word(formats.SIDE_NAMES.get(one.side))
            yield one.seq, one.recorded_at, subject, one.subject_id, what, by, side, one.occurred_at, one.hash
        if before is None:
            return


def _wanted() -> tuple[Wanted, dict[str, str]]:
    given = {
        name: value.strip()[:80]
        for name in ("subject", "subject_id", "kind", "actor", "from", "to")
        if (value := request.args.get(name, "")).strip()
    }
    since, until = _instant(given, "from"), _instant(given, "to")
    return Wanted(
        given.get("subject", ""), given.get("subject_id", ""), given.get("kind", ""), given.get("actor", ""), since,
        until + timedelta(days=1) if until else None,
    ), given  # fmt: skip


def _instant(given: dict[str, str], name: str) -> datetime | None:
    try:
        day = date.fromisoformat(given.get(name, ""))
    except ValueError:
        given.pop(name, None)
        return None
    if not 2000 <= day.year <= 2100:
        given.pop(name, None)
        return None
    return day_start(day)


@pages.post("/audit/verify")
@needs("audit.read")
def verify() -> Any:
    """Ask for a verification of the whole chain; its progress stands on the system page."""
    at = console()
    now = at.now()
    with at.write() as session:
        jobs.ask(
            session, job="verify-chain", key=f"verify-chain/{now.isoformat()}", params={"full": True},
            actor=g.guest.actor, now=now,
        )  # fmt: skip
    at.wake.set()
    flash(formats.gettext("已开始完整校验；完成后结果显示在这里，进度见“运行状况”。"), "success")
    return redirect(url_for("audit.index"))


@pages.post("/audit/export")
@needs("audit.read")
def export() -> Any:
    """The whole chain as a file, without personal texts; that it was taken is an event of its own."""
    at, actor = console(), g.guest.actor
    with at.write() as session:
        audit.note_export(session, 1, actor, at.now(), personal=False)
    lines = audit.export(at.read, actor, at.settings.terms.number)
    name = f"audit-{at.now().astimezone(ZONE):%Y%m%d-%H%M%S}.jsonl"
    return _file(lines, name, "application/x-ndjson")


def _file(body: Any, name: str, kind: str) -> Response:
    response = Response(body, mimetype=kind)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@pages.get("/audit/verify_chain.py")
@needs("audit.read")
def verifier() -> Any:
    """The offline verifier: one file, only Python's standard library."""
    return _file(VERIFIER.read_bytes(), "verify_chain.py", "text/x-python")


@pages.get("/audit/anchors.jsonl")
@needs("audit.read")
def anchor_file() -> Any:
    """Every anchor, one a line, as receivers get them."""
    return _file(anchors.file_of(reading(), g.guest.actor), "anchors.jsonl", "application/x-ndjson")


@pages.get("/audit/receivers")
@needs("anchors.keep")
def receivers() -> Any:
    """Where one's own party receives its anchors."""
    return _receivers()


@pages.post("/audit/receivers")
@needs("anchors.keep")
@needs_factor
def set_receiver() -> Any:
    """Receive the anchors of one's own party elsewhere from now on."""
    at, form = console(), request.form
    try:
        anchors.set_receiver(at.anchoring(), form.get("kind", ""), form.get("address", ""), g.guest.actor, at.now())
    except Refused as refused:
        return _receivers(refused)
    if form.get("kind") == "download":
        flash(formats.gettext("已设置由本方下载；请现在下载日锚文件，保存后在下面确认。"), "success")
    else:
        flash(formats.gettext("已设置本方的接收处，今天的日锚会马上送去；收到后这里显示“已接收”。"), "success")
    return redirect(url_for("audit.receivers"))


def _receivers(refused: Refused | None = None) -> Any:
    shown = anchors.receiving(reading(), g.guest.actor)
    return render_template(
        "audit/receivers.html", receiving=shown, own=next(r for r in shown if r.side == g.guest.actor.side),
        folders=console().settings.network.anchor_folders, refused=refused, typed=request.form,
        receiver_names=RECEIVER_NAMES,
    ), 400 if refused else 200  # fmt: skip


@pages.post("/audit/receivers/confirm")
@needs("anchors.keep")
def confirm_download() -> Any:
    """Confirm that one's own party took an anchor away, by its digest."""
    at = console()
    try:
        with at.write() as session:
            anchors.confirm_download(session, request.form.get("digest", ""), g.guest.actor, at.now())
    except Refused as refused:
        return _receivers(refused)
    flash(formats.gettext("已确认本方收到这份日锚。"), "success")
    return redirect(url_for("audit.receivers"))


@pages.post("/audit/failures/<id:failure_id>/sign-off")
@needs("anchors.keep")
@needs_factor
def sign_off(failure_id: int) -> Any:
    """Say, for one's own party, how a failure of the chain is explained."""
    at = console()
    try:
        with at.write() as session:
            chain_failures.sign_off(session, failure_id, request.form.get("reason", ""), g.guest.actor, at.now())
    except Refused as refused:
        return _page(refused, failure_id)
    flash(formats.gettext("已代表本方签字；对方也签字后，各页不再提示这一条。"), "success")
    return redirect(url_for("audit.index"))
