"""What differs between the boxes of the field, as far as the firmware's rules go."""

from dataclasses import dataclass
from typing import Final

from ballotbox_device.core.poll import Action
from ballotbox_device.core.profile import NEEDED_ACTIONS, DropTimeout, Profile, SecondChance, listed
from ballotbox_device.core.sheet import ReturnReason
from ballotbox_device.core.signals import BLOCKING, Part
from ballotbox_protocol.election.identifiers import require, require_count


@dataclass(frozen=True, slots=True)
class Habits:
    """The rules that a profile chooses.

    actions: the steps of the poll this box knows. returned: the reasons for which it can give a
    sheet back that it has read. drop_timeout: what it means that the sensor does not tell; EJECT
    asks a person as well when nothing comes back. feeds_max: sheets given back in a row after which
    an officer is called. capacity, capacity_warning: sheets in the container at which it is full
    and nearly full; None where nobody watches. blocking: parts that, out of order, let no sheet in.
    """

    actions: frozenset[Action] = frozenset(Action)
    second_chance: SecondChance = SecondChance.RETURN
    drop_timeout: DropTimeout = DropTimeout.ASK
    returned: frozenset[ReturnReason] = frozenset(ReturnReason)
    feeds_max: int | None = None
    capacity: int | None = None
    capacity_warning: int | None = None
    blocking: frozenset[Part] = BLOCKING

    def __post_init__(self) -> None:
        missing = listed(sorted(each.name.lower() for each in NEEDED_ACTIONS - self.actions))
        require(not missing, "actions", f"must have {missing}: without them there is no poll")
        for name in ("capacity", "capacity_warning", "feeds_max"):
            count = getattr(self, name)
            if count is not None:
                require_count(count, name)
                require(count > 0, name, "must be at least 1")
        if self.capacity is not None and self.capacity_warning is not None:
            fits = self.capacity_warning <= self.capacity
            require(fits, "capacity_warning", "must be at most the capacity")


#: A box that knows every step and watches no container.
PLAIN: Final = Habits()


def habits_of(profile: Profile) -> Habits:
    """Return the rules that `profile` chooses."""
    blocking = set(BLOCKING)
    if not profile.cover_open_stops:
        blocking.discard(Part.COVER)
    if not profile.battery:
        blocking.discard(Part.BATTERY)
    returned = set(profile.returned)
    if profile.stamp_required:
        returned.add(ReturnReason.NO_STAMP)
    return Habits(
        actions=profile.actions,
        second_chance=profile.second_chance,
        drop_timeout=profile.drop_timeout,
        returned=frozenset(returned),
        feeds_max=profile.feeds_max,
        capacity=profile.capacity,
        capacity_warning=profile.capacity_warning,
        blocking=frozenset(blocking),
    )
