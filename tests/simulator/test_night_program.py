"""Is a program that crashes told from one that refuses?"""

import pytest

from ballotbox_simulator.night import program
from ballotbox_simulator.night.program import INSTALLED, OfficeFailed


@pytest.mark.parametrize(
    ("does", "words"),
    [
        ("raise RuntimeError('no pen')", "the program ended with 1: RuntimeError: no pen"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "the program ended with -9"),
        ("raise SystemExit(3)", "the program ended with 3"),
        ("raise SystemExit(1)", "the program ended with 1"),
    ],
)
def test_a_crash_is_no_refusal(does, words, monkeypatch):
    monkeypatch.setattr(program, "_START", does)
    with pytest.raises(OfficeFailed) as failed:
        INSTALLED.run()
    assert str(failed.value) == words


@pytest.mark.parametrize("status", [1, 2])
def test_a_refusal_is_told_in_its_words(status, monkeypatch):
    says = f"import sys; print('REFUSED: law', file=sys.stderr); sys.exit({status})"
    monkeypatch.setattr(program, "_START", says)
    said = INSTALLED.run()
    assert (said.status, said.words) == (status, "REFUSED: law\n")


def test_a_program_that_does_not_end_is_ended(monkeypatch):
    monkeypatch.setattr(program, "_START", "import signal; signal.pause()")
    monkeypatch.setattr(program, "_LONGEST_S", 0.01)
    with pytest.raises(OfficeFailed, match="has not ended after"):
        INSTALLED.run()
