"""The habits of the box that `--profile` names."""

from ballotbox_device.core import habits
from ballotbox_device.host.profile_file import load_profile


def habits_of(name_or_path: str) -> habits.Habits:
    """Return the habits of a profile, by its name or its file; raises Problem."""
    return habits.habits_of(load_profile(name_or_path))
