"""What is measured of a running gateway, and whether it is well; both from its status alone.

Nothing here names a box or a precinct, and votes are in no status: a series of numbers over time
says how reports come in, and nothing of what they hold.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ballotbox_gateway.core.ports import (
    HOLDS,
    DatabaseAway,
    DiskFull,
    ReadOnly,
    RegisterBehind,
    SignerAway,
)

#: The status of one election, as the desk answers.
State = Mapping[str, Any]
#: Values of the labels behind `origin`, and the number.
Values = Iterator[tuple[tuple[str, ...], float]]


class Measure(NamedTuple):
    """One name that a collector reads, with its labels beside `origin`."""

    name: str
    labels: tuple[str, ...]
    meaning: str
    values: Callable[[State], Values]

    @property
    def counts(self) -> bool:
        """Whether it only grows."""
        return self.name.endswith("_total")


def _one(*path: str) -> Callable[[State], Values]:
    """Return what finds one number in a status; none where a part of the path is missing."""

    def find(state: State) -> Values:
        value: Any = state
        for step in path:
            value = (value or {}).get(step)
        if value is not None:
            yield (), float(value)

    return find


def _number_of(*names: str) -> Callable[[State], Values]:
    def count(state: State) -> Values:
        parts = [state.get(name, ()) for name in names]
        if None not in parts:
            yield (), float(sum(map(len, parts)))

    return count


def _info(state: State) -> Values:
    yield (state["mode"], state["election_digest"]), 1.0


def _decisions(state: State) -> Values:
    for tally, counts in (state["counts"] or {}).items():
        for reason, number in counts.items():
            yield (tally, reason), float(number)


def _box_states(state: State) -> Values:
    for name, number in (state["boxes"] or {"by_state": {}})["by_state"].items():
        yield (name,), float(number)


def _roads(state: State) -> Values:
    for road in state.get("roads", ()):
        yield (road["name"],), float(road["state"] == "up")


def _certificates(state: State) -> Values:
    for each in state.get("certificates", ()):
        yield (each["table"],), float(each["ends"])


def _held_by(hold: type[DiskFull]) -> Callable[[State], Values]:
    def held(state: State) -> Values:
        yield (), float(bool(state.get(hold.kind)))

    return held


MEASURES: Final = (
    Measure("ballotbox_info", ("mode", "election"), "1; mode and digest of the election", _info),
    Measure("ballotbox_log_leaves", (), "Leaves in the log", _one("log", "size")),
    Measure(
        "ballotbox_register_version", (), "Register in use", _one("register_version")
    ),
    Measure(
        "ballotbox_decisions_total",
        ("tally", "reason"),
        "What was decided: leaves, refused, unauthentic, by reason",
        _decisions,
    ),
    Measure("ballotbox_boxes_expected", (), "Boxes in the register", _one("boxes", "expected")),
    Measure("ballotbox_boxes_silent", (), "Boxes that never reported", _one("boxes", "silent")),
    Measure("ballotbox_boxes", ("state",), "Boxes by the state of their poll", _box_states),
    Measure(
        "ballotbox_boxes_with_final", (), "Boxes with an accepted final",
        _one("boxes", "with_final"),
    ),
    Measure("ballotbox_undecided", (), "Messages read in and not decided yet", _one("undecided")),
    Measure("ballotbox_road_up", ("road",), "1 while the road is up", _roads),
    Measure(
        "ballotbox_disk_full", (), "1 while nothing is taken in for want of room",
        _held_by(DiskFull),
    ),
    Measure(
        "ballotbox_disk_read_only", (), "1 while nothing is taken in as the disk is read-only",
        _held_by(ReadOnly),
    ),
    Measure(
        "ballotbox_signer_away", (), "1 while nothing is taken in as the key cannot sign",
        _held_by(SignerAway),
    ),
    Measure(
        "ballotbox_database_away", (), "1 while nothing is taken in as the database is away",
        _held_by(DatabaseAway),
    ),
    Measure(
        "ballotbox_register_behind", (), "1 while another process judges by a newer register",
        _held_by(RegisterBehind),
    ),
    Measure(
        "ballotbox_disk_free_bytes", (), "Free on the disk of the ledger", _one("disk_free")
    ),
    Measure(
        "ballotbox_over_quota", (), "Senders whose new reports are turned away",
        _number_of("over_quota"),
    ),
    Measure(
        "ballotbox_contradictions", (), "Signed checkpoints that contradict a log, here or below",
        _number_of("convicted_by", "forked_below"),
    ),
    Measure(
        "ballotbox_upward_waiting", (), "Leaves without a receipt from above",
        _one("upstream", "waiting"),
    ),
    Measure(
        "ballotbox_upward_waiting_seconds", (), "Age of the oldest of them",
        _one("upstream", "oldest_s"),
    ),
    Measure(
        "ballotbox_upward_last_receipt_timestamp_seconds", (), "When the last one came, Unix time",
        _one("upstream", "last_receipt"),
    ),
    Measure(
        "ballotbox_copy_behind", (), "Leaves that the second copy lacks",
        _one("second_copy", "behind"),
    ),
    Measure(
        "ballotbox_copy_behind_seconds", (), "For how long it has lacked any",
        _one("second_copy", "behind_s"),
    ),
    Measure(
        "ballotbox_certificate_ends_timestamp_seconds", ("table",),
        "When the certificate that this table of the settings names ends, Unix time",
        _certificates,
    ),
)  # fmt: skip


class _Status(Collector):
    def __init__(self, states: Sequence[State]) -> None:
        self._states = states

    def collect(self) -> Iterator[Metric]:
        """Yield each measure with the numbers of every election."""
        for measure in MEASURES:
            labels = ("origin", *measure.labels)
            kind = CounterMetricFamily if measure.counts else GaugeMetricFamily
            family = kind(measure.name, measure.meaning, labels=labels)
            for state in self._states:
                for values, number in measure.values(state):
                    family.add_metric((state["origin"], *values), number)
            if family.samples:
                yield family


def exposition(states: Sequence[State]) -> bytes:
    """Return the numbers of all elections and of the process, as Prometheus reads them."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Status(states))
    ProcessCollector(registry=registry)
    return generate_latest(registry)


def metrics_table() -> str:
    """Return the table of all measures, in Markdown."""
    lines = ["| Metric | Labels | Meaning |", "|---|---|---|"]
    for measure in MEASURES:
        labels = ", ".join(f"`{label}`" for label in ("origin", *measure.labels))
        lines.append(f"| `{measure.name}` | {labels} | {measure.meaning} |")
    return "\n".join(lines) + "\n"


def troubles(state: State) -> list[str]:
    """Return what is in the way of one election, each in one line; nothing when all is well."""
    parts = [*state.get("roads", ()), state.get("upstream"), state.get("second_copy")]
    told = [
        f"{part.get('name') or part['directory']}: {part['trouble']}"
        for part in parts
        if part and part["trouble"]
    ]
    told += state.get("broker_remarks", ())
    over = len(state.get("over_quota", ()))
    told += [f"senders over their quota: {over}"] if over else []
    if state["convicted_by"]:
        told.append("a box holds a checkpoint that this log is not")
    told += [f"{each['origin']} signed two logs" for each in state.get("forked_below", ())]
    told += [each["trouble"] for each in state.get("certificates", ()) if each["trouble"]]
    return told


def health(states: Sequence[State]) -> tuple[bool, dict[str, Any]]:
    """Return whether every election takes in reports, and what to tell whoever asks."""
    elections, able = [], True
    for state in states:
        held = [f"{state[hold.kind]}. {hold.remedy}" for hold in HOLDS if state.get(hold.kind)]
        told = held + troubles(state)
        able = able and not held
        elections.append({"origin": state["origin"], "mode": state["mode"], "troubles": told})
    well = all(not each["troubles"] for each in elections)
    word = ("ok" if well else "troubled") if able else "not taking in"
    return able, {"health": word, "elections": elections}
