"""Do device/POLL.md, device/JOURNAL.md and docs/profiles say what code and data do?"""

import re

import pytest

from ballotbox_device.core.records import RecordType
from ballotbox_device.core.recovery import BOOT_TABLE
from tests.device import profile_document
from tests.device.journal_examples import RECORDS, examples
from tests.device.poll_document import PATH, document

JOURNAL = PATH.with_name("JOURNAL.md")


def words(name: str) -> str:
    return name.lower().replace("_", " ")


def boot_table() -> str:
    return "\n".join(
        f"| {words(found.sheet.name)} | {words(found.odd.name)} | {found.surplus} |"
        f" {words(repair.name)} |"
        for found, repair in BOOT_TABLE.items()
    )


def test_the_poll_document_is_what_the_tables_say():
    text = PATH.read_text(encoding="utf-8")
    assert text == document(), "write it: python -m tests.device.poll_document > device/POLL.md"


def test_the_journal_document_shows_the_boot_table_of_the_code():
    text = JOURNAL.read_text(encoding="utf-8")
    shown = text.split("<!-- boot table: checked against the code -->")[1].split("<!-- end -->")[0]
    assert boot_table() == "\n".join(shown.strip().splitlines()[2:])


def test_the_journal_document_lists_every_record_type():
    listed = re.findall(r"^\| (\d+) \| (\w+) \|", JOURNAL.read_text(encoding="utf-8"), re.MULTILINE)
    assert listed == [(str(int(each)), each.name) for each in RecordType]
    assert {record.type for record in RECORDS} == set(RecordType)


@pytest.mark.parametrize("name", examples())
def test_the_hex_examples_are_what_the_code_writes(name):
    block = f"<!-- example: {name} -->\n```\n{examples()[name]}\n```\n"
    assert block in JOURNAL.read_text(encoding="utf-8")


def test_the_pages_of_the_profiles_are_what_their_files_say():
    written = {
        path.name: path.read_text(encoding="utf-8")
        for path in profile_document.FOLDER.iterdir()
        if path.suffix == ".md"
    }
    assert written == profile_document.documents(), f"write them: {profile_document.COMMAND}"
