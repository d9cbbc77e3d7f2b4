"""A ticket's files over the API: adding one, the list of them, one as a download. Bounded as on the pages.

Not for looking into files: the same hands keep them for every face.
"""

from __future__ import annotations

from typing import Annotated, Any

from flask import Response, send_file
from pydantic import Field
from sqlalchemy.orm import Session

from ops_console.adapters import answers
from ops_console.api import files
from ops_console.api import tickets as noun
from ops_console.api.endpoints import Endpoints
from ops_console.api.repeats import once
from ops_console.api.shapes import Flag, Given, Instant, Told
from ops_console.api.tokens import caller, console
from ops_console.core.attachments import KINDS, LONGEST_BYTES
from ops_console.services import attachments
from ops_console.services.attachments import MOST_SHARED, Attachment

endpoints = Endpoints()
TAG = "附件"
MOST_ID = 2**31 - 1
Digits = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[!-~]+$")]


class NewAttachment(Given):
    """What is told of a file beside the file itself."""

    patient: Flag = Field(default=False, description="含患者信息：不生成缩略图，不随导出和消息外发")
    shared_with: list[Digits] = Field(default=[], max_length=MOST_SHARED, description="同一凭证也用于的其他单号")


class FileTold(Told):
    """What a file is. `digest` is its SHA-256, the name that events and proofs call it by."""

    id: int
    kind: str
    media_type: str
    size: int
    digest: str
    width: int
    height: int
    scan: str


class AddedAttachment(FileTold):
    """A file just added. Its name is not repeated: an answer is kept for repeats, and a name may hold a person's."""

    number: str


class AttachmentTold(FileTold):
    """One file of a ticket."""

    name: str
    purpose: str
    patient: bool
    recorded_at: Instant
    recorded_by: str
    side: str
    voided_at: Instant | None
    void_reason: str


class AttachmentList(Told):
    """All files of a ticket in the order added, void ones too."""

    number: str
    items: list[AttachmentTold]


def _told(found: Attachment) -> AttachmentTold:
    same = {name: getattr(found, name) for name in AttachmentTold.model_fields if name != "media_type"}
    return AttachmentTold(**same, media_type=KINDS[found.kind].media_type)


@endpoints.add(
    "POST", "/tickets/<path:number>/attachments", tag=TAG, summary="添加附件", scope="tickets:write",
    query=NewAttachment, answer=AddedAttachment, status=201, is_upload=True, is_repeatable=True,
    longest=LONGEST_BYTES + (1 << 20),
)  # fmt: skip
def add(number: str, query: NewAttachment) -> Any:
    """Add a file. Its bytes are kept first, by their hash: kept twice they are one file."""
    number, actor, now = noun.readable(number), caller().actor, console().now()
    actor.need("tickets.attach")
    with console().read() as session:
        noun.known(session, number)
    stream, name = files.given()
    kept = console().files.keep_attachment(stream, name)

    def act(session: Session) -> tuple[Told, str]:
        made = attachments.attach(
            session, number, kept, actor, now, shared_with=query.shared_with, patient=query.patient
        )  # fmt: skip
        same = {name: getattr(kept, name) for name in ("kind", "size", "digest", "width", "height", "scan")}
        told = AddedAttachment(number=number, id=made, media_type=KINDS[kept.kind].media_type, **same)
        return told, f"{noun.address(number)}/attachments/{made}"

    answered = once(act, f"{kept.digest}\n{kept.name}\n{query.model_dump_json()}".encode())
    console().wake.set()
    return answered


@endpoints.add(
    "GET", "/tickets/<path:number>/attachments", tag=TAG, summary="一张工单的全部附件", scope="tickets:read",
    answer=AttachmentList,
)  # fmt: skip
def index(number: str) -> AttachmentList:
    """Every file of a ticket."""
    number = noun.readable(number)
    with console().read() as session:
        found = attachments.of_ticket(session, number, caller().actor)
    return AttachmentList(number=number, items=[_told(one) for one in found])


@endpoints.add(
    "GET", f"/tickets/<path:number>/attachments/<int(max={MOST_ID}):attachment_id>", tag=TAG, summary="下载一个附件",
    scope="tickets:read", answer=None,
)  # fmt: skip
def show(number: str, attachment_id: int) -> Response:
    """One file, whole, as a download: whatever it is, it is answered as bytes that no browser opens."""
    with console().read() as session:
        found = attachments.find(session, noun.readable(number), attachment_id, caller().actor)
    answer = send_file(
        console().files.whole_attachment(found.digest, found.name), mimetype=files.FILE_TYPE, as_attachment=True,
        download_name=found.name, etag=found.digest, conditional=False, max_age=0,
    )  # fmt: skip
    answer.headers.update(answers.DOWNLOAD)
    return answer
