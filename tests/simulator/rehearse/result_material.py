"""Result documents of rehearsals that never were, for whoever reads such documents."""

from dataclasses import replace
from typing import Final

from ballotbox_simulator.rehearse.core.document import (
    FORMAT,
    Astray,
    BottleneckPart,
    Conclusion,
    ElectionPart,
    EventPart,
    LatencyPart,
    LedgerCheck,
    LimitPart,
    MachinePart,
    Moments,
    PartUse,
    Rates,
    RehearsalMachine,
    RehearsalProcess,
    RehearsalResult,
    RehearsalTester,
    Series,
    SheetCount,
    UnitCost,
)
from ballotbox_simulator.rehearse.core.latency import Percentiles
from ballotbox_simulator.rehearse.core.objectives import Judged

SECONDS: Final = 40
CLOSE: Final = 20
#: What the made-up parts cost: microseconds of CPU per report, cores while idle.
COSTS: Final = {
    "tester": (1_500.0, 0.02),
    "broker": (200.0, 0.01),
    "gateway": (1_100.0, 0.05),
}


def percentiles(p50: float) -> Percentiles:
    return Percentiles(
        count=800,
        min_ms=p50 / 4,
        mean_ms=p50 * 1.25,
        p50_ms=p50,
        p90_ms=p50 * 2,
        p95_ms=p50 * 3,
        p99_ms=p50 * 50,
        p999_ms=p50 * 90,
        max_ms=p50 * 99,
        curve=((0.0, p50 / 4), (50.0, p50), (100.0, p50 * 99)),
    )


_TESTER: Final = RehearsalTester(
    valid=True,
    workers=2,
    lag_limit_ms=1_000.0,
    lag=percentiles(2.5),
    lag_burst=percentiles(1.5),
    cpu_share=0.176,
    memory_per_box_kib=11.25,
    words="The tester kept up.",
    processes=(
        RehearsalProcess("tester 1", "", 60, 0.325, 47.5, 12.25, 2, 1.125),
        RehearsalProcess("tester 2", "far-away", 40, 0.875, 52.5, 1_250.5, 4, 2.375),
    ),
    machines=(
        RehearsalMachine(
            "far-away",
            4,
            40,
            1,
            (LimitPart("local ports", 28_232.0, 80.0, "ports", enough=True, words="a"),),
        ),
    ),
)


def a_result(boxes: int = 100, spread_s: float = 10.0) -> RehearsalResult:
    """Return a good rehearsal: six reports of each box by day, two when it closes."""
    rates = [0.0] * 2 + [6 * boxes / 10 if 5 <= at < 15 else 0.0 for at in range(2, CLOSE)]
    burst = int(spread_s)
    rates += [2 * boxes / burst if at < burst else 0.0 for at in range(SECONDS - CLOSE)]
    series = _series(boxes, rates)
    sent = series.receipted[-1]
    return RehearsalResult(
        format=FORMAT,
        program="ballotbox-sim 0.1.0",
        started="2026-10-03T18:00:15Z",
        title="A night on paper",
        text="Nobody held it.",
        verdict=Conclusion("GO", 0, (), ()),
        plan={"burst": {"spread": spread_s, "shape": [1.0]}, "office": None, "embedded": None},
        election=ElectionPart("Rehearsal", "rehearsal", "ab" * 32, "rehearsal:cd", boxes, boxes),
        machine=MachinePart(
            "Linux",
            "A processor",
            2,
            "3.11.2",
            16_000,
            (LimitPart("open files", 20_000.0, 128.0 + boxes, "files", enough=True, words="a"),),
        ),
        assumptions=("Boxes keep their journals in memory.",),
        moments=Moments(-1.5, -0.5, CLOSE + 0.125, CLOSE + spread_s, 29.5, 30.5, 39.25),
        events=(
            EventPart("broker-killed", "20:00:02", 22.5, 24.75, 3.125, "the broker was killed"),
            EventPart("reconnect-storm", "20:00:09", 29.25, 29.25, None, "all boxes redialled"),
        ),
        series=series,
        latencies=tuple(
            LatencyPart(name, name, replace(percentiles(25.5), count=count))
            for name, count in (
                ("receipt", sent),
                ("receipt_day", 6 * boxes),
                ("receipt_burst", 2 * boxes),
                ("connect", boxes),
            )
        ),
        ledger=_ledger(boxes, sent),
        objectives=(Judged("receipted_99_s", "Time until 99 %", "s", 60.0, 9.375, met=True),),
        tester=_TESTER,
        bottleneck=BottleneckPart("gateway", 0.825, "gateway kept one core busy."),
        costs=(
            UnitCost("broker", "box", 1.5, "KiB"),
            UnitCost("log", "report", 0.5, "KiB"),
            UnitCost("gateway", "report", 1_234.5, "us"),
        ),
        rates=Rates(424.5, 615.0, max(rates), 192.25, 9.375),
    )


def _series(boxes: int, rates: list[float]) -> Series:
    receipted = [round(sum(rates[: at + 1])) for at in range(SECONDS)]
    whole: list[int | None] = list(receipted)
    waits = [25.5 + at if rate else None for at, rate in enumerate(rates)]
    parts = tuple(_part(kind, rates) for kind in COSTS)
    return Series(
        at_s=tuple(float(at) + 0.25 for at in range(SECONDS)),
        connections=(boxes,) * SECONDS,
        made=tuple(receipted),
        receipted=tuple(receipted),
        refused=(0,) * SECONDS,
        sheets=tuple(receipted),
        reconnects=(0,) * SECONDS,
        reports_per_s=tuple(rates),
        receipts_per_s=tuple(rates),
        backlog=tuple(at % 7 for at in range(SECONDS)),
        latency_p50_ms=tuple(waits),
        latency_p99_ms=tuple(None if each is None else each * 3 for each in waits),
        tester_lag_p99_ms=(2.5,) * SECONDS,
        log_size=tuple(whole),
        upstream_waiting=(None,) * SECONDS,
        parts=parts,
    )


def _ledger(boxes: int, sent: int) -> LedgerCheck:
    fed = boxes * 40
    return LedgerCheck(
        sent=sent,
        receipted=sent,
        stored=sent,
        finals=boxes,
        tabulated=boxes,
        missing=(),
        doubled=(),
        objections=(),
        sheets=SheetCount(fed, fed, fed, fed, fed),
        holds=True,
    )


def _part(kind: str, rates: list[float]) -> PartUse:
    us, idle = COSTS[kind]
    cores = tuple(idle + us * rate / 1e6 for rate in rates)
    return PartUse(kind, kind, kind, cores, (50.5,) * len(rates), sum(cores), 50.5)


def a_bad_result() -> RehearsalResult:
    """Return a rehearsal in which reports are missing, and one is doubled."""
    good = a_result()
    missing = tuple(
        Astray(f"{at:064x}", f"{at:032x}", at % 9, "receipted, but not in the exported log")
        for at in range(1, 31)
    )
    doubled = (Astray("ee" * 32, "", None, "accepted in the log 2 times"),)
    ledger = replace(
        good.ledger,
        stored=good.ledger.sent - 30,
        missing=missing,
        doubled=doubled,
        objections=("the log has <strange> reports",),
        holds=False,
    )
    reasons = ("30 reports were receipted, but are not in the log", "1 report is doubled")
    objective = Judged("receipt_p99_ms", "Slowest receipt", "ms", 100.0, 1_275.0, met=False)
    return replace(
        good,
        title="A night <of> losses",
        verdict=Conclusion("NO-GO", 1, reasons, ("boxes complained 3 times: timed out",)),
        ledger=ledger,
        objectives=(*good.objectives, objective),
    )


def an_invalid_result() -> RehearsalResult:
    """Return a rehearsal whose tester was the limit, and whose log nobody saw."""
    good = a_result()
    sheets = replace(good.ledger.sheets, stored=None, tabulated=None)
    ledger = replace(good.ledger, stored=None, tabulated=None, sheets=sheets, holds=False)
    return replace(
        good,
        verdict=Conclusion("INVALID", 3, ("the tester was the limit",), ()),
        tester=replace(good.tester, valid=False, words="the tester was the limit"),
        ledger=ledger,
        objectives=(),
        events=(),
    )
