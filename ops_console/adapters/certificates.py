"""Certificates: an authority of the house bound to one name, its leaf for the console, and reading what a file holds.

Not for serving TLS (`web/tls.py`). Whoever holds the authority's key can speak for that name alone: it is constrained.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ops_console.core.errors import Refused

AUTHORITY_FOR = timedelta(days=3650)
LEAF_FOR = timedelta(days=397)  # browsers take no longer one from a public authority; ours keeps to that
BEFORE = timedelta(days=1)  # clocks of phones are behind
NOWHERE = "invalid"  # a permitted name that nobody can have: forbids every other


@dataclass(frozen=True)
class Held:
    """What a certificate file says: until when, for which names, and the fingerprint that people compare."""

    until: datetime
    names: tuple[str, ...]
    fingerprint: str


def is_address(name: str) -> bool:
    """Given a name, say whether it is an IP address."""
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def make_authority(names: tuple[str, ...], now: datetime) -> tuple[bytes, bytes]:
    """Given the names it may vouch for, return an authority's certificate and key as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"ops-console CA {names[0]}"[:64])])
    made = (
        _begin(subject, subject, key.public_key(), now, AUTHORITY_FOR)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(_constraints(names), critical=True)
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM), _pem(key)


def _constraints(names: tuple[str, ...]) -> x509.NameConstraints:
    """Both kinds are named: a kind left out would be free."""
    hosts = [x509.DNSName(name) for name in names if not is_address(name)] or [x509.DNSName(NOWHERE)]
    addresses = [x509.IPAddress(ip_network(name)) for name in names if is_address(name)]
    everywhere = [x509.IPAddress(ip_network("0.0.0.0/0")), x509.IPAddress(ip_network("::/0"))]
    return x509.NameConstraints([*hosts, *addresses], None if addresses else everywhere)


def make_leaf(authority: bytes, authority_key: bytes, names: tuple[str, ...], now: datetime) -> tuple[bytes, bytes]:
    """Given an authority and the console's names, return a certificate that it vouches for, and its key, as PEM."""
    issuer = x509.load_pem_x509_certificate(authority)
    issuer_key = serialization.load_pem_private_key(authority_key, None)
    assert isinstance(issuer_key, CertificateIssuerPrivateKeyTypes)
    key = ec.generate_private_key(ec.SECP256R1())
    # No name of ours: OpenSSL takes a common name like 10.20.0.5 for a host name, which an address's authority forbids.
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ops console")])
    found = [x509.IPAddress(ip_address(n)) if is_address(n) else x509.DNSName(n) for n in names]
    made = (
        _begin(subject, issuer.subject, key.public_key(), now, min(LEAF_FOR, issuer.not_valid_after_utc - now))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(found), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key()),  # type: ignore[arg-type]
            critical=False,
        )
        .sign(issuer_key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM), _pem(key)


def _begin(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, lasts: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BEFORE)
        .not_valid_after(now - BEFORE + lasts)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, key_cert_sign=signs_certificates, crl_sign=signs_certificates,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def held_in(path: Path) -> Held:
    """Given a certificate file, return what its first certificate says. Raises Refused when it is none."""
    try:
        found = x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError) as exc:
        raise Refused("证书文件 %(file)s 读不懂；应为 PEM 格式。", file=str(path)) from exc
    try:
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        told = (*names.get_values_for_type(x509.DNSName), *map(str, names.get_values_for_type(x509.IPAddress)))
    except x509.ExtensionNotFound:
        told = ()
    digest = found.fingerprint(hashes.SHA256()).hex().upper()
    return Held(found.not_valid_after_utc, told, ":".join(digest[at : at + 2] for at in range(0, 64, 2)))


def vouches_for(authority: Path) -> tuple[str, ...]:
    """Given an authority's file, return the names it may vouch for; none when it is no authority of ours."""
    try:
        found = x509.load_pem_x509_certificate(authority.read_bytes())
        limits = found.extensions.get_extension_for_class(x509.NameConstraints).value
    except (OSError, ValueError, x509.ExtensionNotFound):
        return ()
    permitted = limits.permitted_subtrees or []
    hosts = [str(one.value) for one in permitted if isinstance(one, x509.DNSName)]
    return (*hosts, *(str(one.value.network_address) for one in permitted if isinstance(one, x509.IPAddress)))  # type: ignore[union-attr]


def fits(certificate: Path, key: Path) -> bool:
    """Given a certificate file and a key file, say whether they belong together."""
    try:
        public = x509.load_pem_x509_certificate(certificate.read_bytes()).public_key()
        private = serialization.load_pem_private_key(key.read_bytes(), None)
    except (OSError, ValueError, TypeError):
        return False
    spki = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    return public.public_bytes(*spki) == private.public_key().public_bytes(*spki)


def keep(path: Path, content: bytes) -> None:
    """Given a path and content, write it whole, readable by its owner alone."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.new")
    temporary.unlink(missing_ok=True)
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    temporary.replace(path)
