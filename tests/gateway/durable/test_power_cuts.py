"""Acceptance 2: does a power cut at any operation of the ledger cost anything that was receipted?

The production ledger runs on a disk that is recorded (recorder.py); `power_cuts.py` says which
states a cut may leave. A sample; `make soak SET=gateway_powercut` opens all of many days.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ballotbox_gateway.ledger import connection
from tests.gateway.durable.audit import in_memory
from tests.gateway.durable.ledger_day import LEDGER, lived
from tests.gateway.durable.power_cuts import CutTally, Disk, cut_everywhere
from tests.gateway.durable.recorder import Do, Op

#: One in so many states is opened here.
EVERY = 12


@pytest.fixture
def memory() -> Iterator[Path]:
    with in_memory() as folder:
        yield folder


def cut(folder: Path, seed: int) -> CutTally:
    day = lived(folder, seed)
    assert day.failures == []
    assert len(day.told.receipts) > 10
    return cut_everywhere(folder, day, seed, EVERY)


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.accept)])
def test_no_cut_costs_anything(memory: Path, seed: int) -> None:
    """Acceptance 2: lost, torn, reordered and kept writes, after every operation."""
    tally = cut(memory, seed)
    assert tally.findings == []
    assert tally.states > 100


def test_a_ledger_that_syncs_less_is_found_out(
    memory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Acceptance 2, the control: with synchronous=NORMAL a commit is not durable."""
    less = tuple((name, 1 if name == "synchronous" else value) for name, value in
                 connection.PRAGMAS)  # fmt: skip
    monkeypatch.setattr(connection, "PRAGMAS", less)
    assert cut(memory, 1).lost > 0


def test_only_a_sync_of_the_folder_makes_a_deletion_last() -> None:
    disk = Disk({LEDGER: b"ledger", "log": b"old"})
    disk.do(Op(Do.DELETE, "log"))
    assert disk.durable["log"] == b"old"
    disk.do(Op(Do.WRITE, "log", 0, b"new"))
    disk.do(Op(Do.FOLDER_SYNC, ""))
    assert disk.durable["log"] == b""
    disk.do(Op(Do.FAILED_SYNC, "log"))
    assert (disk.durable["log"], disk.pending) == (b"", [])


def test_a_sync_of_one_file_leaves_the_other_as_it_was() -> None:
    disk = Disk({LEDGER: b"ledger", "log": b""})
    disk.do(Op(Do.WRITE, LEDGER, 3, b"GER"))
    disk.do(Op(Do.WRITE, "log", 0, b"one"))
    disk.do(Op(Do.SYNC, "log"))
    assert disk.durable == {LEDGER: b"ledger", "log": b"one"}
    assert [each.file for each in disk.pending] == [LEDGER]
