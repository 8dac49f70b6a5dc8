"""Does the code still make, read and refuse every byte that was frozen?"""

import json
from pathlib import Path
from typing import Any

import pytest

from ballotbox_protocol.election.conservation import VoteLaws, counter_breach, lifetime_breach
from ballotbox_protocol.election.identifiers import InvalidField
from ballotbox_protocol.election.register import Role
from ballotbox_protocol.wire import cbor, cose
from ballotbox_protocol.wire.cbor import CborError
from ballotbox_protocol.wire.checkpoint import Checkpoint, verify_checkpoint
from ballotbox_protocol.wire.cose import MessageType
from ballotbox_protocol.wire.definition import decode_definition
from ballotbox_protocol.wire.frame import FrameDecoder
from ballotbox_protocol.wire.hand_count import decode_hand_count
from ballotbox_protocol.wire.keyfile import PrivateKey, open_key
from ballotbox_protocol.wire.leaf import decode_leaf, encode_leaf
from ballotbox_protocol.wire.link_frames import LinkFault, parse_link_frame
from ballotbox_protocol.wire.merkle import Tree, leaf_hash, verify_consistency
from ballotbox_protocol.wire.message import Message, parse_message
from ballotbox_protocol.wire.officers import two_officers_signed
from ballotbox_protocol.wire.publication import decode_publication
from ballotbox_protocol.wire.receipt import Receipt, VerifiedReceipt, verify_receipt
from ballotbox_protocol.wire.register import decode_register
from ballotbox_protocol.wire.replacement import decode_replacement
from ballotbox_protocol.wire.report import (
    WITH_OFFICERS,
    Report,
    ReportKind,
    consent_payload,
    decode_report,
    encode_report,
    key_proof_statement,
)
from ballotbox_protocol.wire.statements import (
    Hello,
    Refusal,
    Resend,
    decode_ruling,
    open_statement,
)
from ballotbox_protocol.wire.tiles import decode_attachments, decode_entries
from ballotbox_protocol.wire.trust import establish, parse_root
from tests.vectors import frozen, generate
from tests.vectors.frozen import MAKERS, Vector, plain, read_frozen

FILES = pytest.mark.parametrize("file", MAKERS)


@FILES
def test_the_code_makes_every_frozen_byte(file: str) -> None:
    kept = read_frozen(file)
    assert kept, f"{file}.json is missing or empty"
    made = {vector["name"]: vector for vector in MAKERS[file]()}
    assert made == {vector["name"]: vector for vector in kept}
    assert len(made) == len(kept)


def test_no_frozen_file_is_forgotten() -> None:
    assert {path.stem for path in frozen.FOLDER.glob("*.json")} == set(MAKERS)


def vectors(file: str, key: str = "fields") -> list[Any]:
    return [pytest.param(each, id=each["name"]) for each in read_frozen(file) if key in each]


def raw(vector: Vector, key: str = "hex") -> bytes:
    return bytes.fromhex(vector[key])


def named(file: str, name: str) -> Vector:
    (vector,) = (each for each in read_frozen(file) if each["name"] == name)
    return vector


def public(name: str) -> bytes:
    return raw(named("key", name), "public")


DECODERS = {
    "definition": decode_definition,
    "register": decode_register,
    "report": decode_report,
    "leaf": decode_leaf,
    "statement": decode_ruling,
}
REFUSED = [
    pytest.param(file, each, id=f"{file}: {each['name']}")
    for file in DECODERS
    for each in read_frozen(file)
    if "refused" in each
]


@pytest.mark.parametrize(("file", "vector"), REFUSED)
def test_a_refused_sample_is_refused_for_its_field(file: str, vector: Vector) -> None:
    data = raw(vector, "body" if "body" in vector else "hex")
    with pytest.raises((InvalidField, CborError)) as refusal:
        DECODERS[file](data)
    field = getattr(refusal.value, "field", "cbor")
    assert field == vector["refused"]


def test_definition_and_register_are_trusted_from_the_root() -> None:
    (definition,) = (each for each in read_frozen("definition") if "root" in each)
    (register,) = (each for each in read_frozen("register") if "signer" in each)
    trusted = establish(parse_root(definition["root"]), raw(definition), raw(register))
    assert trusted.digest.hex() == definition["digest"]
    assert plain(trusted.election) == definition["fields"]
    assert plain(trusted.register) == register["fields"]


@pytest.mark.parametrize("vector", vectors("report"))
def test_a_report_is_read_and_verified(vector: Vector) -> None:
    message = raw(vector)
    body = cose.open_with(message, public("box"), MessageType.REPORT, cbor.REPORT_LIMITS.size)
    assert body == raw(vector, "body")
    assert cose.statement_id(cose.parse(message).statement).hex() == vector["id"]
    report = decode_report(body)
    assert plain(report) == vector["fields"]
    assert encode_report(report) == body
    breach = counter_breach(report.counters)
    assert (breach.law.name if breach else None) == vector.get("breaks")
    assert lifetime_breach(500, report.counters) is None or breach is not None


def chained() -> list[Vector]:
    """The day's reports, in order."""
    return [each for each in read_frozen("report") if {"breaks", "refused"}.isdisjoint(each)]


def reports() -> list[Report]:
    return [decode_report(raw(each, "body")) for each in chained()]


def test_the_reports_are_a_chain_and_keep_every_law() -> None:
    (register,) = (each for each in read_frozen("register") if "signer" in each)
    officers = decode_register(raw(register, "body"))
    (definition,) = (each for each in read_frozen("definition") if "root" in each)
    laws = VoteLaws(decode_definition(raw(definition, "body")))
    ids = [bytes(32), *(raw(each, "id") for each in chained())]
    roles = {ReportKind.CORRECTION: Role.ELEVATED}
    for sequence, report in enumerate(reports()):
        assert (report.sequence, report.previous) == (sequence, ids[sequence])
        if report.votes is not None:
            assert laws.breach(report.votes, report.counters) is None
        if report.new_key is not None:
            statement = key_proof_statement(report)
            assert cose.verify(statement, report.new_key.proof, report.new_key.key)
        if report.kind in WITH_OFFICERS:
            payload = consent_payload(encode_report(report), len(report.signatures))
            consent = officers, report.signatures, MessageType.CONSENT, payload
            assert two_officers_signed(*consent, roles.get(report.kind, Role.POLL), report.precinct)


@pytest.mark.parametrize("vector", vectors("leaf"))
def test_a_leaf_is_read(vector: Vector) -> None:
    leaf = decode_leaf(raw(vector))
    assert plain(leaf) == vector["fields"]
    assert encode_leaf(leaf) == raw(vector)


KINDS = {"refusal": Refusal, "resend": Resend, "hello": Hello}


@pytest.mark.parametrize("vector", vectors("statement", "signer"))
def test_a_signed_statement_is_read_and_verified(vector: Vector) -> None:
    opened: Any = open_statement(raw(vector), raw(vector, "signer"), KINDS[vector["name"]])
    assert plain(opened) == vector["fields"]


DETACHED = {
    "hand count": (decode_hand_count, MessageType.HAND_COUNT, Role.POLL),
    "hand count: correction": (decode_hand_count, MessageType.HAND_COUNT, Role.ELEVATED),
    "publication": (decode_publication, MessageType.PUBLICATION, Role.RELEASE),
    "publication: certified": (decode_publication, MessageType.PUBLICATION, Role.RELEASE),
    "publication: by a release": (decode_publication, MessageType.PUBLICATION, Role.RELEASE),
    "replacement": (decode_replacement, MessageType.REPLACEMENT, Role.RELEASE),
    "ruling: release": (decode_ruling, MessageType.RULING, Role.RELEASE),
    "ruling: name": (decode_ruling, MessageType.RULING, Role.RELEASE),
    "ruling: name, overruling": (decode_ruling, MessageType.RULING, Role.ELEVATED),
}


@pytest.mark.parametrize("vector", vectors("statement", "digest"))
def test_a_ruling_is_read_and_verified(vector: Vector) -> None:
    decode, message_type, role = DETACHED[vector["name"]]
    ruling: Any = decode(raw(vector))
    assert plain(ruling) == vector["fields"]
    assert (ruling.payload(), ruling.digest) == (raw(vector, "payload"), raw(vector, "digest"))
    (register,) = (each for each in read_frozen("register") if "signer" in each)
    signed = message_type, ruling.payload()
    officers = decode_register(raw(register, "body"))
    assert two_officers_signed(officers, ruling.signatures, *signed, role, 17)


def test_checkpoint_tree_and_receipt_prove_each_other() -> None:
    note, receipt, tree = (
        named("log", name) for name in ("checkpoint", "receipt of the final", "tree")
    )
    key = raw(note, "key")
    origin = note["fields"]["checkpoint"]["origin"]
    checkpoint = verify_checkpoint(note["text"].encode(), origin, key)
    assert isinstance(checkpoint, Checkpoint)
    grown = Tree([leaf_hash(bytes.fromhex(leaf)) for leaf in tree["leaves"]])
    assert [grown.root(size).hex() for size in range(grown.size + 1)] == tree["roots"]
    assert (checkpoint.size, checkpoint.root) == (grown.size, grown.root())
    proof = [bytes.fromhex(each) for each in tree["consistency from 4"]]
    assert verify_consistency(4, grown.size, proof, grown.root(4), grown.root())
    held = Receipt.from_bytes(raw(receipt))
    assert isinstance(held, Receipt)
    proven = verify_receipt(held, {origin: key})
    assert isinstance(proven, VerifiedReceipt)
    assert proven.leaf.hex() == tree["leaves"][proven.index]
    assert decode_leaf(proven.leaf).report.hex() == named("report", "final")["id"]


def test_bundles_hold_the_leaves_and_what_they_decide_about() -> None:
    bundles, tree = named("log", "bundles"), named("log", "tree")
    leaves = decode_entries(raw(bundles, "entries"), len(tree["leaves"]))
    assert plain(leaves) == tree["leaves"]
    attachments = decode_attachments(raw(bundles, "attachments"), len(tree["leaves"]))
    held = [cbor.decode(each, cbor.DOCUMENT_LIMITS) for each in attachments]
    assert held == [[raw(each), None, None] for each in chained()]


@pytest.mark.parametrize("vector", vectors("message", "hex"))
def test_a_message_is_read(vector: Vector) -> None:
    message = parse_message(raw(vector))
    assert isinstance(message, Message)
    kind, *_ = vector["name"].split()
    assert (message.kind.name, message.payload) == (kind, raw(vector, "payload"))


@pytest.mark.parametrize("vector", vectors("serial", "frame"))
def test_a_frame_is_read(vector: Vector) -> None:
    payload = raw(vector, "payload")
    assert FrameDecoder().feed(raw(vector, "frame")) == [payload]
    frame = parse_link_frame(payload)
    is_link_frame = not isinstance(frame, LinkFault)
    assert is_link_frame is (vector["name"] not in {"nothing", "zeros", "no zeros"})


@pytest.mark.parametrize("vector", vectors("key_file", "text"))
def test_a_key_file_opens(vector: Vector) -> None:
    assert open_key(vector["text"], vector["passphrase"]).seed == raw(vector, "seed")


@pytest.mark.parametrize("vector", vectors("key", "seed"))
def test_a_key_grows_from_its_seed(vector: Vector) -> None:
    assert PrivateKey.from_seed(raw(vector, "seed")).public == raw(vector, "public")


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for file in MAKERS:
        (tmp_path / f"{file}.json").write_bytes(frozen.path_of(file).read_bytes())
    monkeypatch.setattr(frozen, "FOLDER", tmp_path)
    document = tmp_path / "WIRE.md"
    document.write_text("<!-- made: root -->\nstale\n<!-- end -->\n", "utf-8")
    monkeypatch.setattr(generate, "DOCUMENT", document)
    return tmp_path


def test_generating_again_changes_no_byte(copy: Path) -> None:
    before = {path.name: path.read_bytes() for path in copy.glob("*.json")}
    assert generate.main() == 0
    assert {path.name: path.read_bytes() for path in copy.glob("*.json")} == before
    made = str(frozen.day.ROOT)
    assert made in (copy / "WIRE.md").read_text("utf-8")


def test_a_new_vector_is_added_behind_the_old_ones(copy: Path) -> None:
    path = copy / "leaf.json"
    whole = path.read_bytes()
    content = json.loads(whole)
    content["vectors"] = content["vectors"][:-1]
    path.write_text(json.dumps(content), "utf-8")
    assert generate.main() == 0
    assert path.read_bytes() == whole


@pytest.mark.parametrize("change", ["another byte", "a vector that is made no longer"])
def test_an_old_vector_is_never_changed(
    copy: Path, change: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = copy / "leaf.json"
    content = json.loads(path.read_text("utf-8"))
    vector = content["vectors"][0]
    if change == "another byte":
        vector["hex"] = vector["hex"].replace("87", "88", 1)
    else:
        vector["name"] = "of old"
    path.write_text(json.dumps(content), "utf-8")
    (copy / "key.json").unlink()
    before = {each.name: each.read_bytes() for each in copy.iterdir()}
    assert generate.main() == 1
    assert {each.name: each.read_bytes() for each in copy.iterdir()} == before
    said = capsys.readouterr().out
    assert f"leaf.json: {vector['name']!r} is made otherwise now" in said
