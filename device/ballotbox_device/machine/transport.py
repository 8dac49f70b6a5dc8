"""Where paper physically is: in the mouth, in the drop, in a container, back in somebody's hand.

This is the truth that the counters are held against, and the firmware never sees it.
"""

from enum import Enum

from ballotbox_device.core.events import DropFailed, DropJoined, DropSensed, DropUncertain
from ballotbox_device.machine.paper import Paper

Told = DropSensed | DropFailed | DropUncertain | DropJoined


class Drop(Enum):
    """What becomes of the next sheet that is let fall, and what the sensor makes of it.

    JOINED: a sheet that nobody has read falls with it. CUT_…: power fails before the sensor tells.
    """

    FALLS = "falls"
    STAYS = "stays"
    UNSURE_FELL = "unsure_fell"
    UNSURE_STAYED = "unsure_stayed"
    JOINED = "joined"
    CUT_FELL = "cut_fell"
    CUT_STAYED = "cut_stayed"


_FELL = frozenset({Drop.FALLS, Drop.UNSURE_FELL, Drop.JOINED, Drop.CUT_FELL})


class Container:
    """`sheets` were let fall by the box; `strays` are sheets that fell with one, unread."""

    __slots__ = ("sheets", "strays")

    def __init__(self) -> None:
        self.sheets: list[Paper] = []
        self.strays = 0


class Transport:
    """The way of one sheet at a time.

    under_way: the sheet in the mouth or in the drop. returned: the last one that came back. stuck:
    sheets that the firmware took as fallen although they hang in the drop. put_away: containers
    that were full or were changed.
    """

    __slots__ = ("container", "has_fallen", "next_drop", "put_away", "returned", "stuck",
                 "under_way")  # fmt: skip

    def __init__(self) -> None:
        self.under_way: Paper | None = None
        self.has_fallen = False
        self.next_drop = Drop.FALLS
        self.returned: Paper | None = None
        self.stuck: list[Paper] = []
        self.container = Container()
        self.put_away: list[Container] = []

    def take_in(self, paper: Paper) -> None:
        """Pull a sheet into the mouth."""
        self.under_way, self.has_fallen, self.returned = paper, False, None

    def let_fall(self) -> Told | None:
        """Let the sheet fall; None when power failed in it."""
        drop, self.next_drop = self.next_drop, Drop.FALLS
        if drop in _FELL and self.under_way is not None:
            self.has_fallen = True
            self.container.sheets.append(self.under_way)
            self.container.strays += drop is Drop.JOINED
        match drop:
            case Drop.FALLS:
                return DropSensed()
            case Drop.STAYS:
                return DropFailed()
            case Drop.UNSURE_FELL | Drop.UNSURE_STAYED:
                return DropUncertain()
            case Drop.JOINED:
                return DropJoined()
            case Drop.CUT_FELL | Drop.CUT_STAYED:
                return None

    def run_back(self) -> Told:
        """Run the drop backwards: a sheet that hangs in it shows at the mouth."""
        return DropUncertain() if self.has_fallen else DropFailed()

    def settle(self) -> None:
        """The firmware counts the sheet: one that did not fall hangs in the drop from now on."""
        if self.under_way is not None and not self.has_fallen:
            self.stuck.append(self.under_way)
        self.under_way = None

    def give_back(self) -> None:
        """Give the sheet back; one that fell cannot come."""
        if self.under_way is not None and not self.has_fallen:
            self.returned = self.under_way
        self.under_way = None

    def free_stuck(self) -> None:
        """Put the sheets that hang in the drop where the firmware says that they are."""
        self.container.sheets += self.stuck
        self.stuck = []

    def take_strays_out(self) -> int:
        """Take the unread sheets out of the container, to be fed; return how many there were."""
        strays, self.container.strays = self.container.strays, 0
        return strays

    def change_container(self) -> None:
        """Put the container away and an empty one in its place."""
        self.put_away.append(self.container)
        self.container = Container()

    @property
    def fallen(self) -> int:
        """How many sheets that the box let fall lie in all its containers."""
        return sum(len(each.sheets) for each in (*self.put_away, self.container))
