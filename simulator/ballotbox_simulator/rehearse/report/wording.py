"""What a report says in words, made from the result alone."""

from collections.abc import Iterator
from typing import Final

from ballotbox_simulator.rehearse.core.document import RehearsalResult

#: Outcome: (sign, what it means, class of the page).
OUTCOMES: Final = {
    "GO": (
        "✔",
        "In this rehearsal the set-up did everything that was asked of it.",
        "go",
    ),
    "NO-GO": (
        "✘",
        (
            "In this rehearsal the set-up did not do what was asked of it. Do not hold an election "
            "with it before the reasons below are gone."
        ),
        "nogo",
    ),
    "INVALID": (
        "?",
        (
            "This run says nothing about the set-up, neither good nor bad. Mend what is named "
            "below and rehearse again."
        ),
        "invalid",
    ),
}
_LATENCIES: Final = {
    "receipt": "All receipts",
    "receipt_day": "Before the polls closed",
    "receipt_burst": "After the polls closed",
    "connect": "Connecting",
}


def outcome_words(result: RehearsalResult) -> tuple[str, str, str]:
    """Return the sign, the meaning and the class of a verdict."""
    return OUTCOMES[result.verdict.outcome]


def latency_title(name: str) -> str:
    """Return the title of a kind of latency."""
    return _LATENCIES.get(name, name)


def ledger_words(result: RehearsalResult) -> str:
    """Return in one sentence what the comparison of the witnesses came to."""
    ledger = result.ledger
    if ledger.holds:
        return (
            "Every report that a box signed has a receipt and lies in the log once, and every "
            "final is counted once."
        )
    if ledger.stored is None and not ledger.missing:
        return "Nobody saw the log, so nobody can say whether every report is in it."
    lost, doubled = len(ledger.missing), len(ledger.doubled)
    told = [f"{lost:,} missing" if lost else "", f"{doubled:,} doubled" if doubled else ""]
    found = " and ".join(each for each in told if each) or "objections"
    return f"The numbers do not agree: {found}. Each is listed here."


def not_rehearsed(result: RehearsalResult) -> Iterator[str]:
    """Yield what this run cannot show, the result's own assumptions first."""
    yield from result.assumptions
    plan = result.plan
    if plan.get("office") is None:
        embedded = plan.get("embedded") or {}
        yield "All connections stayed inside one machine: no real network was between them."
        if not embedded.get("tls"):
            yield "Connections were not encrypted: what TLS costs is not in it."
        if embedded.get("ledger") == "postgresql":
            yield (
                "PostgreSQL had no standby, and its data lay in the folder for temporary files: "
                "what a standby or another disk costs is not in it."
            )
        elif not embedded.get("centre"):
            yield "There was no centre above the gateway."
    if not plan.get("event"):
        yield "Nothing was broken on purpose: no kill, no outage, no storm of reconnections."
    yield "No paper moved: scanners, printers and the hands of people were not tested."
