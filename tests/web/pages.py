"""What a test sees of a page: a small tree of the HTML, and a browser that keeps cookies and sends forms' tokens.

Not a real browser: nothing is run or drawn here (`tests/browser`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

from flask import Flask
from werkzeug.test import TestResponse

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
COUNT = re.compile(r"共 (\d+) 件")
PASSWORD = "Long-enough-9-words"


@dataclass
class Node:
    """One element: its tag, attributes and what is inside, texts among it."""

    tag: str
    attributes: dict[str, str]
    children: list[Node | str] = field(default_factory=list)

    def __getitem__(self, name: str) -> str:
        return self.attributes[name]

    def get(self, name: str, usual: str = "") -> str:
        """Return an attribute, or what is usual."""
        return self.attributes.get(name, usual)

    def walk(self) -> Iterator[Node]:
        """Yield every element inside, in order."""
        for child in self.children:
            if isinstance(child, Node):
                yield child
                yield from child.walk()

    def all(self, tag: str = "", css: str = "", **attributes: str) -> list[Node]:
        """Return the elements inside of that tag, class and attributes."""
        return [
            node
            for node in self.walk()
            if (not tag or node.tag == tag)
            and (not css or css in node.get("class").split())
            and all(node.attributes.get(name.rstrip("_")) == value for name, value in attributes.items())
        ]

    def one(self, tag: str = "", css: str = "", **attributes: str) -> Node:
        """Return the only such element."""
        found = self.all(tag, css, **attributes)
        assert len(found) == 1, (tag, css, attributes, len(found))
        return found[0]

    @property
    def chosen(self) -> list[str]:
        """What is chosen in a list of options."""
        options = [option for option in self.all("option") if "selected" in option.attributes]
        return [option.get("value") or option.text for option in options]

    @property
    def text(self) -> str:
        """All text inside, blanks folded."""
        parts = [child if isinstance(child, str) else child.text for child in self.children]
        return " ".join(" ".join(parts).split())


class Tree(HTMLParser):
    """Builds the tree; `faults` are tags closed in the wrong place and attributes said twice."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.root = Node("document", {})
        self.faults: list[str] = []
        self._open = [self.root]
        self.feed(html)
        self.faults += [f"<{node.tag}> not closed" for node in self._open[1:]]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = Node(tag, {name: value or "" for name, value in attrs})
        if len(node.attributes) < len(attrs):
            self.faults.append(f"<{tag}> says an attribute twice: {attrs}")
        self._open[-1].children.append(node)
        if tag not in VOID:
            self._open.append(node)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        if self._open[-1].tag != tag:
            self.faults.append(f"</{tag}> inside <{self._open[-1].tag}> at {self.getpos()}")
            return
        self._open.pop()

    def handle_data(self, data: str) -> None:
        self._open[-1].children.append(data)


class Page:
    """An answer of the console."""

    def __init__(self, response: TestResponse) -> None:
        self.status, self.headers = response.status_code, response.headers
        self.body = response.get_data()
        self.html = self.body.decode("utf-8", "replace")  # a file is shown as well as it can be
        self.tree = Tree(self.html) if response.mimetype == "text/html" else Tree("")
        self.root = self.tree.root

    @property
    def location(self) -> str:
        """Where a redirect leads, without the host."""
        parts = urlsplit(self.headers.get("Location", ""))
        return parts.path + (f"?{parts.query}" if parts.query else "")

    @property
    def text(self) -> str:
        """What can be read on the page."""
        return self.root.one("body").text

    @property
    def main(self) -> Node:
        """The page's own content, without menu and head."""
        return self.root.one("main")

    @property
    def count(self) -> int:
        """The number of tickets that a list says it is about."""
        found = COUNT.search(self.root.all("p", "population")[0].text)
        assert found is not None, self.root.all("p", "population")[0].text
        return int(found[1])

    @property
    def numbers(self) -> list[str]:
        """The ticket numbers listed."""
        return [cell.text for cell in self.root.all("td", "cell-number")]

    @property
    def notes(self) -> list[str]:
        """What is told in notes and at fields."""
        return [n.text for n in self.root.walk() if {"note", "fault"} & set(n.get("class").split())]

    def cookie(self, name: str) -> str:
        """The Set-Cookie line of that name, or nothing."""
        return next((line for line in self.headers.getlist("Set-Cookie") if line.startswith(f"{name}=")), "")


class Browser:
    """A person at a browser: cookies are kept, forms go out with the token of their page."""

    def __init__(self, app: Flask, *, address: str = "127.0.0.1", origin: str = "http://127.0.0.1:8000") -> None:
        self.app, self.origin = app, origin
        self.client = app.test_client()
        self.client.environ_base = {"REMOTE_ADDR": address}  # type: ignore[assignment]
        self._token = ""

    def ask(self, method: str, path: str, **given: Any) -> Page:
        """Send a request as it is and return the answer."""
        return Page(self.client.open(path, method=method, base_url=self.origin, **given))

    def get(self, path: str, *, hx: str = "", **query: Any) -> Page:
        """Open a page."""
        headers = {"HX-Request": "true", "HX-Trigger-Name": hx} if hx else {}
        return self.ask("GET", path, query_string=query or None, headers=headers)

    def post(self, path: str, **fields: Any) -> Page:
        """Send a form and return the answer itself, redirects not followed."""
        return self.ask("POST", path, data={"csrf_token": self.token, **fields})

    def send(self, path: str, **fields: Any) -> Page:
        """Send a form and return the page it leads to."""
        answer = self.post(path, **fields)
        return self.get(answer.location) if answer.status in (302, 303) else answer

    @property
    def token(self) -> str:
        """The token of this browser's forms."""
        if not self._token:
            page = self.get("/password")
            page = self.get(page.location) if page.status == 302 else page
            self._token = page.root.all("input", name="csrf_token")[0]["value"]
        return self._token

    def forget_token(self) -> None:
        """Another session began: ask for its token anew."""
        self._token = ""

    def sign_in(self, account: str, password: str = PASSWORD, **query: str) -> Page:
        """Sign in through the form."""
        self.forget_token()
        sign_in = urljoin("/", "sign-in")
        token = self.get(sign_in).root.all("input", name="csrf_token")[0]["value"]
        fields = {"csrf_token": token, "account": account, "password": password}
        answer = self.ask("POST", sign_in, data=fields, query_string=query or None)
        self.forget_token()
        return answer

    def cookie(self, name: str = "ops") -> str:
        """The value of one of this browser's cookies, or nothing."""
        found = self.client.get_cookie(name, domain=urlsplit(self.origin).hostname or "")
        return found.value if found else ""
