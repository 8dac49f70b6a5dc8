"""Is a published result read where it lies, and is nothing read that this program did not write?"""

import json
import os
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballotbox_protocol.election.tally import Layout
from ballotbox_tabulation import result_reader
from ballotbox_tabulation.core.document_stream import ordered_text
from ballotbox_tabulation.core.numbers_text import CountersText, RowText
from ballotbox_tabulation.core.publication import canonical, publish
from ballotbox_tabulation.result_reader import read_in_file
from ballotbox_tabulation.result_table import read_published
from ballotbox_tabulation.second.showing import Shape
from ballotbox_tabulation.trust_files import UnusableInput
from tests.tabulation.log_builder import authority_of
from tests.tabulation.site_material import result_of_the_day

ELECTION = authority_of(boxes=1).trusted.election


def nobody(_done, _of):
    pass


@pytest.fixture(scope="module")
def result():
    result = result_of_the_day()
    result["precincts"][1]["name"] = "Ысык-Көл «Ак» ÿ\u2028"
    return result


@pytest.fixture
def file(result, tmp_path):
    path = tmp_path / "result.json"
    path.write_bytes(publish(result)[1])
    return path


@pytest.mark.parametrize("piece", [64, 1 << 20])
def test_it_is_the_result_of_the_whole_file(piece, result, file, monkeypatch):
    monkeypatch.setattr(result_reader, "_PIECE", piece)
    monkeypatch.setattr(result_reader, "_WINDOW", piece)
    told = []
    found = read_in_file(file, lambda *each: told.append(each))
    assert (found.result, found.digest) == (result, publish(result)[0])
    assert b"".join(found.file) == file.read_bytes()
    assert found.result["precincts"][1] == result["precincts"][1]
    assert canonical(found.result) == canonical(result)
    assert told[-1][0] <= told[-1][1] == found.file.size


def _without_the_last_box(document):
    document["result"]["boxes"]["counted"].pop()


CHANGES = {
    "a digit": lambda data: data.replace(b'"ballots":', b'"ballots":1', 1),
    "its digest": lambda data: data.replace(b"sha256:", b"sha256:0", 1),
    "the end": lambda data: data[:-1],
    "more behind it": lambda data: data + b" ",
    "spaces": lambda data: json.dumps(json.loads(data)).encode() + b"\n",
    "another order": lambda data: data.replace(b'{"digest":', b'{"a":1,"digest":'),
    "no JSON": lambda _data: b"\xff",
    "nothing": lambda _data: b"",
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_this_program_did_not_write_is_not_read_in_the_file(change, file):
    file.write_bytes(CHANGES[change](file.read_bytes()))
    assert read_in_file(file, nobody) is None


def test_a_result_in_another_form_is_read_whole_and_a_changed_one_never(result, file):
    plain = file.read_bytes()
    file.write_bytes(json.dumps(json.loads(plain), indent=1).encode())
    assert read_published(file, "A")[:2] == (result, publish(result)[0])
    file.write_bytes(CHANGES["a digit"](plain))
    with pytest.raises(UnusableInput, match="digest is not that of its content"):
        read_published(file, "A")


def test_what_becomes_of_the_file_later_is_in_nothing_that_was_read(result, file):
    plain = file.read_bytes()
    found, digest, content = read_published(file, "A")
    with file.open("r+b") as there:
        there.write(plain.swapcase())
        there.truncate(len(plain) - 9)
    assert (found, digest) == (result, publish(result)[0])
    assert b"".join(content) == plain


def _sealed(body):
    """A file whose digest is that of these very bytes."""
    return b'{"digest":"sha256:%s","result":%s}\n' % (sha256(body).hexdigest().encode(), body)


#: What is written otherwise inside one box or one precinct, the digest made anew over it.
INSIDE = {
    "a space in a box": (b'{"box":"', b'{"box": "'),
    "a space in a precinct": (b'{"boxes_counted":', b'{ "boxes_counted":'),
    "a key twice in a box": (b'{"box":"', b'{"box":"","box":"'),
    "a key twice in a precinct": (b'"registered":', b'"registered":7,"registered":'),
    "another order in a box": (b'"precinct":1,', b'"zero":1,"precinct":1,'),
    "a fraction in a box": (b'"precinct":1,', b'"precinct":1.00,'),
    "a letter written as its number": (b'"kind":"final"', b'"kind":"\\u0066inal"'),
}


@pytest.mark.parametrize("case", INSIDE)
def test_what_is_written_otherwise_inside_an_item_is_not_read_in_the_file(case, file):
    plain = file.read_bytes()
    body = plain[plain.index(b',"result":') + len(b',"result":') : -2]
    file.write_bytes(_sealed(body))
    assert read_in_file(file, nobody) is not None
    before, after = INSIDE[case]
    at = body.index(before, body.index(b'"precincts":' if "a precinct" in case else b'"boxes":'))
    file.write_bytes(_sealed(body[:at] + body[at:].replace(before, after, 1)))
    assert read_in_file(file, nobody) is None


def test_one_endless_value_is_tried_a_few_times_and_not_past_its_limit(file, monkeypatch):
    tried = []
    honest = result_reader._read
    monkeypatch.setattr(result_reader, "_PIECE", 64)
    monkeypatch.setattr(result_reader, "_VALUE_MAX", 20_000)
    monkeypatch.setattr(
        result_reader, "_read", lambda text, at: tried.append(len(text)) or honest(text, at)
    )
    file.write_bytes(b'{"digest":"' + b"a" * 200_000)
    assert read_in_file(file, nobody) is None
    assert len(tried) < 12
    assert max(tried) < 50_000


def test_a_file_past_the_limit_is_not_copied(file, monkeypatch):
    monkeypatch.setattr(result_reader, "_BYTES_MAX", file.stat().st_size - 1)
    monkeypatch.setattr(os, "write", lambda *_: pytest.fail("copied"))
    assert read_in_file(file, nobody) is None


counts = st.integers(0, 2**40)


@given(st.lists(counts, min_size=Layout.of(ELECTION).size, max_size=Layout.of(ELECTION).size))
def test_a_row_is_written_as_the_second_computation_shows_it(row):
    text = RowText(Layout.of(ELECTION)).of(tuple(row))
    assert json.loads(text) == Shape(ELECTION).contests(row)
    assert text == ordered_text(json.loads(text))


@given(st.lists(counts, min_size=3, max_size=3))
def test_counters_are_written_in_the_order_of_their_names(numbers):
    given_ = dict(zip(("presented", "accepted", "box"), numbers, strict=True))
    assert CountersText(list(given_)).of(numbers) == ordered_text(given_)
