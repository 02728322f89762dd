"""The signing keys of people: a file of the keyring's folder for each, protected on its own."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from crm_migrate.errors import KeyFault, NotFound
from crm_migrate.language import Text
from crm_migrate.trust.key_files import FORMAT, open_key_file, write_json
from crm_migrate.trust.keyring import LOCK
from crm_migrate.trust.people import Person, require_person_id
from crm_migrate.trust.private_files import locked, private_folder
from crm_migrate.trust.roles import Role
from crm_migrate.trust.signature import Signer
from crm_migrate.trust.wrapping import Ask, Protection, wrap


def create_person(
    folder: Path,
    id: str,
    name: str,
    role: Role,
    department: str,
    protection: Protection,
    environment: Mapping[str, str] | None = None,
) -> tuple[Person, Signer]:
    """Make a person's signing key in the folder; the person is not yet trusted (see `people`).

    Raises:
        KeyFault: the id is not usable, or has a key in this folder.
    """
    environment = os.environ if environment is None else environment
    require_person_id(id)
    seed = os.urandom(32)
    signer = Signer.from_seed(id, seed)
    person = Person(id, name, role, department, signer.public_key)
    path = private_folder(folder) / f"{id}.json"
    with locked(folder / LOCK):
        if path.exists():
            raise KeyFault(
                Text(f"{id} has a key already", f"{id} 已有密钥"),
                where=str(path),
                remedy=Text("use another id", "请换一个标识"),
            )
        secret = wrap(seed, protection, f"person/{id}", environment)
        write_json(path, {"format": FORMAT, "person": person.statement(), "protection": secret})
    return person, signer


def person_file(folder: Path, person_id: str) -> Path:
    """Where the key of a person lies. Raises KeyFault where the id cannot name one."""
    require_person_id(person_id)
    return folder / f"{person_id}.json"


def open_person(
    folder: Path,
    person_id: str,
    ask: Ask | None = None,
    environment: Mapping[str, str] | None = None,
) -> Signer:
    """The signer of a person.

    The passphrase is taken from `CRM_MIGRATE_PASSPHRASE_<ID>` (upper case, `-` and `.` as
    `_`), else from `ask`.

    Raises:
        NotFound: the folder has no key of that person.
        KeyFault: readable by others, wrong passphrase, damaged.
    """
    environment = os.environ if environment is None else environment
    path = person_file(folder, person_id)
    if not path.exists():
        raise NotFound(
            Text(f"there is no signing key of {person_id}", f"没有 {person_id} 的签名密钥"),
            where=str(folder),
            remedy=Text(
                "make one with `crm-migrate keys add-person`",
                "请用 `crm-migrate keys add-person` 建立",
            ),
        )
    variable = "CRM_MIGRATE_PASSPHRASE_" + re.sub(r"[.-]", "_", person_id.upper())
    seed = open_key_file(path, f"person/{person_id}", variable, ask, environment)
    return Signer.from_seed(person_id, seed)
