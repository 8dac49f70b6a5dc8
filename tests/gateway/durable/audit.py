"""What must hold of a station after it died: what senders were told is stored, and nothing twice.

The auditor opens the ledgers as a start does, with all its checks, before anything is sent again:
sending again mends what was lost, and nobody would see it.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace

from ballotbox_gateway.core.intake import Identity
from ballotbox_gateway.core.ports import Ledger
from ballotbox_gateway.problem import Problem
from ballotbox_gateway.service.opening import Opened, open_intake
from ballotbox_protocol.wire.leaf import decode_leaf
from ballotbox_protocol.wire.receipt import Receipt, VerifiedReceipt, verify_receipt
from ballotbox_protocol.wire.verdict import Verdict
from ballotbox_tabulation.core.fold import Standings
from tests.end_to_end.test_gateway_and_tabulation_agree import tabulated
from tests.gateway.durable.program import GIVEN, config, reports
from tests.gateway.scripted import CENTRE, ORIGIN, report_id


@contextmanager
def in_memory() -> Iterator[Path]:
    """A folder that is gone afterwards; in memory where there is room for it."""
    memory = Path("/dev/shm")
    with TemporaryDirectory(prefix="bbx-", dir=memory if memory.is_dir() else None) as name:
        yield Path(name)


@dataclass
class Findings:
    """What was lost, what is there twice, and what else is wrong."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    other: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.lost or self.doubled or self.other)


@dataclass
class Told:
    """What the senders know: receipts by their bytes, and the last bytes of what was settled."""

    receipts: list[bytes] = field(default_factory=list)
    settled: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, folder: Path) -> "Told":
        """Read the whole lines; one that was cut short was not heard."""
        told, file = cls(), folder / "told"
        for line in file.read_text().split("\n")[:-1] if file.exists() else ():
            if line.startswith("R "):
                told.receipts.append(bytes.fromhex(line[2:]))
            else:
                told.settled.append(line[2:])
        return told


def open_side(folder: Path, origin: str) -> Opened:
    """Open a gateway as `run` does."""
    identity = Identity(origin, GIVEN.gateway_keys[origin])
    return open_intake(config(folder, origin), GIVEN.trusted, identity)


def examine(folder: Path, findings: Findings) -> None:
    """Hold the two ledgers against what was told, as they are after the process died."""
    try:
        precinct = open_side(folder, ORIGIN)
        with closing(precinct.ledger):
            centre = open_side(folder, CENTRE)
            with closing(centre.ledger):
                _examine(folder, precinct, centre, findings)
    except Problem as problem:
        findings.other.append(str(problem))


def _examine(folder: Path, precinct: Opened, centre: Opened, findings: Findings) -> None:
    for opened in (precinct, centre):
        findings.other += [f"mended: {line}" for line in opened.told]
        findings.doubled += twice(opened.ledger.leaves(0))
    told = Told.read(folder)
    findings.lost += missing(told, precinct)
    _compare_levels(precinct, centre, findings)


def missing(told: Told, opened: Opened) -> list[str]:
    """Name what was receipted or settled and is not stored as it was receipted."""
    lost = [fault for receipt in set(told.receipts) for fault in unproved(receipt, opened)]
    stored = {
        row.data[-8:].hex()
        for head in opened.ledger.box_heads()
        for row in opened.ledger.reports_of(head.box, 0, None)
    }
    return lost + [f"settled, not stored: …{each}" for each in set(told.settled) - stored]


def unproved(data: bytes, opened: Opened) -> list[str]:
    """Say why the log is not the one that a receipt promises, if it is not."""
    proof = verified(data)
    entries = opened.ledger.entries(proof.index, proof.index + 1)
    if not entries or entries[0].leaf != proof.leaf:
        return [f"receipted, not stored: leaf {proof.index}"]
    if opened.intake.root_at(proof.size) != proof.root:
        return [f"receipted under another root: leaf {proof.index} of {proof.size}"]
    report = decode_leaf(proof.leaf).report
    return [] if opened.ledger.report(report) else [f"receipted, report gone: leaf {proof.index}"]


@cache
def verified(data: bytes) -> VerifiedReceipt:
    """What a receipt proves."""
    parsed = Receipt.from_bytes(data)
    assert isinstance(parsed, Receipt), parsed
    proof = verify_receipt(parsed, GIVEN.trusted.register.gateway_keys)
    assert isinstance(proof, VerifiedReceipt), proof
    return proof


def twice(leaves: Iterable[bytes]) -> list[str]:
    """Name the decisions that stand in a log more than once."""
    found = Counter((leaf.report, leaf.verdict) for leaf in map(decode_leaf, leaves))
    return [f"{report.hex()} {verdict.name}" for (report, verdict), n in found.items() if n > 1]


def _compare_levels(precinct: Opened, centre: Opened, findings: Findings) -> None:
    delivered = precinct.ledger.delivered(CENTRE)
    taken = centre.ledger.lower_log(ORIGIN)
    if delivered > (taken.size if taken else 0):
        findings.lost.append(f"delivered {delivered} leaves, the centre has fewer")
    for index in range(delivered):
        receipt = precinct.ledger.upper_receipt(CENTRE, index)
        faults = unproved(receipt, centre) if receipt else [f"no receipt of leaf {index}"]
        findings.lost += [f"centre: {fault}" for fault in faults]


def conclude(folder: Path, findings: Findings) -> None:
    """After everything was sent again: all is stored, delivered, and counted exactly once."""
    examine(folder, findings)
    centre = open_side(folder, CENTRE)
    with closing(centre.ledger):
        standings = counted(centre.ledger)
    expected = sum(len(day) for day in reports())
    if standings.reports_by_verdict[Verdict.ACCEPTED] < expected:
        findings.lost.append(f"accepted: {standings.reports_by_verdict}, sent: {expected}")
    counts = {box.box: box.counts for box in standings.boxes}
    for day in reports():
        final = report_id(day[-1])
        times = sum(count.report == final for each in counts.values() for count in each)
        (findings.lost if times < 1 else findings.doubled).extend(
            [f"{final.hex()} is in the totals {times} times"] * (times != 1)
        )


def counted(ledger: Ledger) -> Standings:
    """What the tabulation reads from a log."""
    return tabulated(SimpleNamespace(ledger=ledger, given=GIVEN))
