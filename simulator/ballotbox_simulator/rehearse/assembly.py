"""From the findings of a rehearsal to its result document."""

from collections.abc import Iterator
from importlib.metadata import version
from math import inf
from typing import Final

from ballotbox_simulator.rehearse.conductor import Findings
from ballotbox_simulator.rehearse.core.bottleneck import Busy, bottleneck, bottleneck_elsewhere
from ballotbox_simulator.rehearse.core.day_clock import written
from ballotbox_simulator.rehearse.core.document import (
    FORMAT,
    BottleneckPart,
    ElectionPart,
    EventPart,
    LatencyPart,
    LedgerCheck,
    Moments,
    Rates,
    RehearsalProcess,
    RehearsalResult,
    RehearsalTester,
    Series,
    UnitCost,
)
from ballotbox_simulator.rehearse.core.headroom import ON_MANY_CORES
from ballotbox_simulator.rehearse.core.ledger_check import Witnesses, check_ledger
from ballotbox_simulator.rehearse.core.objectives import Measured, judged
from ballotbox_simulator.rehearse.core.tester_words import pressed, with_processes
from ballotbox_simulator.rehearse.core.timeline import (
    greatest_between,
    mean_between,
    reached,
    sustained,
)
from ballotbox_simulator.rehearse.core.unit_costs import cost_rows
from ballotbox_simulator.rehearse.core.verdict import conclude, judge_lag
from ballotbox_simulator.rehearse.machine import machine_part
from ballotbox_simulator.rehearse.mishaps import Happened
from ballotbox_simulator.rehearse.plan_events import EventKind
from ballotbox_simulator.rehearse.plan_file import document_of
from ballotbox_simulator.rehearse.testers import MACHINE

_IN_MEMORY: Final = (
    "Boxes keep their journals and slots in memory: what a box's own disk costs is not in it."
)
_SHARED: Final = "Tester, broker and gateway share this machine: a figure is that of the whole."
_SHARED_TOO: Final = (
    "Tester, broker, gateways and database share this machine: a figure is that of the whole."
)
_SIGNED: Final = (
    "Every report is signed by the firmware of a box, and every receipt is verified by it."
)


def assembled(findings: Findings, heard: Witnesses) -> RehearsalResult:
    """Return the result document of a rehearsal, verdict included."""
    series = findings.timeline.series(findings.start, findings.parts)
    ledger = check_ledger(heard)
    moments = _moments(findings, series)
    tester = _tester(findings, series)
    finals = findings.timeline.merged("finals").percentiles()
    seen = ledger.stored is not None
    measured = Measured(
        receipted_99_s=_after_close(moments, moments.finals_99),
        receipt_p99_ms=finals.p99_ms if finals.count else None,
        lost=len(ledger.missing) if seen else None,
        doubled=len(ledger.doubled) if seen else None,
        memory_kib=tester.memory_per_box_kib,
    )
    objectives = judged(findings.plan.objectives.asked, measured)
    return RehearsalResult(
        format=FORMAT,
        program=f"ballotbox-sim {version('ballotbox-kit')}",
        started=findings.began.strftime("%Y-%m-%dT%H:%M:%SZ"),
        title=findings.plan.title,
        text=findings.plan.text.strip(),
        verdict=conclude(
            tester,
            ledger,
            objectives,
            (*_notes(findings), *pressed(tester.processes)),
            broken=findings.broken,
            unseen=findings.unseen,
        ),
        plan=document_of(findings.plan),
        election=_election(findings),
        machine=machine_part(findings.limits),
        assumptions=tuple(_assumptions(findings)),
        moments=moments,
        events=tuple(_event(findings, series, each) for each in findings.mishaps.happened),
        series=series,
        latencies=tuple(_latencies(findings)),
        ledger=ledger,
        objectives=objectives,
        tester=tester,
        bottleneck=_bottleneck(findings, series, moments),
        costs=tuple(_costs(findings, series, ledger)),
        rates=_rates(findings, series, moments),
    )


def _notes(findings: Findings) -> Iterator[str]:
    troubles: dict[str, int] = {}
    for said in findings.last_words:
        for words, count in said["troubles"]:
            troubles[words] = troubles.get(words, 0) + count
    for words, count in sorted(troubles.items(), key=lambda pair: -pair[1]):
        yield f"boxes complained {count} times: {words}"
    if not findings.drained:
        yield "the gateway still had reports for the centre when patience ended"


def _assumptions(findings: Findings) -> Iterator[str]:
    yield _IN_MEMORY
    if findings.plan.office is None and not any(part.machine for part in findings.parts):
        yield _SHARED_TOO if findings.plan.target.has_database else _SHARED
    yield _SIGNED
    clock = findings.plan.day.clock
    if clock.compression is None:
        yield "The day passed as fast as this machine could; the burst was in real time."
    elif clock.compression > 1:
        yield f"The day passed {clock.compression:g} times as fast; the burst was in real time."


def _election(findings: Findings) -> ElectionPart:
    authority = findings.fleet.authority
    election = authority.trusted.election
    return ElectionPart(
        name=election.name,
        mode=election.mode.name.lower(),
        digest=authority.trusted.digest.hex(),
        root=str(authority.root),
        boxes=findings.plan.count,
        precincts=len(election.precincts),
    )


def _moments(findings: Findings, series: Series) -> Moments:
    def since_start(moment: float) -> float:
        return round(moment - findings.start, 3)

    made = series.made[-1] if series.made else 0
    whole = reached(series.at_s, series.receipted, made) if made else None
    most = reached(series.at_s, series.receipted, 0.99 * made) if made else None
    finals = findings.timeline.finals_reached(0.99)
    return Moments(
        connecting=since_start(findings.connecting),
        connected=since_start(findings.connected),
        closing=since_start(findings.closing) if findings.closing else None,
        last_close=since_start(findings.last_close) if findings.last_close else None,
        receipted_99=most,
        receipted_all=whole,
        ended=since_start(findings.ended),
        finals_99=None if finals is None else since_start(finals),
    )


def _after_close(moments: Moments, moment: float | None) -> float | None:
    if moment is None or moments.closing is None:
        return None
    return round(max(0.0, moment - moments.closing), 3)


def _tester(findings: Findings, series: Series) -> RehearsalTester:
    limit = findings.plan.tester.lag_p99_ms
    whole = findings.timeline.merged("lag", findings.start)
    window = _burst_of(findings)
    burst = findings.timeline.between("lag", *window)
    valid, words = judge_lag(whole, burst, limit, findings.timeline.worst("lag", *window))
    if findings.tester_failure:
        valid, words = False, f"the tester failed: {findings.tester_failure}"
    memory = [said["memory_per_box_kib"] for said in findings.box_memory]
    lasted = max(1e-9, findings.ended - findings.start)
    spent = sum(part.cpu_s for part in series.parts if part.kind == "tester")
    processes = tuple(_processes(findings, series))
    return RehearsalTester(
        valid=valid,
        workers=findings.workers,
        lag_limit_ms=limit,
        lag=whole.percentiles(),
        lag_burst=burst.percentiles(),
        cpu_share=round(spent / lasted / findings.testers.cores, 3),
        memory_per_box_kib=round(sum(memory) / len(memory), 2) if memory else None,
        words=with_processes(words, processes, valid=valid),
        processes=processes,
        machines=findings.testers.machines,
    )


def _processes(findings: Findings, series: Series) -> Iterator[RehearsalProcess]:
    first, stop = _burst_of(findings) if findings.closing else (-inf, inf)
    window = first - findings.start, stop - findings.start
    used = {part.name: part for part in series.parts}
    whole = {part.machine: part for part in series.parts if part.kind == MACHINE.kind}
    for number, boxes in enumerate(findings.testers.boxes):
        part = used.get(findings.testers.part(number).name)
        if part is None or all(each is None for each in part.cpu_cores):
            continue
        yield RehearsalProcess(
            name=part.name,
            machine=part.machine,
            boxes=boxes,
            cores=round(mean_between(series.at_s, part.cpu_cores, *window), 3),
            memory_mib=greatest_between(series.at_s, part.memory_mib, *window),
            lag_ms=round(findings.timeline.worst_lag_of(number, first, stop), 3),
            machine_cores=findings.testers.cores_of(number),
            machine_busy=round(
                mean_between(series.at_s, whole[part.machine].cpu_cores, *window), 3
            ),
        )


def _burst_of(findings: Findings) -> tuple[float, float]:
    """Return from when to when the tester's pace decides what is measured of the burst."""
    if not findings.closing:
        return inf, inf
    reached_at = findings.timeline.finals_reached(0.99) or findings.ended
    return findings.closing, max(findings.last_close, reached_at) + 1


def _latencies(findings: Findings) -> Iterator[LatencyPart]:
    timeline, closing = findings.timeline, findings.closing or inf
    kinds = (
        ("receipt", "From a report's signature to its receipt", timeline.merged("receipts")),
        (
            "receipt_day",
            "The same, before the polls closed",
            timeline.before("receipts", closing),
        ),
        (
            "receipt_burst",
            "The same, since the polls closed",
            timeline.merged("receipts", closing),
        ),
        (
            "finals",
            "Of reports made since the polls closed, to their receipts",
            timeline.merged("finals"),
        ),
        ("connect", "From a box's dialling to its subscription", timeline.merged("connects")),
    )
    for name, words, latencies in kinds:
        yield LatencyPart(name, words, latencies.percentiles())


def _event(findings: Findings, series: Series, happened: Happened) -> EventPart:
    began, ended = happened.began, happened.ended
    return EventPart(
        kind=str(happened.event.kind),
        planned=written(happened.event.at),
        began_s=None if began is None else round(began - findings.start, 3),
        ended_s=None if ended is None else round(ended - findings.start, 3),
        drained_s=None if ended is None else _drained(series, happened, ended - findings.start),
        words=happened.words,
    )


def _drained(series: Series, happened: Happened, ended_s: float) -> float | None:
    """Return the seconds from an event's end until what was made by then was answered.

    Of a centre that was away: until nothing waited for it.
    """
    after = [place for place, at in enumerate(series.at_s) if at >= ended_s]
    if not after:
        return None
    if happened.event.kind is EventKind.UPSTREAM_OUT:
        empty = (series.at_s[at] for at in after if series.upstream_waiting[at] == 0)
        moment = next(empty, None)
    else:
        answered = [one + two for one, two in zip(series.receipted, series.refused, strict=True)]
        moment = reached(series.at_s, answered, series.made[after[0]])
    return None if moment is None else round(max(0.0, moment - ended_s), 3)


def _bottleneck(findings: Findings, series: Series, moments: Moments) -> BottleneckPart:
    first = moments.closing or 0.0
    stop = moments.receipted_all or moments.ended
    busy = {
        part: mean_between(series.at_s, part.cpu_cores, first, max(stop, first + 2))
        for part in series.parts
    }
    cores = findings.machine.cores
    parts = [
        Busy(part.name, used, cores if part.kind in ON_MANY_CORES else 1.0, here=not part.machine)
        for part, used in busy.items()
        if part.kind != MACHINE.kind
    ]
    if findings.plan.office is not None:
        return bottleneck_elsewhere(parts)
    everything = sum(used for part, used in busy.items() if part.name == MACHINE.name)
    return bottleneck(parts, cores, everything)


def _costs(findings: Findings, series: Series, ledger: LedgerCheck) -> Iterator[UnitCost]:
    reports = max(1, ledger.sent)
    parts = [part for part in series.parts if part.kind != MACHINE.kind]
    yield from cost_rows(parts, reports, findings.plan.count)
    if findings.logged is not None:
        size = sum(each.stat().st_size for each in findings.logged.rglob("*") if each.is_file())
        yield UnitCost("log", "report", round(size / 1_024 / reports, 3), "KiB")
    for name, key in (("connected", "memory_per_box_kib"), ("at the end", "memory_at_end_kib")):
        said = findings.box_memory if key == "memory_per_box_kib" else findings.last_words
        if said:
            mean = sum(each[key] for each in said) / len(said)
            yield UnitCost(f"tester, {name}", "box", round(mean, 2), "KiB")


def _rates(findings: Findings, series: Series, moments: Moments) -> Rates:
    boxes = sum(said["boxes"] for said in findings.box_memory)
    dialling = max(0.001, moments.connected - moments.connecting)
    return Rates(
        connect_per_s=round(boxes / dialling, 1),
        reports_per_s_peak=max(series.reports_per_s, default=0.0),
        receipts_per_s_peak=max(series.receipts_per_s, default=0.0),
        receipts_per_s_sustained=sustained(series.receipts_per_s),
        receipted_99_s=_after_close(moments, moments.receipted_99),
        finals_99_s=_after_close(moments, moments.finals_99),
    )
