"""A tape as ESC/POS: the bytes that a receipt printer takes."""

import tempfile
from typing import Any, Final

from ballotbox_device.paper.paper import Paper
from ballotbox_device.paper.picture import code_image, line_image
from ballotbox_device.paper.tape import Code, Tape

#: A printer of each width as the library describes it: its dots and columns are those of the paper.
_PROFILES: Final = {384: "NT-5890K", 576: "TM-T20II"}
#: From the print head to the cutter or the edge to tear at.
_LINES_TO_CUTTER: Final = 6


def tape_escpos(tape: Tape) -> bytes:
    """Return the bytes that print the tape and cut it off."""
    printer = _recorder()(profile=_PROFILES[tape.paper.dots])
    printer.hw("INIT")
    for part in tape.parts:
        if isinstance(part, Code):
            printer.image(code_image(part, tape.paper))
        else:
            _print_line(printer, part, tape.paper)
    printer.print_and_feed(_LINES_TO_CUTTER)
    # Not what the profile can do: a printer without a cutter passes over it.
    printer.cut(feed=False)
    return bytes(printer.output)


def _recorder() -> Any:  # noqa: ANN401 (the library is not typed)
    # While it is imported, the library leaves a directory where temporary files are made.
    before = tempfile.tempdir
    with tempfile.TemporaryDirectory() as folder:
        tempfile.tempdir = folder
        try:
            from escpos.printer import Dummy
        finally:
            tempfile.tempdir = before
    return Dummy


def _print_line(printer: Any, line: str, paper: Paper) -> None:  # noqa: ANN401
    # Which code pages a printer has differs, and none has Kyrgyz: what is not ASCII is drawn.
    if line.isascii():
        printer.textln(line)
    else:
        printer.image(line_image(line, paper))
