"""What a file proves, by the codes of the contract's evidence (domain §1.0). Not for files (`core/attachments.py`)."""

from __future__ import annotations

CODES = tuple(f"E{number}" for number in range(1, 16))  # domain §1.0
CODE_NAMES = {
    "E1": "系统时间记录", "E2": "通话记录", "E3": "聊天截图", "E4": "到场签到", "E5": "双方签字的服务确认单",
    "E6": "前后对比截图", "E7": "文档或视频", "E8": "查询脚本与行数", "E9": "协议或审批", "E10": "远程会话编号",
    "E11": "巡检清单", "E12": "备份恢复记录", "E13": "考勤记录", "E14": "上级文件扫描件", "E15": "监控告警或第三方日志",
}  # fmt: skip
