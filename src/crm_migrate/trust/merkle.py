"""The Merkle tree of RFC 6962 (leaf prefix 0x00, node prefix 0x01) over a growing list."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field


def leaf_hash(data: bytes) -> bytes:
    """Hash of a leaf."""
    return hashlib.sha256(b"\0" + data).digest()


@dataclass
class MerkleTree:
    """The roots of the perfect subtrees of the leaves added so far: all that a root needs.

    The subtrees stand from the largest to the smallest, one for each bit set in `size`.
    """

    size: int = 0
    _subtrees: list[bytes] = field(default_factory=list)

    @classmethod
    def of(cls, leaves: Iterable[bytes]) -> "MerkleTree":
        """The tree over the leaves' data."""
        tree = cls()
        for leaf in leaves:
            tree.add(leaf)
        return tree

    def add(self, data: bytes) -> None:
        """Add one leaf."""
        node = leaf_hash(data)
        size = self.size
        while size & 1:
            node = _node_hash(self._subtrees.pop(), node)
            size >>= 1
        self._subtrees.append(node)
        self.size += 1

    def root(self) -> bytes:
        """The 32-byte root; of the empty tree, the hash of nothing (RFC 6962, section 2.1)."""
        if not self._subtrees:
            return hashlib.sha256(b"").digest()
        node = self._subtrees[-1]
        for left in reversed(self._subtrees[:-1]):
            node = _node_hash(left, node)
        return node


def _node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()
