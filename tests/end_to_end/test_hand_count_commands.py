"""Can two officers enter what they counted, correct it and print it, at a gateway as it is used?"""

import re
import shlex
from base64 import b64encode
from contextlib import chdir
from html import unescape

import pytest
import zxingcpp
from click.testing import CliRunner
from PIL import Image, ImageDraw

from ballotbox_gateway.adapters.control_socket import ControlClient
from ballotbox_gateway.adapters.key_files import write_key
from ballotbox_gateway.cli import main
from ballotbox_protocol.wire.hand_count import decode_hand_count
from ballotbox_protocol.wire.paper import PaperCount, read_paper
from ballotbox_tabulation.verify_cli import main as verify
from tests.gateway.scripted import corrected, counted
from tests.house_law import TEXT

#: A door is needed, though nothing comes by it here.
SERIAL = '[[serial]]\nport = "socket://127.0.0.1:9"'
#: Of the district in precinct 1, whose four options share 100 ballots.
LINES = {"1": "105", "1a": "5"}
VOTES = ("60", "30", "10", "0")


@pytest.fixture
def station(gateway, election, tmp_path):
    """A gateway that knows the house law, and the words for two officers without passphrases."""
    (gateway.folder / "house.toml").write_text(TEXT)
    gateway.configure('laws = ["house.toml"]', SERIAL)
    gateway.init()
    words = []
    for number in range(2):
        key = tmp_path / f"officer{number}.key"
        write_key(key, election.officer_keys[number], None)
        words += ["--officer-key", str(key)]
    return Station(gateway, words)


class Station:
    """What officers do at a gateway."""

    def __init__(self, gateway, officers) -> None:
        self.gateway = gateway
        self.officers = officers

    def said(self, *words, typed=None, code=0):
        with chdir(self.gateway.folder):
            done = CliRunner().invoke(main, ["hand-count", *words], input=typed)
        assert done.exit_code == code, (done.output, done.stderr)
        return done.stdout if code == 0 else done.stderr

    def form(self, contest="1", **changes):
        """Write a form and fill it in."""
        path = self.gateway.folder / "count.toml"
        self.said("form", "1", "--contest", contest, "-o", "count.toml")
        values = iter([*(LINES | changes).values()][:2] + list(changes.get("votes", VOTES)))
        text = re.sub(r'= ""', lambda _: f"= {next(values)}", path.read_text())
        path.write_text(text)
        return path

    def enter(self, *words, code=0):
        return self.said("enter", "count.toml", *words, *self.officers, code=code)


def test_a_form_is_filled_in_and_stored(station):
    station.form()
    said = station.enter()
    assert said.startswith("version  1\nid       ")
    assert said.endswith("stored   leaf 0, accepted: in order\n")
    shown = station.said("show", "1")
    assert "contest 1 version 1: rehearsal.example/" in shown
    assert shown.endswith("leaf 0, accepted: in order, in force\nversions 1\n")


def test_it_is_stored_by_a_running_gateway_too(station):
    station.gateway.start()
    station.form()
    assert "leaf 0, accepted" in station.enter()
    assert station.gateway.stop() == 0
    assert "leaf 0, accepted" in station.said("show", "1")


def test_what_blocks_is_told_with_every_line_and_what_would_mend_it(station):
    station.form(**{"1": "106"})
    told = station.enter(code=1)
    assert "blocks, arithmetic: All is there. H, M * [1] = [1a] + sum(votes): " in told
    assert "106 is 1 more than 105 ([1] 106, [1a] 5, votes A. Asanova 60" in told
    assert "[1] 105 instead of 106" in told
    assert told.endswith(
        "Error: the count: breaks a relation of its law that blocks. Read the sheet again; "
        "what was really counted so is signed with --as-counted\n"
    )
    assert station.said("show", "1") == "versions 0\n"
    said = station.enter("--as-counted")
    assert said.endswith("leaf 0, quarantined: breaks a relation of its law that blocks\n")


def test_a_correction_says_why_and_may_be_lower(station):
    station.form()
    station.enter()
    told = station.enter(code=1)
    assert told.endswith("version 1 is here already. Correct it with --reason, which says why\n")
    told = station.enter("--reason", "nothing", code=1)
    assert "is what version 1 says already. Nothing was changed" in told
    station.form(**{"1": "95"}, votes=("50", "30", "10", "0"))
    assert station.enter("--reason", "a bundle was counted twice").startswith("version  2\n")
    first, second, total = station.said("show", "1").splitlines()
    assert "version 1: " in first
    assert not first.endswith("in force")
    assert "version 2 (a bundle was counted twice): " in second
    assert second.endswith("in force")
    assert total == "versions 2"


def test_a_first_version_corrects_nothing(station):
    station.form()
    told = station.enter("--reason", "why not", code=1)
    assert told == "Error: --reason: there is no version to correct yet. Leave it out\n"


FAULTS = {
    "not filled in": ("= 105", '= ""', 'lines."1": is not filled in. Write a whole number'),
    "half a ballot": ("= 105", "= 105.5", 'lines."1": is no count. Write a whole number'),
    "below zero": ("= 105", "= -1", "lines.\"1\": '-1': write a whole number"),
    "another word": ("= 105", '= "lost"', "lines.\"1\": 'lost': write a whole number"),
    "too much": ("= 105", "= 99999999999", "lines.\"1\": '99999999999': write a whole number"),
    "beyond a count": ("= 105", "= 2147483648", "lines.\"1\": '2147483648': write a whole"),
    "a line of another law": ('"1a" =', '"1b" =', 'lines."1a": is not filled in'),
    "one line more": ('"1a" =', '"1b" = 0\n"1a" =', "[lines]: '1b' is none of this law"),
    "a name misspelt": ("Bakirov", "Bakyrov", 'options.votes."B. Bakirov": is not filled in'),
    "one group more": (
        "[options.votes]",
        "[options.machine]\n[options.votes]",
        "[options]: 'machine' is none of this law",
    ),
    "no lines": ("[lines]", "[liness]", "'liness' is unknown. It has: precinct"),
    "no group": ("[options.votes]", "[options.votess]", "[options.votes]: is missing"),
    "no precinct": ("precinct = 1", 'precinct = "1"', "precinct: is no whole number"),
    "an unknown one": ("precinct = 1", "precinct = 99", "precinct 99: is no precinct of this"),
    "no contest": ('contest = "Parliament, district seat"', "", "contest: is needed. Give number"),
    "another": ("district seat", "upper house", "'Parliament, upper house' is none of this"),
    "a number": ('contest = "Parliament, district seat"', "contest = 1", "contest: is no text"),
    "another law": ('law = "house"', 'law = "tent"', "law: 'tent' is none in use here"),
    "no TOML": ("precinct = 1", "precinct 1", "is no TOML: Expected"),
    "a long line": ("precinct = 1", "# " + "x" * 1_001, "has a line of more than 1000"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_of_a_form_is_named_with_its_place(station, name):
    old, new, told = FAULTS[name]
    path = station.form()
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    said = station.enter(code=1)
    assert told in said
    assert len(said.splitlines()) == 1
    assert station.said("show", "1") == "versions 0\n"


def test_words_for_what_is_missing_are_kept(station):
    station.form(votes=('"illegible"', '"no data"', "10", "0"))
    station.enter()
    page = printed(station)
    assert "illegible" in page
    assert "no data" in page


def test_a_form_that_is_not_there_is_told(station):
    told = station.said("enter", "none.toml", *station.officers, code=1)
    assert told == (
        "Error: none.toml: no such file or directory. "
        "`ballotbox-gateway hand-count form` writes one\n"
    )
    told = station.said("enter", "none.toml", *station.officers[:2], code=1)
    assert told == "Error: --officer-key: 1 given, two are needed. Give --officer-key twice\n"


def test_a_number_typed_wrong_is_taken_back(station):
    typed = ["106", "x", "5", "<", "<", "105", "5", "60", "30", "10", "0", "y", ""]
    done = station.said("type", "1", "--contest", "1", *station.officers, typed="\n".join(typed))
    assert "leaf 0, accepted: in order" in done


def test_what_is_typed_wrong_is_told_and_may_be_left(station):
    typed = "106\nx\n6\n60\n30\n10\n0\nn\n"
    told = station.said("type", "1", "--contest", "1", *station.officers, typed=typed, code=1)
    assert "'x': write a whole number from 0 to 2147483647" in told
    assert "noted, physical: Few are spoiled. D, [1a] <= 5: 6 is 1 more than 5" in told
    assert "[1] 106" not in told, "the sheet is whole and holds"
    assert told.endswith("Error: the count: is not signed. Nothing was stored\n")


def test_a_typed_count_against_the_law_is_asked_for(station):
    typed = "106\n5\n60\n30\n10\n0\ny\n"
    done = station.said("type", "1", "--contest", "1", *station.officers, typed=typed)
    assert "quarantined: breaks a relation of its law that blocks" in done


def test_versions_that_exclude_each_other_are_not_corrected(station, election):
    station.gateway.start()
    with ControlClient(station.gateway.folder / "state" / "control.socket") as client:
        first = counted(election)
        for count in (first, *(corrected(election, first, why) for why in ("one", "two"))):
            text = b64encode(count.to_bytes()).decode()
            answer = client.ask({"ask": "count", "count": text})
            assert answer["stored"], answer
        assert answer["explanation"] == "another version stands in the same place"
        odd = client.ask({"ask": "counts", "precinct": "x", "contest": 1})
        assert "incomplete" in odd["problem"]
        assert "problem" in client.ask({"ask": "counts", "precinct": -1, "contest": 1})
        refused = client.ask({"ask": "count", "count": b64encode(b"\xa0").decode()})
        assert refused == {"stored": False, "explanation": "these bytes are no count by hand"}
    station.form()
    told = station.enter("--reason", "which one", code=1)
    assert "has versions that exclude each other, or wait for another" in told
    told = station.said("print", "1", "-o", "none.html", code=1)
    assert "there is no such version. Give --contest or --version" in told


def test_what_one_officer_signed_is_entered_again_by_two(station, election):
    """As it was counted: it is no version to correct, and what is printed has both signatures."""
    station.gateway.start()
    alone = b64encode(counted(election, officers=(0,)).to_bytes()).decode()
    with ControlClient(station.gateway.folder / "state" / "control.socket") as client:
        answer = client.ask({"ask": "count", "count": alone})
    assert answer["explanation"] == "lacks the signatures of two officers with the role"
    station.form()
    said = station.enter()
    assert said.startswith("version  1\n")
    assert said.endswith("stored   leaf 1, accepted: in order\n")
    assert "leaf 1, accepted: in order, in force\nversions 1\n" in station.said("show", "1")
    copy = read_paper(parts_in(printed(station)))
    assert isinstance(copy, PaperCount)
    assert len(decode_hand_count(copy.count).signatures) == 2


def printed(station, *words):
    station.said("print", "1", "-o", "count.html", *words)
    return (station.gateway.folder / "count.html").read_text("utf-8")


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


def parts_in(page: str) -> list[str]:
    """The texts of the codes, read from the drawings of one copy by a foreign reader."""
    found = dict.fromkeys(re.findall(r"<svg.*?</svg>", page))
    texts = []
    for drawing in found:
        image = _raster(drawing)
        (code,) = zxingcpp.read_barcodes(image)
        texts.append(code.text)
    return texts


def _raster(drawing: str):
    """The modules of a drawing, as a picture."""
    path = unescape(re.search(r' d="([^"]+)"', drawing)[1])
    steps = re.findall(r"([Mmh])(-?[\d.]+)(?: (-?[\d.]+))?", path)
    size, x, y = 160, 0.0, 0.0
    image = Image.new("L", (size * 4, size * 4), 255)
    pen = ImageDraw.Draw(image)
    for kind, first, second in steps:
        if kind == "h":
            length = float(first)
            pen.rectangle((x * 4, (y - 0.5) * 4, (x + length) * 4 - 1, (y + 0.5) * 4 - 1), fill=0)
            x += length
        elif kind == "M":
            x, y = float(first), float(second)
        else:
            x, y = x + float(first), y + float(second)
    return image


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


def test_a_form_with_the_numbers_in_force_is_ready_to_be_corrected(station):
    told = station.said("form", "1", "--filled", code=1)
    assert "hand count: there is no such version" in told
    station.form(votes=('"illegible"', '"no data"', "10", "0"))
    station.enter()
    path = station.gateway.folder / "count.toml"
    before = path.read_text()
    station.said("form", "1", "--filled", "-o", "count.toml")
    assert path.read_text().split("\n") == [line.rstrip() for line in before.split("\n")]
    told = station.enter("--reason", "none", code=1)
    assert "is what version 1 says already" in told


def test_what_is_broken_and_in_force_is_shown_and_printed(station):
    station.form(**{"1": "110", "1a": "10"})
    station.enter()
    noted = "noted, physical: Few are spoiled. D, [1a] <= 5: 10 is 5 more than 5"
    assert noted in station.said("show", "1")
    assert noted.replace("<", "&lt;") in printed(station)


def test_a_reason_and_a_law_that_do_not_fit_are_named(station):
    station.form()
    station.enter()
    station.form(**{"1": "95"}, votes=("50", "30", "10", "0"))
    told = station.enter("--reason", "x" * 201, code=1)
    assert "hand_count.reason: must be 1 to 200 characters that can be printed" in told
    other = TEXT.replace('"M"', '"N"').replace("M *", "N *")
    (station.gateway.folder / "house.toml").write_text(other)
    told = station.said("form", "1", "--contest", "1", code=1)
    assert told.startswith("Error: law house: does not fit this contest: parameters.N: is missing")
    assert station.said("show", "99", code=1).startswith("Error: precinct 99: is no precinct")


def test_the_laws_are_tried_before_the_day(station):
    assert "ok    laws of counts by hand: house\n" in station.gateway.command("check").stdout
    station.gateway.configure('laws = ["nowhere"]', SERIAL)
    assert "FAIL  laws: nowhere: there is no such law" in station.gateway.command("check").stdout


def test_laws_in_the_settings_are_found_or_named(gateway):
    gateway.configure('laws = ["lost.toml"]', SERIAL)
    told = gateway.command("hand-count", "form", "1").stderr
    assert "lost.toml: no such file or directory. Correct `laws`" in told
    gateway.configure('laws = ["nowhere"]', SERIAL)
    told = gateway.command("hand-count", "form", "1").stderr
    assert "laws: nowhere: there is no such law. Name a .toml file, or: bg-parliament" in told
    (gateway.folder / "odd.toml").write_bytes(b"\xff")
    gateway.configure('laws = ["odd.toml"]', SERIAL)
    assert "odd.toml: is not UTF-8" in gateway.command("hand-count", "form", "1").stderr
    (gateway.folder / "odd.toml").write_text("name = 1")
    assert "odd.toml: is no law: " in gateway.command("hand-count", "form", "1").stderr
    gateway.configure(SERIAL)
    told = gateway.command("hand-count", "form", "1", "--contest", "1").stderr
    assert "law: is needed. Name one: bg-parliament" in told
    form = gateway.command("hand-count", "form", "1", "--contest", "1", "--law", "kg-precinct")
    assert '"1a" = ""  # Voters on the additional list' in form.stdout
