"""Files that show late times in the demo year: what was said in the group or on the telephone, as text.

Not for when a time is late (`core/demo_lives.py`). Each says in its first line that it is invented.
"""

from __future__ import annotations

from datetime import datetime

from ops_console.core.demo_places import NAMES
from ops_console.core.demo_steps import OPEN, Story
from ops_console.core.moments import ZONE
from ops_console.core.tickets import ARRIVED, RESPONDED, RESTORE

CHAT, CALL, RECORD = "微信群聊天记录.txt", "通话记录.txt", "处理记录.txt"
REPLIES = {RESPONDED: "收到，正在查", ARRIVED: "已到现场", RESTORE: "已恢复，请再试一下"}


def proof_name(story: Story) -> str:
    """Given a story, return what the file of its proof is called."""
    return CALL if story.channel == "电话" else CHAT


def proof_of(story: Story) -> str:
    """Given a story, return what a record of its talk looks like, as text."""
    lines = [f"演示凭证（虚构） {story.channel} {story.key}"]
    for step in story.steps:
        at: datetime = step.claimed_at or step.at
        if step.act == OPEN:
            told = f"{story.said.reporter}（{story.said.department.name}）：{story.said.text.title}"
        elif step.act in (RESPONDED, ARRIVED, RESTORE):
            told = f"{NAMES.get(step.who, '')}：{REPLIES[step.act]}"
        else:
            continue
        lines.append(f"{at.astimezone(ZONE):%Y-%m-%d %H:%M:%S} {told}")
    return "\n".join(lines) + "\n"


def record_of(story: Story) -> str:
    """Given a story, return the record of what was done, as the engineer attaches it."""
    told = story.said.text
    return f"演示处理记录（虚构） {story.key}\n问题：{told.title}\n处理：{told.process}\n原因：{told.cause}\n"
