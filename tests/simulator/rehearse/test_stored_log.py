"""Is what a gateway did not accept seen by whoever reads its log?"""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ballotbox_protocol.wire.report import ReportKind
from ballotbox_protocol.wire.verdict import Verdict
from ballotbox_simulator.rehearse import witnesses
from ballotbox_tabulation.core.evidence import VerifiedLeaf


def leaf(report: int, verdict: Verdict) -> VerifiedLeaf:
    filed: Any = SimpleNamespace(id=bytes([report]), kind=ReportKind.OPEN)
    decided: Any = SimpleNamespace(verdict=verdict)
    return VerifiedLeaf(0, decided, filed)


@pytest.mark.parametrize(
    ("leaves", "words"),
    [
        ([leaf(1, Verdict.HELD), leaf(1, Verdict.ACCEPTED)], []),
        ([leaf(1, Verdict.HELD)], ["decided held about 1 reports, the first 01"]),
        (
            [leaf(1, Verdict.ACCEPTED), leaf(2, Verdict.EVIDENCE), leaf(3, Verdict.EVIDENCE)],
            ["decided evidence about 2 reports, the first 02"],
        ),
        (
            [leaf(1, Verdict.ACCEPTED), leaf(1, Verdict.QUARANTINED)],
            ["decided quarantined about 1"],
        ),
    ],
    ids=["held and released", "held", "evidence", "quarantined"],
)
def test_what_was_not_accepted_is_an_objection(monkeypatch, leaves, words: list[str]) -> None:
    monkeypatch.setattr(witnesses, "open_log", lambda *_: None)
    monkeypatch.setattr(witnesses, "read_leaves", lambda _: iter(leaves))

    stored = witnesses.stored_log(Path(), SimpleNamespace(trusted=None))  # type: ignore[arg-type]

    assert stored.reports == len(leaves)
    assert len(stored.faults) == len(words)
    assert all(one in told for one, told in zip(words, stored.faults, strict=True))
