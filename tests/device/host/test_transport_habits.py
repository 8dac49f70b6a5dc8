"""Does a box connect, report and choose its road as its profile says?"""

import asyncio
from types import SimpleNamespace

import pytest

from ballotbox_device.core.profile import Connects
from ballotbox_device.host.interim import Interim
from ballotbox_device.host.late_road import LateRoad
from ballotbox_device.host.profile_file import load_profile, profile_names
from ballotbox_device.host.running import _in_time
from ballotbox_protocol.election.identifiers import PollState
from tests.device.host.box_process import run_command


class Near:
    """A road that writes down what is asked of it."""

    def __init__(self):
        self.asked = []
        self.unanswered = 3
        self.overheard = self.in_the_way = None

    async def connect(self):
        self.asked.append("connect")

    def pump(self):
        self.asked.append("pump")

    def close(self):
        self.asked.append("close")


def test_a_late_road_is_taken_when_it_may_be_and_ever_after():
    async def day():
        near, may = Near(), []
        late = LateRoad(near, lambda: bool(may))
        connecting = asyncio.create_task(late.connect())
        await asyncio.sleep(0)
        late.pump()
        assert (near.asked, late.unanswered) == ([], 3)
        may.append(True)
        late.pump()
        await connecting
        may.clear()
        late.pump()
        late.close()
        return near.asked

    assert asyncio.run(day()) == ["pump", "connect", "pump", "close"]


def test_a_late_road_hands_on_whom_it_tells():
    near = Near()
    late = LateRoad(near, lambda: True)
    late.overheard, late.in_the_way = print, repr
    assert (near.overheard, near.in_the_way) == (print, repr)
    assert (late.overheard, late.in_the_way) == (print, repr)


@pytest.mark.parametrize("name", profile_names())
def test_each_profile_waits_for_the_close_or_does_not(name):
    profile = load_profile(name)
    road = _in_time(lambda _: Near(), profile)(SimpleNamespace(state=PollState.OPEN))
    assert isinstance(road, LateRoad) is (profile.connects is Connects.AFTER_CLOSE)


@pytest.mark.parametrize("state", PollState)
def test_the_close_opens_the_road(state):
    outgoing = SimpleNamespace(state=PollState.OPEN)
    road = _in_time(lambda _: Near(), load_profile("aks"))(outgoing)
    outgoing.state = state
    road.pump()
    assert bool(road._road.asked) is (state >= PollState.CLOSED)


class Clock:
    """A loop of which only the timers are there."""

    def __init__(self):
        self.timers = []

    def call_later(self, delay, call, *arguments):
        timer = SimpleNamespace(delay=delay, call=lambda: call(*arguments), cancelled=False)
        timer.cancel = lambda: setattr(timer, "cancelled", True)
        self.timers.append(timer)
        return timer


def test_interim_reports_come_every_so_many_minutes():
    due, clock = [], Clock()
    interim = Interim(30, lambda: due.append("turnout"))
    interim.start(clock)
    for _ in range(3):
        clock.timers[-1].call()
    assert due == ["turnout"] * 3
    assert [timer.delay for timer in clock.timers] == [1_800] * 4
    interim.stop()
    assert [timer.cancelled for timer in clock.timers] == [False] * 3 + [True]


def test_a_box_without_interim_reports_has_no_timer():
    clock = Clock()
    interim = Interim(0, pytest.fail)
    interim.start(clock)
    interim.stop()
    assert clock.timers == []


def test_a_road_that_the_box_does_not_have_is_told(tmp_path):
    own = tmp_path / "own.toml"
    text = run_command("profiles", "generic", "--toml").stdout
    assert 'value = ["mqtt", "serial"]' in text or 'value = ["serial", "mqtt"]' in text
    own.write_text(
        text.replace('value = ["serial", "mqtt"]', 'value = ["serial"]')
        .replace('value = ["mqtt", "serial"]', 'value = ["serial"]')
        .replace('name = "generic"', 'name = "own"')
    )
    done = run_command(
        "run", "--state", tmp_path / "box", "--election", "e", "--register", "r", "--root", "x",
        "--mqtt", "localhost:1883", "--profile", own,
    )  # fmt: skip
    assert done.returncode == 1
    told = done.stderr
    assert "--mqtt: is no road of the box own. Give --serial instead" in told
