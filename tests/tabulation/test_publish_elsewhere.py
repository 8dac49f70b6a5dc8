"""Does the public see nothing else when a folder, a log, a disk or the network is wrong?"""

import errno
import json
import os
import shutil
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.client import HTTPConnection
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from ballotbox_protocol.wire.publication import decode_publication
from ballotbox_protocol.wire.receipt import Receipt
from ballotbox_tabulation import program_digest as program_module
from ballotbox_tabulation.cli import main
from ballotbox_tabulation.core.faults import Fault, LogFault
from ballotbox_tabulation.core.outcome import Refused
from tests.tabulation.publish_desk import GIVEN, Desk
from tests.tabulation.test_published import put


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture
def uncomputed(monkeypatch: pytest.MonkeyPatch) -> None:
    _nothing_computed(monkeypatch)


def _nothing_computed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("ballotbox_tabulation.cli.conclude_log", lambda *_: pytest.fail("computed"))


def everything(folder: Path) -> dict[str, bytes]:
    return {str(each): each.read_bytes() for each in folder.rglob("*") if each.is_file()}


# ---- folders


def test_no_draft_takes_the_place_of_what_is_published(desk: Desk, monkeypatch) -> None:
    desk.once_published()
    _nothing_computed(monkeypatch)
    before = everything(desk.out)
    link = desk.folder / "link"
    link.symlink_to(desk.out)
    for draft in (desk.out, link, desk.out / ".releases" / "1"):
        done = desk.drafted("--draft", draft)
        assert done.exit_code == 2
        shown = "shows what officers released" in done.stderr
        assert shown or "is the folder of the draft too" in done.stderr
    done = desk.drafted("--draft", desk.out, "--out", desk.folder / "elsewhere")
    assert done.exit_code == 2
    assert f"--draft {desk.out}: shows what officers released; name a folder" in done.stderr
    assert everything(desk.out) == before


@pytest.mark.usefixtures("uncomputed")
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("SHA256SUMS", "holds the pages of a site"),
        ("reason.json", "shows why a result was refused"),
    ],
)
def test_no_draft_is_laid_among_files_for_everybody(desk: Desk, name: str, words: str) -> None:
    desk.authorised()
    desk.draft.mkdir()
    (desk.draft / name).write_text("")
    done = desk.drafted()
    assert done.exit_code == 2
    assert f"--draft {desk.draft}: {words}" in done.stderr
    assert [each.name for each in desk.draft.iterdir()] == [name]


def test_a_draft_is_not_released_onto_itself(desk: Desk) -> None:
    desk.authorised()
    desk.drafted()
    desk.signed(0, 1)
    before = everything(desk.draft)
    done = desk.run("release", desk.draft, "--out", desk.draft)
    assert done.exit_code == 2
    assert "is the folder of the draft too; name two folders" in done.stderr
    assert everything(desk.draft) == before


def test_what_is_computed_takes_no_other_s_folder(desk: Desk) -> None:
    desk.authorised()
    desk.drafted()
    pages = desk.folder / "pages"
    assert desk.computing().exit_code == 0
    made = CliRunner().invoke(main, ["site", f"{desk.folder}/computed", f"--out={pages}"])
    assert made.exit_code == 0, made.output
    for folder, words in (
        (desk.draft, "holds a draft that officers sign; name another directory"),
        (pages, "holds the pages of a site; name another directory"),
    ):
        before = everything(folder)
        done = desk.computing("--out", folder)
        assert done.exit_code == 2
        assert f"--out {folder}: {words}" in done.stderr
        assert everything(folder) == before


# ---- the page of another log or election


def _other_program(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(program_module, "program_digest", lambda: bytes(32))


def _broken_log(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("ballotbox_tabulation.cli.conclude_log", _refused)


def _refused(*_given: object, **_named: object) -> object:
    return Refused(faults=(Fault(LogFault.ROOT),))


@pytest.mark.parametrize("trouble", [_other_program, _broken_log])
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"origin": "other.example/centre"}, "shows the log other.example/centre"),
        ({"election": bytes(32)}, "shows another election"),
    ],
)
def test_no_refusal_is_told_on_the_page_of_something_else(
    desk: Desk, monkeypatch, trouble, changes, words
) -> None:
    desk.once_published()
    path = desk.out / "publication.cbor"
    other = replace(decode_publication(path.read_bytes()), **changes)
    path.write_bytes(other.to_bytes())
    before = everything(desk.out)
    trouble(monkeypatch)
    done = desk.drafted()
    assert done.exit_code == 2
    assert words in done.stderr
    assert everything(desk.out) == before


def test_of_its_own_log_a_refusal_is_told(desk: Desk, monkeypatch) -> None:
    desk.once_published()
    _broken_log(monkeypatch)
    assert desk.drafted().exit_code == 1
    assert desk.reason()["reason"] == "the log does not hold together"


def test_a_log_that_does_not_say_which_it_is_does_not_hold_together(desk: Desk) -> None:
    desk.once_published()
    for damage in (lambda path: path.write_text("nothing"), Path.unlink):
        damage(desk.folder / "log" / "checkpoint")
        assert desk.drafted().exit_code == 1
    (desk.folder / "log" / "checkpoint").mkdir()
    done = desk.drafted()
    assert done.exit_code == 2
    assert f"LOG {desk.folder}/log: Is a directory" in done.stderr


def test_documents_of_another_election_refuse_nothing_in_public(desk: Desk) -> None:
    desk.once_published()
    desk.drafted()
    path = desk.draft / "publication.cbor"
    other = replace(decode_publication(path.read_bytes()), election=bytes(32))
    path.write_bytes(other.to_bytes())
    before = everything(desk.out)
    done = desk.released()
    assert done.exit_code == 2
    assert "give the documents that it was drafted under" in done.stderr
    assert everything(desk.out) == before


# ---- the centre


@pytest.fixture
def waiting(desk: Desk) -> Desk:
    """A first release is shown, and the next one is signed."""
    desk.once_waiting()
    return desk


@contextmanager
def answering(monkeypatch, status: int, body: object) -> Iterator[None]:
    said = body if isinstance(body, bytes) else json.dumps(body).encode()

    def response(_connection: HTTPConnection) -> SimpleNamespace:
        return SimpleNamespace(status=status, read=BytesIO(said).read)

    with monkeypatch.context() as patch:
        patch.setattr(HTTPConnection, "request", lambda *_: None)
        patch.setattr(HTTPConnection, "getresponse", response)
        yield


REFUSAL = {"error": "no", "fix": "Draft anew", "reason": "VERSION", "code": 118}


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (200, b"<html>", "what answers there is no centre"),
        (200, {"hello": 1}, "what answers there is no centre"),
        (200, {"receipt": "!"}, "what answers there is no centre"),
        (404, {}, "answers 404, which says nothing"),
        (400, {"error": "no", "fix": "Mend it"}, "the centre did not decide: no. Mend it"),
        (503, REFUSAL, "the centre did not decide: no. Draft anew"),
    ],
)
def test_a_centre_that_decides_nothing_refuses_nothing(
    waiting: Desk, monkeypatch, status, body, words
) -> None:
    before = everything(waiting.out)
    with answering(monkeypatch, status, body):
        done = waiting.released("--centre", "http://centre.example")
    assert done.exit_code == 2
    assert words in done.stderr
    assert everything(waiting.out) == before


def test_a_centre_that_cannot_be_reached_refuses_nothing(waiting: Desk, monkeypatch) -> None:
    before = everything(waiting.out)

    def unreachable(*_given: object) -> None:
        raise ConnectionRefusedError(111, "Connection refused")

    monkeypatch.setattr(HTTPConnection, "request", unreachable)
    done = waiting.released("--centre", "http://centre.example")
    assert done.exit_code == 2
    assert "cannot be reached" in done.stderr
    assert everything(waiting.out) == before


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (400, REFUSAL, "the centre refuses it: no [VERSION]. Draft anew"),
        (200, {"receipt": b64encode(b"none").decode()}, "does not prove that the statement is in"),
    ],
)
def test_what_the_centre_refuses_is_told(waiting: Desk, monkeypatch, status, body, words) -> None:
    with answering(monkeypatch, status, body):
        done = waiting.released("--centre", "http://centre.example")
    assert done.exit_code == 1
    assert words in waiting.reason()["reason"]
    assert waiting.reason()["stays"]["version"] == 1


LEAF_WORDS = "The statement is also a leaf of the log"


def entered(desk: Desk, monkeypatch) -> bytes:
    """Release the draft to a log that enters it; return its receipt."""
    statement = decode_publication((desk.draft / "publication.cbor").read_bytes())
    put(desk.builder, statement)
    size = desk.builder.size
    leaf = desk.builder.leaves[-1]
    path = tuple(desk.builder.tree().inclusion(size - 1, size))
    receipt = Receipt(leaf, size - 1, path, desk.builder.files()["checkpoint"]).to_bytes()
    with answering(monkeypatch, 200, {"receipt": b64encode(receipt).decode()}):
        done = desk.released("--centre", "http://centre.example")
    assert done.exit_code == 0, done.output
    return receipt


def site(desk: Desk, *more: str) -> tuple[int, str, Path]:
    pages = desk.folder / "pages"
    done = CliRunner().invoke(main, ["site", f"{desk.out}", f"--out={pages}", *more])
    return done.exit_code, done.stderr, pages


def trust(desk: Desk) -> list[str]:
    named = [f"--{each}={desk.folder}/{each}.cose" for each in ("election", "register")]
    return [f"--root={GIVEN.root}", f"--log={desk.folder}/log", *named]


def test_the_page_says_that_it_is_a_leaf_only_with_a_receipt(desk: Desk, monkeypatch) -> None:
    desk.once_published()
    assert LEAF_WORDS not in desk.shown()["index.html"].decode()
    code, _, pages = site(desk, *trust(desk))
    assert code == 0
    assert LEAF_WORDS not in (pages / "en" / "data.html").read_text()
    assert not (pages / "data" / "receipt.cbor").exists()
    receipt = entered(desk, monkeypatch)
    assert LEAF_WORDS in desk.shown()["index.html"].decode()
    assert site(desk, *trust(desk))[0] == 0
    page = (pages / "en" / "data.html").read_text()
    assert LEAF_WORDS in page
    assert 'href="../data/receipt.cbor"' in page
    assert (pages / "data" / "receipt.cbor").read_bytes() == receipt
    assert site(desk)[0] == 0
    assert LEAF_WORDS not in (pages / "en" / "data.html").read_text(), "nobody checked it"
    assert (pages / "data" / "receipt.cbor").read_bytes() == receipt


@pytest.mark.parametrize(
    ("change", "trusting"),
    [
        (lambda _receipt: b"none", False),
        (lambda receipt: replace(receipt, note=b"none").to_bytes(), False),
        (lambda receipt: replace(receipt, leaf=b"none").to_bytes(), False),
        (
            lambda receipt: replace(
                receipt, note=receipt.note.replace(b"\n", b".other\n", 1)
            ).to_bytes(),
            False,
        ),
        (lambda receipt: replace(receipt, index=receipt.index - 1).to_bytes(), True),
    ],
)
def test_a_receipt_of_something_else_is_on_no_page(
    desk: Desk, monkeypatch, change: Callable[[Receipt], bytes], trusting: bool
) -> None:
    desk.once_published()
    receipt = Receipt.from_bytes(entered(desk, monkeypatch))
    assert isinstance(receipt, Receipt)
    (desk.out / "receipt.cbor").write_bytes(change(receipt))
    code, said, pages = site(desk, *(trust(desk) if trusting else ()))
    assert code == 2
    assert "receipt.cbor" in said
    assert not pages.exists()


# ---- the disk


@pytest.mark.parametrize("refusal", [errno.EPERM, errno.EOPNOTSUPP])
def test_a_disk_without_links_is_found_before_the_centre_is_asked(
    waiting: Desk, monkeypatch, refusal: int
) -> None:
    before = everything(waiting.out)

    def no_links(*_given: object, **_named: object) -> None:
        raise OSError(refusal, os.strerror(refusal))

    monkeypatch.setattr(os, "symlink", no_links)
    monkeypatch.setattr(HTTPConnection, "request", lambda *_: pytest.fail("the centre was asked"))
    done = waiting.released("--centre", "http://centre.example")
    assert done.exit_code == 2
    assert f"{waiting.out}: this disk takes no symbolic links" in done.stderr
    assert "make room" not in done.stderr
    assert everything(waiting.out) == before


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "No space left on device; make room there"),
        (errno.EIO, "Input/output error; check the path"),
    ],
)
def test_trouble_with_the_disk_is_told_as_what_it_is(
    waiting: Desk, monkeypatch, number: int, words: str
) -> None:
    def failing(*_given: object, **_named: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "symlink", failing)
    done = waiting.released()
    assert done.exit_code == 2
    assert words in done.stderr
    assert ("make room" in done.stderr) == (number == errno.ENOSPC)
    shutil.rmtree(waiting.draft)
