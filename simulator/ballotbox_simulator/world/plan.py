"""One simulated day as data: the election, the boxes, the hours, the weather and the strikes.

A day is drawn from a scenario and a seed once and then run; a failing one is saved and shrunk as
the data that it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from ballotbox_protocol.election.identifiers import require
from ballotbox_simulator.world.faults import CALM, FaultKind, Strike, Weather
from ballotbox_simulator.world.polling_day import Hours


class RoadChoice(StrEnum):
    """Which roads the boxes take to their gateway."""

    SERIAL = "serial"
    MQTT = "mqtt"
    MIXED = "mixed"


class Ballots(StrEnum):
    """Which election is held: one list of 33, or list, district and council on two sheets."""

    LIST = "list"
    FULL = "full"


#: Voters by hour as three Brazilian machines saw them on one day, 7 h to 17 h (2022, TSE logs).
BY_HOUR = (16.0, 25.0, 30.0, 32.0, 33.0, 32.0, 36.0, 32.0, 31.0, 29.0, 16.0)

#: Seconds that voters were served, from the shortest to the longest by twentieths of all of them:
#: 206 voters of a Brazilian machine with one office on the ballot (30 October 2022, TSE logs).
BY_VOTER = (
    6.0, 7.0, 8.0, 9.0, 9.0, 9.0, 10.0, 10.0, 11.0,
    11.0, 11.0, 12.0, 12.0, 12.0, 13.0, 14.0, 15.0, 17.0, 19.0, 29.0, 105.0,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class DayPlan:
    """What is held, without faults.

    ballots: voters of each box. portable: ballots that come in the portable box, of each box.
    curve: how the voters spread over the opening hours. service: seconds that a voter keeps the
    box from the next one, from the shortest to the longest in equal parts of all voters. mixed: the
    boxes are of different makes, each with habits of its own. by_hand: of how many contests people
    count the ballots of each station by hand as well, once its boxes have reported theirs.
    rehearsal: ballots for each box of a rehearsal that the same gateways serve besides; 0: none.
    """

    precincts: int = 1
    boxes: int = 3
    ballots: int = 60
    portable: int = 3
    road: RoadChoice = RoadChoice.MIXED
    election: Ballots = Ballots.LIST
    hours: Hours = field(default_factory=Hours)
    curve: tuple[float, ...] = BY_HOUR
    service: tuple[float, ...] = BY_VOTER
    mixed: bool = False
    by_hand: int = 0
    rehearsal: int = 0

    def __post_init__(self) -> None:
        require(self.precincts >= 1, "precincts", "must be 1 or more")
        require(self.boxes >= 1, "boxes", "must be 1 or more")
        require(self.ballots >= 0, "ballots", "must be 0 or more")
        require(self.portable >= 0, "portable", "must be 0 or more")
        require(self.by_hand >= 0, "by_hand", "must be 0 or more")
        require(self.rehearsal >= 0, "rehearsal", "must be 0 or more")
        require(bool(self.curve) and min(self.curve) >= 0, "curve", "needs weights of 0 or more")
        require(sum(self.curve) > 0, "curve", "needs one weight above 0")
        rises = list(self.service) == sorted(self.service)
        require(bool(self.service) and rises, "service", "needs seconds that never fall")
        require(self.service[0] >= 0, "service", "needs seconds of 0 or more")


@dataclass(frozen=True, slots=True)
class Day:
    """A day with its faults; `seed` draws everything that is left to chance within it.

    rulings: officers name the true reports of boxes of which two voices were heard.
    """

    seed: int
    plan: DayPlan = field(default_factory=DayPlan)
    weather: Weather = CALM
    strikes: tuple[Strike, ...] = ()
    rulings: bool = False

    @property
    def kinds(self) -> frozenset[FaultKind]:
        """The kinds that may strike this day."""
        return frozenset(self.weather.chances) | {strike.kind for strike in self.strikes}

    def without_strikes(self, places: frozenset[int]) -> "Day":
        """Return the day without the strikes at these places of the list."""
        kept = tuple(each for at, each in enumerate(self.strikes) if at not in places)
        return replace(self, strikes=kept)

    def without_weather(self, kind: FaultKind) -> "Day":
        """Return the day without one kind of weather."""
        chances = {each: chance for each, chance in self.weather.chances.items() if each != kind}
        return replace(self, weather=Weather(chances))


def to_json(day: Day) -> dict[str, Any]:
    """Return a day as JSON-able values."""
    plan, hours = day.plan, day.plan.hours
    return {
        "seed": day.seed,
        "rulings": day.rulings,
        "plan": {
            "precincts": plan.precincts,
            "boxes": plan.boxes,
            "ballots": plan.ballots,
            "portable": plan.portable,
            "road": plan.road.value,
            "election": plan.election.value,
            "hours": {name: getattr(hours, name) for name in Hours.__slots__},
            "curve": list(plan.curve),
            "service": list(plan.service),
            "mixed": plan.mixed,
            "by_hand": plan.by_hand,
            "rehearsal": plan.rehearsal,
        },
        "weather": {kind.value: chance for kind, chance in day.weather.chances.items()},
        "strikes": [
            [strike.kind.value, strike.at, strike.target, strike.lasts, strike.detail]
            for strike in day.strikes
        ],
    }


def from_json(value: Mapping[str, Any]) -> Day:
    """Return the day that `to_json` described; raises InvalidField, KeyError or ValueError."""
    plan = value["plan"]
    return Day(
        seed=value["seed"],
        rulings=value["rulings"],
        plan=DayPlan(
            precincts=plan["precincts"],
            boxes=plan["boxes"],
            ballots=plan["ballots"],
            portable=plan["portable"],
            road=RoadChoice(plan["road"]),
            election=Ballots(plan["election"]),
            hours=Hours(**plan["hours"]),
            curve=tuple(plan["curve"]),
            service=tuple(plan["service"]),
            mixed=plan["mixed"],
            # Days that were saved before people counted by hand, or rehearsed, have none.
            by_hand=plan.get("by_hand", 0),
            rehearsal=plan.get("rehearsal", 0),
        ),
        weather=Weather({FaultKind(kind): chance for kind, chance in value["weather"].items()}),
        strikes=tuple(
            Strike(FaultKind(kind), at, target, lasts, detail)
            for kind, at, target, lasts, detail in value["strikes"]
        ),
    )
