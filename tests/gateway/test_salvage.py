"""Of what several media hold of a log, are the right bytes taken, and is what is lost named?"""

import pytest

from ballotbox_gateway.core.ports import Entry
from ballotbox_gateway.core.roster import Roster
from ballotbox_gateway.core.salvage import in_ranges, salvage
from ballotbox_protocol.wire.checkpoint import Checkpoint, sign_checkpoint
from ballotbox_protocol.wire.merkle import EMPTY_ROOT, leaf_hash
from tests.gateway.scripted import CENTRE, ORIGIN
from tests.gateway.test_exactly_once import GIVEN
from tests.gateway.test_replay import story

_, STORY = story()
ROSTER = Roster(GIVEN.trusted)


def note(origin: str = ORIGIN, signer: str = ORIGIN) -> bytes:
    key = GIVEN.gateway_keys[signer]
    return sign_checkpoint(Checkpoint(origin, 0, EMPTY_ROOT), key.public, key.sign)


def medium(**changes: Entry | None):
    """A medium that holds the story, but for these leaves (`_1` is leaf 1)."""
    held = [changes.get(f"_{entry.position}", entry) for entry in STORY]
    return lambda first, stop: held[first:stop]


def gather(*media, hints=lambda _: None):
    return salvage(media, len(STORY), ROSTER, hints)


def test_one_whole_medium_is_enough() -> None:
    found = gather(medium())
    assert (found.entries, found.mended, found.lost) == (STORY, [], [])
    assert found.tree().size == len(STORY)


WRONG = {
    "missing": None,
    "another report": STORY[1]._replace(report=STORY[2].report),
    "no report": STORY[1]._replace(report=None),
    "not signed": STORY[1]._replace(
        report=STORY[1].report[:-1] + bytes((STORY[1].report[-1] ^ 1,))
    ),
    "no leaf": STORY[1]._replace(leaf=b"\xff"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_on_one_medium_is_taken_from_the_other(name: str) -> None:
    found = gather(medium(_1=WRONG[name]), medium())
    assert (found.entries, found.mended, found.lost) == (STORY, [1], [])
    assert gather(medium(), medium(_1=WRONG[name])).entries == STORY


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_everywhere_is_lost_and_ends_the_log(name: str) -> None:
    found = gather(medium(_1=WRONG[name]), medium(_1=WRONG[name]))
    assert (found.entries, found.lost) == (STORY[:1], [1])


def test_a_ruling_is_the_one_that_its_leaf_names() -> None:
    assert STORY[4].ruling is not None
    wrong = STORY[4]._replace(ruling=STORY[4].ruling + b"\0")
    assert gather(medium(_4=wrong), medium()).entries == STORY
    assert gather(medium(_4=wrong)).lost == [4]


def test_of_two_leaves_a_known_hash_tells_the_right_one() -> None:
    other = STORY[2]._replace(leaf=STORY[2].leaf[:-1] + bytes((STORY[2].leaf[-1] ^ 1,)))
    right = leaf_hash(STORY[2].leaf)
    assert gather(medium(_2=other), medium(), hints=lambda _: right).entries == STORY
    assert gather(medium(_2=other), medium(), hints=lambda _: bytes(32)).entries[2] == other
    assert gather(medium(_2=other), medium()).entries[2] == other


@pytest.mark.parametrize(
    "wrong",
    [b"nonsense", note(signer=CENTRE), note("unknown.example")],
    ids=["no checkpoint", "another's signature", "unknown origin"],
)
def test_of_two_lower_checkpoints_the_signed_one_is_right(wrong: bytes) -> None:
    right = STORY[1]._replace(note=note())
    found = gather(medium(_1=STORY[1]._replace(note=wrong)), medium(_1=right))
    assert found.entries[1] == right


@pytest.mark.parametrize(
    ("indexes", "words"),
    [
        ([3], "leaf 3"),
        ([3, 4, 5, 9], "leaves 3..5, 9"),
        (list(range(0, 40, 2)), "leaves 0, 2, 4, 6, 8, 10, 12, 14, …"),
    ],
)
def test_leaves_are_named_in_ranges(indexes: list[int], words: str) -> None:
    assert in_ranges(indexes) == words
