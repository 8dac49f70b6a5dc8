"""Does `tape` print what a box keeps, so that a photograph verifies, and name what hinders it?"""

from io import BytesIO

import pytest
import zxingcpp
from PIL import Image

from ballotbox_simulator.authority import Plan, make_authority
from ballotbox_tabulation.verify_cli import main as verify
from tests.device.host.box_process import make_place, run_command, sheets


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A polling place after its final: three sheets, two ballots."""
    place = make_place(tmp_path_factory.mktemp("tapes") / "place")
    with place.run("--serial", "no-such-port") as box:
        box.until_ready()
        box.act("print_zero", "open")
        feed = sheets()
        for _ in range(3):
            box.feed(**next(feed))
        box.act("close", "finish")
    return place


def tape(place, *options, **changes):
    """Run the command with the place's documents, or others."""
    given = dict(zip(*[iter(place.options())] * 2, strict=True))
    given |= {f"--{name}": value for name, value in changes.items()}
    return run_command("tape", *(each for pair in given.items() for each in pair), *options)


def assert_stopped(done, *said):
    assert (done.returncode, done.stdout) == (1, ""), done
    assert len(done.stderr.splitlines()) == 1
    assert [words for words in said if words not in done.stderr] == []


def test_text_comes_to_the_screen(place):
    done = tape(place, "--kind", "final", "--width", "58", "--copy", "3", "--out", "-")
    assert done.returncode == 0, done.stderr
    lines = [line.strip() for line in done.stdout.splitlines()]
    assert {"*** REHEARSAL ***", "*** DEBUG ***", "RESULTS TAPE", "COPY 3"} <= set(lines)
    assert "accepted ..................... 3" in lines
    assert "Mountain Party .............. 1" in lines
    assert "River Alliance .............. 1" in lines
    assert max(map(len, done.stdout.splitlines())) == 32


def test_every_kept_report_is_printed_by_its_number(place):
    kinds = [report["kind"] for report in place.status()["reports"]]
    assert kinds == ["boot", "zero", "open", "close", "final"]
    titles = ["START SLIP", "ZERO TAPE", "OPENING SLIP", "CLOSING SLIP", "RESULTS TAPE"]
    for sequence, title in enumerate(titles):
        said = tape(place, "--report", sequence, "--out", "-").stdout
        assert title in said
        assert ("Mountain Party" in said) is (title == "RESULTS TAPE")


def test_only_the_newest_of_a_kind_is_meant(tmp_path):
    place = make_place(tmp_path / "place")
    for _ in range(2):
        with place.run("--serial", "no-such-port") as box:
            box.until_ready()
    said = tape(place, "--kind", "boot", "--out", "-").stdout
    assert "Report 1, start 2 of the box" in said


def test_the_ending_tells_the_format_and_the_memory_stays_as_it_is(place, tmp_path):
    before = {path: path.read_bytes() for path in place.state.rglob("*") if path.is_file()}
    for name in ("tape.txt", "tape.png", "tape.bin"):
        done = tape(place, "--kind", "final", "--out", tmp_path / name)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    text, picture, printer = (
        (tmp_path / f"tape.{end}").read_bytes() for end in ["txt", "png", "bin"]
    )
    assert text.decode() == tape(place, "--kind", "final", "--out", "-").stdout
    assert Image.open(BytesIO(picture)).size[0] == 576
    assert printer.startswith(b"\x1b@")
    assert b"RESULTS TAPE\n" in printer
    after = {path: path.read_bytes() for path in place.state.rglob("*") if path.is_file()}
    assert after == before


def shown(repository, command):
    """The lines that the page about the box shows below a command, but for what it leaves out."""
    page = (repository / "docs" / "device.md").read_text(encoding="utf-8")
    block = page.split(f"$ {command} ", 1)[1].split("```", 1)[0].replace("\\\n", "")
    return [line for line in block.splitlines()[1:] if line != "…"]


def test_the_page_shows_what_the_command_prints(place, repository):
    lines = shown(repository, "ballotbox-device tape")
    done = tape(place, "--kind", "final", "--width", "58", "--copy", "2", "--out", "-")
    assert len(lines) > 5
    assert [line for line in lines if line not in done.stdout.splitlines()] == []


@pytest.mark.parametrize("width", ["58", "80"])
def test_a_photograph_of_the_tape_is_accepted_by_the_verifier(
    place, tmp_path, width, capsys, repository
):
    picture = tmp_path / "tape.png"
    assert tape(place, "--kind", "final", "--width", width, "--out", picture).returncode == 0
    read = zxingcpp.read_barcodes(Image.open(picture).convert("L"))
    (tmp_path / "scan.txt").write_text("".join(f"{each.text}\n" for each in read))
    options = [str(each) for each in place.options()[2:]]
    with pytest.raises(SystemExit) as ended:
        verify(["paper", str(tmp_path / "scan.txt"), *options])
    said = capsys.readouterr().out
    assert ended.value.code == 0, said
    assert "Mountain Party 1, River Alliance 1, " in said
    assert said.splitlines()[-1].startswith("ACCEPTED")
    lines = shown(repository, "ballotbox-verify paper")
    assert len(lines) > 3
    assert [line for line in lines if line not in said.splitlines()] == []


def test_a_tape_is_never_written_over_another(place, tmp_path):
    (tmp_path / "tape.txt").write_text("COPY 1")
    done = tape(place, "--kind", "final", "--out", tmp_path / "tape.txt")
    assert_stopped(done, f"--out {tmp_path / 'tape.txt'}: is there already", "a new name")
    assert (tmp_path / "tape.txt").read_text() == "COPY 1"


def test_what_stands_in_the_way_is_told(place, tmp_path):
    other = make_authority(Plan(99, 1, name="Another election"))
    other.write(tmp_path)
    files = {"election": tmp_path / "election.cose", "register": tmp_path / "register.cose"}
    out = ("--out", tmp_path / "tape.txt")
    final = ("--kind", "final", *out)
    for done, *said in (
        (tape(place, "--kind", "final", "--out", "tape.pdf"), "--out tape.pdf", ".png or .bin"),
        (tape(place, "--kind", "final", "--out", "tape"), "--out tape: its ending tells no format"),
        (tape(place, "--kind", "finale", *out), "--kind finale", "one of boot, zero, open"),
        (tape(place, "--kind", "turnout", *out), "--kind turnout", "ballotbox-device status"),
        (tape(place, "--report", "5", *out), "--report 5: the box keeps no such report"),
        (tape(place, *final, "--copy", "0"), "copy: must be from 1 to 9999"),
        (tape(place, *final, state=tmp_path), "holds no box"),
        (tape(place, *final, root="official"), "--root"),
        (tape(place, *final, **files, root=other.root), "report 4: the report was made for",
         "Give --election and --register of the election that the box served"),
        (tape(place, "--kind", "final", "--out", tmp_path / "no" / "t.txt"), "No such file"),
    ):  # fmt: skip
        assert_stopped(done, *said)
    assert not (tmp_path / "tape.txt").exists()


@pytest.mark.parametrize("options", [(), ("--kind", "final", "--report", "4")])
def test_one_report_must_be_named(place, options):
    done = tape(place, *options, "--out", "-")
    assert done.returncode == 2
    assert "Give exactly one of --report SEQUENCE and --kind KIND." in done.stderr
