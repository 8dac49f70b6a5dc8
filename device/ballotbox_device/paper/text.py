"""A tape as plain text: a screen, a log, or a printer that only takes text."""

from ballotbox_device.paper.tape import Tape


def tape_text(tape: Tape) -> str:
    """Return the tape as lines; of a QR code stands the caption alone."""
    return "".join(f"{part}\n" for part in tape.parts if isinstance(part, str))
