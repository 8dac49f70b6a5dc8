"""Does a folder of released results show one release or the other, wherever a change is cut short?

Every operation on the disk that a release makes is the last one once: what a visitor finds then is
the last good release or the new one, and the next release goes through.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ballotbox_tabulation.swapped_folder import SwappedFolder

NAMES = ("index.html", "result.json", "receipt.cbor", "reason.json", "statement.cbor")
FIRST = {"index.html": b"page 1", "result.json": b"1", "receipt.cbor": b"r", "statement.cbor": b"a"}
SECOND = {"index.html": b"page 2", "result.json": b"2", "statement.cbor": b"b"}
#: What changes something that others may see.
STEPS = ("mkdir", "rename", "replace", "symlink", "unlink", "rmdir", "fsync")


class Killed(BaseException):
    """What nobody catches."""


@contextmanager
def killed_at(step: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """End the process, as it were, at one operation; what follows, clean-up too, fails alike."""
    made: list[str] = []

    def counted(name: str, plain: Callable[..., object]) -> Callable[..., object]:
        def operate(*arguments: object, **named: object) -> object:
            made.append(name)
            if len(made) >= step:
                raise Killed
            return plain(*arguments, **named)

        return operate

    with monkeypatch.context() as patch:
        for name in STEPS:
            patch.setattr(os, name, counted(name, getattr(os, name)))
        yield made


def release(out: Path, contents: dict[str, bytes]) -> None:
    folder = SwappedFolder(out, NAMES)
    with folder.staged(contents) as side:
        folder.show(side)


def shown(out: Path) -> dict[str, bytes]:
    return {name: (out / name).read_bytes() for name in NAMES if (out / name).exists()}


def plain(out: Path, contents: dict[str, bytes]) -> None:
    """As a program wrote it that knew of no side folders."""
    out.mkdir()
    for name, data in contents.items():
        (out / name).write_bytes(data)


def nothing(out: Path, _contents: dict[str, bytes]) -> None:
    out.mkdir()


@pytest.mark.parametrize("before", [release, plain, nothing])
def test_a_release_that_is_cut_short_shows_one_whole(tmp_path, monkeypatch, before) -> None:
    seen = set()
    for step in range(1, 200):
        out = tmp_path / f"{step}"
        before(out, FIRST)
        old = shown(out)
        with killed_at(step, monkeypatch) as made:
            try:
                release(out, SECOND)
            except Killed:
                pass
            else:
                break
        found = shown(out)
        assert found in (old, SECOND), f"half of each after {made}"
        seen.add(found == SECOND)
        release(out, SECOND)
        assert shown(out) == SECOND
    assert len(made) > 10
    assert seen == {True, False}


def test_what_is_not_shown_leaves_nothing_behind(tmp_path) -> None:
    out = tmp_path / "out"
    with SwappedFolder(out, NAMES).staged(FIRST) as side:
        assert (side / "index.html").read_bytes() == b"page 1"
        assert shown(out) == {}
    assert not out.exists()
    release(out, FIRST)
    with SwappedFolder(out, NAMES).staged(SECOND):
        assert shown(out) == FIRST
    assert shown(out) == FIRST
    assert len(list((out / ".releases").iterdir())) == 1


def test_a_file_that_the_new_release_does_not_have_is_gone(tmp_path) -> None:
    out = tmp_path / "out"
    release(out, FIRST)
    release(out, SECOND)
    assert not (out / "receipt.cbor").is_symlink()
    assert {each.name for each in out.glob("[!.]*")} == set(SECOND)
    release(out, FIRST)
    assert shown(out) == FIRST


@pytest.mark.parametrize("before", [release, plain])
def test_some_files_change_in_place_and_the_next_release_takes_them_away(tmp_path, before) -> None:
    out = tmp_path / "out"
    before(out, FIRST)
    SwappedFolder(out, NAMES).write({"reason.json": b"why"})
    assert shown(out) == FIRST | {"reason.json": b"why"}
    release(out, SECOND)
    assert shown(out) == SECOND
