"""What days of a box, its paper and its people must come to, in a few numbers."""

from ballotbox_device.core.poll import INTAKE
from ballotbox_device.core.profile import DropTimeout, SecondChance
from ballotbox_device.core.sheet import ReturnReason
from ballotbox_device.machine.transport import Drop
from ballotbox_protocol.election.identifiers import PollState
from tests.device.sheets_in_hand import GOOD

CAPACITY = 9
TAKEN = (*GOOD, "upside down")
#: What law and box choose to give back, and why.
CHOSEN = {
    "blank": ReturnReason.BLANK,
    "faint": ReturnReason.MARGINAL,
    "no stamp": ReturnReason.NO_STAMP,
}
UNSURE = {Drop.UNSURE_FELL: True, Drop.UNSURE_STAYED: False}
CUT = {Drop.CUT_FELL: True, Drop.CUT_STAYED: False}


class Model:
    """A polling place of a few numbers: what must be counted, lie in containers, or be asked."""

    def __init__(self, habits):
        self.habits = habits
        self.counted = self.fallen = self.strays = self.stuck = self.here = 0
        self.state = PollState.SETUP
        self.bad = set()
        self.on = True
        # Of the sheet under way: the drop it waits for, or whether it fell.
        self.held = None
        self.asked = None

    @property
    def takes(self):
        blocked = self.bad & {part.name.lower() for part in self.habits.blocking}
        free = self.held is None and self.asked is None and not blocked
        return self.on and free and self.state in INTAKE and self.here < CAPACITY

    def feed(self, kind, fault, drop, confirmed):
        """A sheet at the mouth; tell what decided about it."""
        if not self.takes:
            return "not now"
        if fault is not None:
            return fault.name
        if self.state is PollState.PORTABLE:
            return self.feed_late(kind, drop)
        if CHOSEN.get(kind) in self.habits.returned and kind != "blank":
            return kind
        if kind == "blank" and not confirmed and CHOSEN["blank"] in self.habits.returned:
            if self.habits.second_chance is SecondChance.ASK_VOTER:
                self.held = drop
                return "asks voter"
            if self.habits.second_chance is SecondChance.RETURN:
                return "returned"
        if kind not in (*TAKEN, *CHOSEN):
            return kind
        self.let_fall(drop)
        return drop.name

    def feed_late(self, kind, drop):
        """The main count is over: only sheets of portable boxes are taken."""
        if kind != "portable":
            return "not from a portable box"
        self.let_fall(drop)
        return "from a portable box"

    def let_fall(self, drop):
        timeout = self.habits.drop_timeout
        if drop in CUT:
            self.on, self.asked = False, CUT[drop]
        elif drop is Drop.JOINED:
            self.strays, self.asked = self.strays + 1, True
        elif drop in UNSURE and timeout is DropTimeout.ACCEPT:
            self.settle(UNSURE[drop])
            self.counted += not UNSURE[drop]
            self.here += not UNSURE[drop]
            self.stuck += not UNSURE[drop]
        elif drop in UNSURE and not (timeout is DropTimeout.EJECT and drop is Drop.UNSURE_STAYED):
            self.asked = UNSURE[drop]
        else:
            self.settle(drop is Drop.FALLS)

    def settle(self, fell):
        self.asked = None
        self.counted += fell
        self.fallen += fell
        self.here += fell
