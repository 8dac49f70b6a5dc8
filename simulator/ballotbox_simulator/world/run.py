"""One day from its data to its outcome."""

from collections import Counter
from dataclasses import dataclass

from ballotbox_simulator.world.apart_audit import hold_apart
from ballotbox_simulator.world.auditor import Breach, Finding
from ballotbox_simulator.world.faults import FaultClass, FaultKind
from ballotbox_simulator.world.plan import Day
from ballotbox_simulator.world.releasing import release
from ballotbox_simulator.world.releasing_below import release_below
from ballotbox_simulator.world.rulings import rule_on_boxes
from ballotbox_simulator.world.settlement import Balance, settle
from ballotbox_simulator.world.strikes import schedule_strikes
from ballotbox_simulator.world.transcript import Line
from ballotbox_simulator.world.undisturbed import undisturbed
from ballotbox_simulator.world.world import World


@dataclass(frozen=True, slots=True)
class DayOutcome:
    """What a day came to; it passed when nobody objected."""

    day: Day
    findings: tuple[Finding, ...]
    balance: Balance
    held_to: FaultClass
    struck: Counter[FaultKind]
    overcome: Counter[FaultKind]
    sheets: int
    reports: int
    simulated_s: int
    transcript: str
    lines: tuple[Line, ...] = ()

    @property
    def passed(self) -> bool:
        """Tell whether the auditor had nothing to object to."""
        return not self.findings


def run_day(day: Day, *, keep_lines: bool = False) -> DayOutcome:
    """Run a day to its end; an exception of the product is a finding, not an exception here."""
    with undisturbed():
        return run_world(World(day, keep_lines=keep_lines), raising=keep_lines)


def run_world(world: World, *, raising: bool = False) -> DayOutcome:
    """Run a world's day to its end; with `raising` an exception of the product is one here too."""
    schedule_strikes(world)
    balance = Balance()
    try:
        world.run_safety()
        world.run_liveness()
        if world.day.rulings:
            rule_on_boxes(world)
            world.run_liveness()
        balance = settle(world)
        release(world)
        release_below(world)
        if world.rehearsal is not None:
            balance.add(settle(world.rehearsal))
            hold_apart(world, world.rehearsal)
    except Exception as error:
        words = f"{type(error).__name__}: {error}"
        world.auditor.object_to(Breach.CRASH, "world", words)
        if raising:
            raise
    return outcome_of(world, balance)


def outcome_of(world: World, balance: Balance) -> DayOutcome:
    """Return what a world came to after `settle`."""
    auditor = world.auditor
    auditors = [auditor] if world.rehearsal is None else [auditor, world.rehearsal.auditor]
    return DayOutcome(
        day=world.day,
        findings=tuple(auditor.findings),
        balance=balance,
        held_to=auditor.blows.weakest,
        struck=auditor.blows.struck,
        overcome=auditor.blows.overcome,
        sheets=sum(each.sheets for each in auditors),
        reports=sum(each.reports for each in auditors),
        simulated_s=(world.schedule.now - world.day.plan.hours.switch_on) // 1_000,
        transcript=world.transcript.hash(),
        lines=tuple(world.transcript.lines),
    )
