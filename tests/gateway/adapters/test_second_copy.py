"""Does the second copy grow with its log, whole at every moment, and say whether it has it all?"""

import pytest

from ballotbox_gateway.adapters.second_copy import SecondCopy
from ballotbox_gateway.problem import Problem
from ballotbox_protocol.wire.report import ReportKind
from ballotbox_protocol.wire.tiles import Bundle, attachments_path, entries_path, tile_path
from ballotbox_tabulation.core.faults import Fault
from ballotbox_tabulation.core.log import open_log, read_leaves
from ballotbox_tabulation.log_directory import directory_reader
from tests.gateway.scene import Scene
from tests.gateway.scripted import ORIGIN, OTHER, intake, memory


@pytest.fixture
def scene():
    scene = Scene()
    for _ in range(5):
        scene.send(ReportKind.BOOT)
    return scene


@pytest.fixture
def copy(scene, tmp_path):
    return made(scene, tmp_path)


def made(scene, directory, origin=ORIGIN):
    copy = SecondCopy(directory, origin, scene.given.gateway_keys[origin].public)
    copy.begin(intake(scene.given, memory(scene.given, origin), origin).empty_note())
    return copy


def follow(copy, scene):
    """Let the copy have what it lacks."""
    head = copy.head()
    while (stretch := scene.intake.next_stretch(head.size if head else 0, 1)) is not None:
        copy.write(stretch)
        head = copy.head()


def read_by_the_tabulation(scene, directory):
    log = open_log(directory_reader(directory), scene.given.trusted)
    assert not isinstance(log, Fault), log
    leaves = list(read_leaves(log))
    assert not [each for each in leaves if isinstance(each, Fault)]
    return len(leaves)


def files(directory):
    return {p.relative_to(directory).as_posix() for p in directory.rglob("*") if p.is_file()}


def test_every_state_of_a_growing_copy_is_a_whole_log(scene, copy, tmp_path):
    for sent in range(6, 300):
        scene.send(ReportKind.BOOT)
        if sent in (6, 7, 200, 256, 257, 299):
            follow(copy, scene)
            assert read_by_the_tabulation(scene, tmp_path) == sent
    follow(copy, scene)
    assert copy.head().size == 299


def test_partial_files_that_no_reader_can_need_are_taken_away(scene, copy, tmp_path):
    for _ in range(4):
        follow(copy, scene)
        scene.send(ReportKind.BOOT)
    kept = {entries_path(0, width) for width in (7, 8)}
    assert {name for name in files(tmp_path) if "entries" in name} == kept
    again = made(scene, tmp_path)
    assert {name for name in files(tmp_path) if "entries" in name} == {entries_path(0, 8)}
    assert again.head().size == 8


def test_a_copy_that_was_cut_short_is_a_log_and_goes_on(scene, copy, tmp_path, monkeypatch):
    """Cut before each sync in turn."""
    follow(copy, scene)
    scene.send(ReportKind.BOOT)
    cuts, told = 0, set()
    for cut in range(100):
        left = iter([True] * cut)

        def full(_descriptor, left=left):
            if not next(left, False):
                raise OSError(28, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr("os.fsync", full)
            try:
                follow(copy, scene)
            except Problem as problem:
                told.add(str(problem).partition("cannot be written: ")[2])
                cuts += 1
        assert read_by_the_tabulation(scene, tmp_path) in (5, 6)
        if copy.head().size == 6:
            break
    assert cuts >= 4
    assert told == {"no space left on device. Choose another directory or disk"}
    made(scene, tmp_path)
    assert not [name for name in files(tmp_path) if name.endswith(".partial")]


def test_what_has_rotten_is_written_anew(scene, copy, tmp_path):
    follow(copy, scene)
    path = tmp_path / attachments_path(0, 5)
    whole = path.read_bytes()
    path.write_bytes(whole[:50] + bytes((whole[50] ^ 1,)) + whole[51:])
    copy.write(scene.intake.next_stretch(0, 1))
    assert path.read_bytes() == whole


def test_the_checkpoint_never_falls_back(scene, copy, tmp_path):
    for _ in range(300):
        scene.send(ReportKind.BOOT)
    follow(copy, scene)
    copy.write(scene.intake.next_stretch(0, 1))
    assert copy.head().size == 305
    assert read_by_the_tabulation(scene, tmp_path) == 305


def test_it_says_that_it_is_complete_from_the_end_to_the_next_start(scene, copy, tmp_path):
    follow(copy, scene)
    assert not copy.is_complete()
    copy.finish()
    assert copy.is_complete()
    assert read_by_the_tabulation(scene, tmp_path) == 5
    again = made(scene, tmp_path)
    assert not again.is_complete()
    assert "complete" not in files(tmp_path)


def test_an_end_before_the_first_leaf_is_complete_too(tmp_path):
    copy = made(Scene(), tmp_path / "copy")
    assert not copy.is_complete()
    copy.finish()
    assert copy.is_complete()
    assert copy.head().size == 0


def test_another_log_is_left_alone(scene, copy, tmp_path):
    follow(copy, scene)
    with pytest.raises(Problem, match=f"holds the log of {ORIGIN}"):
        made(scene, tmp_path, OTHER)
    with pytest.raises(Problem, match=r"not one that .* signed: OTHER_ORIGIN"):
        SecondCopy(tmp_path, OTHER, scene.given.gateway_keys[OTHER].public).head()


def test_a_medium_that_cannot_be_read_is_told(scene, copy, tmp_path):
    follow(copy, scene)
    (tmp_path / "checkpoint").unlink()
    (tmp_path / "checkpoint").mkdir()
    with pytest.raises(Problem, match=r"cannot be read: is a directory. Mend that disk"):
        copy.head()


def test_a_medium_that_cannot_be_swept_is_told(scene, copy, tmp_path, monkeypatch):
    follow(copy, scene)
    copy.finish()

    def refuse(*_args, **_kwargs):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("pathlib.Path.unlink", refuse)
    with pytest.raises(Problem, match="cannot be written: read-only file system"):
        made(scene, tmp_path)
    copy._kept = [{"tile/0/000.p/1"}, set()]
    scene.send(ReportKind.BOOT)
    with pytest.raises(Problem, match="cannot be written: read-only file system"):
        follow(copy, scene)


def test_what_can_be_read_of_a_bundle_is_read(scene, copy, tmp_path):
    follow(copy, scene)
    whole = copy.parts(Bundle(0, 5))
    assert [len(part) for part in whole] == [5, 5, 5]
    for name in (entries_path(0, 5), attachments_path(0, 5), tile_path(0, 0, 5)):
        path = tmp_path / name
        data = path.read_bytes()
        path.write_bytes(data[:-1])
    assert copy.parts(Bundle(0, 5)) == ((), (), ())
