"""Does each command of a box do its one thing, and say in words what stands in its way?"""

import json
import subprocess
import sys

import pytest

from ballotbox_device.core.ports import EntropyFault
from ballotbox_device.core.reporting import LawBroken
from ballotbox_device.core.rules import ElectionRules
from ballotbox_device.host import running
from ballotbox_protocol.election.conservation import Breach, Law
from ballotbox_protocol.wire import cose
from ballotbox_simulator.authority import Plan, make_authority
from tests.device.host.box_process import (
    BOX,
    assert_stopped,
    command,
    make_place,
    make_voted_place,
    run_command,
    run_with,
    with_box,
)
from tests.small_disk import fill

COMMANDS = (
    "init", "new-key", "run", "status", "reports", "tape", "events", "cvr", "consent",
    "profiles",
)  # fmt: skip
#: What `--help` must not load: each costs more than all the rest of the start.
HEAVY = ("nacl", "paho", "serial", "asyncio", "ballotbox_protocol", "ballotbox_device.host",
         "ballotbox_device.core", "ballotbox_device.paper", "PIL", "escpos", "ssl",
         "socket")  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A place that is looked at and not changed by most tests."""
    return make_place(tmp_path_factory.mktemp("commands") / "place")


@pytest.mark.parametrize("command", [(), *((each,) for each in COMMANDS)])
def test_help_loads_nothing_heavy(command):
    program = (
        # What the interpreter itself starts with, coverage's hook included, is no fault of ours.
        "import sys; before = set(sys.modules)\n"
        f"sys.argv = ['ballotbox-device', *{command!r}, '--help']\n"
        "from ballotbox_device.cli import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert end.code == 0\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules.keys() - before])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"
    assert "Usage:" in done.stdout


def test_help_of_run_warns_of_the_panel():
    told = " ".join(run_command("run", "--help").stdout.split())
    assert "WHOEVER CAN WRITE TO THIS PANEL CAN VOTE" in told
    assert "every report of such a box says `debug`" in told


def test_the_installed_command_is_this_program(tmp_path):
    done = subprocess.run(command("status", "--state", tmp_path), capture_output=True, check=False)
    assert done.returncode == 1
    assert b"ballotbox-device init" in done.stderr


@pytest.mark.parametrize(
    ("command", "more"), [("status", ()), ("reports", ("--out", "out")), ("new-key", ())]
)
def test_where_there_is_no_box_init_is_named(tmp_path, command, more):
    done = run_command(command, "--state", tmp_path / "nothing", *more)
    assert_stopped(done, "holds no box", f"ballotbox-device init --state {tmp_path / 'nothing'}")


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    """The files of another authority's election."""
    folder = tmp_path_factory.mktemp("other")
    vested = make_authority(Plan(99, 1, name="Another election"))
    vested.write(folder)
    return folder, vested


def test_a_box_without_a_state_directory_does_not_run(place, tmp_path):
    done = run_with(place, state=tmp_path)
    assert_stopped(done, "holds no box", "ballotbox-device init")


def test_another_election_is_named(place, other):
    path = other[0] / "election.cose"
    assert_stopped(run_with(place, election=path), f"--election {path}", "root key")


def test_another_register_is_named(place, other):
    path = other[0] / "register.cose"
    assert_stopped(
        run_with(place, register=path), f"--register {path}", "signer", "newest register"
    )


def test_another_root_is_named(place, other):
    done = run_with(place, root=other[1].root)
    assert_stopped(done, "--election", "is --root the right key? Give", str(other[1].root))


def test_a_root_that_is_none_is_named(place):
    assert_stopped(run_with(place, root="official"), "--root", "64 hexadecimal digits")


def test_a_box_that_the_register_does_not_know_is_named(place, other):
    folder, vested = other
    done = run_with(
        place, election=folder / "election.cose", register=folder / "register.cose",
        root=vested.root,
    )  # fmt: skip
    assert_stopped(done, "--register", f"does not give box {BOX.hex()} a key that it holds")
    assert not (place.state / "register.seen").exists()


@pytest.mark.parametrize(
    "road", [(), ("--serial", "a", "--mqtt", "b:1"), ("--mqtt", "b"), ("--mqtt", "b:0"),
             ("--mqtt", ":1883"), ("--mqtt", "b:port")],
)  # fmt: skip
def test_the_road_must_be_one_and_whole(place, road):
    done = run_command("run", *place.options(*road))
    assert done.returncode == 2
    assert "--mqtt" in done.stderr
    assert "HOST:PORT" in done.stderr


@pytest.mark.parametrize("baud", ["-5", "0", "fast"])
def test_a_speed_that_no_port_has_is_named(place, baud):
    done = run_command("run", *place.options("--serial", "x", "--baud", baud))
    assert done.returncode == 2
    assert "Invalid value for '--baud'" in done.stderr


@pytest.fixture(scope="module")
def voted(tmp_path_factory):
    return make_voted_place(tmp_path_factory.mktemp("voted") / "place")


def test_a_box_serves_one_election_until_it_is_cleared(voted, tmp_path):
    """The same box in the register of another election, whose files are all good."""
    vested = with_box(make_authority(Plan(99, 1, name="Another election")), voted.state)
    vested.write(tmp_path)
    seen = (voted.state / "register.seen").read_bytes()
    done = run_with(
        voted, election=tmp_path / "election.cose", register=tmp_path / "register.cose",
        root=vested.root,
    )  # fmt: skip
    serves = f"the memory serves election {voted.authority.trusted.digest.hex()}"
    assert_stopped(done, serves, "two officers must clear it first", lines=2)
    assert (voted.state / "register.seen").read_bytes() == seen


@pytest.mark.parametrize("fault", [LawBroken(Breach(Law.BOX_COUNTER, 1, 2)), EntropyFault("ones")])
def test_a_box_that_contradicts_itself_stops_with_words(place, monkeypatch, fault):
    def boot(*_):
        raise fault

    monkeypatch.setattr(running, "boot", boot)
    assert_stopped(run_with(place), f"The box stopped: {fault}", "by hand", lines=2)


@pytest.mark.parametrize("command", ["status", "new-key"])
def test_a_file_in_place_of_the_state_directory_is_named(tmp_path, command):
    (tmp_path / "box").touch()
    done = run_command(command, "--state", tmp_path / "box")
    assert_stopped(done, f"{tmp_path / 'box'}: is no directory. Give --state the directory")


def test_on_a_full_disk_no_half_key_is_left(small_disk):
    run_command("init", "--state", small_disk / "box")
    before = sorted((small_disk / "box").rglob("*"))
    fill(small_disk)
    done = run_command("new-key", "--state", small_disk / "box")
    assert_stopped(done, str(small_disk / "box" / "keys"), "No space left on device", lines=2)
    assert sorted((small_disk / "box").rglob("*")) == before


def test_status_before_the_first_election_prints_the_entry(place):
    done = run_command("status", "--state", place.state)
    assert done.returncode == 0
    assert "serves no election yet" in done.stdout
    assert f'id = "{BOX.hex()}"' in done.stdout


def test_status_says_where_the_poll_stands(voted):
    told = voted.status()
    assert told["box"] == BOX.hex()
    assert told["election"] == voted.authority.trusted.digest.hex()
    assert told["state"] == "open"
    assert told["counters"] == {
        "presented": 1, "accepted": 1, "returned": 0, "pending": 0, "portable": 0, "lifetime": 1,
    }  # fmt: skip
    assert told["slots"]["counted"] == 1
    assert told["copies"] == {"all": 2, "alike": True}
    assert [report["kind"] for report in told["reports"]] == ["boot", "zero", "open"]
    assert told["logs"] == []


def test_status_in_words_fits_a_screen(voted):
    done = run_command("status", "--state", voted.state)
    lines = done.stdout.splitlines()
    assert len(lines) <= 24
    assert "Poll      open" in lines
    assert any("accepted 1, returned 0" in line for line in lines)
    assert "Copies    2, alike" in lines
    assert "Logs      none has answered yet" in lines
    assert all(len(line) <= 100 for line in lines)


def test_status_and_reports_change_nothing_and_tell_no_choice(voted, tmp_path):
    before = {path: path.read_bytes() for path in voted.state.rglob("*") if path.is_file()}
    told = json.dumps(voted.status())
    assert run_command("reports", "--state", voted.state, "--out", tmp_path).returncode == 0
    after = {path: path.read_bytes() for path in voted.state.rglob("*") if path.is_file()}
    assert after == before
    slot = next(each for each in _slots(voted) if any(each))
    assert slot.hex() not in told
    assert "votes" not in told


def _slots(place):
    size = ElectionRules.of(place.authority.trusted).slots.size
    content = (place.state / "slots").read_bytes()
    return [content[at : at + size] for at in range(0, len(content), size)]


def test_reports_are_the_signed_bytes_one_file_each(voted, tmp_path):
    done = run_command("reports", "--state", voted.state, "--out", tmp_path / "usb" / "stick")
    names = [f"{BOX.hex()}-{n:06}-{kind}.cose" for n, kind in enumerate(("boot", "zero", "open"))]
    files = sorted((tmp_path / "usb" / "stick").iterdir())
    assert [path.name for path in files] == names
    assert done.stdout.split() == [str(path) for path in files]
    key = voted.authority.trusted.register.boxes[0].key
    for path, report in zip(files, voted.status()["reports"], strict=True):
        envelope = cose.parse(path.read_bytes())
        assert cose.verify(envelope.statement, envelope.signature, key)
        assert cose.statement_id(envelope.statement).hex() == report["id"]


def test_reports_are_written_twice_without_harm_and_never_over_others(voted, tmp_path):
    for _ in range(2):
        assert run_command("reports", "--state", voted.state, "--out", tmp_path).returncode == 0
    path = min(tmp_path.iterdir())
    path.write_bytes(b"other")
    done = run_command("reports", "--state", voted.state, "--out", tmp_path)
    assert_stopped(done, str(path), "is there with other bytes", "give --out another directory")
    assert path.read_bytes() == b"other"


def test_reports_to_where_nothing_can_be_written_are_named(voted, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    done = run_command("reports", "--state", voted.state, "--out", tmp_path / "file" / "stick")
    assert_stopped(done, "--out", "Not a directory", "Give the path of a directory")
