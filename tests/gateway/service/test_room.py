"""Is room left on the disk for delivery and rulings, and is it told once who takes too much?"""

import shutil
from typing import NamedTuple

import pytest

from ballotbox_gateway.config import Config
from ballotbox_gateway.service.desk import stopped_desk
from ballotbox_gateway.service.room import Reserve, quotas_of
from tests.gateway.adapters.upper_office import lower_gateway
from tests.gateway.scripted import CENTRE, NOW, ScriptedBox, arrivals, authority, intake, memory
from tests.gateway.service.test_reception import REPORT, Desk, run
from tests.patience import soon


class Usage(NamedTuple):
    total: int
    used: int
    free: int


MIB = 2**20


def config(tmp_path, **limits):
    return Config.model_validate(
        {
            "root": str(authority().root),
            "election_file": "e",
            "register_file": "r",
            "origin": "o",
            "key_file": "k",
            "ledger_file": str(tmp_path / "ledger.sqlite"),
            "serial": ({"port": "/dev/ttyUSB0"},),
            "limits": limits,
        }
    )


@pytest.fixture
def disk(monkeypatch):
    """A disk of 10 GiB whose free MiB the test sets."""
    free = {"mib": 9_000}
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10_240 * MIB, 0, free["mib"] * MIB))
    return free


def test_below_the_reserve_nothing_is_taken_in_until_there_is_a_little_more_than_it(tmp_path, disk):
    reserve = Reserve(config(tmp_path, disk_reserve_mib=100))
    told = f"{tmp_path}/ledger.sqlite: the disk is full: {{}} MiB are free, and kept so"
    for mib, trouble in ((100, ""), (99, told), (110, told), (124, told), (125, ""), (101, "")):
        disk["mib"] = mib
        assert reserve.trouble() == trouble.format(mib)


def test_of_a_small_disk_a_twentieth_is_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(20 * MIB, 0, MIB))
    assert Reserve(config(tmp_path)).trouble() == ""
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(20 * MIB, 0, MIB - 1))
    assert Reserve(config(tmp_path)).trouble()


def test_no_reserve_is_kept_where_none_is_wanted(tmp_path, disk):
    disk["mib"] = 0
    assert Reserve(config(tmp_path, disk_reserve_mib=0)).trouble() == ""


def short_of_room(reserve):
    """Letters that came while only the reserve was left: held, and decided when there is room."""

    async def scenario():
        desk = Desk()
        desk.reception.reserve = reserve
        desk.put(*[REPORT + each for each in ScriptedBox(authority()).day(1)])
        decided = desk.ledger.log_head
        await soon(lambda: desk.reception.disk_full or decided().size, "a word on them", 5)
        assert desk.reception.disk_full, "they were stored"
        assert desk.road.held
        assert desk.events == []
        assert desk.ledger.log_head().size == 0
        desk.reception.reserve = lambda: ""
        await desk.idle()
        assert not desk.road.held
        assert desk.reception.disk_full == ""
        assert desk.ledger.log_head().size == 6
        assert desk.failures == []

    run(scenario)


def test_letters_wait_while_only_the_reserve_is_left():
    short_of_room(lambda: "ledger: the disk is full")


def test_without_the_reserve_they_are_stored():
    """The negative control."""
    with pytest.raises(AssertionError, match="they were stored"):
        short_of_room(lambda: "")


def test_with_nothing_to_decide_the_disk_is_not_asked():
    async def scenario():
        desk = Desk()
        asked = []
        desk.reception.reserve = lambda: asked.append(1) or "full"
        assert desk.reception.decide()
        assert asked == []

    run(scenario)


def test_who_takes_too_much_is_told_once_by_name(tmp_path, caplog):
    quotas = quotas_of(config(tmp_path, box_mib=1, gateway_mib=1))
    box = authority().boxes[0]
    for quota, who in ((quotas.boxes, box), (quotas.gateways, b"low.example/1")):
        quota.charge(who, MIB, NOW)
        assert quota.is_spent(who, NOW)
        assert quota.is_spent(who, NOW)
    told = [each.getMessage() for each in caplog.records]
    assert [line.split(" sends")[0] for line in told] == [
        f"box {box.hex()}",
        "gateway low.example/1",
    ]


def test_a_stick_is_not_taken_in_either_while_the_gateway_is_stopped_and_the_disk_short(
    tmp_path, disk
):
    lower, _ = lower_gateway()
    lower.admit(arrivals(*ScriptedBox(authority()).day()), NOW)
    batch = lower.next_upward(CENTRE, 512).to_json()
    ledger = memory(authority(), CENTRE)
    shortage = Reserve(config(tmp_path)).trouble
    upper = intake(authority(), ledger, CENTRE)
    desk = stopped_desk(ledger, authority().trusted, lambda: upper, NOW, None, shortage)
    disk["mib"] = 1
    assert "the disk is full" in desk.answer({"ask": "take_in", "batch": batch})["problem"]
    assert ledger.log_head().size == 0
    disk["mib"] = 9_000
    assert "reply" in desk.answer({"ask": "take_in", "batch": batch})
