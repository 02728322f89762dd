"""Files with personal data are whole or not there, and their owner's alone."""

import os
import sys
from pathlib import Path

import pytest

from crm_migrate.trust.private_files import _temporary, write_private


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has files without a name")
def test_a_killed_process_leaves_no_half_file(tmp_path: Path) -> None:
    """R-5.4: what is being written has no name until it is whole, and replaces what was there."""
    descriptor, nameless = _temporary(tmp_path / "a.tmp")
    os.write(descriptor, b"half")
    os.close(descriptor)
    if not nameless:
        pytest.skip("this file system has no files without a name")
    assert list(tmp_path.iterdir()) == []
    for content in (b"first", b"second"):
        write_private(tmp_path / "a", content)
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("a", b"second")]
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o600
