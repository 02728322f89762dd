"""The keyring: a folder that holds the project's secrets and the signing keys of people.

`project.json` holds one random 256-bit root per purpose, protected by a passphrase or a key
from the environment; purposes have roots of their own so that one can be shared or replaced
without the others. `wrapped.json` holds the keys that come and go: a random key per run and per
plan, wrapped under a root (so that deleting the entry shreds what it encrypted), the current
version of each field key and how many values each has sealed. `<person>.json` holds a person's
Ed25519 key. See docs/keys.md for how long each lives.
"""

import base64
import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypedDict, TypeVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from crm_migrate.errors import IntegrityFault, KeyFault
from crm_migrate.language import Text
from crm_migrate.trust.key_files import FORMAT, damaged, open_key_file, read_json, write_json
from crm_migrate.trust.private_files import locked, private_folder, require_private, write_private
from crm_migrate.trust.signature import Signer
from crm_migrate.trust.wrapping import Ask, Protection, seal, unseal, wrap

PURPOSES = ("record", "digest", "wrap", "field", "index", "rollback", "journal")
RECOMMENDED_SEALS = 2**31
"""Values per field key after which it must be rotated (half of SP 800-38D's 2^32)."""

_PROJECT, _WRAPPED = "project.json", "wrapped.json"
LOCK = ".lock"
"""Taken by whoever writes into the folder."""
_Result = TypeVar("_Result")
_KEY_ID = re.compile(r"([1-9]\d{0,5})x([0-9a-f]{8})")


class _Wrapped(TypedDict):
    keys: dict[str, str]
    versions: dict[str, int]
    sealed: dict[str, int]


@dataclass(frozen=True)
class Keyring:
    """An opened keyring. Keys are 32 bytes unless stated otherwise."""

    folder: Path
    _roots: Mapping[str, bytes] = field(repr=False)

    @property
    def record_key(self) -> bytes:
        """HMAC key of record ids."""
        return self._derive("record")

    @property
    def digest_key(self) -> bytes:
        """HMAC key of preconditions, commitments and the leaves of a plan's effect digest."""
        return self._derive("digest")

    @property
    def rollback_key(self) -> bytes:
        """AES-256 key under which before-images are sealed as a whole."""
        return self._derive("rollback")

    @property
    def journal_signer(self) -> Signer:
        """Who signs the journal's checkpoints."""
        return Signer.from_seed("journal", self._derive("journal"))

    def run_key(self, run: str, *, create: bool = False) -> bytes:
        """The random key of a run; made and stored when it has none and `create` is true.

        Raises:
            KeyFault: the run has no key: it was destroyed, or never begun here.
        """
        return self._wrapped_key(f"run/{run}", create=create)

    def destroy_run_key(self, run: str) -> None:
        """Forget a run's key: what it encrypted cannot be opened any more."""
        self._forget(f"run/{run}")

    def plan_key(self, plan_id: str, *, create: bool = False) -> bytes:
        """The random key of a plan file, like `run_key`."""
        return self._wrapped_key(f"plan/{plan_id}", create=create)

    def destroy_plan_key(self, plan_id: str) -> None:
        """Forget a plan's key: the plan file cannot be opened any more."""
        self._forget(f"plan/{plan_id}")

    def field_key(self, entity: str, field: str) -> tuple[str, bytes]:
        """Key id and key that seal new values of a field."""
        version = _read(self.folder / _WRAPPED)["versions"].get(f"{entity}.{field}", 1)
        return self._field_key(entity, field, version)

    def field_key_by_id(self, key_id: str, entity: str, field: str) -> bytes:
        """The key that a sealed value of the field names.

        Raises:
            KeyFault: the key id is not one of this project and field.
        """
        found = _KEY_ID.fullmatch(key_id)
        if found:
            known, key = self._field_key(entity, field, int(found[1]))
            if known == key_id:
                return key
        raise KeyFault(
            Text(
                f"values of {entity}.{field} are sealed with a key of another project",
                f"{entity}.{field} 的密文使用了其他项目的密钥",
            ),
            where=f"{entity}.{field}",
            remedy=Text("open the keyring that sealed them", "请使用加密时的密钥环"),
        )

    def rotate_field_key(self, entity: str, field: str) -> str:
        """Begin a new version of a field's key; values of older versions stay readable."""

        def raise_version(wrapped: _Wrapped) -> int:
            name = f"{entity}.{field}"
            wrapped["versions"][name] = wrapped["versions"].get(name, 1) + 1
            return wrapped["versions"][name]

        return self._field_key(entity, field, self._change(raise_version))[0]

    def count_sealed(self, key_id: str, values: int) -> int:
        """Add to the number of values sealed under a key, durably; the new total.

        Call it *before* sealing, so that a crash counts too many and never too few. At
        `RECOMMENDED_SEALS` the key should be rotated.
        """

        def add(wrapped: _Wrapped) -> int:
            wrapped["sealed"][key_id] = wrapped["sealed"].get(key_id, 0) + values
            return wrapped["sealed"][key_id]

        return self._change(add)

    def index_key(self, entity: str, field: str, version: int = 1) -> bytes:
        """Key of the blind index of a field; apart from the key that seals the field."""
        return self._derive("index", entity, field, str(version))

    def _field_key(self, entity: str, field: str, version: int) -> tuple[str, bytes]:
        # Derived, so a lost wrapped.json loses no sealed value; the fingerprint in the id
        # tells another project's key from ours before any value is tried.
        fingerprint = self._derive("field", "id", entity, field, str(version)).hex()[:8]
        return f"{version}x{fingerprint}", self._derive("field", "key", entity, field, str(version))

    def _derive(self, purpose: str, *labels: str) -> bytes:
        info = "".join(f"{len(part.encode())}:{part}," for part in ("crm-migrate/1", *labels))
        kdf = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=info.encode())
        return kdf.derive(self._roots[purpose])

    def _wrapped_key(self, name: str, *, create: bool) -> bytes:
        sealed = _read(self.folder / _WRAPPED)["keys"].get(name)
        if sealed is None and create:
            sealed = self._change(
                lambda wrapped: wrapped["keys"].setdefault(
                    name, seal(self._derive("wrap"), os.urandom(32), name)
                )
            )
        if sealed is None:
            raise KeyFault(
                Text(f"there is no key for {name}", f"没有 {name} 的密钥"),
                where=str(self.folder),
                remedy=Text(
                    "it was destroyed, or made in another project: run again",
                    "密钥已销毁，或属于其他项目：请重新运行",
                ),
            )
        try:
            return unseal(self._derive("wrap"), sealed, name)
        except (InvalidTag, ValueError):
            raise IntegrityFault(
                Text(f"the wrapped key of {name} was changed", f"{name} 的密钥已被改动"),
                where=str(self.folder / _WRAPPED),
            ) from None

    def _forget(self, name: str) -> None:
        self._change(lambda wrapped: wrapped["keys"].pop(name, None))

    def _change(self, change: Callable[[_Wrapped], _Result]) -> _Result:
        with locked(self.folder / LOCK):
            path = self.folder / _WRAPPED
            wrapped = _read(path)
            result = change(wrapped)
            write_private(path, json.dumps(wrapped, indent=1, sort_keys=True).encode())
        return result


def create_project_keyring(
    folder: Path,
    protection: Protection,
    environment: Mapping[str, str] | None = None,
) -> Keyring:
    """Make the project's secrets in the folder (mode 0700) and open them.

    Raises:
        KeyFault: the folder holds project secrets already; they are never overwritten.
    """
    environment = os.environ if environment is None else environment
    path = private_folder(folder) / _PROJECT
    roots = {purpose: os.urandom(32) for purpose in PURPOSES}
    with locked(folder / LOCK):
        if path.exists():
            raise KeyFault(
                Text("the project has a keyring already", "项目已有密钥环"),
                where=str(path),
                remedy=Text("open it instead", "请直接使用它"),
            )
        secret = wrap(_pack(roots), protection, "project", environment)
        write_json(path, {"format": FORMAT, "protection": secret})
    return Keyring(folder, roots)


def open_keyring(
    folder: Path, ask: Ask | None = None, environment: Mapping[str, str] | None = None
) -> Keyring:
    """The project's keyring, from `CRM_MIGRATE_KEYRING` or from the folder.

    A passphrase is taken from `CRM_MIGRATE_PASSPHRASE`, else from `ask`.

    Raises:
        KeyFault: no keyring, readable by others, wrong passphrase, damaged.
    """
    environment = os.environ if environment is None else environment
    packed = environment.get("CRM_MIGRATE_KEYRING")
    if packed:
        private_folder(folder)
        return Keyring(folder, _unpack(packed.encode(), "CRM_MIGRATE_KEYRING"))
    path = folder / _PROJECT
    if not path.exists():
        raise KeyFault(
            Text("the project has no keyring", "项目没有密钥环"),
            where=str(path),
            remedy=Text(
                "make one with `crm-migrate keys init`, or restore it from its backup",
                "请用 `crm-migrate keys init` 建立，或从备份恢复",
            ),
        )
    packed_roots = open_key_file(path, "project", "CRM_MIGRATE_PASSPHRASE", ask, environment)
    return Keyring(folder, _unpack(packed_roots, str(path)))


def export_keyring(keyring: Keyring) -> str:
    """The project's secrets as text for `CRM_MIGRATE_KEYRING`, or to keep as a backup."""
    return _pack(keyring._roots).decode()


def _pack(roots: Mapping[str, bytes]) -> bytes:
    texts = {purpose: base64.b64encode(root).decode() for purpose, root in roots.items()}
    return base64.b64encode(json.dumps(texts, sort_keys=True).encode())


def _unpack(packed: bytes, where: str) -> dict[str, bytes]:
    try:
        texts = json.loads(base64.b64decode(packed, validate=True))
        roots = {purpose: base64.b64decode(texts[purpose], validate=True) for purpose in PURPOSES}
    except (ValueError, KeyError, TypeError):
        raise damaged(where) from None
    if any(len(root) != 32 for root in roots.values()):
        raise damaged(where)
    return roots


def _read(path: Path) -> _Wrapped:
    wrapped: _Wrapped = {"keys": {}, "versions": {}, "sealed": {}}
    if path.exists():
        require_private(path)
        content = read_json(path)
        try:
            wrapped["keys"] = {str(k): str(v) for k, v in content["keys"].items()}
            wrapped["versions"] = {str(k): int(v) for k, v in content["versions"].items()}
            wrapped["sealed"] = {str(k): int(v) for k, v in content["sealed"].items()}
        except (KeyError, AttributeError, ValueError, TypeError):
            raise damaged(str(path)) from None
    return wrapped
