"""Tapes for a printer that takes lines of text: what a box's own printer puts out."""

from collections.abc import Callable

from ballotbox_device.paper.paper import PAPERS
from ballotbox_device.paper.tape import build_tape
from ballotbox_device.paper.text import tape_text
from ballotbox_protocol.wire.trust import Trusted


def composer(trusted: Trusted, millimetres: int) -> Callable[[bytes, int], tuple[str, ...]]:
    """Return what turns a signed report and the number of its copy into lines of that paper."""
    paper = PAPERS[millimetres]

    def compose(signed: bytes, copy: int) -> tuple[str, ...]:
        return tuple(tape_text(build_tape(signed, trusted, paper, copy)).splitlines())

    return compose
