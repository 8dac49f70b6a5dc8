"""Which modules must be tested this well, and which tests must see every fault in each.

The tests stand in the order in which they are asked: what is quick and near first.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

_ELECTION = Path("device/ballotbox_protocol/election")
_BOX = Path("device/ballotbox_device/core")
_GATEWAY = Path("gateway/ballotbox_gateway/core")


class Group(NamedTuple):
    """Modules that answer one question together, each with its tests."""

    name: str
    tests_of: Mapping[Path, tuple[str, ...]]


_OF_LAWS = (
    "tests/protocol/test_wire_document.py",
    "tests/protocol/test_conservation.py",
    "tests/protocol/test_conservation_of_counters.py",
    "tests/tabulation/test_gates.py",
    "tests/gateway/test_reasons.py",
)
_OF_ADMISSION = (
    "tests/gateway/test_admission.py",
    "tests/gateway/test_consent.py",
    "tests/gateway/test_reasons.py",
    "tests/gateway/test_from_below.py",
    "tests/gateway/test_stretches.py",
    "tests/gateway/test_newer_registers.py",
    "tests/gateway/test_rulings.py",
    "tests/gateway/test_namings.py",
    "tests/gateway/test_commit_point.py",
    "tests/gateway/test_delivery.py",
    "tests/gateway/test_log.py",
    "tests/gateway/test_boxchain.py",
)
_BY_SEARCH = ("tests/gateway/test_two_roads.py", "tests/gateway/test_exactly_once.py")
_OF_JOURNAL = (
    "tests/device/test_documents.py",
    "tests/device/test_boot_table.py",
    "tests/device/test_memory.py",
    "tests/device/test_mending.py",
    "tests/device/test_slots.py",
    "tests/device/test_sheet_table.py",
    "tests/device/test_feeding.py",
    "tests/device/test_watch.py",
    "tests/device/test_officers.py",
    "tests/device/test_new_keys.py",
    "tests/device/test_paper_copies.py",
    "tests/device/test_courier.py",
    "tests/device/test_courier_strangers.py",
    "tests/device/test_poll.py",
    "tests/device/test_sheets.py",
    "tests/device/test_model.py",
    "tests/device/test_clearing_cuts.py",
)


def _each(folder: Path, names: str, tests: tuple[str, ...]) -> dict[Path, tuple[str, ...]]:
    return {folder / f"{name}.py": tests for name in names.split()}


GROUPS = (
    Group(
        "laws",
        {
            **_each(_ELECTION, "conservation counters", _OF_LAWS),
            **_each(_ELECTION, "tally", ("tests/protocol/test_tally.py", *_OF_LAWS)),
        },
    ),
    Group(
        "admission",
        _each(
            _GATEWAY, "roster content intake from_below below rulings", _OF_ADMISSION + _BY_SEARCH
        ),
    ),
    Group("sequence", _each(_GATEWAY, "chain boxchain head books", _OF_ADMISSION + _BY_SEARCH)),
    Group(
        "journal",
        _each(
            _BOX,
            "journal journal_copies units records history transport recovery "
            "slot_format slot_copies slot_bank sheet_path",
            _OF_JOURNAL,
        ),
    ),
)
