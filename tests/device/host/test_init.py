"""Does init make a box that a register can take, new each time, and never over another one?"""

import tomllib

from ballotbox_device.host.firmware import running_firmware
from ballotbox_protocol.election.source_register import load_register
from tests.device.host.box_process import assert_stopped, make_place, run_command


def test_init_prints_what_a_register_takes(tmp_path):
    done = run_command("init", "--state", tmp_path / "box")
    assert done.returncode == 0
    entry = tomllib.loads(done.stdout)["box"][0]
    assert set(entry) == {"id", "key", "firmware"}
    assert entry["firmware"] == [running_firmware().digest.hex()]
    assert (tmp_path / "box" / "keys" / entry["key"]).exists()
    register = load_register("version = 1\n" + done.stdout + "\nprecinct = 1\n", bytes(32))
    assert register.boxes[0].box.hex() == entry["id"]
    assert register.boxes[0].key.hex() == entry["key"]


def test_two_boxes_differ(tmp_path):
    first, second = (run_command("init", "--state", tmp_path / each).stdout for each in "ab")
    for field in ("id", "key"):
        assert tomllib.loads(first)["box"][0][field] != tomllib.loads(second)["box"][0][field]


def test_init_takes_the_box_id_that_it_is_given(tmp_path):
    done = run_command("init", "--state", tmp_path / "box", "--box", "ab" * 16)
    assert tomllib.loads(done.stdout)["box"][0]["id"] == "ab" * 16


def test_init_refuses_a_box_id_that_is_none(tmp_path):
    done = run_command("init", "--state", tmp_path / "box", "--box", "ab")
    assert_stopped(done, "--box: a box id has 32 hexadecimal digits", "leave --box out")
    assert not (tmp_path / "box").exists()


def test_init_refuses_a_box_that_is_there(tmp_path):
    place = make_place(tmp_path / "place")
    before = sorted(path.name for path in place.state.iterdir())
    done = run_command("init", "--state", place.state)
    assert_stopped(done, str(place.state), "is not empty", "ballotbox-device status")
    assert sorted(path.name for path in place.state.iterdir()) == before


def test_a_new_key_is_printed_for_the_register(tmp_path):
    run_command("init", "--state", tmp_path / "box", "--box", "ab" * 16)
    done = run_command("new-key", "--state", tmp_path / "box")
    entry = tomllib.loads(done.stdout)["box"][0]
    assert entry["id"] == "ab" * 16
    assert len(list((tmp_path / "box" / "keys").iterdir())) == 2
