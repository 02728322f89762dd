"""A signed statement of how long a journal is and what its Merkle root is (C2SP checkpoint).

The form is a C2SP signed note: origin, size, base64 root, an empty line, and the signature
line `— name base64(key id ‖ Ed25519 signature)`. A copy kept elsewhere shows later cuts.
"""

import base64
import hashlib
from dataclasses import dataclass

from crm_migrate.trust.signature import Signer, verify_raw

_ED25519 = b"\x01"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Size (lines) and Merkle root (32 bytes) of the journal named `origin`."""

    origin: str
    size: int
    root: bytes

    def body(self) -> bytes:
        """What is signed."""
        root = base64.b64encode(self.root).decode()
        return f"{self.origin}\n{self.size}\n{root}\n".encode()

    def sign(self, signer: Signer) -> bytes:
        """The checkpoint file."""
        signature = _key_id(signer.id, signer.public_key) + signer.sign_raw(self.body())
        line = f"\n— {signer.id} {base64.b64encode(signature).decode()}\n"
        return self.body() + line.encode()


def open_checkpoint(note: bytes, public_key: str) -> Checkpoint | None:
    """The checkpoint in a file, or None when it is malformed or not signed by the key."""
    try:
        text, _, signatures = note.partition(b"\n\n")
        origin, size, root = text.decode().split("\n")
        checkpoint = Checkpoint(origin, int(size), base64.b64decode(root, validate=True))
        for line in signatures.decode().splitlines():
            dash, name, packed = line.split(" ")
            raw = base64.b64decode(packed, validate=True)
            known = dash == "—" and raw[:4] == _key_id(name, public_key)
            if known and verify_raw(public_key, text + b"\n", raw[4:]):
                return checkpoint
    except ValueError:  # undecodable text, a number or base64 that is none, a missing line
        return None
    return None


def _key_id(name: str, public_key: str) -> bytes:
    raw = base64.b64decode(public_key)
    return hashlib.sha256(name.encode() + b"\n" + _ED25519 + raw).digest()[:4]
