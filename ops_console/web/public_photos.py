"""Photos of reports without an account: taking them in beside a report that already stands, adding one afterwards.

Never shown to strangers again. What is taken is decided in the same room as of every attachment; here is only the form.
"""

from __future__ import annotations

import logging

from flask import request
from werkzeug.datastructures import FileStorage

from ops_console.core.attachments import FROM_STRANGERS
from ops_console.core.errors import ConsoleError
from ops_console.core.people import Actor
from ops_console.core.sentences import Sentence, sentence
from ops_console.services import public_photos
from ops_console.web.sign_in import console

logger = logging.getLogger(__name__)
FIELD = "photo"
BROKEN = "照片没有存下（内部出错）；报修不受影响，可以稍后再补照片。"


def keep(report_id: int, sender: Actor) -> list[Sentence]:
    """Given a report that stands and who sent it, keep the photos of the form in use; return why any was not kept."""
    given = _given()
    kept = given[: public_photos.MOST]
    told = [told for file in kept if (told := _keep(report_id, file, sender)) is not None]
    if len(given) > len(kept):
        told.append(sentence(public_photos.TOO_MANY, n=public_photos.MOST))
    console().wake.set()
    return told


def _given() -> list[FileStorage]:
    return [file for file in request.files.getlist(FIELD) if file.filename]


def any_given() -> bool:
    """Say whether the form in use came with photos."""
    return bool(_given())


def _keep(report_id: int, file: FileStorage, sender: Actor) -> Sentence | None:
    """One photo by itself: whatever is wrong with it, the report stands and the reporter gets a receipt."""
    at = console()
    try:
        with at.write() as session:
            public_photos.check_room(session, report_id, at.now())
        photo = at.files.keep_attachment(file.stream, file.filename or "", FROM_STRANGERS)
        with at.write() as session:
            public_photos.add(session, report_id, photo, sender, at.now())
    except ConsoleError as refused:
        return refused.sentence
    except Exception:
        logger.exception("photo not kept report=%s", report_id)
        return sentence(BROKEN)
    return None
