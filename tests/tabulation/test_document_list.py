"""Is what a result lists made when it is asked for, written as before, and never held whole?"""

import json
import tracemalloc
from copy import deepcopy
from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from ballotbox_tabulation.core.document_list import DocumentList
from ballotbox_tabulation.core.document_stream import pieces
from ballotbox_tabulation.core.publication import canonical, digest_of, file_pieces, publish
from ballotbox_tabulation.page import page_pieces, render_page
from tests.tabulation.folding import concluded
from tests.tabulation.long_night import long_night

STATIONS = 3_000


def station(number: int) -> dict:
    return {
        "number": number,
        "name": f"Station {number}",
        "votes": [number + at for at in range(40)],
    }


def listed(stations: int = STATIONS) -> DocumentList:
    return DocumentList(station, range(stations))


def test_it_is_the_list_of_what_is_made() -> None:
    some = listed(5)
    assert len(some) == 5
    assert some[1] == station(1)
    assert some[-1] == station(4)
    assert some[1:3] == [station(1), station(2)]
    assert some == [station(at) for at in range(5)]
    assert some == listed(5)
    assert some != [station(at) for at in range(4)]
    assert some != [station(at) for at in range(1, 6)]
    assert some != "a text"
    assert repr(listed(1)) == repr([station(0)])


def test_each_item_is_made_anew_and_a_copy_of_the_list_can_be_changed() -> None:
    some = listed(2)
    some[0]["votes"][0] += 1
    assert some[0] == station(0)
    copy = deepcopy(some)
    copy[0]["votes"][0] += 1
    assert copy == [station(0) | {"votes": [1, *station(0)["votes"][1:]]}, station(1)]


@given(st.integers(0, 150), st.dictionaries(st.text(), st.integers() | st.none(), max_size=3))
def test_it_is_written_as_a_list_in_either_order_of_keys(count: int, beside: dict) -> None:
    lazy, whole = ({"z": make(count), "a": [beside]} for make in (listed, _plain))
    for ordered in (False, True):
        compact = {"separators": (",", ":"), "ensure_ascii": False, "sort_keys": ordered}
        assert "".join(pieces(lazy, ordered=ordered)) == json.dumps(whole, **compact)


def _plain(count: int) -> list[dict]:
    return list(listed(count))


def test_a_list_below_an_item_of_a_list_is_written_in_its_place() -> None:
    nested = DocumentList(lambda at: {"b": listed(at), "a": at}, range(3))
    assert json.loads("".join(pieces(nested))) == [{"b": _plain(at), "a": at} for at in range(3)]


def test_the_file_and_its_digest_are_those_of_the_whole_document() -> None:
    lazy, whole = {"boxes": listed(200)}, {"boxes": _plain(200)}
    body = canonical(whole)
    assert digest_of(lazy) == f"sha256:{sha256(body).hexdigest()}"
    assert b"".join(file_pieces(lazy, digest_of(lazy))) == publish(whole)[1]


def peak_bytes(work) -> int:
    """The most memory that was taken at one time meanwhile."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_what_is_written_piece_by_piece_takes_no_more_memory_for_more_stations() -> None:
    def written(stations: int) -> int:
        return peak_bytes(lambda: digest_of({"boxes": listed(stations)}))

    assert written(STATIONS) < 1.5 * written(STATIONS // 10)


def test_a_night_s_page_is_the_same_in_pieces_and_whole() -> None:
    log = long_night()
    published = concluded(log)
    election = log.authority.trusted.election
    parts = list(page_pieces(published, election))
    assert len(parts) > 1
    assert b"".join(parts) == render_page(published, election)
    assert b"".join(published.pieces()) == published.file == publish(published.result)[1]
    assert publish(deepcopy(published.result))[1] == published.file
