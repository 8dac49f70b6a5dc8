"""Is a scenario of one's own read as it is written, and refused with field and fix?"""

import pytest

from ballotbox_simulator.world.faults import FaultKind
from ballotbox_simulator.world.plan import RoadChoice
from ballotbox_simulator.world.polling_day import HOUR, MINUTE
from ballotbox_simulator.world.scenario_file import BadScenario, load_scenario, read_scenario

HEAD = 'title = "Mine"\ntext = "What happens."\n'
PLAN = HEAD + "[plan]\nboxes = 2\n"
FAULT = PLAN + '[[fault]]\nkind = "power_cut"\nat = "12:00"\nlasts = "5m"\n'


def _read(text):
    return read_scenario("mine", text, "mine.toml")


def test_a_file_is_read_as_it_is_written(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(
        HEAD
        + """
rulings = true
[plan]
road = "mqtt"
curve = [1, 2.5]
service = [5, 7.5]
[plan.hours]
end = "25:30:10"
[weather]
message_loss = 0.25
[[fault]]
kind = "broker_restart"
at = "19:59:30"
jitter = "1h30m"
share = 0.5
lasts = "90s"
times = 2
"""
    )
    scenario = load_scenario(str(path))
    assert (scenario.name, scenario.title, scenario.swarm) == ("mine", "Mine", False)
    assert scenario.plan.road is RoadChoice.MQTT
    assert scenario.plan.curve == (1.0, 2.5)
    assert scenario.plan.service == (5.0, 7.5)
    assert scenario.plan.hours.end == 25 * HOUR + 30 * MINUTE + 10_000
    assert scenario.weather == {FaultKind.MESSAGE_LOSS: 0.25}
    (fault,) = scenario.faults
    assert (fault.at, fault.jitter) == (19 * HOUR + 59 * MINUTE + 30_000, 90 * MINUTE)
    assert (fault.share, fault.lasts, fault.times) == (0.5, 90_000, 2)
    assert len(scenario.day(1).strikes) == 2
    assert scenario.day(1).rulings


REFUSED = {
    "an unknown key": (HEAD + "swarn = true", "swarn: is not known here; did you mean 'swarm'?"),
    "no title": ('text = "a"\nswarm = true', "title: is missing"),
    "no plan": (HEAD, "plan: is missing, and nothing draws it"),
    "a slip of syntax": (HEAD + "[plan", "is not TOML"),
    "an unknown size": (HEAD + "[plan]\nballot = 3", "plan.ballot: is not known here"),
    "no boxes": (HEAD + "[plan]\nboxes = 0", "plan.boxes: must be 1 or more"),
    "a number in quotes": (HEAD + '[plan]\nboxes = "2"', "plan.boxes: must be a whole number"),
    "an unknown road": (HEAD + '[plan]\nroad = "post"', "plan.road: must be one of serial, mqtt"),
    "a curve of nothing": (HEAD + "[plan]\ncurve = [0]", "plan.curve: needs one weight above 0"),
    "a curve of words": (HEAD + '[plan]\ncurve = ["a"]', "plan.curve[0]: must be a number"),
    "a curve without end": (HEAD + "[plan]\ncurve = [inf]", "plan.curve[0]: must be a number"),
    "a service that falls": (
        HEAD + "[plan]\nservice = [2, 1]",
        "plan.service: needs seconds that never fall",
    ),
    "a service in no time": (HEAD + "[plan]\nservice = [-1]", "plan.service: needs seconds of 0"),
    "hours in disorder": (
        HEAD + '[plan.hours]\nclosing = "07:00"',
        "plan.hours: must follow each other",
    ),
    "no time": (FAULT.replace("12:00", "noon"), "fault[0].at: 'noon' is no time: write it as"),
    "no duration": (FAULT.replace("5m", "5"), "fault[0].lasts: '5' is no duration: write it"),
    "an empty duration": (FAULT.replace("5m", ""), "fault[0].lasts: '' is no duration"),
    "a fault too late": (FAULT.replace("12:00", "21:01"), "fault[0].at: comes after the end"),
    "a jitter too long": (FAULT + 'jitter = "10h"', "fault[0].at: comes after the end"),
    "no kind": (FAULT.replace("power_cut", "power"), "fault[0].kind: must be one of"),
    "no end": (PLAN + '[[fault]]\nkind = "power_cut"\nat = "12:00"', "fault[0].lasts: is missing"),
    "an end too many": (
        FAULT.replace("power_cut", "line_noise"),
        "fault[0].lasts: line_noise does not last: leave it out",
    ),
    "a ledger full for long": (
        FAULT.replace("power_cut", "ledger_full").replace("5m", "11m"),
        'fault[0].lasts: must be "10m" or less',
    ),
    "weather that strikes": (
        FAULT.replace("power_cut", "line_loss"),
        "fault[0].kind: line_loss is weather: write it in [weather]",
    ),
    "a strike as weather": (
        PLAN + "[weather]\npower_cut = 0.1",
        "weather.power_cut: strikes at a time: write it as [[fault]]",
    ),
    "weather for ever": (PLAN + "[weather]\nline_loss = 2", "weather.line_loss: must be above 0"),
    "weather unknown": (PLAN + "[weather]\nrain = 1", "weather.rain: must be one of"),
    "each and a share": (FAULT + "each = true\nshare = 0.5", "fault[0].each: cannot stand beside"),
    "each and a target": (FAULT + "each = true\ntarget = 1", "fault[0].target: cannot stand"),
    "a share of nothing": (FAULT + "share = 0", "fault[0].share: must be above 0"),
    "never": (FAULT + "times = 0", "fault[0].times: must be 1 or more"),
    "a detail below zero": (FAULT + "detail = -1", "fault[0].detail: must be"),
    "nobody to strike": (
        FAULT.replace("power_cut", "box_cut_off").replace("boxes = 2", 'road = "serial"'),
        "fault[0].kind: box_cut_off strikes boxes at the broker, and there are none: change",
    ),
    "nobody who counts": (
        FAULT.replace("power_cut", "count_misread").replace('lasts = "5m"', ""),
        "strikes stations where people count by hand, and there are none: change plan.by_hand",
    ),
    "fewer counts than none": (HEAD + "[plan]\nby_hand = -1", "plan.by_hand: must be 0 or more"),
    "a sign unknown": (
        PLAN + '[imbalance]\ncause = "a"\nsign = "x"\nfound = "boxes"\nissued = 3',
        'imbalance.sign: must be "-", "0" or "+"',
    ),
    "found nowhere": (
        PLAN + '[imbalance]\ncause = "a"\nsign = "0"\nfound = "street"\nissued = "voters"',
        "imbalance.found: must be one of boxes, portable, result",
    ),
}


@pytest.mark.parametrize(("text", "problem"), REFUSED.values(), ids=REFUSED)
def test_a_bad_file_is_refused_by_name_and_field(text, problem):
    with pytest.raises(BadScenario) as caught:
        _read(text)
    said = str(caught.value)
    assert said.startswith("mine.toml: ")
    assert problem in said


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(BadScenario, match=r"known: .*ordinary-day"):
        load_scenario("ordinary")


def test_a_missing_or_unreadable_file_is_named(tmp_path):
    with pytest.raises(BadScenario, match=r"none\.toml: no such file"):
        load_scenario(str(tmp_path / "none.toml"))
    (tmp_path / "latin.toml").write_bytes(b"\xff")
    with pytest.raises(BadScenario, match=r"latin\.toml: is not UTF-8 text"):
        load_scenario(str(tmp_path / "latin.toml"))
