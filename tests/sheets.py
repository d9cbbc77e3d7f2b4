"""Ticket sheets for tests: one plain row, and files with what differs from it."""

from __future__ import annotations

import csv
from pathlib import Path

ROW = {
    "单号": "GD-20261119-00001",
    "类型": "故障",
    "系统模块": "门诊缴费",
    "渠道": "电话",
    "报修科室": "药房",
    "报修人": "刘药师",
    "联系电话": "0000855406",
    "标题": "打不开",
    "问题描述": "打不开，请尽快处理。",
    "报修时间": "2026-11-19 09:00:00",
    "录入时间": "2026-11-19 09:01:00",
    "响应时间": "2026-11-19 09:10:00",
    "需到场": "是",
    "到场时间": "2026-11-19 10:00:00",
    "恢复时间": "2026-11-19 11:00:00",
    "确认时间": "2026-11-19 12:00:00",
    "挂起开始": "",
    "挂起结束": "",
    "挂起原因": "",
    "挂起批准": "",
    "处理人": "何工",
    "处理方式": "现场",
    "处理过程": "已修复。",
    "满意度": "5",
}


def row(**cells: str) -> dict[str, str]:
    """Given the cells that differ, return a plain finished 故障 with them."""
    return {**ROW, **cells}


def rows(count: int) -> list[dict[str, str]]:
    """Given a number, return so many plain rows, each with its own 单号."""
    return [row(单号=f"GD-20261119-{number:05d}") for number in range(1, count + 1)]


def write_sheet(path: Path, *given: dict[str, str]) -> Path:
    """Given a path and rows, write them as CSV with the plain row's columns, and return the path."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(ROW))
        writer.writeheader()
        writer.writerows(given)
    return path
