"""Can a precinct enter, check, have signed, correct and print a count on the gateway's page?"""

import re
import socket
from base64 import b64encode

import pytest

from ballotbox_gateway.adapters.control_socket import ControlClient
from ballotbox_gateway.cli import hand_count_signing
from ballotbox_gateway.config_pages import Page
from ballotbox_gateway.installation import load_installation
from tests.end_to_end.count_window import KEYS, Window
from tests.gateway.scripted import corrected, counted

SHEET = "/hand-count/election/1/1"
#: Ballots in the box, spoiled ones, and the votes of four options.
SOUND = ["105", "5", "60", "30", "10", "0"]
#: What the manual's officers found, line by line, and the votes.
FOUND = (1000, 20, 1020, 3, 590, 12, 605, 415, 12, 593, 600, 5, 605, 0, 310, 180, 70, 40)


@pytest.fixture
def window(gateway, election):
    window = Window(gateway, election)
    gateway.start()
    yield window
    window.close()


def test_precincts_and_contests_are_listed_with_what_is_counted(window):
    first = window.page("/")
    assert "REHEARSAL, NO ELECTION" in first
    assert first.count("no count yet") == first.count('href="/hand-count/election/')
    window.stored(SHEET, SOUND)
    listed = window.page("/hand-count/election/1")
    assert listed.count("version 1 in force") == 1
    assert f'<a href="{SHEET}">Parliament, district seat</a>' in listed
    assert window.page("/hand-count?election=election&precinct=1") == listed
    told = window.page("/hand-count/election/99", status=400)
    assert "precinct 99: is no precinct of this election" in told
    told = window.page("/hand-count/other/1", status=400)
    assert "election: there is no &#x27;other&#x27; here. It serves: election" in told
    assert (
        "'7' is none of this precinct"
        in window.post("/hand-count/election/1/7/check", {"values": ["1"]})["problem"]
    )


def test_a_sheet_is_held_against_its_law_while_it_is_filled_in(window):
    def told(*values):
        return window.post(f"{SHEET}/check", {"values": list(values)})

    blank = told("", "", "", "", "", "")
    assert blank == {"notes": [[]] * 6, "unreadable": [False] * 6, "broken": []}
    early = told("", "6", "", "", "", "")
    assert early["notes"][1] == ["D: 6 is 1 more than 5; with 5 here it would hold"]
    assert not early["broken"][0]["blocks"]
    wrong = told("106", *SOUND[1:])
    assert wrong["broken"] == [
        {
            "blocks": True,
            "words": wrong["broken"][0]["words"],
            "columns": [0, 1, 2, 3, 4, 5],
        }
    ]
    assert "blocks, arithmetic: All is there. H, M * [1] = " in wrong["broken"][0]["words"]
    assert wrong["notes"][0] == ["H: 106 is 1 more than 105; with 105 here it would hold"]
    odd = told("1o5", " No Data ", "?", "-", "", "")
    assert odd["unreadable"] == [True, *[False] * 5]
    assert odd["notes"][0][0].startswith("'1o5': write a whole number from 0 to")
    assert odd["broken"] == [], "a mark breaks nothing"
    assert told("1")["problem"] == "the sheet: there are 1 values for 6 fields. Open it again"


def test_a_count_is_stored_when_two_officers_signed_it(window):
    answer = window.draft(SHEET, SOUND)
    assert window.state(SHEET, answer["id"]) == {"state": "waiting"}
    assert answer["command"] == (
        f"ballotbox-gateway hand-count sign {answer['id'][:16]} "
        "--officer-key FIRST.key --officer-key SECOND.key"
    )
    assert "no count yet" in window.page("/hand-count/election/1")
    shown = window.sign(answer["command"])
    assert "precinct 1 Precinct 1\ncontest  Parliament, district seat\nversion  1\n" in shown.stderr
    assert "  [1] Ballots in the box: 105\n" in shown.stderr
    assert "  [votes] B. Bakirov: 30\n" in shown.stderr
    assert f"id       {answer['id']}\nstored   leaf 0, accepted: in order\n" in shown.stdout
    assert window.state(SHEET, answer["id"]) == {
        "state": "stored",
        "version": 1,
        "words": "rehearsal.example/precinct, leaf 0, accepted: in order",
    }
    again = window.sign(answer["command"], code=1).stderr
    assert "is no draft of the running gateway" in again, "what is stored waits no longer"


def test_what_is_not_signed_is_not_stored(window):
    answer = window.draft(SHEET, SOUND)
    told = window.sign(answer["command"], typed="n\n", code=1).stderr
    assert told.endswith("Error: the count: is not signed. Nothing was stored\n")
    told = window.sign(answer["command"].replace(" --officer-key SECOND.key", ""), code=1).stderr
    assert "1 given, two are needed" in told
    told = window.sign(answer["command"].replace("SECOND", "FIRST"), code=1).stderr
    assert "--officer-key: both keys are of one officer. Give the keys of two" in told
    assert window.state(SHEET, answer["id"]) == {"state": "waiting"}
    assert "no count yet" in window.page("/hand-count/election/1")


def test_a_draft_is_named_by_its_id_and_lost_with_the_process(window):
    command = window.draft(SHEET, SOUND)["command"]
    name = command.split()[3]
    told = window.sign(command.replace(name, name[:7]), code=1).stderr
    assert f"{name[:7]}: is too short for an id. Give 8 digits or more" in told
    told = window.sign(command.replace(name, "0" * 16), code=1).stderr
    assert "is no draft of the running gateway. Take the id from the page" in told
    assert window.gateway.stop() == 0
    told = window.sign(command, code=1).stderr
    assert "is no draft of the running gateway" in told
    window.gateway.start()
    assert window.state(SHEET, "0" * 64) == {"state": "lost"}


def test_what_blocks_is_signed_only_when_it_was_really_counted_so(window):
    odd = ["106", *SOUND[1:]]
    told = window.draft(SHEET, odd)["problem"]
    assert told.startswith("the count: breaks a relation of its law that blocks. Read the sheet")
    answer = window.draft(SHEET, odd, as_counted=True)
    assert " --as-counted " in answer["command"]
    told = window.sign(answer["command"].replace("--as-counted ", ""), code=1).stderr
    assert "what was really found so is signed with --as-counted" in told
    assert "quarantined: breaks a relation" in window.sign(answer["command"]).stdout
    assert "none in force (quarantined)" in window.page("/hand-count/election/1")
    page = window.page(SHEET)
    assert "Version 1 is not in force: quarantined" in page
    window.stored(SHEET, SOUND, answer["id"], reason="read again")
    assert "version 2 in force" in window.page("/hand-count/election/1")


GAPS = {
    "a blank": (["", *SOUND[1:]], "[1] Ballots in the box: is not filled in. Write a whole number"),
    "no number": ([*SOUND[:5], "O"], "Against all: 'O': write a whole number"),
    "too few": (SOUND[:5], "the sheet: there are 5 values for 6 fields"),
}


@pytest.mark.parametrize("name", GAPS)
def test_a_gap_is_named_and_nothing_is_held(window, name):
    values, told = GAPS[name]
    assert window.draft(SHEET, values)["problem"].startswith(told)


def test_marks_are_kept_as_they_are(window):
    window.stored(SHEET, ["no data", "5", "?", "30", "-", "0"])
    page = window.page(SHEET)
    assert page.count('value="no data"') == 2
    assert page.count('value="illegible"') == 1


def test_a_correction_starts_from_what_is_in_force_and_says_why(window):
    first = window.stored(SHEET, SOUND)
    page = window.page(SHEET)
    assert "Version 1 is in force" in page
    assert f'data-corrects="{first}"' in page
    assert 'value="105" data-was="105"' in page
    lower = ["95", "5", "50", "30", "10", "0"]
    stale = "the count: another version was stored since this page was opened. Open the sheet again"
    assert window.draft(SHEET, lower)["problem"].startswith(stale)
    told = window.draft(SHEET, lower, first, reason="  ")["problem"]
    assert told == "reason: is missing. Say why the numbers are corrected"
    told = window.draft(SHEET, lower, first, reason="x" * 201)["problem"]
    assert told.startswith("hand_count.reason: must be 1 to 200 characters")
    told = window.draft(SHEET, SOUND, first, reason="none")["problem"]
    assert told == "the count: is what version 1 says already. Nothing was changed"
    window.stored(SHEET, lower, first, reason="<a bundle> twice")
    page = window.page(SHEET)
    assert "Version 2 is in force" in page
    assert "version 2 (&lt;a bundle&gt; twice)" in page
    assert "All versions (2)" in page


def test_a_draft_that_was_overtaken_is_not_signed(window):
    late, other = (
        window.draft(SHEET, SOUND),
        window.draft(SHEET, ["95", "5", "50", "30", "10", "0"]),
    )
    window.sign(other["command"])
    told = window.sign(late["command"], code=1).stderr
    assert "another version was stored since this draft was written. Open the sheet again" in told
    assert "version 1 in force" in window.page("/hand-count/election/1")


def test_without_that_check_both_would_exclude_each_other(window, monkeypatch):
    monkeypatch.setattr(hand_count_signing, "_require_next", lambda *_: None)
    late, other = (
        window.draft(SHEET, SOUND),
        window.draft(SHEET, ["95", "5", "50", "30", "10", "0"]),
    )
    window.sign(other["command"])
    assert "another version stands in the same place" in window.sign(late["command"]).stdout
    assert "none in force (evidence)" in window.page("/hand-count/election/1")


def test_copies_of_any_version_are_printed(window):
    first = window.stored(SHEET, SOUND)
    window.stored(SHEET, ["95", "5", "50", "30", "10", "0"], first, reason="read again")
    for version in (1, 2):
        page = window.page(f"{SHEET}/print?version={version}&copies=3")
        assert f"Version:</b> {version}" in page
        assert page.count("Copy ") == 3
        assert "<svg" in page
    told = window.page(f"{SHEET}/print?version=3&copies=1", status=400)
    assert "version 3: there is no such version, or several exclude each other" in told
    told = window.page(f"{SHEET}/print?version=1&copies=101", status=400)
    assert "copies: 101 were asked for. Give 1 to 100" in told


def test_versions_that_exclude_each_other_are_shown_and_not_corrected(window, election):
    first = counted(election)
    with ControlClient(window.gateway.folder / "state" / "control.socket") as client:
        for count in (first, *(corrected(election, first, why) for why in ("one", "two"))):
            text = b64encode(count.to_bytes()).decode()
            assert client.ask({"ask": "count", "count": text})["stored"]
        signed = {"ask": "draft", "count": text}
        assert "a draft is an unsigned count of this" in client.ask(signed)["problem"]
    sheet = f"/hand-count/election/{first.precinct}/{first.contest}"
    page = window.page(sheet)
    assert "has versions that exclude each other" in page
    assert "All versions (3)" in page
    assert '<form id="sheet"' not in page
    assert "exclude each other" in window.draft(sheet, SOUND, None)["problem"]


def test_where_several_laws_fit_one_is_chosen(gateway, election):
    window = Window(gateway, election, '["house.toml", "kg-precinct", "in-form-17c"]')
    gateway.start()
    page = window.page(SHEET)
    assert "By which law is it counted?" in page
    assert f'href="{SHEET}?law=house"' in page
    assert "Ballots in the box" in window.page(f"{SHEET}?law=house")
    misread = [str(539 if each == 593 else each) for each in FOUND]
    notes = window.post(f"{SHEET}/check?law=kg-precinct", {"values": misread})["notes"]
    assert notes[8] == ["K3: 551 is 54 less than 605; with 66 here it would hold"]
    assert notes[10] == ["K3: 551 is 54 less than 605"], "546 here would break another relation"
    answer = window.post(f"{SHEET}/draft?law=house", {"values": SOUND})
    window.sign(answer["command"])
    assert "Version 1 is in force" in window.page(SHEET), "the law of what is corrected is known"
    told = window.page(f"{SHEET}?law=tent", status=400)
    assert "law: &#x27;tent&#x27; is none in use here. Name one: house" in told
    window.close()


def test_the_gateway_serves_its_boxes_beside_the_page_and_ends_in_order(window):
    window.page("/")
    assert any("local page http://127.0.0.1" in line for line in window.gateway.lines)
    assert window.gateway.stop() == 0
    assert not any("ERROR" in line for line in window.gateway.lines)


def test_the_manual_shows_what_is_signed(gateway, election, repository):
    manual = (repository / "gateway" / "OPERATING.md").read_text("utf-8")
    section = manual.partition("## The local page for counts by hand")[2].partition("\n## ")[0]
    (block,) = re.findall(r"```console\n(.*?)```", section, re.DOTALL)
    (table,) = re.findall(r"```text\n(.*?)```", section, re.DOTALL)
    window = Window(gateway, election, '["kg-precinct"]')
    settings = gateway.config.read_text()
    gateway.config.write_text(settings.replace(f"[page]\nport = {window.port}\n", table))
    assert load_installation(gateway.config).one(None).page == Page(port=8090)
    gateway.config.write_text(settings)
    for old, new in zip(KEYS, ("anara.key", "bakyt.key"), strict=True):
        (gateway.folder / old).rename(gateway.folder / new)
    gateway.start()
    window.draft(SHEET, [str(each) for each in FOUND])
    command = block.splitlines()[0].removeprefix("$ ")
    assert f"$ {command}\n{window.sign(command).output}" == block
    window.close()


def test_the_page_is_tried_before_the_day(gateway, election):
    window = Window(gateway, election)
    said = gateway.command("check").stdout
    assert f"ok    page: 127.0.0.1:{window.port} is free\n" in said
    with socket.create_server(("127.0.0.1", window.port)):
        said = gateway.command("check").stdout
        assert f"FAIL  page 127.0.0.1:{window.port}: cannot listen: address already in use" in said
        gateway.start()
        told = gateway.await_line("the local page is not served: page 127.0.0.1:")
        assert told.endswith("Close what listens there, or correct page.host and page.port")
        assert gateway.stop() == 0, "boxes are served without it"
    window.close()
