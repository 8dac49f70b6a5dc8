"""What a person is told when something is in the way: where, what, and the remedy."""

import os
from errno import errorcode


class Problem(Exception):
    """Something a person can mend; `str()` of it is one line for the screen.

    where: the file, option, port or address. what: the fault, in words. remedy: what to do.
    """

    def __init__(self, where: str, what: str, remedy: str) -> None:
        stop = "" if what.endswith("?") else "."
        super().__init__(f"{where}: {what}{stop} {remedy}")
        self.where = where
        self.what = what
        self.remedy = remedy


def reason_of(error: OSError) -> str:
    """Return what the system said, in its own words."""
    if isinstance(error, TimeoutError):
        return "does not answer"
    if error.errno is not None and error.errno in errorcode:
        return os.strerror(error.errno)
    return error.strerror or str(error)
