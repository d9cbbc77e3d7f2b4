"""What people write that the detectors look for: when something began, an account that tells nothing, what fails.

Data alone; what is made of them is in `detectors.py`.
"""

from __future__ import annotations

import re

from ops_console.core.quick_types import FAILED

# A moment that the text itself gives as when it began: `从 9:05 起`, `8点半就打不开`, `（9:05）`; not `9:00 的号`.
HALF_PAST = "半"
_HALF = r"(?P<half>下午|晚上|傍晚)?"
_CUE = r"(?:从|自|早上|上午|中午|今早|凌晨|大约|大概|(?<!预)约|[（(]|^)\s*"
_CLOCK = (
    r"(?<![\d:：.])(?P<hour>[01]?\d|2[0-3])(?:[:：](?P<minute>[0-5]\d)(?![\d:：])|点(?:(?P<spoken>半|[0-5]?\d)分?)?)"
)
_BEGUN = r"\s*(?:就|起|开始|左右|多|前后|已经|已|报|说|反映|来电|打来|发现|的时候|时)"
_NO_APPOINTMENT = r"(?!\s*的?号|\s*的(?!时候))"
BEGAN = tuple(
    re.compile(before + _HALF + r"\s*" + _CLOCK + _NO_APPOINTMENT + after, re.MULTILINE)
    for before, after in ((_CUE, ""), ("", f"(?={_BEGUN})"))
)
# What is written where nothing is told: `已处理。`, `问题已解决，现在使用正常`.
SAYS_NOTHING = re.compile(
    r"(?:已经|已|问题|故障|系统|现在|目前|业务|均|都|处理|解决|恢复|完成|正常|使用|好|了|完毕|修复|可以|可|用|后|\W)*"
)
# What speaks of a fault beyond doubt: a guess of the quick log alone is too little to ask about.
FAILING = re.compile(FAILED + "|打不开|繁忙|未到账")
