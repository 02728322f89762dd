"""One key file: JSON of mode 0600 whose secret is protected as `wrapping` says."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from crm_migrate.errors import KeyFault
from crm_migrate.language import Text
from crm_migrate.trust.private_files import require_private, write_private
from crm_migrate.trust.wrapping import Ask, unwrap

FORMAT = "crm-migrate-keyring/1"


def open_key_file(
    path: Path,
    label: str,
    variable: str,
    ask: Ask | None,
    environment: Mapping[str, str],
) -> bytes:
    """The secret of a key file; its passphrase comes from the variable, else from `ask`.

    Raises:
        KeyFault: readable by others, no or a wrong passphrase, damaged.
    """
    require_private(path)

    def passphrase() -> str:
        if environment.get(variable):
            return environment[variable]
        if ask is None:
            raise KeyFault(
                Text("the key file needs a passphrase", "密钥文件需要口令"),
                where=str(path),
                remedy=Text(f"set {variable}", f"请设置环境变量 {variable}"),
            )
        return ask(str(Text(f"Passphrase for {label}", f"{label} 的口令")))

    content = read_json(path)
    protection = content.get("protection")
    if content.get("format") != FORMAT or not isinstance(protection, dict):
        raise damaged(str(path))
    return unwrap(protection, label, environment, passphrase, str(path))


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in a file; KeyFault when it holds none."""
    try:
        content = json.loads(path.read_bytes())
    except ValueError:
        raise damaged(str(path)) from None
    if not isinstance(content, dict):
        raise damaged(str(path))
    return content


def write_json(path: Path, content: Mapping[str, object]) -> None:
    """Write a JSON object as a private file."""
    write_private(path, json.dumps(content, indent=1, ensure_ascii=False).encode())


def damaged(where: str) -> KeyFault:
    """The error of a key file that is not what it claims to be."""
    return KeyFault(
        Text("the keyring is damaged", "密钥环已损坏"),
        where=where,
        remedy=Text("restore it from its backup", "请从备份恢复"),
    )
