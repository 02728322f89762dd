"""Help in two languages: every verb has examples, and every output names a next step."""

import os
import subprocess
import sys

import pytest

from crm_migrate.cli.verbs import VERBS

GROUPS = {
    "mapping": ("export", "import"),
    "keys": ("init", "add-person", "remove-person"),
    "approval": ("export", "verify"),
    "review": ("list", "decide", "undo", "assign", "split", "join", "export", "import"),
    "cell": ("set", "list", "withdraw"),
    "quarantine": ("export", "import", "list", "withdraw"),
    "audit": ("report", "verify"),
}
PATHS = [(v, *s) for v in VERBS for s in ([(x,) for x in GROUPS[v]] if v in GROUPS else [()])]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_verb_has_examples(language: str) -> None:
    """R-8.2: `--help` of every verb shows how it is called, in Chinese and English."""
    code = (
        "import sys\nfrom crm_migrate.cli.app import cli\n"
        f"for path in {PATHS!r}:\n"
        "    try: cli.main([*path, '--help'], standalone_mode=False)\n"
        "    except SystemExit: pass\n"
        "    print('\\x00')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"CRM_MIGRATE_LANG": language, "PYTHONUTF8": "1"},
    )
    texts = done.stdout.split("\x00")[:-1]
    assert len(texts) == len(PATHS)
    for path, text in zip(PATHS, texts, strict=True):
        assert "crm-migrate " + " ".join(path) in text, path
        assert ("Example" if language == "en" else "示例") in text, path
        assert "--json" in text, path
