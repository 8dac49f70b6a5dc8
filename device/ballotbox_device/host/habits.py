"""The habits of the box that `--profile` names."""

from ballotbox_device.core.habits import PLAIN, Habits
from ballotbox_device.host.problem import Problem

#: The box that knows every step.
GENERIC = "generic"


def habits_of(name_or_path: str) -> Habits:
    """Return the habits of a profile, by its name or its file; raises Problem."""
    if name_or_path == GENERIC:
        return PLAIN
    raise Problem(f"--profile {name_or_path}", "is no profile", f"Give {GENERIC}")
