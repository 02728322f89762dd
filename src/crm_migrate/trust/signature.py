"""Ed25519 signatures over canonical JSON statements, bound to the context they are made for."""

import base64
import binascii
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from crm_migrate.trust.canonical import Json, canonical_json


@dataclass(frozen=True, slots=True)
class Signer:
    """One who can sign: `id` says who, `public_key` is base64 of the 32 raw bytes."""

    id: str
    public_key: str
    _key: Ed25519PrivateKey = field(repr=False)

    @classmethod
    def from_seed(cls, id: str, seed: bytes) -> "Signer":
        """The signer whose private key is the 32-byte seed (RFC 8032)."""
        key = Ed25519PrivateKey.from_private_bytes(seed)
        return cls(id, base64.b64encode(key.public_key().public_bytes_raw()).decode(), key)

    def sign(self, context: str, statement: Json) -> str:
        """Base64 of the signature of the statement, valid in this context only."""
        return base64.b64encode(self.sign_raw(message(context, statement))).decode()

    def sign_raw(self, message: bytes) -> bytes:
        """The 64-byte signature of a message whose format separates its domain by itself."""
        return self._key.sign(message)


def verify(public_key: str, context: str, statement: Json, signature: str) -> bool:
    """Whether the signature (base64) of the statement in this context is by that key."""
    try:
        raw = base64.b64decode(signature, validate=True)
    except (binascii.Error, ValueError):
        return False
    return verify_raw(public_key, message(context, statement), raw)


def verify_raw(public_key: str, message: bytes, signature: bytes) -> bool:
    """Whether the 64-byte signature of the message is by that key (base64 of 32 bytes)."""
    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key, validate=True))
        key.verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def message(context: str, statement: Json) -> bytes:
    """The bytes that a signature of the statement in this context is over."""
    # The context keeps a signature made for one purpose from being shown for another.
    return b"crm-migrate\0" + context.encode() + b"\0" + canonical_json(statement)
