"""Workbooks (.xlsx), read in a bounded child process whose JSON lines arrive over a pipe.

Not for opening one in this process: a file from outside is never given to openpyxl here.
"""

from __future__ import annotations

import logging
from contextlib import closing
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from ops_console.adapters.bounded_child import said_by
from ops_console.adapters.sheet_lines import SheetLimits, SheetLine, SheetLines
from ops_console.core.errors import SheetUnreadable
from ops_console.core.sheet_times import EPOCH_1900, EPOCH_1904, SheetTime, SheetValue, from_serial

logger = logging.getLogger(__name__)

CHILD = Path(__file__).with_name("sheets_child.py")

REFUSALS = {
    "members": "文件 %(file)s 内含的部件多于 %(members)s 个，不像一份工单表；请把工单另存为新的 .xlsx 后再导入。",
    "inflated": "文件 %(file)s 展开后超过 %(inflated)s MiB；请拆成几个文件，或另存为 CSV 后再导入。",
    "ratio": "文件 %(file)s 的压缩比异常，可能损坏或有害；请把工单另存为新的 .xlsx 或 CSV 后再导入。",
    "doctype": "文件 %(file)s 含有工作簿不该有的文档类型声明，可能有害；请把工单另存为新的 .xlsx 或 CSV 后再导入。",
    "encrypted": "文件 %(file)s 设有密码，无法读取；请去掉密码后另存，再导入。",
    "foreign": "文件 %(file)s 不是 .xlsx 工作簿；请在 Excel 或 WPS 中打开它，另存为 .xlsx 或 CSV 后再导入。",
    "rows": "文件 %(file)s 超过 %(rows)s 行；请拆成几个文件后再导入。",
    "output": "文件 %(file)s 的文字总量过大；请拆成几个文件后再导入。",
    "memory": "读取文件 %(file)s 时中断，多半是所需内存超过上限；请拆成几个文件，或另存为 CSV 后再导入。",
    "time": "读取文件 %(file)s 超时；请拆成几个文件，或另存为 CSV 后再导入。",
    "damaged": "文件 %(file)s 已损坏或不完整，无法读取；请在 Excel 或 WPS 中打开它，另存为新的 .xlsx 后再导入。",
}


def read_workbook(stream: IO[bytes], *, name: str, limits: SheetLimits) -> SheetLines:
    """Given an open workbook file, the name people know it by and the bounds, return its first visible sheet's lines.

    Raises SheetUnreadable when it is beyond a bound, broken, locked or no workbook.
    """
    epoch = EPOCH_1900
    lines: list[SheetLine] = []
    with closing(said_by(CHILD, stream, asdict(limits))) as messages:
        for message in messages:
            if "refused" in message:
                logger.warning("sheet refused file=%r reason=%s", name, message["refused"])
                raise _refusal(message["refused"], name, limits)
            if "epoch" in message:
                epoch = EPOCH_1904 if message["epoch"] == 1904 else EPOCH_1900
            elif "row" in message:
                lines.append(SheetLine(message["row"], [_value(cell, epoch) for cell in message["cells"]]))
            else:
                return SheetLines(lines, epoch, message["stopped_after"])
    raise _refusal("damaged", name, limits)


def _refusal(reason: str, name: str, limits: SheetLimits) -> SheetUnreadable:
    inflated = limits.inflated_bytes // (1024 * 1024)
    return SheetUnreadable(REFUSALS[reason], file=name, members=limits.members, rows=limits.rows, inflated=inflated)


def _value(cell: Any, epoch: datetime) -> SheetValue:
    if not isinstance(cell, dict):
        return cell
    moment = from_serial(cell["serial"], epoch) if "serial" in cell else datetime.fromisoformat(cell["at"])
    return SheetTime(moment, cell["timed"])
