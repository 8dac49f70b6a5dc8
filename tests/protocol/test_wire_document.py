"""Does `device/WIRE.md` say what the code does?"""

import re
from enum import EnumMeta

import pytest

from ballotbox_protocol.election.tally import Layout
from ballotbox_protocol.wire import cbor, frame, link_frames
from ballotbox_protocol.wire.merkle import Tree, leaf_hash
from ballotbox_protocol.wire.tiles import attachments_path, entries_path, tile_path, tiles_of
from tests.vectors import examples, specification
from tests.vectors.field_tables import FIELDS
from tests.vectors.generate import DOCUMENT
from tests.vectors.meanings import MEANINGS

TEXT = DOCUMENT.read_text("utf-8")


def test_every_made_part_is_what_the_code_makes() -> None:
    made = specification.blocks()
    parts = dict(specification.parts(TEXT))
    for name, text in parts.items():
        assert text == made[name](), f"{name}: run `python -m tests.vectors.generate`"
    assert specification.renew(TEXT) == TEXT


def test_every_part_that_can_be_made_stands_once() -> None:
    stands = sorted(name for name, _ in specification.parts(TEXT))
    assert stands == sorted(specification.blocks())


def test_a_stale_example_is_made_anew() -> None:
    digest = specification.day.DIGEST.hex()
    assert digest in TEXT
    assert specification.renew(TEXT.replace(digest, "00" * 32)) == TEXT


def test_a_part_that_nobody_makes_is_an_error() -> None:
    with pytest.raises(KeyError, match="nothing of this name"):
        specification.renew("<!-- made: nothing of this name -->\n<!-- end -->")


def leaf_paths(value: object, path: tuple[int, ...] = ()) -> set[tuple[int, ...]]:
    """The paths to everything in a decoded document that is no container."""
    if isinstance(value, dict):
        entries = list(value.items())
    elif isinstance(value, list):
        entries = list(enumerate(value))
    else:
        return {path}
    return {deep for key, inner in entries for deep in leaf_paths(inner, (*path, key))}


#: What has a table, or a list of its own: counters, votes, digests and keys in a row.
ELSEWHERE = {"report": {(10,), (11,)}}


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_of_a_document_has_a_row(name: str) -> None:
    value = specification.documents()[name]
    rows = {row.key: row for row in FIELDS[name]}
    shapes = {re.sub(r"\[[ij]\]", "[*]", key) for key in rows}
    for path in leaf_paths(value):
        if any(path[: len(own)] == own for own in ELSEWHERE.get(name, ())):
            continue
        assert any(fits(path, shape) for shape in shapes), (name, path)


def fits(path: tuple[int, ...], shape: str) -> bool:
    """A row covers its own place, the items of its list and what lies flat inside them."""
    steps = re.findall(r"\d+|\*", shape)
    wanted = steps[: len(path)]
    same = all(step in ("*", str(key)) for step, key in zip(wanted, path, strict=False))
    return same and len(path) - 1 <= len(steps) <= len(path)


def test_every_code_has_one_meaning() -> None:
    for kind, meanings in MEANINGS.items():
        assert isinstance(kind, EnumMeta)
        assert list(meanings) == [member.name for member in kind], kind
        assert len(set(meanings.values())) == len(meanings), kind


def test_the_faults_of_the_line_are_listed_with_their_codes() -> None:
    for kind in (frame.FrameFault, link_frames.LinkFault):
        for fault in kind:
            assert f"| {fault.value} | `{fault.name}` |" in TEXT
    for kind in link_frames.FrameKind:
        assert f"| `{kind.value:02x}` | {kind.name} |" in TEXT


def test_the_limits_of_the_line_are_those_of_the_code() -> None:
    assert f"| payload | bytes | 0 to {frame.MAX_PAYLOAD:,} bytes |" in TEXT
    data = link_frames.Data(
        link_frames.Session(bytes(8), 0), link_frames.Session(bytes(8), 0), 0, b""
    )
    room = frame.MAX_PAYLOAD - len(data.to_bytes())
    assert f"| message | bytes | 0 to {room:,} bytes |" in TEXT


def test_the_files_of_the_example_log_are_those_of_the_code() -> None:
    size = 70_000
    assert [tile for tile in tiles_of(size) if tile.width < 256] == [
        (0, 273, 112),
        (1, 1, 17),
        (2, 0, 1),
    ]
    for path in (
        tile_path(0, 272),
        tile_path(0, 273, 112),
        tile_path(1, 1, 17),
        tile_path(2, 0, 1),
        entries_path(273, 112),
        attachments_path(273, 112),
        entries_path(0, 3),
    ):
        assert path in TEXT
    assert tile_path(0, 1_234_067).endswith("x001/x234/067")
    assert "`x001/x234/067`" in TEXT


def test_the_empty_log_and_the_widest_row_are_as_written() -> None:
    assert Tree().root().hex() in TEXT
    assert leaf_hash(examples.LOGGED[0]).hex() in TEXT
    assert Layout.of(specification.day.ELECTION).size == len(specification.day.VOTES)
    assert f"{cbor.REPORT_LIMITS.size:,}" in TEXT


def test_its_links_lead_to_its_sections() -> None:
    headings = {
        re.sub(r"[^\w\s-]", "", line.lstrip("# ").lower()).strip().replace(" ", "-")
        for line in TEXT.splitlines()
        if line.startswith("#")
    }
    links = re.findall(r"\]\(#([^)]+)\)", TEXT)
    assert links
    assert set(links) <= headings
