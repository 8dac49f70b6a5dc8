"""What one process of the tester is told to do: its share of the boxes, and where they report."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from ballotbox_protocol.election.identifiers import BoxId
from ballotbox_simulator.rehearse.core.day_clock import DayClock


@dataclass(frozen=True, slots=True)
class Group:
    """Boxes of one make: how many, sheets of each, profile, day seconds between interim reports."""

    count: int
    sheets: int
    profile: str
    turnout_s: int | None


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the boxes connect, from which addresses, and what they show; see `own`.

    sharded: their topics say their shard, for gateways that share the boxes out.
    """

    host: str
    port: int
    sources: tuple[str, ...]
    username: str | None = None
    password: str | None = None
    #: Authority, certificate and key of the boxes' connections; None for plain TCP.
    tls: tuple[str, str, str] | None = None
    sharded: bool = False


def own(text: str, box: BoxId) -> str:
    """Return what `text` is for one box: {box} in it stands for the box's id."""
    return text.replace("{box}", box.hex())


@dataclass(frozen=True, slots=True)
class Job:
    """The whole rehearsal as one process must know it, and which boxes are its own."""

    seed: int
    ballots: str
    folder: str | None
    origins: tuple[str, ...]
    groups: tuple[Group, ...]
    areas: int
    clock: DayClock
    curve: tuple[float, ...]
    spread_s: float
    shape: tuple[float, ...]
    broker: Broker
    connect_per_s: float
    first: int
    stop: int
    made_file: str

    @property
    def count(self) -> int:
        """How many boxes the whole rehearsal has."""
        return sum(group.count for group in self.groups)

    def own(self) -> Iterator[tuple[int, Group]]:
        """Yield the boxes of this process, by their number among all, each with its group."""
        number = 0
        for group in self.groups:
            for _ in range(group.count):
                if self.first <= number < self.stop:
                    yield number, group
                number += 1

    def area_of(self, number: int) -> int:
        """Return the area of a box, from 1."""
        return number * self.areas // self.count + 1

    def line(self) -> bytes:
        """Return the job as one line."""
        return json.dumps(asdict(self)).encode() + b"\n"


def job_of(line: bytes) -> Job:
    """Return the job that `Job.line` has written."""
    value: dict[str, Any] = json.loads(line)
    value["groups"] = tuple(Group(**group) for group in value["groups"])
    value["clock"] = DayClock(**value["clock"])
    broker = value["broker"]
    tls = broker["tls"]
    value["broker"] = Broker(
        **broker | {"sources": tuple(broker["sources"]), "tls": tuple(tls) if tls else None}
    )
    for name in ("origins", "curve", "shape"):
        value[name] = tuple(value[name])
    return Job(**value)
