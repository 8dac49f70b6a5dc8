"""Do the pages show the whole result to everybody, in each language, and lead to its proof?"""

import json
import re
import subprocess
from urllib.parse import urldefrag

import pytest

from ballotbox_tabulation.core.publication import publish
from ballotbox_tabulation.site.languages import LANGUAGES
from ballotbox_tabulation.site.site import Notice
from ballotbox_tabulation.site.writer import write_site
from ballotbox_tabulation.verify_cli import main as verify
from tests.tabulation.folding import concluded
from tests.tabulation.log_builder import LogBuilder, authority_of
from tests.tabulation.site_material import (
    HOSTILE,
    decided,
    files_of,
    material,
    proofs_of,
    result_of_the_day,
    site_of,
)
from tests.tabulation.site_page import Page, station, written

LABEL = "Numbers <by station> are synthetic, 100 % of them"
REASONS = ("Shares sum to 150.02 % <of> valid votes.", "<b>", "c", "the fourth reason")
STOPPED = Notice("22:40", REASONS, "22:00")
FRONTS = {"index.html", "en/index.html", "ky/index.html", "ru/index.html"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The folder of the day of everything, with decisions, proofs, a label and a notice."""
    directory = tmp_path_factory.mktemp("site") / "out"
    log, result = material(), decided(result_of_the_day())
    proofs = proofs_of(log, result)
    count = write_site(site_of(result, label=LABEL, notice=STOPPED), directory, proofs, codes=True)
    assert count == len(files_of(directory))
    return directory


@pytest.fixture(scope="module")
def files(folder):
    return files_of(folder)


@pytest.fixture(scope="module")
def pages(files):
    return {name: Page(data) for name, data in files.items() if name.endswith(".html")}


def test_each_language_has_the_same_pages(pages):
    by_language = [
        {name.partition("/")[2] for name in pages if name.startswith(f"{code}/")}
        for code in LANGUAGES
    ]
    assert by_language[0] == by_language[1] == by_language[2]
    assert {name for name in pages if "/" not in name} == {"index.html"}
    for code in LANGUAGES:
        for name, page in pages.items():
            if name.startswith(f"{code}/"):
                assert ("html", {"lang": code}) in page.tags, name


def test_every_reference_is_a_file_of_the_folder_or_a_place_on_a_page(folder, pages):
    assert len(pages) > 30
    for name, page in pages.items():
        for reference in page.references:
            path, place = urldefrag(reference)
            assert not re.match(r"[a-z]+:|/", path), f"{name}: {reference}"
            if path:
                target = (folder / name).parent / path
                assert target.resolve().is_relative_to(folder.resolve())
                assert target.is_file(), f"{name}: {reference}"
            else:
                assert place in page.ids, f"{name}: {reference}"


def test_no_page_asks_for_a_script_or_a_form(pages, files):
    for name, page in pages.items():
        assert not {"script", "form", "iframe", "object"} & {tag for tag, _ in page.tags}, name
    assert b"url(" not in files["site.css"]
    assert b"@import" not in files["site.css"]


def test_every_page_is_found_by_links_from_the_first_one(folder, pages):
    seen, open_ends = set(), ["index.html"]
    while open_ends:
        name = open_ends.pop()
        if name in seen:
            continue
        seen.add(name)
        for reference in pages[name].references if name in pages else ():
            path, _ = urldefrag(reference)
            if path:
                target = ((folder / name).parent / path).resolve()
                open_ends.append(target.relative_to(folder.resolve()).as_posix())
    assert set(pages) <= seen


def test_mode_label_and_stopped_publication_stand_on_every_page(pages):
    for name, page in pages.items():
        assert LABEL in page.text, name
        assert "refused" in [told.get("class") for _, told in page.tags], name
    assert "REHEARSAL These are not the results of an election." in pages["index.html"].text
    assert "This is the last good publication." in pages["index.html"].text
    assert "РЕПЕТИЦИЯ" in pages["ru/data.html"].text


def test_every_page_leads_to_the_first_one_for_why_a_publication_was_stopped(pages):
    assert {name for name, page in pages.items() if "stopped" in page.ids} == FRONTS
    for name in FRONTS:
        assert "22:00. " in pages[name].text, name
        assert all(reason in pages[name].text for reason in REASONS), name
    for name in pages.keys() - FRONTS:
        assert "150.02" not in pages[name].text, name
        assert any(each.endswith("index.html#stopped") for each in pages[name].references), name
    assert "Further evidence: 1 the fourth reason" in pages["en/index.html"].text


def test_an_official_result_has_no_banner(tmp_path):
    result = result_of_the_day()
    result["election"]["mode"] = "official"
    page = written(result, tmp_path / "out", languages=("en",))["index.html"]
    assert "These are not the results" not in page.text
    assert "last good publication" not in page.text


def test_a_translation_says_on_every_page_that_nobody_has_read_it(pages):
    note = "(This translation has not yet been read by a native speaker.)"
    for name, page in pages.items():
        unread = name.startswith(("ky/", "ru/"))
        assert (note in page.text) is unread, name


def test_words_of_the_election_are_text_and_never_markup(pages, files):
    assert HOSTILE in pages["index.html"].text
    for name, data in files.items():
        if name.endswith(".html"):
            assert b"<b>Ask" not in data, name


def test_votes_shares_and_seats_of_the_first_page_are_those_of_the_result(pages):
    result = decided(result_of_the_day())
    text = pages["index.html"].text
    for at, contest in enumerate(result["nation"]["contests"]):
        decisions = result["decisions"]
        options = decisions[at]["options"] if at < len(decisions) else contest["options"]
        for option in options:
            share = f"{option['votes']:,} {option['share_percent']}%"
            seats = f" {option['seats']}" if "seats" in option else ""
            assert f"{share}{seats}" in text, option["name"]
    assert "Union of Villages below 0.5%: Osh" in text
    assert "Open Steppe below 5%" in text
    assert "Tie. These have equal claims" in text
    assert "Preliminary result. Boxes that are in no total: 6." in text


def test_numbers_are_written_as_each_language_does(pages):
    assert "4,225" in pages["index.html"].text
    for code in ("ky", "ru"):
        assert "4 225" in pages[f"{code}/index.html"].text
        assert "20,04 %" in pages[f"{code}/index.html"].text


def test_every_box_in_no_total_is_named_as_missing(pages):
    result = result_of_the_day()
    text = pages["en/missing.html"].text
    waiting = [
        box["box"]
        for state in ("disputed", "quarantined", "held", "missing")
        for box in result["boxes"][state]
    ]
    assert len(waiting) == 6
    assert re.findall(r"\b[0-9a-f]{32}\b", text) == waiting
    assert "it waits for report 0 of its box" in text


def test_many_missing_boxes_take_several_pages(tmp_path):
    authority = authority_of(boxes=1_100, boxes_per_precinct=20)
    pages = written(concluded(LogBuilder(authority)).result, tmp_path / "out", languages=("en",))
    listed = [pages[f"en/{name}.html"].text for name in ("missing", "missing/2", "missing/3")]
    found = [re.findall(r"\b[0-9a-f]{32}\b", text) for text in listed]
    assert [len(each) for each in found] == [500, 500, 100]
    assert len({box for each in found for box in each}) == 1_100
    assert "none yet" in pages["index.html"].text


def test_when_nobody_is_missing_the_pages_say_so(tmp_path):
    authority = authority_of(boxes=1)
    log = LogBuilder(authority)
    log.day(log.pen(0), [])
    pages = written(concluded(log).result, tmp_path / "out", languages=("en",))
    assert "Complete result. Every expected box is counted." in pages["index.html"].text
    assert "Nobody. Every expected box is counted." in pages["en/missing.html"].text


def test_where_every_box_was_closed_as_unused_the_pages_call_nothing_complete(tmp_path):
    result = concluded(LogBuilder(authority_of(boxes=1))).result
    result["boxes"]["unused"] = result["boxes"].pop("missing")
    pages = written(result | {"boxes": result["boxes"] | {"missing": []}}, tmp_path / "out")
    for name in ("index.html", "en/missing.html"):
        assert "No box is counted: every box was closed as unused." in pages[name].text
        assert "Every expected box is counted" not in pages[name].text


def test_a_certified_result_without_a_statement_is_nobody_s_release(tmp_path):
    result = concluded(LogBuilder(authority_of(boxes=1))).result | {"status": "certified"}
    page = written(result, tmp_path / "out", languages=("en",))["index.html"]
    assert "nothing here shows that they released it" in page.text


# ---- stations


def test_a_count_by_hand_that_agrees_and_one_that_does_not_are_told(pages):
    assert "Box and count by hand agree." in station(pages, 1)
    assert "[7] Ballots destroyed : no data" in station(pages, 1)
    second = station(pages, 2)
    assert "Box and count by hand differ. A count by hand is in no total." in second
    assert "300 303 +3 B. Bakirov 302 300 −2 C. Chynara uulu 301 300 −1" in second
    assert "Against all 300 illegible –" in second
    assert "Why it was corrected: the second pile was counted again" in second
    assert "Counted by hand; the box is not counted yet." in station(pages, 7)
    assert "No count by hand of this station was handed in." in station(pages, 3)


def test_a_station_without_a_counted_box_has_no_number(pages):
    text = station(pages, 5)
    assert "No box of this station is counted yet. So there are no numbers here" in text
    assert "Mountain Party" not in text
    for state in ("Disputed", "Quarantined"):
        assert state in text
    assert "another report of its box has the same number" in text
    assert "it breaks the law that lifetime = lifetime at the zero report + accepted" in text


def test_a_correction_is_told_beside_the_final_that_it_replaces(pages):
    text = station(pages, 6)
    assert "correction 5: counted" in text
    assert "final 4: replaced by a correction" in text
    assert "Closed as unused" in text


def test_every_listed_report_has_its_file_and_its_proof(folder, files, tmp_path, capsys):
    log, result = material(), result_of_the_day()
    log.authority.write(tmp_path)
    trust = [f"--{name}={tmp_path / name}.cose" for name in ("election", "register")]
    trust.append(f"--root={log.authority.root}")
    checked = 0
    for boxes in result["boxes"].values():
        for box in boxes:
            for report in box["reports"]:
                stem = folder / f"proof/0/{report['id'][:16]}"
                receipt, signed = f"{stem}.receipt.txt", f"{stem}.report.txt"
                with pytest.raises(SystemExit) as ended:
                    verify(["receipt", receipt, "--report", signed, *trust])
                assert ended.value.code == 0, capsys.readouterr().out
                checked += 1
    assert checked == len([name for name in files if name.endswith(".receipt.txt")]) == 13


def test_the_codes_of_a_station_are_the_signed_report(folder, files, tmp_path, capsys):
    zxingcpp = pytest.importorskip("zxingcpp")
    (box, *_) = result_of_the_day()["boxes"]["counted"]
    report = box["reports"][0]["id"][:16]
    names = sorted(
        name for name in files if name.startswith(f"proof/0/{report}.") and name.endswith(".svg")
    )
    assert names
    (tmp_path / "scan.txt").write_text("\n".join(_scanned(zxingcpp, files[name]) for name in names))
    log = material()
    log.authority.write(tmp_path)
    trust = [f"--{name}={tmp_path / name}.cose" for name in ("election", "register")]
    with pytest.raises(SystemExit) as ended:
        verify(["paper", str(tmp_path / "scan.txt"), *trust, f"--root={log.authority.root}"])
    assert ended.value.code == 0, capsys.readouterr().out


def _scanned(zxingcpp, drawing):
    """Read a code out of its SVG, whose dark modules are horizontal strokes of one path."""
    from PIL import Image, ImageDraw

    path = re.search(rb'd="([^"]*)"', drawing)[1].decode()
    size = int(re.search(rb'viewBox="0 0 (\d+)|width="(\d+)', drawing)[2] or 279)
    image = Image.new("L", (size, size), 255)
    pen, x, y = ImageDraw.Draw(image), 0.0, 0.0
    for step, one, two in re.findall(r"([Mmh])(-?[\d.]+)[ ,]?(-?[\d.]+)?", path):
        if step == "h":
            pen.rectangle((x * 3, (y - 0.5) * 3, (x + float(one)) * 3 - 1, (y + 0.5) * 3 - 1), 0)
            x += float(one)
        elif step == "M":
            x, y = float(one), float(two)
        else:
            x, y = x + float(one), y + float(two)
    (code,) = zxingcpp.read_barcodes(image)
    return code.text


# ---- the data


def test_the_data_is_the_result_and_its_tables(files):
    result = decided(result_of_the_day())
    assert files["data/result.json"] == publish(result)[1]
    for name in ("err", "companion", "companion.schema"):
        json.loads(files[f"data/{name}.json"])
    stations = files["data/stations.csv"].decode().splitlines()
    assert len(stations) == 1 + len(result["precincts"])
    assert stations[4].startswith("4,Precinct 4,1500,2,0,,,")
    options = files["data/options.csv"].decode()
    assert 'national list",Mountain Party,847,20.04,valid votes,4225,30,' in options
    boxes = files["data/boxes.csv"].decode().splitlines()
    assert len(boxes) == 1 + 14


def test_a_name_that_a_spreadsheet_would_run_is_harmless_there(tmp_path):
    result = result_of_the_day()
    result["precincts"][0]["name"] = "=cmd()"
    written(result, tmp_path / "out", languages=("en",))
    table = (tmp_path / "out/data/stations.csv").read_text()
    assert ",'=cmd()," in table


def test_a_copy_is_whole_by_its_sums_and_a_changed_one_is_not(folder, tmp_path):
    import shutil

    copy = shutil.copytree(folder, tmp_path / "copy")
    command = ["sha256sum", "--check", "--quiet", "SHA256SUMS"]
    assert subprocess.run(command, cwd=copy, check=False).returncode == 0
    listed = len((copy / "SHA256SUMS").read_text().splitlines())
    assert listed == len(files_of(copy)) - 1
    (copy / "index.html").write_text("150 %")
    assert subprocess.run(command, cwd=copy, check=False, capture_output=True).returncode == 1
