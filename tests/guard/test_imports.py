"""What must not be loaded where start-up time or independence hangs on it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SLOW = {"statsmodels", "altair", "scipy", "pandas", "numpy", "matplotlib", "playwright", "openpyxl"}


def loaded_after(code: str, home: Path) -> set[str]:
    """Top-level names and `contraparte` modules in sys.modules of a fresh interpreter that ran `code`."""
    probe = f"{code}\nimport sys, json\nprint(json.dumps(sorted(sys.modules)))"
    environment = {**os.environ, "CONTRAPARTE_HOME": str(home), "DJANGO_SETTINGS_MODULE": "contraparte.node.settings"}
    environment.pop("DATABASE_URL", None)
    result = subprocess.run(
        [sys.executable, "-c", probe], env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert result.returncode == 0, result.stderr
    names = json.loads(result.stdout.splitlines()[-1])
    return {name.split(".")[0] for name in names} | {name for name in names if name.startswith("contraparte.")}


def test_pages_start_without_the_slow_libraries(tmp_path: Path) -> None:
    loaded = loaded_after("import django; django.setup(); import contraparte.node.urls", tmp_path)
    assert not SLOW & loaded


def test_the_command_assembles_without_django(tmp_path: Path) -> None:
    loaded = loaded_after("from contraparte.node.cli import assemble; assemble()", tmp_path)
    assert not {"django", "tantivy", "cedarpy", "tuf"} & loaded


@pytest.mark.parametrize("module", ["tlog", "notes"])
def test_the_offline_verifier_shares_no_code_with_the_writer(module: str, tmp_path: Path) -> None:
    loaded = loaded_after(f"import contraparte.protocol.{module}", tmp_path)
    assert not {"django", "sqlite3", "pysqlite3", "requests", "tuf"} & loaded
    ours = {name for name in loaded if name.startswith("contraparte.")}
    assert not [name for name in ours if not name.startswith("contraparte.protocol")]


def test_tlog_verify_does_not_load_django(tmp_path: Path) -> None:
    missing = tmp_path / "no-such.tlog-proof"
    code = (
        "import sys\n"
        f"sys.argv = ['contraparte', 'tlog', 'verify', {str(missing)!r}, '--policy', {str(missing)!r}]\n"
        "from contraparte.node.cli import main\n"
        "try:\n    main()\nexcept (SystemExit, Exception) as ended:\n    print(type(ended).__name__)\n"
    )
    assert "django" not in loaded_after(code, tmp_path)
