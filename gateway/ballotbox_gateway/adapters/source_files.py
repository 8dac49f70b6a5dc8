"""Text that a person wrote, read from a file."""

from pathlib import Path

from ballotbox_gateway.problem import Problem


def read_source_text(source: Path) -> str:
    """Return the text of a file; raises Problem."""
    try:
        return source.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise Problem(str(source), "is not UTF-8 text", "Save it as UTF-8") from error
    except OSError as error:
        words = (error.strerror or str(error)).lower()
        raise Problem(str(source), words, "Correct the path") from error
