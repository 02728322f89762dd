"""How a key file is protected at rest: by a passphrase, by a key from the environment, or not.

The secret is wrapped by AES-256-GCM under a key-encryption key; a passphrase becomes that key
by Argon2id (RFC 9106, its second recommended option: 64 MiB, 3 passes, 4 lanes).
"""

import base64
import binascii
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import assert_never

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from crm_migrate.errors import KeyFault
from crm_migrate.language import Text

Ask = Callable[[str], str]
"""Asks a person for a passphrase; takes the prompt."""

_ITERATIONS, _LANES, _MEMORY_KIB = 3, 4, 64 * 1024
_MOST_MEMORY_KIB = 1024 * 1024  # a faked file must not make us allocate without end


@dataclass(frozen=True, slots=True)
class Passphrase:
    """Protect by a passphrase."""

    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class EnvironmentKey:
    """Protect by a raw 32-byte key, base64, in an environment variable."""

    variable: str = "CRM_MIGRATE_KEY"


@dataclass(frozen=True, slots=True)
class Unprotected:
    """Protect by the file's mode alone."""


Protection = Passphrase | EnvironmentKey | Unprotected


def wrap(
    secret: bytes, protection: Protection, label: str, environment: Mapping[str, str]
) -> dict[str, object]:
    """The JSON object that holds the secret; `label` binds it to the place it belongs to."""
    match protection:
        case Unprotected():
            return {
                "kind": "none",
                "note": "protected by file mode 0600 only / 仅以文件权限 0600 保护",
                "secret": _text(secret),
            }
        case EnvironmentKey(variable):
            key = _environment_key(variable, environment)
            return {"kind": "environment", "variable": variable, "secret": seal(key, secret, label)}
        case Passphrase(text):
            salt = os.urandom(16)
            key = _passphrase_key(text, salt, _ITERATIONS, _LANES, _MEMORY_KIB)
            return {
                "kind": "passphrase",
                "kdf": "argon2id",
                "salt": _text(salt),
                "iterations": _ITERATIONS,
                "lanes": _LANES,
                "memory_kib": _MEMORY_KIB,
                "secret": seal(key, secret, label),
            }
        case _:
            assert_never(protection)


def unwrap(
    wrapped: Mapping[str, object],
    label: str,
    environment: Mapping[str, str],
    passphrase: Callable[[], str],
    where: str,
) -> bytes:
    """The secret; `passphrase` is called only when the file needs one.

    Raises:
        KeyFault: wrong passphrase or key, variable not set, or a damaged file.
    """
    try:
        match wrapped["kind"]:
            case "none":
                return base64.b64decode(str(wrapped["secret"]), validate=True)
            case "environment":
                key = _environment_key(str(wrapped["variable"]), environment)
            case "passphrase":
                numbers = [int(str(wrapped[n])) for n in ("iterations", "lanes", "memory_kib")]
                if numbers[2] > _MOST_MEMORY_KIB:
                    raise ValueError("memory")
                salt = base64.b64decode(str(wrapped["salt"]), validate=True)
                key = _passphrase_key(passphrase(), salt, *numbers)
            case _:
                raise ValueError("kind")
        return unseal(key, str(wrapped["secret"]), label)
    except InvalidTag:
        raise KeyFault(
            Text("the passphrase or key does not open the key file", "口令或密钥不能打开密钥文件"),
            where=where,
            remedy=Text(
                "check the passphrase (or the variable that holds it) and try again",
                "请核对口令（或存放口令的环境变量）后重试",
            ),
        ) from None
    except (KeyError, ValueError):
        raise KeyFault(
            Text("the key file is damaged", "密钥文件已损坏"),
            where=where,
            remedy=Text("restore it from its backup", "请从备份恢复该文件"),
        ) from None


def seal(key: bytes, secret: bytes, label: str) -> str:
    """AES-256-GCM with a random nonce: base64 of nonce ‖ ciphertext ‖ tag, bound to the label."""
    nonce = os.urandom(12)
    return _text(nonce + AESGCM(key).encrypt(nonce, secret, label.encode()))


def unseal(key: bytes, sealed: str, label: str) -> bytes:
    """What `seal` sealed.

    Raises:
        InvalidTag: another key, another label, or changed since.
        ValueError: not of the form that `seal` makes.
    """
    raw = base64.b64decode(sealed, validate=True)
    return AESGCM(key).decrypt(raw[:12], raw[12:], label.encode())


def _passphrase_key(text: str, salt: bytes, iterations: int, lanes: int, memory_kib: int) -> bytes:
    kdf = Argon2id(salt=salt, length=32, iterations=iterations, lanes=lanes, memory_cost=memory_kib)
    return kdf.derive(text.encode())


def _environment_key(variable: str, environment: Mapping[str, str]) -> bytes:
    try:
        key = base64.b64decode(environment[variable], validate=True)
    except (KeyError, binascii.Error, ValueError):
        key = b""
    if len(key) != 32:
        raise KeyFault(
            Text(
                "the environment variable does not hold a 32-byte key in base64",
                "环境变量中没有以 base64 表示的 32 字节密钥",
            ),
            where=variable,
            remedy=Text(f"set {variable}", f"请设置环境变量 {variable}"),
        )
    return key


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
