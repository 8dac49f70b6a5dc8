"""Is an office's log taken only when it shows what this rehearsal has done, and nothing older?"""

import asyncio
import random
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from ballotbox_device.core.rules import ElectionRules
from ballotbox_gateway.problem import Problem
from ballotbox_protocol.election.register import origin_id
from ballotbox_protocol.wire.message import sharded_topic_of, topic_of
from ballotbox_simulator.authority import Authority, Plan, make_authority
from ballotbox_simulator.crew import new_crew
from ballotbox_simulator.rehearse import office
from ballotbox_simulator.rehearse.core.day_clock import DayClock
from ballotbox_simulator.rehearse.fleet_box import FleetBox
from ballotbox_simulator.rehearse.job import Broker, Group, Job, job_of
from ballotbox_simulator.rehearse.plan_file import OfficeTable
from ballotbox_simulator.rehearse.tally import Tally
from ballotbox_simulator.rehearse.witnesses import StoredLog

ORIGIN = "o.example/gateway"
NOTHING = (sys.executable, "-c", "", "{log}")
FAILING = (sys.executable, "-c", "raise SystemExit('no such host')", "{log}")
EMPTY = (
    sys.executable,
    "-c",
    "raise SystemExit('log: is empty, so nothing is signed yet')",
    "{log}",
)
WRITING = (
    sys.executable,
    "-c",
    "import sys, pathlib as p; f = p.Path(sys.argv[1]); f.mkdir(); (f / 'checkpoint').touch()",
    "{log}",
)


@pytest.fixture(scope="module")
def authority() -> Authority:
    return make_authority(replace(Plan(1, 2), origins=(ORIGIN,)))


def an_office(authority: Authority, out: Path, *export: str, origin: str = ORIGIN) -> office.Office:
    table = OfficeTable.model_validate({"host": "a", "origin": origin, "export": export})
    return office.Office(table, authority, out)


def a_job(broker: Broker) -> Job:
    clock = DayClock(8 * 3_600, 20 * 3_600, None)
    groups = (Group(2, 5, "generic", None),)
    return Job(
        1, "list", None, (ORIGIN,), groups, 1, clock, (1.0,), 4, (1.0,), broker, 10.0, 0, 2, "made"
    )


@pytest.mark.parametrize("shard", [False, True])
def test_boxes_say_their_shard_where_the_plan_says_so(authority, tmp_path: Path, shard) -> None:
    table = OfficeTable.model_validate({"host": "a", "origin": ORIGIN, "shard": shard})

    broker = job_of(a_job(office.Office(table, authority, tmp_path).broker).line()).broker
    (number, *_) = authority.boxes
    crew = new_crew(authority, ElectionRules.of(authority.trusted), number, 1)
    box = FleetBox(crew, 0, broker, origin_id(ORIGIN), Tally(), random.Random(1))

    digest = authority.trusted.digest
    topic = sharded_topic_of(digest, number) if shard else topic_of(digest, number, "up")
    assert box._up == topic


@pytest.mark.parametrize("export", [NOTHING, EMPTY, ()], ids=["nothing", "empty", "no command"])
def test_a_log_that_is_not_there_yet_is_no_hindrance(authority, tmp_path: Path, export) -> None:
    asyncio.run(an_office(authority, tmp_path, *export).start())


def test_a_log_that_holds_reports_before_the_start_is_refused(
    authority, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setattr(office, "stored_log", lambda *_: StoredLog(reports=3))

    with pytest.raises(Problem, match=r"holds 3 reports before the start.*same reports again"):
        asyncio.run(an_office(authority, tmp_path, *WRITING).start())


def test_what_is_no_log_or_fails_before_the_start_is_refused(authority, tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"fails before the start: no such host"):
        asyncio.run(an_office(authority, tmp_path, *FAILING).start())
    with pytest.raises(Problem, match=r"gives no good log: .*checkpoint"):
        asyncio.run(an_office(authority, tmp_path, *WRITING).start())


@pytest.mark.parametrize(
    ("export", "words"),
    [
        ((), "name a command in office.export"),
        (NOTHING, "wrote nothing into"),
        (FAILING, "office.export: no such host"),
        (("no-such-program", "{log}"), "No such file"),
    ],
    ids=["no command", "nothing", "it fails", "no program"],
)
def test_why_nobody_sees_the_log_is_told(authority, tmp_path: Path, export, words: str) -> None:
    told = asyncio.run(an_office(authority, tmp_path, *export).export(tmp_path / "log"))

    assert words in told


def test_a_log_that_was_written_is_seen(authority, tmp_path: Path) -> None:
    assert asyncio.run(an_office(authority, tmp_path, *WRITING).export(tmp_path / "log")) == ""


def test_a_name_that_the_register_does_not_have_is_refused(authority, tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"is not in the register.*o\.example/gateway"):
        an_office(authority, tmp_path, origin="other.example/gateway")
