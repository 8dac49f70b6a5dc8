"""Nothing that leaves a box before a final tells a choice: two days that differ in choices alone.

The second day's voters mark other options on the same sheets in the same order. Every byte on every
line, topic and link must be the same on both days until the first final is signed.
"""

from hashlib import blake2b

from ballotbox_device.core.sheet import Sheet
from ballotbox_protocol.election.definition import Contest, Election
from ballotbox_protocol.election.tally import Marks
from ballotbox_simulator.world.places import whole_election
from ballotbox_simulator.world.plan import Day
from ballotbox_simulator.world.strikes import schedule_strikes
from ballotbox_simulator.world.world import World


def tells_nothing(day: Day) -> bool:
    """Tell whether all that is carried before the first final is the same with other choices."""
    election = whole_election(day.plan).held.authority.trusted.election
    return _carried(World(day)) == _carried(
        World(day, choices=lambda sheet: relabelled(sheet, election))
    )


def _carried(world: World) -> tuple[int, bytes]:
    """Return how many messages were carried before the first final, and their digest."""
    digest = blake2b(digest_size=16)
    count = 0

    def heard(data: bytes) -> None:
        nonlocal count
        if not world.auditor.final_signed:
            digest.update(b"%d %d " % (world.schedule.now, len(data)) + data)
            count += 1

    for precinct in world.precincts:
        precinct.broker.tap = precinct.uplink.tap = heard
        for line in precinct.lines:
            line.tap = heard
    schedule_strikes(world)
    world.run_safety()
    return count, digest.digest()


def relabelled(sheet: Sheet, election: Election) -> Sheet:
    """Return the sheet with each mark moved on by one option of the same kind."""
    contests = election.styles[sheet.style].sheets[sheet.number]
    marks = tuple(
        _moved(marks, election.contests[index])
        for index, marks in zip(contests, sheet.marks, strict=True)
    )
    return Sheet(sheet.style, sheet.number, marks, sheet.readable, sheet.portable)


def _moved(marks: Marks, contest: Contest) -> Marks:
    """Move each option to the next with as many preferences, so that preferences stay lawful."""
    groups: dict[int, list[int]] = {}
    for place, option in enumerate(contest.options):
        groups.setdefault(option.preferences, []).append(place)
    moves = {
        place: group[(at + 1) % len(group)]
        for group in groups.values()
        for at, place in enumerate(group)
    }
    return Marks(
        frozenset(moves[option] for option in marks.options),
        frozenset((moves[option], candidate) for option, candidate in marks.preferences),
    )
