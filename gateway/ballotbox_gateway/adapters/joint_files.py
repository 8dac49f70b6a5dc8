"""Definitions and registers on their way from one signer to the next, in files."""

from dataclasses import dataclass, replace
from pathlib import Path

from ballotbox_gateway.adapters.trust_files import read_document
from ballotbox_gateway.problem import Problem
from ballotbox_protocol.election.definition import Election
from ballotbox_protocol.election.identifiers import ElectionDigest, InvalidField, PublicKey
from ballotbox_protocol.election.register import Register
from ballotbox_protocol.wire import cose
from ballotbox_protocol.wire.cose import MessageType
from ballotbox_protocol.wire.joint import JointDocument, decode_joint, encode_joint, is_joint
from ballotbox_protocol.wire.root_document import RootDocument, decode_root
from ballotbox_protocol.wire.trust import (
    Distrust,
    Root,
    SharedRoot,
    open_definition,
    parse_root,
    read_definition,
    read_register,
)


@dataclass(frozen=True)
class Vouched:
    """A definition that the root vouches for, and the root: what a register is made under."""

    root: Root
    election: Election
    digest: ElectionDigest
    holders: RootDocument | None

    def name(self, key: PublicKey) -> str:
        """Return what a person calls the holder of a key."""
        hint = f"key {cose.key_id(key).hex()}"
        if self.holders is None:
            return hint
        return self.holders.names([key]) or f"{hint} (holds no part of the root)"


@dataclass(frozen=True)
class Paper:
    """A document to be signed by several: what it says, who may sign it and who did.

    register: None in the paper of a definition.
    """

    path: Path
    document: JointDocument
    under: Vouched
    register: Register | None = None

    @property
    def keys(self) -> tuple[PublicKey, ...]:
        """Those who may sign."""
        if self.register is None and self.under.holders is not None:
            return self.under.holders.keys
        return tuple(map(PublicKey, self.under.election.register_signers))

    @property
    def needed(self) -> int:
        """How many must."""
        if self.register is None and self.under.holders is not None:
            return self.under.holders.needed
        return self.under.election.signers_needed

    @property
    def signers(self) -> tuple[PublicKey, ...]:
        """Those who signed; raises Problem when a signature is wrong."""
        try:
            return self.document.signers(self.keys)
        except InvalidField as error:
            raise Problem(str(self.path), str(error), "Go back to the file as it was before") from (
                error
            )

    def name(self, key: PublicKey) -> str:
        """Return what a person calls the holder of a key."""
        return self.under.name(key)

    def complete(self) -> bytes:
        """Return the document as gateways take it; raises Problem while too few signed."""
        signed = self.signers
        if len(signed) < self.needed:
            left = ", ".join(self.name(key) for key in self.keys if key not in signed)
            what = f"{len(signed)} of {self.needed} signatures are there"
            remedy = f"`ballotbox-gateway ceremony sign` adds one of: {left}"
            raise Problem(str(self.path), what, remedy)
        ordered = self.document.in_order(self.keys)
        if self.register is None or self.needed > 1:
            return encode_joint(ordered)
        # Where one is enough, the one form of one signer.
        header = cose.protected_header(signed[0], MessageType.REGISTER)
        return cose.assemble(header, ordered.payload, ordered.signatures[0].signature)


def vouched(election_file: Path, root_text: str) -> Vouched:
    """Return what the root vouches for in a signed definition; raises Problem."""
    root = root_of(root_text)
    data = read_document(election_file, "--election")
    try:
        election, digest = open_definition(data, root)
    except Distrust as error:
        raise Problem(str(election_file), str(error), "Check --election and --root") from error
    holders = decode_root(decode_joint(data).root) if is_joint(data) else None
    return Vouched(root, election, digest, holders)


def root_of(text: str) -> Root:
    """Return the root in an option; raises Problem."""
    try:
        return parse_root(text)
    except InvalidField as error:
        raise Problem("--root", error.problem, "Copy it from the authority's notice") from error


def read_paper(path: Path, root_text: str | None, election_file: Path | None) -> Paper:
    """Return what is to be signed; a register needs the root and the definition. Raises Problem."""
    try:
        document = decode_joint(read_document(path, "FILE"))
    except ValueError as error:
        remedy = "Name a file that `ceremony draft`, `register draft` or `register change` wrote"
        raise Problem(str(path), f"is nothing that several sign ({error})", remedy) from error
    if document.type is MessageType.REGISTER:
        if root_text is None or election_file is None:
            remedy = "Give --election and --root: they say who may sign it"
            raise Problem(str(path), "is a register", remedy)
        return register_paper(path, document, vouched(election_file, root_text))
    return definition_paper(path, document, None if root_text is None else root_of(root_text))


def definition_paper(path: Path, document: JointDocument, expected: Root | None) -> Paper:
    """Return the paper of a definition, of the root that is `expected` if any; raises Problem."""
    try:
        holders = decode_root(document.root)
        root = SharedRoot(holders.mode, holders.digest)
        election, digest = read_definition(document.payload, root)
    except ValueError as error:
        raise Problem(str(path), str(error), "Have it drafted again") from error
    if expected not in (None, root):
        what = f"is of the root {root}"
        raise Problem(str(path), what, "Compare it with --root, and ask who drafted it")
    return Paper(path, document, Vouched(root, election, digest, holders))


def register_paper(path: Path, document: JointDocument, under: Vouched) -> Paper:
    """Return the paper of a register of the election given; raises Problem."""
    try:
        register = read_register(document.payload, under.election, under.digest)
    except Distrust as error:
        raise Problem(str(path), str(error), "Have it drafted again") from error
    return Paper(path, document, under, register)


def signed_by(paper: Paper, key: PublicKey, sign: cose.Sign) -> Paper:
    """Return the paper with the signature of one more; raises Problem."""
    if key not in paper.keys:
        names = ", ".join(map(paper.name, paper.keys))
        raise Problem("--key", "is of nobody who may sign this", f"Those who may: {names}")
    if key in paper.signers:
        what = f"{paper.name(key)} has signed this already"
        raise Problem(str(paper.path), what, "One person counts once: have another one sign")
    return replace(paper, document=paper.document.signed_with(key, sign))
