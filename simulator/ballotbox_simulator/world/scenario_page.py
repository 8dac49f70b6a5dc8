"""The page about all scenarios, `simulator/SCENARIOS.md`, made from their files and the promises.

python -m ballotbox_simulator.world.scenario_page > simulator/SCENARIOS.md
"""

import sys
from collections.abc import Iterator
from textwrap import fill
from typing import Final

from ballotbox_simulator.night.facts import NAME, Facts, load_facts
from ballotbox_simulator.night.injections import INJECTIONS
from ballotbox_simulator.night.places import SMALL
from ballotbox_simulator.world.faults import PROMISES, FaultClass, FaultKind
from ballotbox_simulator.world.plan import Ballots, DayPlan, RoadChoice
from ballotbox_simulator.world.polling_day import HOUR, MINUTE
from ballotbox_simulator.world.reach import REACH
from ballotbox_simulator.world.scenario import (
    Found,
    Imbalance,
    Issued,
    PlannedFault,
    Scenario,
)
from ballotbox_simulator.world.scenario_file import load_scenario, scenario_names

CLASS_WORDS: Final = {
    FaultClass.EXACT: "exact",
    FaultClass.EXACT_AFTER_PERSON: "exact after a person acts",
    FaultClass.NAMED: "named before publication",
    FaultClass.UNDETECTABLE: "undetectable so far",
}
_WIDTH: Final = 100
_ROADS: Final = {
    RoadChoice.SERIAL: "serial lines",
    RoadChoice.MQTT: "MQTT",
    RoadChoice.MIXED: "serial lines and MQTT by turns",
}
_ELECTIONS: Final = {
    Ballots.LIST: "one list of 33",
    Ballots.FULL: "list, district and council on two sheets",
}
_FOUND: Final = {
    Found.BOXES: "ballots in the boxes",
    Found.PORTABLE: "ballots from the portable box",
    Found.RESULT: "ballots in the published result",
}
_ISSUED: Final = {
    Issued.VOTERS: "voters",
    Issued.ACCEPTED: "ballots that the boxes say they accepted",
}
_HEAD: Final = """\
# Scenarios

Made from `ballotbox_simulator/scenarios/*.toml`; a test compares. To make it anew:

    python -m ballotbox_simulator.world.scenario_page > simulator/SCENARIOS.md

`ballotbox-sim run --scenario NAME --seeds 1..100` runs a hundred days of one. A file of your own,
given by its path, is a scenario too: copy one of these and change it. What a file leaves open is
drawn from the seed. A day is held to the weakest class of the faults that struck it; the last table
gives the class of each.
"""
_CLASSES: Final = """\
## What each fault may leave

Every other kind must leave everything *exact*.

| Fault | May leave | Because |
|---|---|---|
"""


def scenario_page() -> str:
    """Return the page in Markdown."""
    parts = [_HEAD]
    parts += ["\n".join(_section(load_scenario(name))) for name in scenario_names()]
    parts.append("\n".join(_night(load_facts())))
    rows = [
        f"| `{kind.value}` | {CLASS_WORDS[PROMISES[kind].leaves]} | {PROMISES[kind].why} |"
        for kind in sorted(FaultKind, key=lambda kind: (PROMISES[kind].leaves, kind.value))
        if PROMISES[kind].why
    ]
    parts.append(_CLASSES + "\n".join(rows) + "\n")
    return "\n".join(parts)


def _night(facts: Facts) -> Iterator[str]:
    """Yield the section of the night that was; its figures and their sources are a file."""
    yield f"## `{NAME}`: {facts.title}\n"
    yield f"{facts.text}\n"
    small = f"{SMALL.precincts} precincts, {SMALL.reported} of them heard at 22:00"
    yield _bullet(f"Held: {facts.precincts:,} precincts with one box each; with `--small` {small}.")
    yield _bullet("Held to: *exact*, at 22:00 and in the end.")
    yield _bullet("Figures and their sources: `ballotbox_simulator/night/kyrgyzstan-2021.toml`.")
    yield ""
    yield "| `--inject` | What is done | What the refusal names |"
    yield "|---|---|---|"
    for each in INJECTIONS.values():
        yield f"| `{each.name}` | {each.title} | {', '.join(f'`{it}`' for it in each.evidence)} |"
    yield ""


def _section(scenario: Scenario) -> Iterator[str]:
    yield f"## `{scenario.name}`: {scenario.title}\n"
    yield f"{scenario.text}\n"
    yield _bullet(f"Held: {_held(scenario.plan)}.")
    yield _bullet(f"Held to: {_held_to(scenario)}.")
    if scenario.imbalance is not None:
        yield _bullet(f"Imbalance: {_imbalance(scenario.imbalance)}.")
    yield ""
    if scenario.weather or scenario.faults:
        yield "| Fault | When | Strikes | May leave |"
        yield "|---|---|---|---|"
        for kind, chance in scenario.weather.items():
            yield _row(kind, "all day", f"with a chance of {chance * 100:g}%")
        for fault in scenario.faults:
            yield _row(fault.kind, _when(fault), _what(fault))
        yield ""


def _held_to(scenario: Scenario) -> str:
    if scenario.swarm:
        return "the weakest class of the faults that the seed draws"
    ruled = ", and officers rule on disputed boxes after the day" if scenario.rulings else ""
    return f"*{CLASS_WORDS[scenario.held_to]}*{ruled}"


def _bullet(text: str) -> str:
    return fill(text, _WIDTH, initial_indent="- ", subsequent_indent="  ", break_on_hyphens=False)


def _row(kind: FaultKind, when: str, what: str) -> str:
    return f"| `{kind.value}` | {when} | {what} | {CLASS_WORDS[PROMISES[kind].leaves]} |"


def _held(plan: DayPlan | None) -> str:
    if plan is None:
        return "precincts, boxes, ballots, roads and election are drawn from the seed"
    hours = plan.hours
    return (
        f"{_counted(plan.precincts, 'precinct')} with {_counted(plan.boxes, 'box')}"
        f"{' each' if plan.precincts > 1 else ''}, "
        f"{plan.ballots} voters and {plan.portable} portable ballots a box; "
        f"{_ELECTIONS[plan.election]}; {_ROADS[plan.road]}; {_by_hand(plan)}{_rehearsed(plan)}"
        f"polls {clock_words(hours.opening)} to {clock_words(hours.closing)}, "
        f"turnout every {_duration(hours.turnout)}, faults until {clock_words(hours.end)}"
    )


def _by_hand(plan: DayPlan) -> str:
    counted = _counted(plan.by_hand, "contest")
    return f"{counted} counted by hand as well; " if plan.by_hand else ""


def _rehearsed(plan: DayPlan) -> str:
    each = _counted(plan.rehearsal, "ballot")
    return f"a rehearsal of {each} a box beside it; " if plan.rehearsal else ""


def _counted(number: int, noun: str) -> str:
    plural = noun + ("es" if noun.endswith("x") else "s")
    return f"{number} {noun if number == 1 else plural}"


def _when(fault: PlannedFault) -> str:
    until = f" to {clock_words(fault.latest)}" if fault.jitter else ""
    lasts = f", for {_duration(fault.lasts)}" if fault.lasts else ""
    return f"{clock_words(fault.at)}{until}{lasts}"


def _what(fault: PlannedFault) -> str:
    all_of_them = REACH[fault.kind].value
    if fault.share is not None:
        part = "all" if fault.share == 1 else f"{fault.share:.0%} of the"
        what = f"{part} {all_of_them}"
    else:
        place = "one" if fault.target is None else f"number {fault.target + 1}"
        what = f"{place} of the {all_of_them}"
    return what if fault.times == 1 else f"{what}; {fault.times} times"


def _imbalance(imbalance: Imbalance) -> str:
    signs = {"-": "fewer", "0": "as many", "+": "more"}
    than = "as" if imbalance.sign == "0" else "than"
    issued = imbalance.issued
    against = _ISSUED[issued] if isinstance(issued, Issued) else f"the {issued} written down"
    return (
        f"`{imbalance.cause}`, {signs[imbalance.sign]} {_FOUND[imbalance.found]} {than} {against}"
    )


def clock_words(time: int) -> str:
    """Return a time of the day as people write it; after midnight the hours go on from 24."""
    hours, rest = divmod(time, HOUR)
    minutes, rest = divmod(rest, MINUTE)
    seconds = f":{rest // 1_000:02d}" if rest >= 1_000 else ""
    return f"{hours:02d}:{minutes:02d}{seconds}"


def _duration(time: int) -> str:
    hours, rest = divmod(time, HOUR)
    minutes, rest = divmod(rest, MINUTE)
    parts = ((hours, "h"), (minutes, "min"), (rest // 1_000, "s"))
    return " ".join(f"{number} {unit}" for number, unit in parts if number)


if __name__ == "__main__":
    sys.stdout.write(scenario_page())
