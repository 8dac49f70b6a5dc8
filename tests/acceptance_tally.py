"""How acceptance tests ended that ran in processes of their own."""

from dataclasses import dataclass, field
from typing import Final
from xml.etree import ElementTree as ET

#: So much is kept of what a run printed that left no report.
_TOLD: Final = 2_000


@dataclass
class AcceptanceTally:
    """How the tests ended; `failed` are their names, and `findings` also say why."""

    passed: int = 0
    skipped: int = 0
    failed: list[str] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)

    def add(self, other: "AcceptanceTally") -> None:
        """Take in what another tally has counted."""
        self.passed += other.passed
        self.skipped += other.skipped
        self.failed += other.failed
        self.findings += other.findings

    def fail(self, name: str, why: str) -> None:
        """Count a test, or a whole file, that failed."""
        self.failed.append(name)
        self.findings.append(f"{name}: {why}")


def counted(file: str, told: str, printed: str = "") -> AcceptanceTally:
    """Return what a file's JUnit report tells; a file without tests has failed, as was printed."""
    tally = AcceptanceTally()
    cases = list(ET.fromstring(told).iter("testcase")) if told else []
    for case in cases:
        faults = [each for kind in ("failure", "error") for each in case.iter(kind)]
        if faults:
            why = "; ".join(each.get("message", "") for each in faults)
            tally.fail(f"{file}::{case.get('name')}", why)
        elif case.find("skipped") is not None:
            tally.skipped += 1
        else:
            tally.passed += 1
    if not cases:
        tally.fail(file, printed[-_TOLD:] or "no report")
    return tally
