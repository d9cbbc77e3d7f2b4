"""Signing in by OpenID Connect as the relying party: authorization code with PKCE, the ID token verified to the letter.

Not for whose account it is (`services/identities.py`). Only the ID token is used; the access token is thrown away.
"""

from __future__ import annotations

import base64
import json
import logging
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from ops_console.adapters.egress import Answer, Egress
from ops_console.core.errors import Refused
from ops_console.core.identities import TAKES, Attempt, Identity
from ops_console.core.secrets import Secret

logger = logging.getLogger(__name__)
ALGORITHMS = ("RS256", "PS256", "ES256")  # never `none`, never a shared secret: a public key would pass for one
KEY_KINDS = {"RS256": "RSA", "PS256": "RSA", "ES256": "EC"}
SMALLEST_RSA = 2048
SKEW_SECONDS = 60
KEPT_SECONDS, ANEW_SECONDS = 3600.0, 30.0  # of what the provider publishes; an unknown key fetches it again, not often
LONGEST_NAME = 255
ERROR = re.compile(r"[a-z_]{1,40}")
AWAY = "身份提供方现在没有回答，统一身份登录暂不可用；请用账号和密码登录，或稍后再试。"
NOT_VERIFIED = (
    "身份提供方给出的登录凭据没有通过核对（%(why)s），没有登录；请重试，仍不行请用账号和密码登录并联系系统管理员。"
)
NOT_DONE = "身份提供方没有完成登录（%(why)s）；请重试，或用账号和密码登录。"


@dataclass(frozen=True)
class Registration:
    """How the console is registered with the provider. `hosts`: others than the issuer's that it may send us to."""

    issuer: str
    client_id: str
    secret: Secret | None
    claim: str
    hosts: tuple[str, ...] = ()


class Unverified(Exception):
    """Why an ID token does not count, in a word for the log and the asker."""


class IdentityProvider:
    """One provider: where it sends people, and who it says came back."""

    def __init__(self, registration: Registration, egress: Egress) -> None:
        self._at, self._egress = registration, egress
        self._lock, self._busy = threading.Lock(), threading.BoundedSemaphore(2)
        self._kept: dict[str, tuple[float, dict[str, Any]]] = {}

    def address(self, attempt: Attempt, return_to: str) -> str:
        """Given an attempt and where to come back to, return the provider's address for it. Raises Refused."""
        endpoint = self._endpoint("authorization_endpoint")
        query = urlencode(
            {
                "response_type": "code", "client_id": self._at.client_id, "redirect_uri": return_to, "scope": "openid",
                "state": attempt.state, "nonce": attempt.nonce, "code_challenge": attempt.challenge,
                "code_challenge_method": "S256",
            }
        )  # fmt: skip
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{query}"

    def identity(self, attempt: Attempt, returned: Mapping[str, str], return_to: str, now: datetime) -> Identity:
        """Given an attempt, what came back in the address and now, return who it is. Raises Refused.

        That the state is the browser's own is checked before (the face holds it).
        """
        self._check_returned(returned)
        token = self._redeem(attempt, returned["code"], return_to)
        try:
            claims = self._claims(token, attempt.nonce, now)
            return Identity(self._at.issuer, _name(claims, "sub"), _name(claims, self._at.claim))
        except Unverified as exc:
            logger.warning("ID token refused issuer=%s why=%s", self._at.issuer, exc)
            raise Refused(NOT_VERIFIED, why=str(exc)) from None

    def _check_returned(self, returned: Mapping[str, str]) -> None:
        """RFC 9207: an answer that names another issuer is one provider's, passed off as another's."""
        named = returned.get("iss")
        promised = self._document().get("authorization_response_iss_parameter_supported") is True
        if named != self._at.issuer and (named is not None or promised):
            raise Refused(NOT_VERIFIED, why="iss")
        if returned.get("error"):
            told = returned["error"]
            raise Refused(NOT_DONE, why=told if ERROR.fullmatch(told) else "error")
        if not returned.get("code"):
            raise Refused(NOT_DONE, why="code")

    def _redeem(self, attempt: Attempt, code: str, return_to: str) -> str:
        fields = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": return_to,
            "client_id": self._at.client_id, "code_verifier": attempt.verifier,
        }  # fmt: skip
        headers = {}
        if self._at.secret is not None:
            methods = self._document().get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
            if "client_secret_basic" in methods:
                pair = f"{quote(self._at.client_id, safe='')}:{quote(self._at.secret.reveal(), safe='')}"
                headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
            else:
                fields["client_secret"] = self._at.secret.reveal()
        answer = self._asked(self._endpoint("token_endpoint"), fields, headers)
        told = _object(answer.text)
        token = told.get("id_token")
        if answer.status != 200 or not isinstance(token, str):
            why = str(told.get("error", "token"))
            logger.warning("code not redeemed issuer=%s status=%s", self._at.issuer, answer.status)
            raise Refused(NOT_DONE, why=why if ERROR.fullmatch(why) else "token")
        return token

    def _claims(self, token: str, nonce: str, now: datetime) -> dict[str, Any]:
        from joserfc import jwt
        from joserfc.errors import JoseError

        wanted: dict[str, Any] = {
            "iss": {"essential": True, "value": self._at.issuer}, "nonce": {"essential": True, "value": nonce},
            "aud": {"essential": True}, "exp": {"essential": True}, "iat": {"essential": True},
            "sub": {"essential": True},
        }  # fmt: skip
        seconds = int(now.timestamp())
        try:
            claims: dict[str, Any] = jwt.decode(token, self._key_of, algorithms=list(ALGORITHMS)).claims
            jwt.JWTClaimsRegistry(now=seconds, leeway=SKEW_SECONDS, **wanted).validate(claims)
        except JoseError as exc:
            raise Unverified(str(getattr(exc, "claim", "") or exc.error)) from None
        except (ValueError, TypeError, KeyError, RecursionError):
            raise Unverified("token") from None
        audience = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
        if self._at.client_id not in audience:
            raise Unverified("aud")
        if claims.get("azp", self._at.client_id) != self._at.client_id or (len(audience) > 1 and "azp" not in claims):
            raise Unverified("azp")
        if seconds - claims["iat"] > TAKES.total_seconds() + SKEW_SECONDS:
            raise Unverified("iat")
        return claims

    def _key_of(self, signed: Any) -> Any:
        """The provider's key for a token: by its id, of its algorithm's kind; an unknown one is looked for anew."""
        header = signed.headers()
        algorithm, key_id = header["alg"], header.get("kid")  # the library let only ours pass
        for oldest in (KEPT_SECONDS, ANEW_SECONDS):
            published = self._fetched(self._endpoint("jwks_uri"), oldest).get("keys")
            found = [key for key in published if _fits(key, algorithm, key_id)] if isinstance(published, list) else []
            if len(found) == 1:
                return _key(found[0])
        raise Unverified("kid")

    def _endpoint(self, name: str) -> str:
        """An address of the provider's document: like the issuer's own in scheme, and on its host or a listed one."""
        address = self._document().get(name)
        parts, own = urlsplit(address if isinstance(address, str) else ""), urlsplit(self._at.issuer)
        if parts.scheme != own.scheme or parts.netloc not in (own.netloc, *self._at.hosts) or "#" in str(address):
            logger.warning("endpoint of another host refused issuer=%s name=%s", self._at.issuer, name)
            raise Refused(NOT_VERIFIED, why=name)
        return str(address)

    def _document(self) -> dict[str, Any]:
        found = self._fetched(self._at.issuer.rstrip("/") + "/.well-known/openid-configuration", KEPT_SECONDS)
        if found.get("issuer") != self._at.issuer:
            raise Refused(NOT_VERIFIED, why="issuer")
        return found

    def _fetched(self, address: str, oldest: float) -> dict[str, Any]:
        with self._lock:
            at, kept = self._kept.get(address, (0.0, {}))
        if kept and time.monotonic() - at <= oldest:
            return kept
        answer = self._asked(address)
        found = _object(answer.text)
        if answer.status != 200 or not found:
            logger.warning("provider did not tell issuer=%s status=%s", self._at.issuer, answer.status)
            raise Refused(AWAY)
        with self._lock:
            self._kept[address] = (time.monotonic(), found)
        return found

    def _asked(
        self, address: str, fields: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Two at once at most: a provider that hangs must not hold every thread of the server."""
        if not self._busy.acquire(timeout=1):
            raise Refused(AWAY)
        try:
            return self._egress.fetch(address) if fields is None else self._egress.send(address, fields, headers or {})
        except Refused as refused:
            logger.warning("provider not reached issuer=%s: %s", self._at.issuer, refused)
            raise Refused(AWAY) from None
        finally:
            self._busy.release()


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _fits(key: object, algorithm: str, key_id: object) -> bool:
    if not isinstance(key, dict) or key.get("kty") != KEY_KINDS[algorithm]:
        return False
    told_apart = key.get("use", "sig") == "sig" and key.get("alg", algorithm) == algorithm
    return told_apart and (key_id is None or key.get("kid") == key_id)


def _key(published: dict[str, Any]) -> Any:
    from joserfc.errors import JoseError
    from joserfc.jwk import ECKey, RSAKey

    try:
        key: Any = (RSAKey if published["kty"] == "RSA" else ECKey).import_key(published)
        size = key.public_key.key_size
    except (JoseError, ValueError, TypeError, KeyError):
        raise Unverified("key") from None
    if published["kty"] == "RSA" and size < SMALLEST_RSA:
        raise Unverified("key")
    return key


def _name(claims: Mapping[str, Any], claim: str) -> str:
    name = claims.get(claim)
    if not isinstance(name, str) or not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
        raise Unverified(claim)
    return name
