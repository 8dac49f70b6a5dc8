"""Is a ledger that rotted, was cut or put back made whole, or its log closed, and said which?"""

import atexit
import random
import re
import shutil
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from ballotbox_gateway.adapters.second_copy import SecondCopy
from ballotbox_gateway.config import Config
from ballotbox_gateway.core.intake import Identity
from ballotbox_gateway.ledger import placing
from ballotbox_gateway.ledger.sqlite import create, open_ledger
from ballotbox_gateway.problem import Problem
from ballotbox_gateway.service.opening import create_ledger, open_intake, size_of_whole
from ballotbox_protocol.wire.tiles import attachments_path, entries_path, tile_path
from tests.gateway.scripted import NOW, ORIGIN, ScriptedBox, arrivals, authority, binding, intake
from tests.gateway.test_replay import known

GIVEN = authority()
IDENTITY = Identity(ORIGIN, GIVEN.gateway_keys[ORIGIN])
PAGE = 4_096


@dataclass
class Place:
    """A gateway's two media, and what it knew before they were touched."""

    config: Config
    before: object
    size: int

    @property
    def ledger(self) -> Path:
        return self.config.ledger_file

    def copy(self) -> SecondCopy:
        return SecondCopy(self.config.second_copy, ORIGIN, IDENTITY.key.public)

    def start(self):
        """Start as `run` does; return what was told and what is known then."""
        opened = open_intake(self.config, GIVEN.trusted, IDENTITY)
        found = known(opened.ledger)
        opened.ledger.close()
        return opened.told, found

    def refused(self) -> str:
        with pytest.raises(Problem) as caught:
            self.start()
        return str(caught.value)


@cache
def _template(lag: int, *, complete: bool) -> Place:
    folder = Path(tempfile.mkdtemp(prefix="bbx-mending-"))
    atexit.register(shutil.rmtree, folder)
    return _made(folder, lag, complete=complete)


def place_of(folder: Path, *, lag: int = 0, complete: bool = False) -> Place:
    """A log of three boxes; its copy lacks the last `lag` batches."""
    made = _template(lag, complete=complete)
    shutil.copytree(made.ledger.parent, folder, dirs_exist_ok=True)
    fields = {"ledger_file": folder / "ledger", "second_copy": folder / "copy"}
    return Place(made.config.model_copy(update=fields), made.before, made.size)


def _made(folder: Path, lag: int, *, complete: bool) -> Place:
    config = Config.model_construct(
        ledger_file=folder / "ledger", second_copy=folder / "copy", origin=ORIGIN
    )
    create(config.ledger_file, binding(GIVEN.trusted))
    ledger = open_ledger(config.ledger_file)
    admitting = intake(GIVEN, ledger)
    copy = SecondCopy(config.second_copy, ORIGIN, IDENTITY.key.public)
    copy.begin(admitting.empty_note())
    days = [ScriptedBox(GIVEN, number).day(110) for number in (1, 2, 3)]
    batches = [day[at : at + 5] for day in days for at in range(0, len(day), 5)]
    for number, batch in enumerate(batches):
        admitting.admit(arrivals(*batch), NOW + number)
        if number == len(batches) - lag - 1:
            follow(copy, admitting)
    place = Place(config, known(ledger), admitting.size)
    ledger.close()
    if complete:
        copy.finish()
    return place


def follow(copy, admitting):
    first = 0
    while (stretch := admitting.next_stretch(first, 1)) is not None:
        copy.write(stretch)
        first = stretch.size


@pytest.fixture
def place(tmp_path) -> Place:
    return place_of(tmp_path, lag=2)


def flip(path: Path, at: int, bit: int = 0) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1 << bit
    path.write_bytes(data)


def rot(path: Path, needle: bytes, at: int) -> None:
    """Flip a bit of these bytes, wherever they stand: pages that were split keep a copy."""
    places = [found.start() + at for found in re.finditer(re.escape(needle), path.read_bytes())]
    assert places
    for place in places:
        flip(path, place)


def entries(place: Place):
    ledger = open_ledger(place.ledger)
    found = ledger.entries(0, place.size)
    ledger.close()
    return found


def test_a_whole_ledger_is_left_alone(place) -> None:
    inode = place.ledger.stat().st_ino
    assert place.start() == ([], place.before)
    assert place.ledger.stat().st_ino == inode


def test_a_flipped_bit_anywhere_is_harmless_mended_or_told(tmp_path) -> None:
    """Whatever a start says is whole, is."""
    place = place_of(tmp_path)
    original = place.ledger.read_bytes()
    chance = random.Random(7)
    mended, told_of = 0, set()
    for at in chance.sample(range(PAGE, len(original)), 30):
        for path in tmp_path.glob("ledger*"):
            path.unlink()
        place.ledger.write_bytes(original)
        flip(place.ledger, at, chance.randrange(8))
        try:
            told, found = place.start()
        except Problem as problem:
            told_of |= {"init --replace" in str(problem)}
            continue
        assert found == place.before, at
        mended += bool(told)
    assert mended > 10
    assert told_of <= {True}


def test_a_rotten_schema_closes_no_log(tmp_path) -> None:
    """Without its first pages SQLite opens nothing; what else is in the file is all there."""
    place = place_of(tmp_path, lag=1)
    original = place.ledger.read_bytes()
    chance = random.Random(3)
    mended = 0
    for at in [0, 17, 30, *chance.sample(range(100, PAGE), 8)]:
        for path in tmp_path.glob("ledger*"):
            path.unlink()
        place.ledger.write_bytes(original)
        flip(place.ledger, at, chance.randrange(8))
        told, found = place.start()
        assert found == place.before, at
        mended += bool(told)
        assert {path.name for path in tmp_path.glob("ledger*")} <= {"ledger", "ledger.aside-1"}
    assert mended > 2


@pytest.mark.parametrize("lag", [0, 2])
def test_a_zeroed_page_is_mended_or_closes_the_log(tmp_path, lag) -> None:
    """Acceptance 10: a corrupt page: made whole again, or the log is closed and the range named."""
    place = place_of(tmp_path, lag=lag)
    original = place.ledger.read_bytes()
    outcomes = set()
    for page in range(0, len(original) // PAGE, 7):
        for path in tmp_path.glob("ledger*"):
            path.unlink()
        data = bytearray(original)
        data[page * PAGE : (page + 1) * PAGE] = bytes(PAGE)
        place.ledger.write_bytes(data)
        try:
            told, found = place.start()
        except Problem as problem:
            outcomes.add(f"--replace {ORIGIN} --kept " in str(problem))
            assert place.ledger.read_bytes()[page * PAGE : (page + 1) * PAGE] == bytes(PAGE)
            continue
        assert found == place.before, page
        assert told, page
        outcomes.add("mended")
    assert {"mended"} <= outcomes <= {"mended", True}


def test_a_changed_leaf_is_restored_and_named_and_the_old_file_kept(place) -> None:
    leaf = entries(place)[7].leaf
    rot(place.ledger, leaf, 20)
    told, found = place.start()
    assert found == place.before
    assert told[0].startswith("the ledger was damaged (the stored leaves make a log of size ")
    assert told[0].endswith(f"and is whole again, {place.size} leaves")
    assert told[1] == "restored from the second copy: leaf 7"
    aside = place.ledger.with_name("ledger.aside-1")
    assert told[2] == f"what it was made from is kept for examination: {aside}"
    assert aside.exists()
    assert place.start() == ([], place.before)


@pytest.mark.parametrize("where", ["payload", "signature"])
def test_a_changed_report_is_restored_and_named(place, where) -> None:
    report = entries(place)[11].report
    rot(place.ledger, report, 60 if where == "payload" else len(report) - 1)
    told, found = place.start()
    assert found == place.before
    assert "what stands beside leaves 10..14 has changed" in told[0]
    assert told[1] == "restored from the second copy: leaf 11"


def test_what_only_the_ledger_had_must_still_be_whole(place) -> None:
    """The copy lags by two batches: the last report is nowhere else."""
    report = entries(place)[place.size - 1].report
    rot(place.ledger, report, 60)
    told = place.refused()
    kept = place.size - 5
    assert f"Leaves from {kept} on cannot be restored (at least {place.size} were signed)" in told
    assert f"so the log {ORIGIN} is closed" in told
    assert f"`ballotbox-gateway init --replace {ORIGIN} --kept {kept}`" in told
    assert place.refused() == told


def test_what_both_have_is_taken_from_whichever_is_right(place) -> None:
    """One report has rotten in the ledger, another one in the copy, a leaf in a third place."""
    stored = entries(place)
    rot(place.ledger, stored[3].report, 60)
    copy = place.config.second_copy
    path = copy / attachments_path(0)
    rot(path, stored[4].report, 60)
    path = copy / entries_path(0)
    rot(path, stored[5].leaf, 20)
    told, found = place.start()
    assert found == place.before
    assert told[1] == "restored from the second copy: leaf 3"


def test_a_leaf_that_has_rotten_on_both_media_closes_the_log(place) -> None:
    leaf = entries(place)[5].leaf
    rot(place.ledger, leaf, 20)
    path = place.config.second_copy / entries_path(0)
    rot(path, leaf, 20)
    assert "Leaves from 5 on cannot be restored" in place.refused()


def test_without_a_second_copy_damage_closes_the_log(place) -> None:
    place.config = place.config.model_copy(update={"second_copy": None})
    assert place.start() == ([], place.before)
    rot(place.ledger, entries(place)[7].report, 60)
    assert "Leaves from 5 on cannot be restored" in place.refused()


def test_a_file_that_is_gone_is_restored_from_a_complete_copy(tmp_path) -> None:
    place = place_of(tmp_path, complete=True)
    place.ledger.unlink()
    told, found = place.start()
    assert found == place.before
    assert (
        told[0]
        == f"the ledger was damaged (there is no ledger) and is whole again, {place.size} leaves"
    )


@pytest.mark.parametrize("content", [b"", b"nonsense" * 1_000])
def test_a_file_that_is_no_ledger_any_more_is_restored_too(tmp_path, content) -> None:
    place = place_of(tmp_path, complete=True)
    place.ledger.write_bytes(content)
    assert place.start()[1] == place.before
    aside = place.ledger.with_name("ledger.aside-1")
    # SQLite makes an empty database of an empty file when it is asked what is in it.
    assert not content or aside.read_bytes() == content


def test_a_file_that_is_gone_while_the_copy_may_lack_leaves_closes_the_log(place) -> None:
    place.ledger.unlink()
    told = place.refused()
    assert f"Leaves from {place.size - 10} on cannot be restored" in told
    assert "If the newest ledger or the second copy is elsewhere, put it back" in told
    with pytest.raises(Problem, match=r"holds \d+ leaves of .* already"):
        create_ledger(place.config, GIVEN.trusted)
    assert not place.ledger.exists()


def older(place: Place, tmp_path: Path) -> None:
    """Put a ledger back that has the first fifty leaves alone."""
    place.ledger.unlink()
    create(place.ledger, binding(GIVEN.trusted))
    ledger = open_ledger(place.ledger)
    admitting = intake(GIVEN, ledger)
    day = ScriptedBox(GIVEN, 1).day(110)
    for number in range(10):
        admitting.admit(arrivals(*day[number * 5 : number * 5 + 5]), NOW + number)
    ledger.close()


def test_an_older_ledger_is_brought_forward_from_a_complete_copy(tmp_path) -> None:
    place = place_of(tmp_path, complete=True)
    older(place, tmp_path)
    told, found = place.start()
    assert found == place.before
    assert f"it has 50 leaves, and the second copy {place.size}" in told[0]


def test_an_older_ledger_is_refused_when_the_copy_may_lack_leaves(tmp_path) -> None:
    place = place_of(tmp_path, lag=2)
    older(place, tmp_path)
    told = place.refused()
    assert f"it has 50 leaves, and the second copy {place.size - 10}" in told
    assert "is closed" in told


def test_a_log_that_was_signed_twice_is_refused(tmp_path) -> None:
    place = place_of(tmp_path)
    place.ledger.unlink()
    create(place.ledger, binding(GIVEN.trusted))
    ledger = open_ledger(place.ledger)
    intake(GIVEN, ledger).admit(arrivals(*ScriptedBox(GIVEN, 4).day(400)), NOW)
    ledger.close()
    assert "the second copy has other leaves, and this gateway signed for both" in place.refused()


def test_a_ledger_of_another_log_is_no_damage(tmp_path) -> None:
    place = place_of(tmp_path)
    for path in tmp_path.glob("ledger*"):
        path.unlink()
    create(place.ledger, binding(GIVEN.trusted, "other.example"))
    assert "belongs to other.example, not to" in place.refused()


def test_check_tells_and_mends_nothing(place) -> None:
    assert size_of_whole(place.config, GIVEN.trusted, IDENTITY) == place.size
    rot(place.ledger, entries(place)[7].leaf, 20)
    before = place.ledger.read_bytes()
    with pytest.raises(Problem, match="`ballotbox-gateway run` makes it whole again"):
        size_of_whole(place.config, GIVEN.trusted, IDENTITY)
    assert place.ledger.read_bytes() == before


def test_a_mending_that_was_cut_short_is_ended_by_the_next_start(place, monkeypatch) -> None:
    """Cut before each rename and sync of putting the new file in place."""
    rot(place.ledger, entries(place)[7].leaf, 20)
    original = place.ledger.read_bytes()
    for cut in range(6):
        for path in place.ledger.parent.glob("ledger*"):
            path.unlink()
        place.ledger.write_bytes(original)
        left = iter([True] * cut)

        def act(real, left=left):
            def acting(*args, **kwargs):
                if not next(left, False):
                    raise OSError(5, "cut")
                return real(*args, **kwargs)

            return acting

        with monkeypatch.context() as patch:
            patch.setattr(placing, "sync_folder", act(placing.sync_folder))
            patch.setattr(Path, "rename", act(Path.rename))
            with suppress(Problem):
                place.start()
        assert place.start()[1] == place.before, cut
        assert place.ledger.with_name("ledger.aside-1").exists()


def test_a_disk_that_cannot_take_the_new_file_is_told(place, monkeypatch) -> None:
    rot(place.ledger, entries(place)[7].leaf, 20)

    def full(*_args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ballotbox_gateway.service.mending.create", full)
    told = place.refused()
    assert "a whole one cannot be written beside it" in told
    assert "Make room on that disk, or mend it, and start again" in told


def test_tiles_tell_which_of_two_leaves_is_right(place) -> None:
    """The same leaf differs on both media; the tile of the copy says which is the true one."""
    leaf = entries(place)[9].leaf
    path = place.config.second_copy / entries_path(0)
    rot(path, leaf, 20)
    rot(place.ledger, entries(place)[2].leaf, 20)
    assert place.start()[1] == place.before
    flip(place.config.second_copy / tile_path(0, 0), 0)
    assert place.start() == ([], place.before)
