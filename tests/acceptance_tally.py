"""How acceptance tests ended that ran in processes of their own."""

from dataclasses import dataclass, field
from xml.etree import ElementTree as ET


@dataclass
class AcceptanceTally:
    """How the tests ended; `failed` are their names."""

    passed: int = 0
    skipped: int = 0
    failed: list[str] = field(default_factory=list)

    def add(self, other: "AcceptanceTally") -> None:
        """Take in what another tally has counted."""
        self.passed += other.passed
        self.skipped += other.skipped
        self.failed += other.failed


def counted(file: str, told: str) -> AcceptanceTally:
    """Return what a file's JUnit report tells; a file without tests has failed."""
    tally = AcceptanceTally()
    cases = list(ET.fromstring(told).iter("testcase")) if told else []
    for case in cases:
        if case.find("failure") is not None or case.find("error") is not None:
            tally.failed.append(f"{file}::{case.get('name')}")
        elif case.find("skipped") is not None:
            tally.skipped += 1
        else:
            tally.passed += 1
    if not cases:
        tally.failed.append(file)
    return tally
