"""The request's reading session: Flask-SQLAlchemy over the Console's one engine and the store's own base."""

from __future__ import annotations

from typing import Any

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.orm import Session

from ops_console.console import Console
from ops_console.store.base import Base


class SharedEngine(SQLAlchemy):
    """Flask-SQLAlchemy that makes no engine of its own."""

    def __init__(self, console: Console) -> None:
        self._console = console
        super().__init__(
            model_class=Base,
            session_options={"autoflush": False, "expire_on_commit": False, "info": console.database.info},
        )

    def _make_engine(self, bind_key: str | None, options: dict[str, Any], app: Flask) -> Any:
        return self._console.database.reader


def install(app: Flask, console: Console) -> SharedEngine:
    """Given the app and the console, make `reading()` work within a request."""
    app.config["SQLALCHEMY_DATABASE_URI"] = console.database.engine.url
    shared = SharedEngine(console)
    shared.init_app(app)
    return shared


def reading() -> Session:
    """Return this request's session for reading; it is closed with the request."""
    from flask import current_app

    session: Session = current_app.extensions["sqlalchemy"].session()
    return session


def reading_anew() -> Session:
    """Return this request's session, from now on seeing what this request wrote."""
    session = reading()
    session.rollback()
    return session
