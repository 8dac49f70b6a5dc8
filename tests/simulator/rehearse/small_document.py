"""A whole result document of one box, made up: no two of its parts need agree."""

from typing import Any

from ballotbox_simulator.rehearse.core.document import FORMAT

PERCENTILES = {
    "count": 1,
    "min_ms": 1.0,
    "mean_ms": 1.0,
    "p50_ms": 1.0,
    "p90_ms": 1.0,
    "p95_ms": 1.0,
    "p99_ms": 1.0,
    "p999_ms": 1.0,
    "max_ms": 1.0,
    "curve": [[50.0, 1.0]],
}
COUNTS = ("connections", "made", "receipted", "refused", "sheets", "reconnects", "backlog")
SERIES = {
    **{name: [1] for name in COUNTS},
    **{name: [0.5] for name in ("at_s", "reports_per_s", "receipts_per_s")},
    **{name: [None] for name in ("latency_p50_ms", "latency_p99_ms", "tester_lag_p99_ms")},
    **{name: [None] for name in ("log_size", "upstream_waiting")},
    "parts": [
        {
            "name": "gateway",
            "kind": "gateway",
            "program": "ballotbox-gateway",
            "cpu_cores": [0.5],
            "memory_mib": [50.0],
            "cpu_s": 0.5,
            "memory_peak_mib": 50.0,
            "machine": "",
        }
    ],
}
DOCUMENT: dict[str, Any] = {
    "format": FORMAT,
    "program": "ballotbox-sim 1",
    "started": "2026-11-27T20:00:00Z",
    "title": "A night",
    "text": "",
    "verdict": {"outcome": "NO-GO", "exit_code": 1, "reasons": ["lost"], "notes": []},
    "plan": {"title": "A night"},
    "election": {
        "name": "E",
        "mode": "rehearsal",
        "digest": "00",
        "root": "rehearsal:00",
        "boxes": 1,
        "precincts": 1,
    },
    "machine": {
        "system": "Linux",
        "processor": "x",
        "cores": 2,
        "python": "3.11",
        "memory_mib": 1,
        "limits": [],
    },
    "assumptions": ["journals in memory"],
    "moments": {
        "connecting": -1.0,
        "connected": -0.5,
        "closing": 1.0,
        "last_close": 2.0,
        "receipted_99": None,
        "receipted_all": None,
        "ended": 3.0,
        "finals_99": None,
    },
    "events": [
        {
            "kind": "broker-killed",
            "planned": "20:00:02",
            "began_s": 1.0,
            "ended_s": 2.0,
            "drained_s": None,
            "words": "killed",
        }
    ],
    "series": SERIES,
    "latencies": [{"name": "receipt", "words": "w", "percentiles": PERCENTILES}],
    "ledger": {
        "sent": 1,
        "receipted": 0,
        "stored": None,
        "finals": 1,
        "tabulated": None,
        "missing": [{"report": "00", "box": "01", "sequence": 0, "where": "nowhere"}],
        "doubled": [],
        "objections": [],
        "sheets": {"fed": 1, "counted": 1, "receipted": 0, "stored": None, "tabulated": None},
        "holds": False,
    },
    "objectives": [
        {"name": "lost", "words": "w", "unit": "reports", "limit": 0, "measured": 1, "met": False}
    ],
    "tester": {
        "valid": True,
        "workers": 1,
        "lag_limit_ms": 1.0,
        "lag": PERCENTILES,
        "lag_burst": PERCENTILES,
        "cpu_share": 0.1,
        "memory_per_box_kib": None,
        "words": "w",
        "processes": [
            {
                "name": "tester 1",
                "machine": "",
                "boxes": 1,
                "cores": 0.5,
                "memory_mib": 50.0,
                "lag_ms": 1.0,
                "machine_cores": 2,
                "machine_busy": 0.5,
            }
        ],
        "machines": [{"name": "a", "cores": 2, "boxes": 1, "processes": 1, "limits": []}],
    },
    "bottleneck": {"part": "gateway", "share": 0.5, "words": "w"},
    "costs": [{"part": "gateway", "per": "report", "value": 1.0, "unit": "us"}],
    "rates": {
        "connect_per_s": 1.0,
        "reports_per_s_peak": 1.0,
        "receipts_per_s_peak": 1.0,
        "receipts_per_s_sustained": 1.0,
        "receipted_99_s": None,
        "finals_99_s": None,
    },
}
