"""Can two officers enter what they counted, and correct it, at a gateway as it is used?"""

from base64 import b64encode

import pytest

from ballotbox_gateway.adapters.control_socket import ControlClient
from ballotbox_protocol.wire.hand_count import decode_hand_count
from ballotbox_protocol.wire.paper import PaperCount, read_paper
from tests.end_to_end.counting_station import SERIAL, counting_station, parts_in, printed
from tests.gateway.scripted import corrected, counted
from tests.house_law import TEXT


@pytest.fixture
def station(gateway, election, tmp_path):
    return counting_station(gateway, election, tmp_path)


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
