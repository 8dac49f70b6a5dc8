"""What does `ballotbox-tabulate site` write, keep and refuse, and is a folder ever blank?"""

import json
import re
import shutil
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from click.testing import CliRunner

from ballotbox_tabulation import site as site_package
from ballotbox_tabulation.cli import main
from ballotbox_tabulation.core.wording import _PLAIN, count_reason_in_words, reason_in_words
from ballotbox_tabulation.site.folder import Folder
from ballotbox_tabulation.site.languages import LANGUAGES, catalogue_of, language
from ballotbox_tabulation.site.words import ALL
from ballotbox_tabulation.site.writer import write_site
from tests.tabulation.folding import concluded
from tests.tabulation.log_builder import LogBuilder, authority_of, simple_ballots
from tests.tabulation.site_material import files_of, result_of_the_day, site_of

TEMPLATES = Path(site_package.__file__).parent.parent / "templates" / "site"


class Desk:
    """A folder with a log, its result and the documents, and the command run on them."""

    def __init__(self, folder):
        self.folder, self.out = folder, folder / "pages"
        log = LogBuilder(authority_of(boxes=3))
        log.day(log.pen(0), simple_ballots(9))
        for name, data in log.files().items():
            path = folder / "log" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        log.authority.write(folder)
        self.trust = [f"--{name}={folder / name}.cose" for name in ("election", "register")]
        self.trust.append(f"--root={log.authority.root}")
        ran = CliRunner().invoke(
            main, ["run", f"{folder}/log", *self.trust, f"--out={folder}/result"]
        )
        assert ran.exit_code == 0, ran.output

    def site(self, *options, result="result"):
        arguments = ["site", f"{self.folder}/{result}", f"--out={self.out}", *options]
        return CliRunner().invoke(main, arguments)

    def with_log(self, *options):
        return self.site(f"--log={self.folder}/log", *self.trust, *options)


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)


def test_a_result_becomes_pages_with_proofs_and_codes(desk):
    done = desk.with_log("--codes", "--languages=ky,en")
    assert done.exit_code == 0, done.output
    files = files_of(desk.out)
    digest = json.loads(files["data/result.json"])["digest"]
    assert done.stdout == (
        f"Wrote {len(files)} files.\n"
        f"Pages   {desk.out}/index.html\n"
        f"Result  {desk.out}/data/result.json  {digest}\n"
    )
    assert b'<html lang="ky">' in files["index.html"]
    assert not [name for name in files if name.startswith("ru/")]
    assert [name for name in files if name.endswith(".svg")]


def test_the_result_alone_is_enough_and_the_folder_of_a_site_is_a_result_too(desk):
    assert desk.site().exit_code == 0
    first = files_of(desk.out)
    assert not [name for name in first if name.startswith("proof/")]
    assert desk.site(result="pages").exit_code == 0
    assert files_of(desk.out) == first, "the same result gives the same bytes"
    assert CliRunner().invoke(main, ["diff", f"{desk.out}", f"{desk.folder}/result"]).exit_code == 0


def test_the_reason_of_a_stopped_publication_is_shown(desk):
    path = desk.folder / "reason.json"
    told = {"refused_at": "22:40", "reason": "150 %", "evidence": ["row 7 twice"]}
    path.write_text(json.dumps(told | {"stays": {"version": 2, "released_at": "22:00"}}))
    assert desk.site(f"--refused={path}", "--label=Synthetic").exit_code == 0
    page = (desk.out / "index.html").read_text()
    assert "This is the last good publication." in page
    assert "This publication: 22:00. Stopped: 22:40." in page
    assert '<li lang="en">150 %</li><li lang="en">row 7 twice</li>' in page
    assert "Synthetic" in page
    path.write_text(json.dumps(told | {"stays": None}))
    assert desk.site(f"--refused={path}").exit_code == 0
    assert "This publication:" not in (desk.out / "index.html").read_text()


_REASONS = {
    "not json": "is not JSON; name the reason.json",
    "[1]": "reason.json: must be a JSON object",
    '{"refused_at": "x", "reason": "y", "evidence": [1]}': "evidence: must be text",
    '{"refused_at": "x", "reason": "y", "evidence": 1}': "evidence: must be a list",
    '{"refused_at": "x"}': "reason: must be text",
    '{"refused_at": 7, "reason": "y"}': "refused_at: must be text",
    '{"refused_at": "x", "reason": "y", "stays": 1}': "stays: must be a JSON object",
}


@pytest.mark.parametrize("text", _REASONS)
def test_a_reason_of_another_form_is_named(desk, text):
    path = desk.folder / "reason.json"
    path.write_text(text)
    done = desk.site(f"--refused={path}")
    assert done.exit_code == 2
    assert done.stderr.startswith(f"Error: --refused {path}: ")
    assert _REASONS[text] in done.stderr
    assert not desk.out.exists()


def _edited(desk):
    path = desk.folder / "result/result.json"
    path.write_text(path.read_text().replace('"votes":2', '"votes":3', 1))
    return ()


_UNUSABLE = {
    "an edited result": (_edited, "its digest is not that of its content"),
    "no result": (lambda desk: shutil.rmtree(desk.folder / "result") or (), "check the path"),
    "a language that is not there": (
        lambda _: ("--languages=en,de",),
        "--languages: must be some of en, ky, ru",
    ),
    "a log without trust": (
        lambda desk: (f"--log={desk.folder}/log",),
        "--election, --register, --root is missing: reports need --log",
    ),
    "no log": (lambda desk: ("--log=nowhere", *desk.trust), "--log nowhere: no such directory"),
}


@pytest.mark.parametrize("case", _UNUSABLE)
def test_unusable_input_is_named_and_nothing_is_written(desk, case):
    change, said = _UNUSABLE[case]
    done = desk.site(*change(desk))
    assert (done.exit_code, done.stdout) == (2, ""), done.output
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not desk.out.exists()


def test_an_output_that_cannot_be_written_is_named(desk):
    desk.out.write_text("a file")
    done = desk.site()
    assert done.exit_code == 2
    assert "File exists" in done.stderr


# ---- the folder


def test_what_an_earlier_site_left_goes_and_what_others_put_there_stays(desk):
    assert desk.with_log().exit_code == 0
    mine = desk.out / "own.txt"
    mine.write_text("not of the site")
    before = set(files_of(desk.out))
    assert desk.site("--languages=en").exit_code == 0
    after = set(files_of(desk.out))
    assert {name.partition("/")[0] for name in before - after} == {"ky", "ru", "proof"}
    assert mine.read_text() == "not of the site"
    assert not (desk.out / "ky").exists()


def test_a_run_that_fails_leaves_the_last_good_pages(desk, monkeypatch):
    assert desk.site().exit_code == 0
    before = files_of(desk.out)
    written = []

    def full(self, name, data, write=Folder.write):
        written.append(name)
        if len(written) == 20:
            raise OSError(28, "No space left on device", name)
        write(self, name, data)

    monkeypatch.setattr(Folder, "write", full)
    done = desk.with_log()
    assert done.exit_code == 2
    assert "No space left on device" in done.stderr
    assert files_of(desk.out) == before


def test_the_first_page_takes_its_name_last(desk, monkeypatch):
    renamed = []

    def follow(self, target, replace=Path.replace):
        renamed.append(target.relative_to(desk.out).as_posix())
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", follow)
    write_site(site_of(result_of_the_day()), desk.out)
    fronts = {"index.html", *(f"{code}/index.html" for code in LANGUAGES)}
    assert set(renamed[-5:]) == fronts | {"SHA256SUMS"}
    assert renamed[-1] == "SHA256SUMS"


@pytest.mark.parametrize("name", ["../own.txt", "/own.txt", "a/../../own.txt", ".hidden/own.txt"])
def test_sums_that_name_what_lies_outside_remove_nothing(tmp_path, name):
    out, own = tmp_path / "out", tmp_path / "own.txt"
    out.mkdir()
    own.write_text("mine")
    (out / "SHA256SUMS").write_text(f"{'0' * 64}  {name}\n")
    with Folder(out) as folder:
        folder.write("index.html", b"new")
        folder.finish(["index.html"])
    assert own.read_text() == "mine"


def test_sums_that_are_no_text_remove_nothing(tmp_path):
    (tmp_path / "SHA256SUMS").write_bytes(b"\xff\xfe")
    with Folder(tmp_path) as folder:
        folder.finish([])
    assert files_of(tmp_path) == {"SHA256SUMS": b""}


# ---- the catalogues


def words_of_the_pages():
    options = {"**.html": {"extensions": "jinja2.ext.i18n"}}
    found = extract_from_dir(str(TEMPLATES), [("**.html", "jinja2")], options)
    said = (*map(reason_in_words, _PLAIN), *map(count_reason_in_words, _PLAIN))
    return {*(message for _, _, message, _, _ in found), *ALL, *said, "it breaks the law that"}


@pytest.mark.parametrize("code", LANGUAGES[1:])
def test_every_word_of_the_pages_is_in_the_catalogue_and_nothing_else(code):
    catalogue = {each.id: each for each in catalogue_of(code) if each.id}
    words = words_of_the_pages()
    assert len(words) > 200
    unread = "This translation has not yet been read by a native speaker."
    assert set(catalogue) == words | {unread}
    for each in catalogue.values():
        assert each.string
        assert not each.fuzzy
        assert list(each.check(catalogue_of(code))) == []


@pytest.mark.parametrize("code", LANGUAGES[1:])
def test_what_stands_in_for_numbers_is_in_every_translation(code):
    for each in catalogue_of(code):
        held = [sorted(re.findall(r"%\(\w+\)s|%%", text)) for text in (each.id, each.string)]
        assert held[0] == held[1], each.id


def test_a_time_that_no_calendar_has_is_its_number():
    assert language("ru").moment(2**62) == str(2**62)
    assert language("en").moment(0) == "January 1, 1970, 00:00:00 UTC"


def test_a_threshold_has_no_idle_zeros_and_a_share_keeps_its_own():
    russian = language("ru")
    assert russian.plain_percent("5.00") == russian.plain_percent("5") == "5\N{NO-BREAK SPACE}%"
    assert russian.plain_percent("10") == "10\N{NO-BREAK SPACE}%"
    assert russian.percent("5.00") == "5,00\N{NO-BREAK SPACE}%"


def test_progress_is_told_to_the_end(tmp_path):
    told = []
    result = concluded(LogBuilder(authority_of(boxes=3))).result
    write_site(site_of(result), tmp_path, told=lambda done, of: told.append((done, of)))
    assert told[0] == (1, 9)
    assert told[-1] == (9, 9)
    assert [done for done, _ in told] == sorted(done for done, _ in told)
