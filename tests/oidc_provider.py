"""A small provider of identities for tests: real keys, the real rules, and a way to break each of them on purpose.

Not for production: whoever asks is signed in as `user`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "ops-console", "a secret & more"
CALLBACK = "http://127.0.0.1:8000/sign-in/oidc/return"


def encoded(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).decode().rstrip("=")


class Provider:
    """One provider on loopback. `break_claims`, `sign`, `document` and `moved` make it another's, or a liar."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.now, self.user = now, {"sub": "u-1", "employee": "100234"}
        self.keys = [RSAKey.generate_key(2048, {"kid": "k1", "use": "sig", "alg": "RS256"})]
        self.codes: dict[str, dict[str, str]] = {}
        self.asked: list[str] = []
        self.break_claims: dict[str, Any] = {}
        self.sign: Callable[[dict[str, Any]], str] = self.signed
        self.document: dict[str, Any] = {}
        self.returned: dict[str, str] = {}
        self.moved = ""
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.answer(self, {})

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                outer.answer(self, {name: values[0] for name, values in parse_qs(body).items()})

            def log_message(self, *_given: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self.server.server_port}"

    def answer(self, handler: BaseHTTPRequestHandler, form: dict[str, str]) -> None:
        parts = urlsplit(handler.path)
        self.asked.append(parts.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if self.moved:
            return self._redirect(handler, self.moved + handler.path)
        if parts.path == "/authorize":
            return self._redirect(handler, self._authorize(query))
        told: dict[str, Any] | None = {
            "/.well-known/openid-configuration": self.told, "/jwks": lambda: {"keys": self.published},
            "/token": lambda: self._token(form, handler.headers.get("Authorization", "")),
        }[parts.path]()  # fmt: skip
        body = json.dumps(told or {"error": "invalid_grant"}).encode()
        handler.send_response(200 if told else 400)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)
        return None

    def _redirect(self, handler: BaseHTTPRequestHandler, address: str) -> None:
        handler.send_response(302)
        handler.send_header("Location", address)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    @property
    def published(self) -> list[dict[str, Any]]:
        return [dict(key.as_dict(private=False)) for key in self.keys]

    def told(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer, "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token", "jwks_uri": f"{self.issuer}/jwks",
            "authorization_response_iss_parameter_supported": True, **self.document,
        }  # fmt: skip

    def _authorize(self, query: dict[str, str]) -> str:
        assert query["response_type"] == "code"
        assert query["client_id"] == CLIENT
        assert query["redirect_uri"] == CALLBACK
        assert query["code_challenge_method"] == "S256"
        assert "openid" in query["scope"].split()
        code = secrets.token_urlsafe(16)
        self.codes[code] = query
        told = {"code": code, "state": query["state"], "iss": self.issuer, **self.returned}
        return f"{CALLBACK}?{urlencode({name: value for name, value in told.items() if value})}"

    def _token(self, form: dict[str, str], authorization: str) -> dict[str, Any] | None:
        asked = self.codes.pop(form.get("code", ""), None)  # once
        pair = base64.b64decode(authorization.removeprefix("Basic ")).decode().split(":")
        if asked is None or [unquote(part) for part in pair] != [CLIENT, SECRET]:
            return None
        challenge = encoded(hashlib.sha256(form["code_verifier"].encode()).digest())
        if challenge != asked["code_challenge"] or form["redirect_uri"] != asked["redirect_uri"]:
            return None
        seconds = int(self.now().timestamp())
        claims = {
            "iss": self.issuer, "aud": CLIENT, "iat": seconds, "exp": seconds + 300, "nonce": asked["nonce"],
            "amr": ["mfa", "otp"], "acr": "high", **self.user,
        }  # fmt: skip
        broken = {name: value for name, value in {**claims, **self.break_claims}.items() if value is not None}
        return {"access_token": "unused", "token_type": "Bearer", "id_token": self.sign(broken)}

    def signed(self, claims: dict[str, Any], key: RSAKey | None = None, kid: str = "") -> str:
        used = key or self.keys[-1]
        return jwt.encode({"alg": "RS256", "kid": kid or used.kid}, claims, used)

    def unsigned(self, claims: dict[str, Any]) -> str:
        head = encoded(json.dumps({"alg": "none", "kid": self.keys[-1].kid}).encode())
        return f"{head}.{encoded(json.dumps(claims).encode())}."

    def signed_with_the_public_key(self, claims: dict[str, Any]) -> str:
        head = encoded(json.dumps({"alg": "HS256", "kid": self.keys[-1].kid}).encode())
        text = f"{head}.{encoded(json.dumps(claims).encode())}"
        key = self.keys[-1].as_pem(private=False)
        return f"{text}.{encoded(hmac.digest(key, text.encode(), 'sha256'))}"

    def rotate(self) -> None:
        """Sign by a new key from now on, and publish it alone."""
        self.keys = [RSAKey.generate_key(2048, {"kid": f"k{len(self.asked)}", "use": "sig", "alg": "RS256"})]


@contextmanager
def providing(now: Callable[[], datetime]) -> Iterator[Provider]:
    """Given a clock, yield a provider that answers."""
    made = Provider(now)
    threading.Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield made
    finally:
        made.server.shutdown()
        made.server.server_close()
