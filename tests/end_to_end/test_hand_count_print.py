"""Are counts by hand printed as they were signed, any version, with codes that others can read?"""

import re
import shlex
from contextlib import chdir

import pytest
from click.testing import CliRunner

from ballotbox_gateway.cli import main
from ballotbox_protocol.wire.paper import PaperCount, read_paper
from ballotbox_tabulation.verify_cli import main as verify
from tests.end_to_end.counting_station import SERIAL, counting_station, parts_in, printed


@pytest.fixture
def station(gateway, election, tmp_path):
    return counting_station(gateway, election, tmp_path)


def test_every_copy_carries_the_signed_codes(station, election, tmp_path, capsys):
    station.form()
    station.enter()
    page = printed(station, "--copies", "3", "--contest", "1")
    assert [f"Copy {number} of 3" in page for number in (1, 2, 3, 4)] == [True, True, True, False]
    assert page.count("<svg") == 3 * len(parts_in(page))
    copy = read_paper(parts_in(page))
    assert isinstance(copy, PaperCount)
    assert "REHEARSAL, NO ELECTION" in page
    assert "http" not in page.replace("http-equiv", "").replace("http://www.w3.org/2000/svg", "")
    scan = tmp_path / "scan.txt"
    scan.write_text("\n".join(parts_in(page)))
    election.write(tmp_path)
    with pytest.raises(SystemExit) as ended:
        verify([
            "paper", str(scan), "--root", str(election.root),
            "--election", str(tmp_path / "election.cose"),
            "--register", str(tmp_path / "register.cose"),
        ])  # fmt: skip
    assert ended.value.code == 0
    assert "ACCEPTED: a true copy of what was signed" in capsys.readouterr().out


def test_any_version_can_be_printed_and_the_choices_are_named(station):
    station.form()
    station.enter()
    station.form(**{"1": "95"}, votes=("50", "30", "10", "0"))
    station.enter("--reason", "<a bundle> was counted twice")
    assert "&lt;a bundle&gt; was counted twice" in printed(station)
    first = printed(station, "--version", "1")
    assert "Version:</b> 1" in first
    told = station.said("print", "1", "--version", "3", "-o", "x.html", code=1)
    assert "hand count: there is no such version" in told
    told = station.said("print", "1", "-o", "no/where.html", code=1)
    assert "no/where.html: no such file or directory. Name a file that can be written" in told


#: What the manual's officers found, line by line, and then read again.
FOUND = (1000, 20, 1020, 3, 590, 12, 605, 415, 12, 539, 600, 5, 605, 0)
AGAIN = {539: 593}
OF_OPTIONS = (310, 180, 70, 40)


def test_the_manual_shows_what_is_printed(station, repository, election, tmp_path):
    """The commands of its section, in order, with what it shows of their output."""
    manual = (repository / "gateway" / "OPERATING.md").read_text("utf-8")
    section = manual.partition("## Counts by hand")[2].partition("\n##")[0]
    (block,) = re.findall(r"```console\n(.*?)```", section, re.DOTALL)
    folder = station.gateway.folder
    station.gateway.configure('laws = ["kg-precinct"]', SERIAL)
    for number, name in enumerate(("anara.key", "bakyt.key")):
        (folder / name).write_bytes((tmp_path / f"officer{number}.key").read_bytes())
    made = ""
    for shown in block.replace("\\\n", "").split("$ ")[1:]:
        words = shlex.split(shown.splitlines()[0])
        assert words.pop(0) == "ballotbox-gateway"
        if words[1] == "enter":
            fill(folder / "count.toml", AGAIN if "--reason" in words else {})
        with chdir(folder):
            done = CliRunner().invoke(main, words)
        made += f"$ {shown.splitlines()[0]}\n{done.output}"
    assert made == re.sub(r"\\\n", "", block)


def fill(form, again) -> None:
    values = [again.get(value, value) for value in (*FOUND, *OF_OPTIONS)]
    lines = form.read_text().splitlines()
    blank = [at for at, line in enumerate(lines) if re.match(r'".*" = ', line)]
    assert len(blank) == len(values)
    for at, value in zip(blank, values, strict=True):
        lines[at] = re.sub(r" = [^ ]+", f" = {value}", lines[at])
    form.write_text("\n".join(lines))


def test_a_count_by_a_law_no_longer_in_use_is_listed_and_not_printed(station):
    station.form(**{"1": "106"})
    station.enter("--as-counted")
    assert "blocks, " not in station.said("show", "1"), "it is not in force"
    station.form()
    station.enter("--reason", "read again")
    station.gateway.configure('laws = ["kg-precinct"]', SERIAL)
    assert station.said("show", "1", "--contest", "1").splitlines()[1].endswith("in force")
    told = station.said("print", "1", "-o", "x.html", code=1)
    assert told == (
        "Error: version 2: was counted by a law that is not in use here. Name that law in `laws`\n"
    )


def test_what_is_broken_and_in_force_is_shown_and_printed(station):
    station.form(**{"1": "110", "1a": "10"})
    station.enter()
    noted = "noted, physical: Few are spoiled. D, [1a] <= 5: 10 is 5 more than 5"
    assert noted in station.said("show", "1")
    assert noted.replace("<", "&lt;") in printed(station)
