"""How the night is published: log, two computations, signatures, a leaf at the centre, pages.

What is refused leaves the last good publication up: its pages then say since when it stands, and
which evidence stopped a newer one. When a newer one is up, they say that they are so no longer.
"""

import json
import shutil
from pathlib import Path
from typing import Final

from ballotbox_simulator.night.centre_door import reached
from ballotbox_simulator.night.held import HeldNight
from ballotbox_simulator.night.office import Means
from ballotbox_simulator.night.program import INSTALLED, OfficeFailed
from ballotbox_simulator.publishing import PublishedPage

_FRONT: Final = "index.html"


def furnish(held: HeldNight, rules: bytes) -> None:
    """Open the office of the night and have the installed program released there."""
    held.office.furnish(held.authority, rules)
    held.means = held.office.authorise(INSTALLED, version=1)


def publish(held: HeldNight, name: str, means: Means | None = None) -> PublishedPage | str:
    """Export the centre's log and publish it as the pages `name`, or return why not, in words.

    The pages are written meanwhile: see `written`. A refusal is told on the pages that were written
    last. Raises OfficeFailed.
    """
    office, by = held.office, means or held.means
    log = export(held, name)
    shutil.rmtree(office.draft_folder, ignore_errors=True)
    said = office.draft(by, log)
    if said.status == 0:
        office.sign(by)
        with held.open_centre() as centre:
            said = reached(centre, lambda address: office.release(by, address))
    if said.status != 0:
        _tell_refusal(held)
        return said.words
    _tell_replaced(held)
    result = office.keep_result(name)
    page = _write(held, name, by)
    held.shown = name
    return PublishedPage(_result_in(result), page)


def written(held: HeldNight, answer: PublishedPage | str) -> PublishedPage | str:
    """Wait until the pages of a publication are written, or return why they are not, in words."""
    if isinstance(answer, str):
        return answer
    said = held.writing[answer.page].result()
    return answer if said.status == 0 else said.words


def export(held: HeldNight, name: str) -> Path:
    """Export the centre's log anew: what was exported before is no witness of the ledger now."""
    log = _log(held, name)
    shutil.rmtree(log, ignore_errors=True)
    with held.open_centre() as centre:
        centre.export(log)
    return log


def _write(held: HeldNight, name: str, by: Means) -> Path:
    """Begin to write the pages of what was published as `name`; return the first of them."""
    page = held.plan.out / name / _FRONT
    held.writing[page] = held.writers.submit(
        held.office.write_pages, by.program, name, _log(held, name), page.parent
    )
    return page


def _tell_refusal(held: HeldNight) -> None:
    """Have the pages that were written last say why nothing newer is; raises OfficeFailed."""
    name = held.shown
    # What was unusable left no reason to tell.
    if not name or not held.office.reason.exists():
        return
    _must_be_written(held, held.plan.out / name / _FRONT)
    held.office.keep_notice(name)
    _must_be_written(held, _write(held, name, held.means))


def _must_be_written(held: HeldNight, page: Path) -> None:
    said = held.writing[page].result()
    if said.status != 0:
        raise OfficeFailed(f"the pages that stay could not be written: {said.words.strip()}")


def _tell_replaced(held: HeldNight) -> None:
    """Have pages with a notice say until when it was true, now that something newer is up."""
    if held.shown and held.office.end_notice(held.shown):
        _write(held, held.shown, held.means)


def _log(held: HeldNight, name: str) -> Path:
    return held.plan.out / "logs" / name


def _result_in(path: Path) -> dict[str, object]:
    document: dict[str, dict[str, object]] = json.loads(path.read_bytes())
    return document["result"]
