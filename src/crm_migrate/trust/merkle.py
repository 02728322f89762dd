"""The Merkle tree of RFC 6962 (leaf prefix 0x00, node prefix 0x01) over a growing list."""

import hashlib
from collections.abc import Iterable, Sequence
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


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """Hashes that lead from leaf `index` (from 0) to the root of the tree (RFC 6962, 2.1.1)."""
    return _path([leaf_hash(data) for data in leaves], index)


def root_by_proof(data: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes | None:
    """The root of a tree of `size` leaves whose leaf `index` is `data`; None where the proof does
    not fit such a tree (RFC 9162, section 2.1.3.2).
    """
    if not 0 <= index < size:
        return None
    node, place, last = leaf_hash(data), index, size - 1
    for sibling in proof:
        if last == 0:
            return None
        if place & 1 or place == last:
            node = _node_hash(sibling, node)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            node = _node_hash(node, sibling)
        place, last = place >> 1, last >> 1
    return node if last == 0 else None


def _path(hashes: list[bytes], index: int) -> list[bytes]:
    if len(hashes) == 1:
        return []
    middle = 1 << (len(hashes) - 1).bit_length() - 1
    if index < middle:
        return [*_path(hashes[:middle], index), _root(hashes[middle:])]
    return [*_path(hashes[middle:], index - middle), _root(hashes[:middle])]


def _root(hashes: list[bytes]) -> bytes:
    """Root over leaves already hashed."""
    while len(hashes) > 1:
        pairs = zip(hashes[::2], hashes[1::2], strict=False)
        odd = hashes[-1:] if len(hashes) % 2 else []
        hashes = [*(_node_hash(left, right) for left, right in pairs), *odd]
    return hashes[0]


def _node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()
