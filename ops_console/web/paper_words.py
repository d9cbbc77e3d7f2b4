"""The words that stand on papers, in Chinese: names of fields, columns, instructions. Faces translate them."""

from __future__ import annotations

LABELS = {
    "number": "单号", "department": "科室／地点", "module": "系统模块", "reporter": "报修人／电话", "channel": "来源",
    "reported_at": "报修时间", "responded_at": "响应时间", "arrived_at": "到达时间", "restored_at": "恢复时间",
    "handler": "处理人", "mode": "处理方式", "result": "结果", "rating": "满意度", "title": "标题",
    "description": "问题描述", "cause": "原因", "process": "处理过程", "stay": "在场时长", "needs_onsite": "需到场",
    "parts": "更换部件", "quota": "占用额度", "attachments": "附件", "left_over": "遗留问题",
    "user_signs": "用户签字", "engineer_signs": "工程师签字", "hospital_confirms": "信息科确认",
    "department_signs": "科室签字", "date": "日期", "date_line": "　　　年　　月　　日", "blank": "（手填）",
    "none": "这一周没有报修的工单。", "slip": "停机登记单", "slip_when": "报修时间", "slip_where": "科室／报修人／电话",
    "slip_what": "什么不能用", "slip_answered": "响应时间／处理人", "slip_done": "到场／恢复时间", "slip_signs": "签字",
}  # fmt: skip
WEEKLY_COLUMNS = ("单号", "报修时间", "类型", "标题", "处理人", "状态", "恢复时间", "报修人签字")
STRENGTHS = {
    "none": "证明力：登录确认。系统记录由账号登录后产生，主机管理员有能力伪造；以纸面签字或盖章为准。",
    "vendor": "证明力：手写签名，在乙方账号的设备上签署；不等于医院在系统中的确认，以签署人本人认可为准。",
    "hospital": "证明力：手写签名，在医院账号下签署；不能代替盖章。",
    "changed": "注意：签字之后单据内容有变化，签名只对应签字时的内容。",
}
CLOSURES = {
    "signed": "医院已在系统中确认 %(at)s", "imported": "台账记载已确认 %(at)s（导入，未在系统中确认）",
    "reporter": "报修人（未登录）确认 %(at)s，医院未以账号确认",
    "silence": "超时默认确认 %(at)s，医院未逐件确认", "unasked": "免逐件确认的工单",
}  # fmt: skip
INSTRUCTIONS = (
    "控制台打不开时，用本册逐条登记报修；一张一事，字迹清楚，时间写到分。",
    "报修时间以接到报修时手表或手机的时间为准，不要事后估写。",
    "每张有唯一编号，作废的也要保留，写明“作废”。",
    "系统恢复后 24 小时内录入：录入时选补录，凭证附上本单照片，备注写本单编号。",
    "纸面由报修科室签字后交信息科保存；编号与系统中登记的册号应连续。",
    "不要写患者姓名、证件号；确需时只写住院号后四位。",
)
