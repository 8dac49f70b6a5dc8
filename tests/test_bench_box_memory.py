"""Does the measurement of a rehearsed box keep its rows apart from what the rehearsal says?"""

import importlib
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

_FAILS = "import sys; print('a line of the rehearsal'); sys.exit(4)"


def test_a_rehearsal_without_a_result_is_told_by_its_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(str(REPOSITORY / "bench"))
    rehearsed_box = importlib.import_module("rehearsed_box")
    monkeypatch.setattr(rehearsed_box, "_COMMAND", (sys.executable, "-c", _FAILS))

    with pytest.raises(SystemExit, match=r"ended with 4 and wrote no rehearsal\.json"):
        list(rehearsed_box.box_memory(tmp_path))

    assert capfd.readouterr() == ("", "a line of the rehearsal\n")
