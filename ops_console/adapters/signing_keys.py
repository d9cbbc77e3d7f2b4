"""Public keys of the parties and signatures by them: reading PEM, checking a signature over bytes. By `cryptography`.

Not for authenticators (`adapters/authenticators.py`) nor for whose key counts (`services/signing_keys.py`). No private
key is ever read here: one that is uploaded is refused unread.
"""

from __future__ import annotations

import hashlib

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from ops_console.core.errors import Refused
from ops_console.core.signing_keys import ED25519, LARGEST_RSA, P256, RSA, SMALLEST_RSA, PublicKey, check_size

PRIVATE = (b"PRIVATE KEY",)
NUMBER_BYTES = 32  # of each half of a P-256 signature, as tokens write it
LEAST_EXPONENT = 65_537


def read_public_key(content: bytes) -> PublicKey:
    """Given an uploaded public key in PEM, return it. Raises Refused for a private key and for what is no fit key."""
    check_size(content, "key")
    if any(mark in content for mark in PRIVATE):
        raise Refused(
            "这是私钥。私钥不能交给任何人，也不要上传；控制台没有保存它。请换一对新的密钥，只上传公钥 pub.pem。",
            field="key",
        )
    if b"CERTIFICATE" in content:
        raise Refused("这是证书；请先取出公钥：openssl x509 -in cert.pem -noout -pubkey > pub.pem", field="key")
    try:
        return described(serialization.load_pem_public_key(content))
    except (ValueError, UnsupportedAlgorithm) as exc:
        raise Refused("读不出公钥；请上传 PEM 格式的公钥（以 BEGIN PUBLIC KEY 开头）。", field="key") from exc


def described(key: PublicKeyTypes) -> PublicKey:
    """Given a public key, return what is kept of it. Raises Refused for a kind or a length that is not taken."""
    algorithm, bits = _kind(key)
    der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    pem = key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return PublicKey(algorithm, pem.decode("ascii"), hashlib.sha256(der).hexdigest(), bits)


def _kind(key: PublicKeyTypes) -> tuple[str, int]:
    if isinstance(key, ed25519.Ed25519PublicKey):
        return ED25519, 256
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        return P256, 256
    if isinstance(key, rsa.RSAPublicKey):
        _check_rsa(key)
        return RSA, key.key_size
    raise Refused("只收 Ed25519、ECDSA P-256 和 RSA（3072 位以上）的公钥。", field="key")


def _check_rsa(key: rsa.RSAPublicKey) -> None:
    if not SMALLEST_RSA <= key.key_size <= LARGEST_RSA:
        raise Refused(
            "RSA 公钥为 %(n)s 位；请用 %(least)s 至 %(most)s 位的。", field="key", n=key.key_size, least=SMALLEST_RSA,
            most=LARGEST_RSA,
        )  # fmt: skip
    if key.public_numbers().e < LEAST_EXPONENT:
        raise Refused("RSA 公钥的指数太小；请用 65537 重新生成。", field="key")


def is_signed(pem: str, data: bytes, signature: bytes) -> bool:
    """Given a registered key's PEM, the bytes and a signature, say whether the key's private half made it over them.

    Ed25519 over the bytes; ECDSA (DER, or both numbers in 64 bytes) and RSA (PKCS #1 v1.5 or PSS) over their SHA-256.
    """
    key = serialization.load_pem_public_key(pem.encode("ascii"))
    try:
        if isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(signature, data)
            return True
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(_der(signature), data, ec.ECDSA(hashes.SHA256()))
            return True
        return isinstance(key, rsa.RSAPublicKey) and _is_rsa_signed(key, data, signature)
    except InvalidSignature:
        return False


def _der(signature: bytes) -> bytes:
    if len(signature) != 2 * NUMBER_BYTES:
        return signature
    r, s = signature[:NUMBER_BYTES], signature[NUMBER_BYTES:]
    return encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big"))


def _is_rsa_signed(key: rsa.RSAPublicKey, data: bytes, signature: bytes) -> bool:
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.AUTO)
    for scheme in (padding.PKCS1v15(), pss):
        try:
            key.verify(signature, data, scheme, hashes.SHA256())
        except InvalidSignature:
            continue
        return True
    return False
