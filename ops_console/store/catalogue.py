"""What a ticket may be about, as rows that a site extends in config.toml; a row is retired, never deleted."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Boolean, Integer, String, bindparam, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from ops_console.core.catalogue import Carrier, Module, TicketType
from ops_console.store.base import Base


class TypeRow(Base):
    """A ticket type."""

    __tablename__ = "ticket_type"
    name: Mapped[str] = mapped_column(String(30), primary_key=True)
    declinable: Mapped[bool] = mapped_column(Boolean)
    confirm: Mapped[str] = mapped_column(String(8))
    agreed: Mapped[bool] = mapped_column(Boolean)
    position: Mapped[int] = mapped_column(Integer)
    retired: Mapped[bool] = mapped_column(Boolean)


class NodeRow(Base):
    """A module or a carrier of the platform; `kind` tells which."""

    __tablename__ = "catalogue_node"
    code: Mapped[str] = mapped_column(String(20), primary_key=True)
    kind: Mapped[str] = mapped_column(String(8))
    name: Mapped[str] = mapped_column(String(60), unique=True)
    grouping: Mapped[str] = mapped_column(String(60))
    position: Mapped[int] = mapped_column(Integer)
    retired: Mapped[bool] = mapped_column(Boolean)


# Asked with every ticket logged: built once, and columns alone.
TYPES = (
    select(TypeRow.name, TypeRow.declinable, TypeRow.confirm, TypeRow.agreed)
    .where(TypeRow.retired.is_(False))
    .order_by(TypeRow.position)
)
NODES = (
    select(NodeRow.code, NodeRow.name, NodeRow.grouping)
    .where(NodeRow.kind == bindparam("kind"), NodeRow.retired.is_(False))
    .order_by(NodeRow.position)
)


def types(session: Session) -> tuple[TicketType, ...]:
    """Given nothing, return the ticket types in use, in the site's order."""
    return tuple(TicketType(*row) for row in session.execute(TYPES))


def modules(session: Session) -> tuple[Module, ...]:
    """Given nothing, return the modules in use, in the site's order."""
    return tuple(Module(code, name, grouping) for code, name, grouping in session.execute(NODES, {"kind": "module"}))


def carriers(session: Session) -> tuple[Carrier, ...]:
    """Given nothing, return the carriers in use, in the site's order."""
    return tuple(Carrier(code, name) for code, name, _ in session.execute(NODES, {"kind": "carrier"}))


def keep_types(session: Session, wanted: Iterable[TicketType]) -> bool:
    """Given the types of the settings, make the rows say the same; True when anything changed."""
    return _keep(session, TypeRow, "name", [
        {"name": t.name, "declinable": t.declinable, "confirm": t.confirm, "agreed": t.agreed, "position": i}
        for i, t in enumerate(wanted)
    ])  # fmt: skip


def keep_nodes(session: Session, modules: Iterable[Module], carriers: Iterable[Carrier]) -> bool:
    """Given the catalogue of the settings, make the rows say the same; True when anything changed."""
    wanted = [{"code": m.code, "kind": "module", "name": m.name, "grouping": m.group} for m in modules]
    wanted += [{"code": c.code, "kind": "carrier", "name": c.name, "grouping": ""} for c in carriers]
    return _keep(session, NodeRow, "code", [{**row, "position": i} for i, row in enumerate(wanted)])


def _keep(session: Session, kind: type[TypeRow] | type[NodeRow], key: str, wanted: list[dict[str, object]]) -> bool:
    rows = {getattr(row, key): row for row in session.scalars(select(kind))}
    names = {row[key] for row in wanted}
    changed = False
    for values in wanted:
        row = rows.get(values[key])
        if row is None:
            session.add(kind(**values, retired=False))
            changed = True
        else:
            for name, value in {**values, "retired": False}.items():
                changed = changed or getattr(row, name) != value
                setattr(row, name, value)
    for name, row in rows.items():
        if name not in names and not row.retired:
            row.retired = changed = True
    return changed
