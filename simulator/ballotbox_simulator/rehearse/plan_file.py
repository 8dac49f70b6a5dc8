"""The plan of a rehearsal: one TOML file, validated whole, each field documented where it stands.

Plans that come with the package are read by name, others by the path of their file.
"""

import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, Field, ValidationError, ValidationInfo, model_validator

from ballotbox_device.host.profile_file import profile_names
from ballotbox_gateway.config_errors import explain
from ballotbox_gateway.config_fields import FilePath, Origin, Port, Table, from_config_folder
from ballotbox_gateway.machine_names import Host
from ballotbox_gateway.problem import Problem
from ballotbox_protocol.election.identifiers import InvalidField
from ballotbox_simulator.rehearse.core.day_clock import DayClock
from ballotbox_simulator.rehearse.core.objectives import Objectives
from ballotbox_simulator.rehearse.plan_embedded import EmbeddedTable
from ballotbox_simulator.rehearse.plan_events import EMBEDDED_ALONE, Event, EventKind, overlaps
from ballotbox_simulator.rehearse.plan_fields import FASTEST, Clock, Compression, Duration, Weights
from ballotbox_simulator.world.plan import BY_HOUR, Ballots

#: As many as one machine's addresses can hold; more take several machines.
BOXES_MAX: Final = 200_000
_SHEETS_MAX: Final = 5_000
_FOLDER: Final = "plans"
_SUFFIX: Final = ".toml"
_REMEDY: Final = "`ballotbox-sim rehearse --help` names plans that can be copied"


class ElectionTable(Table):
    """The election that is rehearsed: grown from a seed, or the one in a folder."""

    seed: int = Field(1, ge=0, description="Same seed, same keys and same voters")
    ballots: Literal["list", "full"] = Field(
        "list", description="`list`: 33 lines on one sheet; `full`: three contests on two sheets"
    )
    folder: FilePath | None = Field(
        None, description="Folder that `ballotbox-sim election` has made, instead of a seed"
    )

    @property
    def styles(self) -> Ballots:
        """The ballots of an election that is grown."""
        return Ballots(self.ballots)


def _known(name: str, info: ValidationInfo) -> str:
    if name.endswith(_SUFFIX):
        return str(from_config_folder(Path(name), info))
    if name not in profile_names():
        known = ", ".join(profile_names())
        raise ValueError(f"there is no profile {name!r}: {known}, or a file ending with .toml")
    return name


class BoxesTable(Table):
    """Boxes of one make; repeat the table for each make."""

    count: int = Field(ge=1, le=BOXES_MAX, description="How many boxes")
    sheets: int = Field(40, ge=1, le=_SHEETS_MAX, description="Sheets fed to each over the day")
    profile: Annotated[str, AfterValidator(_known)] = Field(
        "generic", description="How they behave: a name, or a file of your own"
    )
    turnout: Duration | None = Field(
        None, description="Hours of the day between interim reports; the profile's when missing"
    )


class DayTable(Table):
    """The day: its hours, how voters spread over them, and how fast it passes."""

    opening: Clock = Field(8 * 3_600, description="When the polls open")
    closing: Clock = Field(20 * 3_600, description="When they close")
    morning: Duration = Field(
        30, description="Real seconds before the opening, in which all boxes are switched on"
    )
    curve: Weights = Field(
        BY_HOUR, description="Weights of equal parts of the day; turnout as it was when missing"
    )
    compression: Compression = Field(
        1.0, description='How many times faster than real time, or "fastest"'
    )

    @property
    def clock(self) -> DayClock:
        """The clock of this day."""
        fast = self.compression == FASTEST
        compression = None if fast else float(self.compression)
        return DayClock(self.opening, self.closing, compression, self.morning)

    @model_validator(mode="after")
    def _hours(self) -> Self:
        try:
            _ = self.clock
        except InvalidField as error:
            raise ValueError(error.problem) from error
        return self


class BurstTable(Table):
    """The closing burst: over how long all boxes close, and how that time is weighed."""

    spread: Duration = Field(30, description="Real seconds from the first close to the last")
    shape: Weights = Field((8.0, 4.0, 2.0, 1.0), description="Weights of equal parts of it")


class TlsTable(Table):
    """The certificates of the boxes' connections; {box} in a name stands for the id of each."""

    ca_file: FilePath = Field(description="Certificates to trust")
    certificate_file: FilePath = Field(
        description="The certificate that boxes show; with {box} in it, one for each"
    )
    key_file: FilePath = Field(description="Its private key; {box} as above")


class OfficeTable(Table):
    """The office's own broker and gateways."""

    host: Host = Field(description="Name or address of the broker")
    port: Port = Field(1883, description="TCP port of the broker")
    username: str | None = Field(
        None, min_length=1, description="Name for the broker's password check; {box}: each its own"
    )
    password_file: FilePath | None = Field(None, description="File that holds the password")
    tls: TlsTable | None = Field(None, description="Table of certificates; without it plain TCP")
    origin: Origin = Field(description="Name of the log whose receipts count")
    shard: bool = Field(
        default=False, description="Boxes publish with their shard, for gateways over PostgreSQL"
    )
    export: tuple[str, ...] = Field(
        (),
        description="Command that exports the log into the folder {log}, word by word; without "
        "it nobody sees what is stored, and the verdict is INVALID",
    )

    @model_validator(mode="before")
    @classmethod
    def _listed(cls, data: object) -> object:
        if isinstance(data, dict) and isinstance(data.get("export"), list):
            return data | {"export": tuple(data["export"])}
        return data

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.export and not any("{log}" in word for word in self.export):
            raise ValueError("export must name the folder as {log}")
        if self.password_file is not None and self.username is None:
            raise ValueError("password_file goes with username: give both, or neither")
        return self


class ObjectivesTable(Table):
    """What makes it a GO; an objective that is not given is not asked."""

    receipted_99: Duration | None = Field(
        None,
        gt=0,
        description="From the close until 99 % of the reports made since then hold a receipt",
    )
    receipt_p99_ms: float | None = Field(
        None,
        gt=0,
        strict=False,
        allow_inf_nan=False,
        description="Milliseconds within which 99 % of the receipts of those reports come",
    )
    memory_kib: float | None = Field(
        None,
        gt=0,
        strict=False,
        allow_inf_nan=False,
        description="KiB of the tester's memory for each connected box, before voters come",
    )

    @property
    def asked(self) -> Objectives:
        """The objectives as the verdict takes them."""
        return Objectives(self.receipted_99, self.receipt_p99_ms, self.memory_kib)


class TesterTable(Table):
    """The tester itself."""

    workers: int | None = Field(
        None, ge=1, le=64, description="Processes that hold boxes; one per core when missing"
    )
    connect_per_s: int = Field(
        2_000, ge=1, le=100_000, description="New connections a second, of all workers"
    )
    lag_p99_ms: float = Field(
        1_000.0,
        gt=0,
        strict=False,
        allow_inf_nan=False,
        description="Milliseconds by which the tester may be late; later makes it INVALID",
    )
    patience: Duration = Field(120, description="How long to wait for the last receipts")


class Plan(Table):
    """A whole plan."""

    title: str = Field(min_length=1, max_length=200, description="One line for people")
    text: str = Field("", max_length=4_000, description="What it rehearses")
    election: ElectionTable = Field(
        default_factory=lambda: ElectionTable.model_validate({}), description="Table"
    )
    boxes: tuple[BoxesTable, ...] = Field(description="Repeated table: the boxes")
    areas: int = Field(7, ge=1, le=1_000, description="Areas of neighbours that the boxes make")
    day: DayTable = Field(default_factory=lambda: DayTable.model_validate({}), description="Table")
    burst: BurstTable = Field(
        default_factory=lambda: BurstTable.model_validate({}), description="Table"
    )
    embedded: EmbeddedTable | None = Field(None, description="Table: a set-up on this machine")
    office: OfficeTable | None = Field(None, description="Table: the office's own, instead")
    event: tuple[Event, ...] = Field((), description="Repeated table: bad events")
    objectives: ObjectivesTable = Field(
        default_factory=lambda: ObjectivesTable.model_validate({}), description="Table"
    )
    tester: TesterTable = Field(
        default_factory=lambda: TesterTable.model_validate({}), description="Table"
    )

    @property
    def count(self) -> int:
        """How many boxes there are."""
        return sum(group.count for group in self.boxes)

    @property
    def neighbourhoods(self) -> int:
        """How many areas there are: none of them without a box."""
        return min(self.areas, self.count)

    @property
    def target(self) -> EmbeddedTable:
        """The embedded set-up, which is the usual one when no table asks for it."""
        return self.embedded or EmbeddedTable.model_validate({})

    @model_validator(mode="before")
    @classmethod
    def _tables(cls, data: object) -> object:
        # TOML writes repeated things as a list; the model holds what nobody can append to.
        if not isinstance(data, dict):
            return data
        repeated = (name for name in ("boxes", "event") if isinstance(data.get(name), list))
        return data | {name: tuple(data[name]) for name in repeated}

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.embedded is not None and self.office is not None:
            raise ValueError("give [embedded] or [office], one of the two")
        if not self.boxes:
            raise ValueError("boxes: add a table [[boxes]]")
        if self.count > BOXES_MAX:
            raise ValueError(f"boxes are {self.count:,} together: at most {BOXES_MAX:,}")
        if "areas" in self.model_fields_set and self.areas > self.count:
            raise ValueError(f"areas are {self.areas}, but there are {self.count} boxes")
        if self.election.folder is not None and self.office is None:
            raise ValueError("election.folder needs [office]: the keys of its gateways are there")
        self._require_events()
        return self

    def _require_events(self) -> None:
        for number, event in enumerate(self.event):
            trouble = self._trouble(event)
            if trouble:
                raise ValueError(f"event[{number}] {trouble}")
        for first, second in overlaps(self.event, self.day.clock):
            part, kinds = self.event[first].part, (self.event[first].kind, self.event[second].kind)
            raise ValueError(
                f"event[{first}] ({kinds[0]}) and event[{second}] ({kinds[1]}) break {part} at the "
                "same time: let one begin when the other is over"
            )

    @property
    def _last_s(self) -> float:
        """Real seconds from the first box until nobody waits any longer, as planned."""
        return self.day.clock.lasts_s + self.burst.spread + self.tester.patience

    def _trouble(self, event: Event) -> str:
        """Return why an event cannot happen in this plan, or nothing."""
        kind = event.kind
        if self.office is not None and kind in EMBEDDED_ALONE:
            return f"({kind}) needs [embedded]: a rehearsal breaks nothing of the office's"
        if setting := self.target.lacks(kind):
            return f"({kind}) needs {setting}"
        if event.area is not None and event.area > self.neighbourhoods:
            return f"has area {event.area}, but areas are {self.neighbourhoods}"
        if event.at < self.day.clock.begin_s:
            return "is at an hour before day.morning, when the first box is switched on"
        if event.ends(self.day.clock) > self._last_s:
            return "ends after all is over: closing, burst.spread and tester.patience together"
        if kind in (EventKind.BOXES_CLONED, EventKind.BOXES_SILENT) and event.boxes > self.count:
            return f"has {event.boxes} boxes, but there are {self.count}"
        return ""


def plan_names() -> list[str]:
    """Return the names of the plans that come with the package, in order."""
    folder = files("ballotbox_simulator") / _FOLDER
    names = (entry.name for entry in folder.iterdir())
    return sorted(name.removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX))


def load_plan(name: str) -> Plan:
    """Return a plan of the package by its name, or that of a file ending with .toml.

    Raises Problem naming file, field and fix.
    """
    if name.endswith(_SUFFIX):
        return read_plan(name, _text_of(Path(name)), Path(name).parent)
    if name not in plan_names():
        known = ", ".join(plan_names())
        remedy = f"The built-in ones are {known}; the name of a file ends with {_SUFFIX}"
        raise Problem(f"plan {name}", "there is none of this name", remedy)
    entry = files("ballotbox_simulator") / _FOLDER / f"{name}{_SUFFIX}"
    return read_plan(entry.name, entry.read_text(encoding="utf-8"), Path())


def read_plan(where: str, text: str, folder: Path) -> Plan:
    """Return the plan that the text of a file describes; raises Problem naming `where`."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Problem(where, f"is not TOML: {error}", "Correct that line") from error
    except RecursionError as error:
        raise Problem(where, "is nested too deeply for a plan", _REMEDY) from error
    try:
        return Plan.model_validate(data, context={"folder": folder})
    except ValidationError as error:
        raise explain(where, error, Plan, _REMEDY) from error


def document_of(plan: Plan) -> dict[str, Any]:
    """Return the plan as JSON-able values, with all that it left out filled in.

    It names a password's file and never holds the password.
    """
    return plan.model_dump(mode="json")


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        words = (error.strerror or str(error)).lower()
        raise Problem(str(path), words, "Give the path of a plan, or a built-in name") from error
    except UnicodeDecodeError as error:
        raise Problem(str(path), "is not UTF-8 text", "Save it as UTF-8") from error
