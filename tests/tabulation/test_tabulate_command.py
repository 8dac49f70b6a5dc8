"""What does a person read, and what lies on the disk, after `ballotbox-tabulate`?"""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from ballotbox_protocol.wire.verdict import Reason, Verdict
from ballotbox_tabulation.cli import main
from ballotbox_tabulation.core.precinct_documents import PrecinctDocuments
from ballotbox_tabulation.second.finals import STEPS
from tests.tabulation.log_builder import LogBuilder, authority_of, count, simple_ballots
from tests.tabulation.terminal import on_terminal


@pytest.fixture(scope="module")
def authority():
    return authority_of(boxes=3)


@pytest.fixture
def log(authority):
    builder = LogBuilder(authority)
    builder.day(builder.pen(0), simple_ballots(9))
    return builder


class Desk:
    """A folder with a log and the two documents, and the command run on it."""

    def __init__(self, folder, log):
        self.folder = folder
        self.log = folder / "log"
        self.out = folder / "out"
        self.write(log)
        log.authority.write(folder)
        self.root = str(log.authority.root)

    def write(self, log):
        for name, data in log.files().items():
            path = self.log / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)

    def arguments(self, **changes):
        options = {
            "election": self.folder / "election.cose",
            "register": self.folder / "register.cose",
            "root": self.root,
            "out": self.out,
            **changes,
        }
        log = options.pop("log", self.log)
        return ["run", str(log), *(x for k, v in options.items() for x in (f"--{k}", str(v)))]

    def run(self, **changes):
        return CliRunner().invoke(main, self.arguments(**changes))


@pytest.fixture
def desk(tmp_path, log):
    return Desk(tmp_path, log)


def test_a_result_is_published(desk):
    done = desk.run()
    assert done.exit_code == 0, done.output
    document = json.loads((desk.out / "result.json").read_bytes())
    assert document["result"]["program"].startswith("ballotbox-tabulate ")
    assert (desk.out / "index.html").read_text().startswith("<!DOCTYPE html>")
    assert done.stdout == (
        "Counted 1 of 3 boxes; 2 missing.\n"
        f"Result  {desk.out}/result.json  {document['digest']}\n"
        f"Page    {desk.out}/index.html\n"
    )
    assert sorted(path.name for path in desk.out.iterdir()) == ["index.html", "result.json"]


def test_a_complete_result_is_told_without_lists(desk, authority):
    log = LogBuilder(authority)
    for number in range(3):
        log.day(log.pen(number), simple_ballots(2))
    desk.write(log)
    assert desk.run().stdout.startswith("Counted 3 of 3 boxes.\n")


def test_a_second_run_writes_the_same_bytes(desk):
    files = []
    for _ in range(2):
        assert desk.run().exit_code == 0
        files.append({path.name: path.read_bytes() for path in desk.out.iterdir()})
    assert files[0] == files[1]


def test_the_page_s_own_command_recomputes_the_result(desk):
    """The command on the page, with LOG and DIR filled in, run as it is written."""
    assert desk.run().exit_code == 0
    page = (desk.out / "index.html").read_text()
    command = page.split('<pre tabindex="0"><code>')[1].split("</code>")[0]
    words = command.replace("LOG", "log").replace("DIR", "again").split()
    script = Path(sys.executable).with_name(words[0])
    done = subprocess.run(
        [script, *words[1:]], cwd=desk.folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    again = (desk.folder / "again" / "result.json").read_bytes()
    assert again == (desk.out / "result.json").read_bytes()
    assert done.stderr == ""


def test_a_log_that_does_not_hold_together_is_refused(desk):
    (desk.log / "tile/0/000.p/5").unlink()
    done = desk.run()
    assert done.exit_code == 1
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert lines[0] == "REFUSED: the log does not hold together. Nothing was published."
    assert lines[1] == "  log: a file of the log is missing (tile/0/000.p/5) [FILE_MISSING]"
    assert lines[2] == (
        f"All faults: ballotbox-verify log {desk.log} --election {desk.folder}/election.cose "
        f"--register {desk.folder}/register.cose --root {desk.root}"
    )
    assert "ballotbox-gateway log export" in lines[3]
    assert not desk.out.exists()


def test_a_log_without_a_checkpoint_is_refused(desk):
    (desk.log / "checkpoint").unlink()
    done = desk.run()
    assert done.exit_code == 1
    assert "CHECKPOINT_MISSING" in done.stderr


def test_many_faults_are_shown_in_part_and_counted(desk, log):
    for number in range(30):
        log.decide(log.pen(1).write(1, boot=number), Verdict.HELD, Reason.IN_ORDER)
    desk.write(log)
    lines = desk.run().stderr.splitlines()
    assert sum("VERDICT_REASON" in line for line in lines) == 20
    assert "  and 10 more" in lines


def test_a_broken_law_is_refused_and_what_was_published_before_stays(desk, log, authority):
    assert desk.run().exit_code == 0
    before = (desk.out / "result.json").read_bytes()
    row, counters = count(authority, simple_ballots(4))
    log.decide(log.pen(1).final((row[0], row[1], row[2], row[3], row[4] + 1, *row[5:]), counters))
    desk.write(log)
    done = desk.run()
    assert done.exit_code == 1
    lines = done.stderr.splitlines()
    assert lines[0] == "REFUSED: a law of the result is broken. Nothing was published."
    assert lines[1].startswith(
        "  BOX_LAW: votes + undervotes + overvotes = ballots × votes allowed: 5 against 4 in "
        f"box {log.pen(1).box.hex()}, leaf 5, "
    )
    assert lines[-2].startswith("Where each box stands: ballotbox-verify log ")
    assert (desk.out / "result.json").read_bytes() == before


# ---- unusable input: exit code 2, what is wrong and the way out


def _shorten(path):
    path.write_bytes(path.read_bytes()[:-1])


def _lengthen(path):
    path.write_bytes(bytes(17 * 1024 * 1024))


_UNUSABLE = {
    "no log": (lambda _: {"log": "nowhere"}, "LOG nowhere: no such directory"),
    "no election": (
        lambda _: {"election": "nowhere"},
        "--election nowhere: No such file or directory",
    ),
    "no register": (lambda _: {"register": "nowhere"}, "--register nowhere: No such file"),
    "a short election": (
        lambda desk: _shorten(desk.folder / "election.cose"),
        "election definition: ",
    ),
    "a short register": (lambda desk: _shorten(desk.folder / "register.cose"), "register: "),
    "an endless register": (
        lambda desk: _lengthen(desk.folder / "register.cose"),
        "register.cose: longer than 16777216 bytes; is it the right file?",
    ),
    "no root key": (lambda _: {"root": "00"}, "--root: must start with one of test, rehearsal"),
    "a typo in the root key": (
        lambda desk: {"root": desk.root[:-1]},
        "--root: must end with the key as 64 hexadecimal digits",
    ),
    "a root key of another mode": (
        lambda desk: {"root": desk.root.replace("rehearsal", "official")},
        "mode is rehearsal but the root key signs only official",
    ),
}


@pytest.mark.parametrize("case", _UNUSABLE)
def test_unusable_input_is_named(desk, case):
    change, expected = _UNUSABLE[case]
    done = desk.run(**(change(desk) or {}))
    assert done.exit_code == 2, done.output
    assert done.stderr.startswith("Error: ")
    assert expected in done.stderr
    assert not desk.out.exists()


def test_an_unreadable_file_of_the_log_is_named(desk):
    (desk.log / "checkpoint").unlink()
    (desk.log / "checkpoint").mkdir()
    done = desk.run()
    assert done.exit_code == 2
    assert "Is a directory" in done.stderr
    assert "checkpoint" in done.stderr


def test_an_output_that_cannot_be_written_is_named(desk):
    desk.out.write_text("a file, not a directory")
    done = desk.run()
    assert done.exit_code == 2
    assert f"--out {desk.out}: File exists; nothing was published" in done.stderr


def test_a_missing_option_is_a_matter_of_usage(desk):
    done = CliRunner().invoke(main, ["run", str(desk.log)])
    assert done.exit_code == 2
    assert "Missing option '--election'" in done.stderr


# ---- on a terminal


def test_progress_is_shown_on_a_terminal_only(desk):
    script = Path(sys.executable).with_name("ballotbox-tabulate")
    done = on_terminal([script, *desk.arguments()])
    assert done.returncode == 0
    for words in (b"Verifying leaves", b"Counting again", b"Writing the result", b"the page"):
        assert words in done.terminal
    assert done.stdout.startswith(b"Counted 1 of 3 boxes")


def test_reading_two_results_is_followed_on_a_terminal(desk):
    assert desk.run().exit_code == 0
    script = Path(sys.executable).with_name("ballotbox-tabulate")
    done = on_terminal([script, "diff", desk.out, desk.out])
    assert done.returncode == 0
    assert done.stdout == b"Nothing differs.\n"
    assert b"Reading A" in done.terminal
    assert b"Reading B" in done.terminal


@pytest.mark.parametrize("side", ["the first", "the second"])
def test_an_error_in_either_computation_leaves_the_last_good_page(desk, monkeypatch, side):
    assert desk.run().exit_code == 0
    before = {path.name: path.read_bytes() for path in desk.out.iterdir()}
    if side == "the first":
        honest, late = PrecinctDocuments.turnout, {"registered": 1}
        monkeypatch.setattr(PrecinctDocuments, "turnout", lambda each: honest(each) | late)
    else:
        step = STEPS["counted"].replace("JOIN box ON", "JOIN box ON 0 AND")
        monkeypatch.setitem(STEPS, "counted", step)
    done = desk.run()
    assert done.exit_code == 1
    assert "SECOND: a second computation, by SQL over the log, finds the same: " in done.output
    assert " in nation, " in done.output
    assert "what was published\nbefore stays" in done.output
    assert {path.name: path.read_bytes() for path in desk.out.iterdir()} == before
