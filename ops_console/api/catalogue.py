"""What a ticket may be about, over the API: types, modules, carriers and channels, in the site's order."""

from __future__ import annotations

from dataclasses import asdict

from ops_console.api.endpoints import Endpoints
from ops_console.api.shapes import Told
from ops_console.api.tokens import console
from ops_console.core.tickets import CHANNELS

endpoints = Endpoints()


class TypeTold(Told):
    """A ticket type; `declinable` is false where the contract leaves no right to decline."""

    name: str
    declinable: bool
    confirm: str
    agreed: bool


class ModuleTold(Told):
    """A module of the platform."""

    code: str
    name: str
    group: str


class CarrierTold(Told):
    """Where modules run."""

    code: str
    name: str


class Catalogue(Told):
    """The names that POST /tickets takes."""

    types: list[TypeTold]
    modules: list[ModuleTold]
    carriers: list[CarrierTold]
    channels: list[str]


@endpoints.add(
    "GET", "/catalogue", tag="目录", summary="工单类型、系统模块、业务载体、渠道", scope="catalogue:read",
    answer=Catalogue,
)  # fmt: skip
def index() -> Catalogue:
    """The catalogue as the settings have it."""
    given = console().settings
    return Catalogue(
        types=[TypeTold(**asdict(one)) for one in given.ticket_types],
        modules=[ModuleTold(**asdict(one)) for one in given.modules],
        carriers=[CarrierTold(**asdict(one)) for one in given.carriers],
        channels=list(CHANNELS),
    )
