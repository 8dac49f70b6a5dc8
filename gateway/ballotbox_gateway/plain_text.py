"""Text for a log or a terminal in which nothing can be a command to it.

Names and words from outside (topics, answers of other servers, names of processes) may hold escapes
that repaint a screen, set its title or type for its user, and line ends that forge another line.
"""

import logging


def plain(text: str) -> str:
    """Return `text` as one line of printable characters, the others as escapes of Python's."""
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode() for each in text
    )


class PlainFormatter(logging.Formatter):
    """A formatter whose messages are plain; a traceback keeps its lines, each of them plain."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """Return the line of a record."""
        return plain(super().formatMessage(record))

    def formatException(self, ei: "logging._SysExcInfoType") -> str:  # noqa: N802
        """Return the lines of a traceback."""
        return "\n".join(map(plain, super().formatException(ei).split("\n")))
