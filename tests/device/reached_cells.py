"""Which cells of the boot table power cuts lead to, and states that do."""

from collections.abc import Iterator
from functools import cache
from itertools import product
from unittest.mock import patch

from ballotbox_device.core import sheet_path
from ballotbox_device.core.recovery import Findings, repair_for
from ballotbox_simulator.disk import KEPT, LOST
from tests.device.examined_cuts import Examiner
from tests.device.poll_day import ASKS_VOTERS, OPENING, Fall, Feed, Script
from tests.device.polling_place import HOME_1, HOME_2
from tests.device.power_cuts import TORN_SLOTS, Contents, Moment, after, moments_of

#: A sheet that falls, and sheets of which it is told later, by a person or by the sensor.
SHEETS = Script(
    ASKS_VOTERS,
    (
        *OPENING,
        Feed(HOME_1),
        Feed(HOME_2, Fall.STAYS_UNSEEN),
        Feed(HOME_1, Fall.FALLS_UNSEEN),
        Feed(HOME_2, Fall.FALLS_SEEN_LATE),
    ),
    in_box=3,
    asked=3,
)
#: So many states of a cell are kept, of different moments, whether the sheet has fallen or not.
_KEPT = 3


@cache
def _reached() -> dict[tuple[Findings, bool], dict[int, Contents]]:
    reached: dict[tuple[Findings, bool], dict[int, Contents]] = {}
    seen: list[Findings] = []

    def look(findings: Findings):
        seen.append(findings)
        return repair_for(findings)

    with patch.object(sheet_path, "repair_for", look):
        for number, moment in enumerate(moments_of(SHEETS)):
            examiner = Examiner(SHEETS, moment)
            for files in _mixtures(moment):
                examiner.found(files).boot()
                fell = moment.truth.in_transport is None
                found = reached.setdefault((seen[-1], fell), {})
                if len(found) < _KEPT:
                    found.setdefault(number, files)
    return reached


def cells_reached() -> set[Findings]:
    """Return the cells that cuts of SHEETS lead to."""
    return {findings for findings, _ in _reached()}


def _mixtures(moment: Moment) -> Iterator[Contents]:
    """Yield every mixture of lost, kept and torn slots with lost and kept journals."""
    journal, slots = (LOST, KEPT), (LOST, KEPT, *TORN_SLOTS)
    each = [
        dict.fromkeys(after(file, outcome) for outcome in outcomes)
        for file, outcomes in zip(moment.files, (journal, slots) * 2, strict=True)
    ]
    yield from product(*each)


def examine_cell(findings: Findings) -> None:
    """Examine the states kept of a cell; raises at the first that is wrong."""
    for fell in (False, True):
        for number, files in _reached().get((findings, fell), {}).items():
            Examiner(SHEETS, moments_of(SHEETS)[number]).examine(files)
