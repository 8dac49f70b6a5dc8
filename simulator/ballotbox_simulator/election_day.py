"""A compressed election day on real roads: boxes, broker, precinct gateway and centre.

One asyncio loop holds all boxes; broker and gateways are processes of their own. During the day an
old report is replayed, a broken signature sent, a final sent twice, and the precinct gateway
killed with -9 and started again.
"""

import asyncio
import resource
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final

from ballotbox_device.core.poll import Action
from ballotbox_device.core.ports import Instant
from ballotbox_device.core.rules import ElectionRules
from ballotbox_protocol.election.identifiers import ReportId, require
from ballotbox_protocol.wire import cose
from ballotbox_protocol.wire.leaf import decode_leaf
from ballotbox_protocol.wire.message import Message, MessageKind
from ballotbox_protocol.wire.receipt import Receipt
from ballotbox_protocol.wire.report import ClockQuality, ReportKind
from ballotbox_simulator.authority import Authority, Plan, make_authority
from ballotbox_simulator.crew import FINISHING, OPENING, Crew, new_crew
from ballotbox_simulator.live.boxes import Box, MqttBox, PtyBox
from ballotbox_simulator.live.broker import Broker, find_broker, free_port
from ballotbox_simulator.live.processes import GatewayProcess, Roads
from ballotbox_simulator.workload import Ballot, concern, voters_of

PRECINCT: Final = "rehearsal.example/precinct"
CENTRE: Final = "rehearsal.example/centre"
_MORNING: Final = 1_795_939_200
_HOUR: Final = 3_600
_HOURS: Final = 12
#: Shares of the day's voters by hour, as real precincts show them: a rise, a plateau, a tail.
_CURVE: Final = (5, 7, 9, 10, 10, 10, 11, 10, 9, 8, 6, 5)
_TURNOUT_HOURS: Final = frozenset({2, 5, 8, 11})
_REPLAY_HOUR, _FORGERY_HOUR, _KILL_HOUR = 4, 6, 8
_REPETITIONS: Final = 2
_SETTLE_S: Final = 40.0
_OPEN_FILES: Final = 65_536

#: Told which part of the day it is, and how much of it is done.
Progress = Callable[[str, float], None]


class Stuck(RuntimeError):
    """Something that had to happen did not, in bounded time; the message says what."""


@dataclass(frozen=True, slots=True)
class DayPlan:
    """How many boxes, on which roads, and how busy."""

    out: Path
    mqtt_boxes: int = 100
    serial_boxes: int = 4
    ballots: int = 30
    seed: int = 1
    mosquitto: bool = True

    def __post_init__(self) -> None:
        require(self.mqtt_boxes >= 1, "--boxes", "must be at least 1")
        require(self.serial_boxes >= 0, "--serial", "must be 0 or more")
        require(self.ballots >= 1, "--ballots", "must be at least 1")


@dataclass(slots=True)
class Mischief:
    """What was done on purpose, and what was seen of it at the boxes."""

    replayed: int = 0
    forged: int = 0
    doubled: int = 0
    killed: int = 0
    #: Per repeated report, the receipts its box has heard since the first repetition.
    receipts: dict[ReportId, list[bytes]] = field(default_factory=dict)


@dataclass(slots=True)
class Day:
    """One election day as it runs."""

    plan: DayPlan
    authority: Authority
    broker: Broker
    centre: GatewayProcess
    precinct: GatewayProcess
    boxes: list[Box]
    mischief: Mischief = field(default_factory=Mischief)

    @property
    def crews(self) -> list[Crew]:
        """The people of all boxes."""
        return [box.crew for box in self.boxes]


async def hold(plan: DayPlan, progress: Progress, stack: AsyncExitStack) -> Day:
    """Run the day; everything started is ended when `stack` closes.

    Raises Stuck, BrokerUnavailable or GatewayFailed.
    """
    progress("Making the election", 0.0)
    _allow_open_files()
    total = plan.mqtt_boxes + plan.serial_boxes
    authority = make_authority(
        Plan(plan.seed, total, (PRECINCT, CENTRE), registered=2 * plan.ballots)
    )
    day = await _set_up(plan, authority, stack)
    progress("Connecting the boxes", 0.05)
    await _connect(day.boxes)
    await _vote(day, progress)
    await _close_polls(day, progress)
    return day


def _allow_open_files() -> None:
    """Let every box have its connection, where a shell allows 1,024 open files in all."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, _OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


async def _set_up(plan: DayPlan, authority: Authority, stack: AsyncExitStack) -> Day:
    broker = stack.enter_context(Broker(find_broker(mosquitto=plan.mosquitto), plan.out / "broker"))
    boxes = _make_boxes(plan, authority, broker)
    # Ended last: a gateway that still runs when its line is gone opens whoever's comes next
    # under that number.
    for box in boxes:
        stack.callback(box.unplug if isinstance(box, PtyBox) else box.close)
    port = free_port()
    centre = GatewayProcess(plan.out / "centre", authority, CENTRE, Roads(http_port=port))
    stack.callback(centre.close)
    roads = Roads(
        serial=tuple(box.path for box in boxes if isinstance(box, PtyBox)),
        mqtt=(broker.host, broker.port, "5" if broker.program.mqtt5 else "3.1.1"),
        upstream=(f"http://127.0.0.1:{port}", CENTRE),
    )
    precinct = GatewayProcess(plan.out / "precinct", authority, PRECINCT, roads)
    stack.callback(precinct.close)
    await asyncio.gather(centre.start(), precinct.start())
    return Day(plan, authority, broker, centre, precinct, boxes)


def _make_boxes(plan: DayPlan, authority: Authority, broker: Broker) -> list[Box]:
    rules = ElectionRules.of(authority.trusted)
    boxes: list[Box] = []
    for number, box in enumerate(authority.boxes):
        crew = new_crew(authority, rules, box, plan.seed)
        if number < plan.mqtt_boxes:
            chance = concern(plan.seed, "reconnects", number)
            boxes.append(MqttBox(crew, broker.host, broker.port, chance))
        else:
            boxes.append(PtyBox(crew))
    return boxes


async def _connect(boxes: Sequence[Box], at_once: int = 25) -> None:
    troubles: set[str] = set()
    for box in boxes:
        box.in_the_way = lambda problem: troubles.add(str(problem))
    for first in range(0, len(boxes), at_once):
        group = boxes[first : first + at_once]
        try:
            await asyncio.wait_for(asyncio.gather(*(box.connect() for box in group)), 20)
        except TimeoutError:
            told = "; ".join(("boxes could not connect within 20 s", *sorted(troubles)[:3]))
            raise Stuck(told) from None


def at(hour: float) -> Instant:
    """Return the boxes' clock `hour` hours after 08:00."""
    seconds = int(hour * _HOUR)
    return Instant(_MORNING + seconds, ClockQuality.FREE_RUNNING, seconds * 1_000)


async def _vote(day: Day, progress: Progress) -> None:
    for box in day.boxes:
        box.crew.switch_on(at(0))
        box.crew.act(at(0), *OPENING)
        box.pump()
    queues = [_queue(day, box.crew) for box in day.boxes]
    for hour in range(_HOURS):
        progress(f"Voting, {8 + hour:02d}:00", 0.1 + 0.6 * hour / _HOURS)
        await _disturb(day, hour)
        ballots = -(-day.plan.ballots * _CURVE[hour] // 100)
        for box, queue in zip(day.boxes, queues, strict=True):
            for ballot in islice(queue, ballots):
                _feed(box.crew, ballot, at(hour + 0.5))
            if hour in _TURNOUT_HOURS:
                box.crew.turnout(at(hour + 0.9))
            box.pump()
            # Lets sockets and timers have their turn; nothing waits for a time to pass.
            await asyncio.sleep(0)


def _queue(day: Day, crew: Crew, *, portable: bool = False) -> Iterator[Ballot]:
    election = day.authority.trusted.election
    box = crew.device.outgoing.box
    entry = day.authority.trusted.register.entries_of[box][0]
    voters = voters_of(election, election.precinct_by_number[entry.precinct], box, day.plan.seed)
    for ballot in voters.ballots(portable=portable):
        # A sheet that cannot be read comes back once and goes in clean the second time.
        for sheet in ballot.sheets:
            smudged = voters.smudge(sheet)
            if smudged is not None:
                yield Ballot((smudged,))
        yield ballot


def _feed(crew: Crew, ballot: Ballot, now: Instant) -> None:
    for sheet in ballot.sheets:
        crew.feed(sheet, now)


async def _disturb(day: Day, hour: int) -> None:
    # A carrier that is busy drops what no courier says again.
    if hour in (_REPLAY_HOUR, _FORGERY_HOUR):
        await _until(day, lambda: not any(box.unanswered for box in day.boxes[:2]), "the receipts")
    if hour == _REPLAY_HOUR:
        _repeat(day, day.boxes[0], ReportKind.ZERO)
        day.mischief.replayed += 1
    elif hour == _FORGERY_HOUR:
        _forge(day.boxes[1 % len(day.boxes)])
        day.mischief.forged += 1
    elif hour == _KILL_HOUR:
        # What a broker still has in flight when its reader dies, it may drop.
        await _until(day, lambda: _forgeries_refused(day), "the broken signature refused")
        day.precinct.kill()
        day.mischief.killed += 1
        await day.precinct.start()


def _repeat(day: Day, box: Box, kind: ReportKind) -> None:
    """Send a report twice more that the gateway has answered already."""
    data = next(each.data for each in box.crew.made if each.kind is kind)
    report = cose.statement_id(cose.parse(data).statement)
    heard = day.mischief.receipts.setdefault(ReportId(report), [])

    def overhear(message: Message) -> None:
        if message.kind is MessageKind.RECEIPT:
            receipt = Receipt.from_bytes(message.payload)
            if isinstance(receipt, Receipt) and decode_leaf(receipt.leaf).report == report:
                heard.append(message.payload)

    box.overheard = overhear
    for _ in range(_REPETITIONS):
        box.send(Message(MessageKind.REPORT, data))


def _forge(box: Box) -> None:
    genuine = next(each.data for each in box.crew.made if each.kind is ReportKind.OPEN)
    broken = genuine[:-1] + bytes((genuine[-1] ^ 1,))
    box.send(Message(MessageKind.REPORT, broken))


def _forgeries_refused(day: Day) -> bool:
    unauthentic = day.precinct.status()["counts"]["unauthentic"]
    return bool(sum(unauthentic.values()) >= day.mischief.forged)


async def _close_polls(day: Day, progress: Progress) -> None:
    progress("Closing the polls", 0.72)
    for box in day.boxes:
        crew = box.crew
        crew.act(at(12), Action.CLOSE, Action.ADMIT_PORTABLE)
        for ballot in islice(_queue(day, crew, portable=True), 2):
            _feed(crew, ballot, at(12.2))
        crew.act(at(12.5), Action.END_PORTABLE, *FINISHING)
        box.pump()
        await asyncio.sleep(0)
    progress("Waiting for the last receipts", 0.8)
    await _until(
        day, lambda: not any(box.unanswered for box in day.boxes), "every report receipted"
    )
    _repeat(day, day.boxes[2 % len(day.boxes)], ReportKind.FINAL)
    day.mischief.doubled += 1
    await _until(day, lambda: _all_heard(day.mischief), "a receipt for each repeated report")
    progress("Waiting for the centre", 0.85)
    await _until(day, lambda: _centre_has_all(day), "the centre holding every leaf")


def _all_heard(mischief: Mischief) -> bool:
    return all(len(heard) >= _REPETITIONS for heard in mischief.receipts.values())


def _centre_has_all(day: Day) -> bool:
    status = day.precinct.status()
    upstream = status["upstream"]
    return bool(upstream) and upstream["waiting"] == 0 and status["log"]["size"] > 0


async def _until(day: Day, condition: Callable[[], bool], what: str) -> None:
    deadline = asyncio.get_running_loop().time() + _SETTLE_S
    while not condition():
        if asyncio.get_running_loop().time() > deadline:
            told = "; ".join((f"not within {_SETTLE_S:.0f} s: {what}", *_complaints(day)))
            raise Stuck(told)
        await asyncio.sleep(0.05)


def _complaints(day: Day) -> Iterator[str]:
    """Yield what the gateways say is in their way."""
    from ballotbox_gateway.core.ports import HOLDS

    for gateway in (day.precinct, day.centre):
        status = gateway.status()
        troubles = (each["trouble"] for each in status["roads"])
        for trouble in (*(status[hold.kind] for hold in HOLDS), *troubles):
            if trouble:
                yield f"{gateway.origin}: {trouble}"
