"""What does `ballotbox-tabulate site` write, keep and refuse, and is a folder ever blank?"""

import json
import re
import shutil
from functools import cache
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

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
from ballotbox_tabulation.trust_files import UnusableInput
from tests.tabulation.folding import concluded
from tests.tabulation.log_builder import LogBuilder, authority_of, simple_ballots
from tests.tabulation.site_material import files_of, result_of_the_day, site_of

TEMPLATES = Path(site_package.__file__).parent.parent / "templates" / "site"


class Desk:
    """A folder with a log, its result and the documents, and the command run on them."""

    def __init__(self, folder):
        self.folder, self.out = folder, folder / "pages"
        shutil.copytree(_computed().name, folder, dirs_exist_ok=True)
        self.trust = _trust(folder)

    def site(self, *options, result="result"):
        arguments = ["site", f"{self.folder}/{result}", f"--out={self.out}", *options]
        return CliRunner().invoke(main, arguments)

    def with_log(self, *options):
        return self.site(f"--log={self.folder}/log", *self.trust, *options)


def _trust(folder):
    named = [f"--{name}={folder / name}.cose" for name in ("election", "register")]
    return [*named, f"--root={_authority().root}"]


@cache
def _authority():
    return authority_of(boxes=3)


@cache
def _computed():
    """A folder with a log of one day, the documents, and the result of it."""
    kept = TemporaryDirectory(prefix="bbx-site-")
    folder = Path(kept.name)
    log = LogBuilder(_authority())
    log.day(log.pen(0), simple_ballots(9))
    for name, data in log.files().items():
        path = folder / "log" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    log.authority.write(folder)
    computed = ["run", f"{folder}/log", *_trust(folder), f"--out={folder}/result"]
    ran = CliRunner().invoke(main, computed)
    assert ran.exit_code == 0, ran.output
    return kept


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
    path.write_text(json.dumps(told | {"until": "23:50"}))
    assert desk.site(f"--refused={path}").exit_code == 0
    page = (desk.out / "index.html").read_text()
    assert "This was the last good publication until: 23:50." in page
    assert "This is the last good publication." not in page
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
    '{"refused_at": "x", "reason": "y", "until": 1}': "until: must be text",
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


def test_what_an_earlier_site_left_goes(desk):
    assert desk.with_log().exit_code == 0
    before = set(files_of(desk.out))
    assert desk.site("--languages=en").exit_code == 0
    after = set(files_of(desk.out))
    assert {name.partition("/")[0] for name in before - after} == {"ky", "ru", "proof"}
    assert not (desk.out / "ky").exists()


def _own_file(out):
    (out / "own.txt").write_text("not of the site")
    return "own.txt"


def _own_words(out):
    page = out / "en" / "index.html"
    page.write_text(page.read_text() + "mended by hand")
    return "en/index.html"


def _link_elsewhere(out):
    (out.parent / "elsewhere").mkdir()
    (out / "station").symlink_to(out.parent / "elsewhere")
    return "station"


def _link_to_a_file(out):
    """The same bytes, which another may change."""
    (out.parent / "table.csv").write_bytes((out / "data" / "options.csv").read_bytes())
    (out / "data" / "options.csv").unlink()
    (out / "data" / "options.csv").symlink_to(out.parent / "table.csv")
    return "data/options.csv"


@pytest.mark.parametrize("put", [_own_file, _own_words, _link_elsewhere, _link_to_a_file])
def test_a_folder_with_what_no_site_wrote_is_left_alone(desk, put):
    assert desk.site().exit_code == 0
    named = put(desk.out)
    before = files_of(desk.out)
    done = desk.site("--languages=en")
    assert done.exit_code == 2
    assert f"no site wrote {named}; name an empty directory" in done.stderr
    assert files_of(desk.out) == before


def test_a_site_that_was_cut_short_between_two_names_is_finished_by_the_next(desk, monkeypatch):
    assert desk.site().exit_code == 0
    whole = files_of(desk.out)
    left = []

    class Killed(BaseException):
        """What nobody catches."""

    def follow(self, target, replace=Path.replace):
        left.append(target)
        if len(left) == 30:
            raise Killed
        return replace(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", follow)
        patch.setattr(shutil, "rmtree", lambda *_, **__: None)
        with pytest.raises(Killed):
            write_site(site_of(result_of_the_day()), desk.out)
    assert files_of(desk.out) != whole
    assert desk.site().exit_code == 0
    assert files_of(desk.out) == whole


def test_the_folder_of_a_released_result_is_no_place_for_a_site(desk):
    shutil.copytree(desk.folder / "result", desk.out)
    before = files_of(desk.out)
    done = desk.site()
    assert done.exit_code == 2
    assert "no site wrote index.html, result.json" in done.stderr
    assert files_of(desk.out) == before


def test_of_two_results_in_one_folder_none_is_taken_for_the_other(desk):
    assert desk.site().exit_code == 0
    shutil.copy(desk.folder / "result" / "result.json", desk.out / "result.json")
    done = desk.site(result="pages")
    assert done.exit_code == 2
    assert f"holds two results, {desk.out}/result.json and {desk.out}/data/result.json" in (
        done.stderr
    )
    done = CliRunner().invoke(main, ["diff", f"{desk.out}", f"{desk.folder}/result"])
    assert "name the file that you mean" in done.stderr


def test_a_run_that_fails_leaves_the_last_good_pages(desk, monkeypatch):
    assert desk.site().exit_code == 0
    before = files_of(desk.out)
    written = []

    def full(self, name, data, write=Folder.write):
        written.append(name)
        if len(written) == 20:
            # As a full disk says it of a file that is open: without its name.
            raise OSError(28, "No space left on device")
        write(self, name, data)

    monkeypatch.setattr(Folder, "write", full)
    done = desk.with_log()
    assert done.exit_code == 2
    said = f"Error: --out {desk.out}: No space left on device; make room there, then run it again\n"
    assert done.stderr == said
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


def listing(*names):
    return "".join(f"{sha256(b'mine').hexdigest()}  {name}\n" for name in names)


@pytest.mark.parametrize("name", ["own.txt", "../own.txt", "a/../../own.txt", ".hidden/own.txt"])
def test_a_stranger_s_sums_are_believed_of_nothing(tmp_path, name):
    """They list their own files, truly: no digest of them makes the files ours."""
    out = tmp_path / "out"
    out.mkdir()
    for each in (tmp_path / "own.txt", out / "own.txt"):
        each.write_text("mine")
    (out / "SHA256SUMS").write_text(listing(name, "own.txt"))
    with pytest.raises(UnusableInput, match=r"no site wrote SHA256SUMS, own\.txt"), Folder(out):
        pytest.fail("it was entered")
    assert (tmp_path / "own.txt").read_text() == (out / "own.txt").read_text() == "mine"


def test_what_is_called_a_result_makes_no_stranger_s_folder_ours(tmp_path):
    (tmp_path / "data").mkdir()
    for name in ("data/result.json", "own.txt"):
        (tmp_path / name).write_text("mine")
    (tmp_path / "SHA256SUMS").write_text(listing("data/result.json", "own.txt"))
    with pytest.raises(UnusableInput, match="no site wrote"), Folder(tmp_path):
        pytest.fail("it was entered")


def test_many_strange_files_are_named_in_part_and_counted(tmp_path):
    for number in range(7):
        (tmp_path / f"{number}").write_text("mine")
    (tmp_path / "SHA256SUMS").write_bytes(b"\xff\xfe")
    with pytest.raises(UnusableInput, match="wrote 0, 1, 2, 3, 4 and 3 more;"), Folder(tmp_path):
        pytest.fail("it was entered")


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


def test_a_time_of_the_day_itself_is_short():
    spoken = language("en")
    assert spoken.time_on(3_600, "1970-01-01") == "01:00 UTC"
    assert spoken.time_on(3_600, "1970-01-02") == spoken.moment(3_600)
    assert spoken.time_on(2**62, "1970-01-01") == str(2**62)


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
