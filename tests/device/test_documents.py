"""Do the device's documents say what its tables say?"""

import re
from pathlib import Path

from ballotbox_device.core.poll import TRANSITIONS
from ballotbox_device.core.records import RecordType
from ballotbox_device.core.recovery import BOOT_TABLE
from ballotbox_protocol.election.identifiers import PollState


def words(name: str) -> str:
    return name.lower().replace("_", " ")


def poll_table() -> str:
    lines = ["| From | Action | To | Report | Officers |", "|---|---|---|---|---|"]
    for (state, action), step in TRANSITIONS.items():
        report = words(step.report.name) if step.report else ""
        officers = f"two, {words(step.officers.name or '')}" if step.officers else ""
        cells = (words(state.name), words(action.name), words(step.target.name), report, officers)
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(line.replace("|  |", "| |").replace("|  |", "| |") for line in lines)


def poll_diagram() -> str:
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {words(PollState.SETUP.name)}"]
    for (state, action), step in TRANSITIONS.items():
        lines.append(f"    {words(state.name)} --> {words(step.target.name)}: {words(action.name)}")
    return "\n".join([*lines, "```"])


def boot_table() -> str:
    return "\n".join(
        f"| {words(found.release.name)} | {words(found.odd.name)} | {found.surplus} |"
        f" {words(repair.name)} |"
        for found, repair in BOOT_TABLE.items()
    )


def test_the_poll_document_shows_the_table_of_the_code(repository: Path) -> None:
    text = (repository / "device" / "POLL.md").read_text()

    assert poll_table() in text
    assert poll_diagram() in text


def test_the_journal_document_shows_the_boot_table_of_the_code(repository: Path) -> None:
    text = (repository / "device" / "JOURNAL.md").read_text()

    shown = text.split("<!-- boot table: checked against the code -->")[1].split("<!-- end -->")[0]
    assert boot_table() == "\n".join(shown.strip().splitlines()[2:])


def test_the_journal_document_lists_every_record_type(repository: Path) -> None:
    text = (repository / "device" / "JOURNAL.md").read_text()

    listed = re.findall(r"^\| (\d+) \| (\w+) \|", text, re.MULTILINE)
    assert listed == [(str(int(each)), each.name) for each in RecordType]
