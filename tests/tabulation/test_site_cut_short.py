"""Is a site that was cut short anywhere, by a kill or by its disk, finished by the next run?

Every operation on the disk that a run makes is the last one once; then every one of the run that
comes after it. No file is ever gone that both the old and the new pages have.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path

import pytest

from ballotbox_tabulation.site.folder import RESULT, Folder, own_files
from ballotbox_tabulation.trust_files import UnusableInput
from tests.tabulation.site_material import files_of

#: What changes something that the next run may find.
STEPS = ("mkdir", "rename", "replace", "unlink", "rmdir")


class Killed(BaseException):
    """What nobody catches."""


def result(content: str) -> bytes:
    digest = sha256(content.encode()).hexdigest()
    return f'{{"digest":"sha256:{digest}","result":{content}}}\n'.encode()


def site(number: int, *more: str) -> dict[str, bytes]:
    names = ("index.html", "en/index.html", "site.css", *more)
    pages = {name: f"{name} {number}".encode() for name in names}
    return pages | {RESULT: result(str(number))}


FIRST = site(1, "old/a.html", "old/b.html")
SECOND = site(2, "new/a.html")
THIRD = site(3)


def write(out: Path, files: dict[str, bytes]) -> None:
    with Folder(out) as folder:
        for name, data in files.items():
            folder.write(name, data)
        folder.finish(["index.html"])


def pages(out: Path) -> dict[str, bytes]:
    return {name: data for name, data in files_of(out).items() if name != "SHA256SUMS"}


def is_in_order(out: Path, files: dict[str, bytes]) -> bool:
    listed = (out / "SHA256SUMS").read_text().splitlines()
    wanted = sorted(f"{sha256(data).hexdigest()}  {name}" for name, data in files.items())
    return pages(out) == files and listed == wanted


def _killed(made: int, step: int) -> None:
    """What follows, clean-up too, fails alike."""
    if made >= step:
        raise Killed


def _once(made: int, step: int) -> None:
    if made == step:
        raise OSError(5, "Input/output error")


def _for_good(made: int, step: int) -> None:
    if made >= step:
        raise OSError(5, "Input/output error")


@contextmanager
def stopped_at(step: int, stop: Callable[[int, int], None], monkeypatch) -> Iterator[list[str]]:
    made: list[str] = []

    def counted(name: str, plain: Callable[..., object]) -> Callable[..., object]:
        def operate(*arguments: object, **named: object) -> object:
            made.append(name)
            stop(len(made), step)
            return plain(*arguments, **named)

        return operate

    with monkeypatch.context() as patch:
        for name in STEPS:
            patch.setattr(os, name, counted(name, getattr(os, name)))
        yield made


def write_until(out: Path, files: dict[str, bytes], step: int, stop, monkeypatch) -> int:
    """Write a site that is stopped at one operation; return how many there were."""
    with stopped_at(step, stop, monkeypatch) as made, suppress(Killed, OSError):
        write(out, files)
    return len(made)


@pytest.mark.parametrize("stop", [_killed, _once, _for_good])
@pytest.mark.parametrize("before", [None, FIRST])
def test_a_site_that_is_stopped_anywhere_is_finished_by_the_next(
    tmp_path, monkeypatch, stop, before
):
    halfway = set()
    for step in range(1, 200):
        out = tmp_path / f"{step}"
        if before is not None:
            write(out, before)
        count = write_until(out, SECOND, step, stop, monkeypatch)
        found = pages(out)
        halfway.add(found not in (before or {}, SECOND))
        for name in (before or {}).keys() & SECOND.keys():
            assert found[name] in (FIRST[name], SECOND[name])
        write(out, THIRD)
        assert is_in_order(out, THIRD), step
        assert [each.name for each in out.glob(".*")] == []
        if count < step:
            break
    assert step > 15
    assert halfway == {True, False}


@pytest.mark.parametrize("stop", [_killed, _for_good])
def test_one_that_is_stopped_twice_is_finished_by_the_third(tmp_path, monkeypatch, stop):
    out, steps = tmp_path / "out", 0
    for step in range(2, 40, 4):
        for again in range(3, 40, 7):
            write(out, FIRST)
            steps = max(steps, write_until(out, SECOND, step, stop, monkeypatch))
            write_until(out, THIRD, again, stop, monkeypatch)
            write(out, FIRST)
            assert is_in_order(out, FIRST), (step, again)
    assert 15 < steps < 40


def test_a_stranger_s_file_is_found_beside_what_was_cut_short(tmp_path, monkeypatch):
    write(tmp_path, FIRST)
    write_until(tmp_path, SECOND, 12, _killed, monkeypatch)
    (tmp_path / "own.txt").write_text("mine")
    with pytest.raises(UnusableInput, match=r"no site wrote own\.txt"):
        own_files(tmp_path)


def test_what_is_staged_elsewhere_by_a_link_is_left_alone(tmp_path):
    out, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    write(out, FIRST)
    elsewhere.mkdir()
    (elsewhere / "own.txt").write_text("mine")
    (out / ".ballotbox-site").symlink_to(elsewhere)
    with pytest.raises(UnusableInput, match=r"no site wrote \.ballotbox-site"):
        write(out, SECOND)
    assert (elsewhere / "own.txt").read_text() == "mine"
