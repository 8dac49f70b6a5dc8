"""An election whose root and register three officers hold together, with its papers in a folder."""

from dataclasses import replace
from pathlib import Path

from click.testing import CliRunner

from ballotbox_gateway.adapters.key_files import write_key
from ballotbox_gateway.cli import main
from ballotbox_protocol.wire.cose import MessageType
from ballotbox_protocol.wire.definition import encode_definition
from ballotbox_protocol.wire.joint import JointDocument, encode_joint
from ballotbox_protocol.wire.register import encode_register
from ballotbox_protocol.wire.root_document import Holder, RootDocument, encode_root
from ballotbox_protocol.wire.trust import SharedRoot, establish, open_definition
from ballotbox_simulator.authority import Authority

NAMES = ("A. Asanova", "B. Bakirov", "C. Chynara uulu")


def shared(given: Authority, folder: Path) -> Authority:
    """The same people and boxes under a shared root; the officers' keys are in the folder."""
    keys = given.officer_keys
    holders = tuple(Holder(n, key.public) for n, key in zip(NAMES, keys, strict=True))
    root = RootDocument(given.trusted.election.mode, 2, holders)
    election = replace(given.trusted.election, register_signers=root.keys, signers_needed=2)
    payload = encode_definition(election)
    definition = signed(keys, JointDocument(MessageType.DEFINITION, encode_root(root), payload))
    anchor = SharedRoot(root.mode, root.digest)
    _, digest = open_definition(definition, anchor)
    entries = replace(given.trusted.register, election=digest)
    register = signed(keys, JointDocument(MessageType.REGISTER, b"", encode_register(entries)))
    folder.mkdir(exist_ok=True)
    for number, key in enumerate(keys, 1):
        write_key(folder / f"officer{number}.key", key, None)
    trusted = establish(anchor, definition, register)
    return replace(given, trusted=trusted, root=anchor, definition=definition, register=register)


def signed(keys, document: JointDocument) -> bytes:
    for key in keys[:2]:
        document = document.signed_with(key.public, key.sign)
    return encode_joint(document)


class Office:
    """The officers at their table: each change is drafted, signed by two and joined."""

    def __init__(self, folder: Path, given: Authority) -> None:
        self.folder = folder
        self.under = ("--election", str(folder / "election.cose"), "--root", str(given.root))
        given.write(folder)

    def run(self, *words: str) -> str:
        done = CliRunner().invoke(main, [str(word) for word in words])
        assert done.exit_code == 0, done.output
        return done.output

    def draft(self, *changes: str, source: str = "register.cose") -> Path:
        draft = self.folder / "register.draft"
        self.run("register", "change", self.folder / source, *self.under, *changes, "-o", draft)
        return draft

    def complete(self, draft: Path, name: str = "register.cose", officers=(1, 2)) -> bytes:
        papers = []
        for number in officers:
            papers.append(self.folder / f"draft.{number}")
            key = self.folder / f"officer{number}.key"
            words = ("--key", key, *self.under, "-o", papers[-1])
            self.run("ceremony", "sign", draft, *words)
        self.run("ceremony", "join", *papers, *self.under, "-o", self.folder / name)
        return (self.folder / name).read_bytes()

    def change(self, *changes: str, officers=(1, 2)) -> bytes:
        """Return the next register with these changes."""
        return self.complete(self.draft(*changes), officers=officers)
