"""The people around the boxes of a rehearsal: thousands of crews that share what they can.

A crew of its own truth, generator and list of reports would take more memory than its box. What was
fed is summed for all boxes of a process; a generator is made for each visit and gone after it.
"""

import random
from collections.abc import Iterator
from typing import Final

from ballotbox_device.core.device import Device
from ballotbox_device.core.events import Event, VoterDecided
from ballotbox_device.core.habits import Habits
from ballotbox_device.core.identity import Identity
from ballotbox_device.core.outputs import AskVoter, CallOfficer, Output
from ballotbox_device.core.ports import Instant
from ballotbox_device.core.rules import ElectionRules
from ballotbox_device.core.sheet import Sheet
from ballotbox_protocol.election.identifiers import BoxId
from ballotbox_protocol.wire.report import ClockQuality
from ballotbox_simulator.crew import Crew, SeededEntropy
from ballotbox_simulator.disk import BoxDisk
from ballotbox_simulator.rehearse.fleet import Fleet
from ballotbox_simulator.workload import Truth, Voters, concern

#: Midnight before the rehearsed day, in Unix seconds.
_MIDNIGHT: Final = 1_795_910_400


class VisitingCrew(Crew):
    """People who insist on their sheet when the box asks them."""

    __slots__ = ()

    def _answer(self, output: Output) -> Iterator[Event]:
        match output:
            case AskVoter():
                yield VoterDecided(insists=True)
            case CallOfficer():
                return
            case _:
                yield from super()._answer(output)


class Crews:
    """Makes the crews of one process, and their voters."""

    def __init__(self, fleet: Fleet, seed: int, habits: dict[str, Habits]) -> None:
        """habits: by the name of a profile."""
        self._fleet = fleet
        self._seed = seed
        self._habits = habits
        self._rules = ElectionRules.of(fleet.authority.trusted)
        self._entropy = SeededEntropy(concern(seed, "slots"))
        #: What all boxes of this process were fed.
        self.truth = Truth()

    def crew(self, number: int, profile: str) -> Crew:
        """Return a new box with its people, not switched on yet."""
        authority = self._fleet.authority
        box = self._fleet.boxes[number]
        identity = Identity(box, authority.box_keys[box], self._fleet.firmware)
        disk = BoxDisk()
        device = Device(identity, self._rules, disk.memory, self._entropy, self._habits[profile])
        return VisitingCrew(device, authority, truth=self.truth, disk=disk)

    def sheets(self, box: BoxId, part: int, count: int) -> Iterator[Sheet]:
        """Yield the sheets that voters bring to a box in one part of the day, drawn from the seed.

        Whole ballots: the last may bring it beyond `count`.
        """
        trusted = self._fleet.authority.trusted
        election = trusted.election
        precinct = election.precinct_by_number[trusted.register.entries_of[box][0].precinct]
        chance = random.Random(f"{self._seed}/{box.hex()}/{part}")
        voters = Voters(election, precinct, chance).ballots()
        fed = 0
        while fed < count:
            ballot = next(voters)
            yield from ballot.sheets
            fed += len(ballot.sheets)


def instant(day_s: float, begin_s: int) -> Instant:
    """Return a box's clock at a second of the day, on since `begin_s`."""
    since_on = int(1_000 * (day_s - begin_s))
    return Instant(_MIDNIGHT + int(day_s), ClockQuality.FREE_RUNNING, since_on)
