"""A publication examined by itself: who signed it, of which result, and made of what."""

import json

from ballotbox_protocol.wire.publication import Publication, decode_publication
from ballotbox_protocol.wire.trust import Trusted
from ballotbox_tabulation.core.findings import Findings, fails, holds, point, says
from ballotbox_tabulation.core.publication import publish
from ballotbox_tabulation.core.statement import statement_faults


def examine_publication(data: bytes, trusted: Trusted, result: bytes | None = None) -> Findings:
    """Yield what holds of a statement, and of the published result that it should be of."""
    try:
        given = decode_publication(data)
    except ValueError as error:
        yield fails(f"it is no statement of a publication: {error}")
        return
    same = (given.election, given.mode) == (trusted.digest, trusted.election.mode)
    yield point(same, "it is of this election")
    signed = given.is_signed(trusted.register)
    yield point(signed, "two officers who may release in all precincts signed it")
    gateway = given.origin in trusted.register.gateway_keys
    yield point(gateway, f"the register names the gateway of {given.origin}")
    if result is not None:
        yield from _of_this_result(given, result)
    yield from _sayings(given)


def _of_this_result(given: Publication, file: bytes) -> Findings:
    try:
        document = json.loads(file)["result"]
        digest, whole = publish(document)
        faults = list(statement_faults(given, document))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        yield fails("the file is no published result")
        return
    same = digest == f"sha256:{given.result.hex()}" and whole == file
    yield point(same, "it is of this result, byte for byte")
    yield from (fails(each) for each in faults)
    if not faults:
        yield holds("the result says the same of its status and its log")


def _sayings(given: Publication) -> Findings:
    yield says(f"version {given.version}, {given.status.name.lower()}")
    for each in given.signatures:
        yield says(f"signed with the key {each.key_id.hex()}")
    yield says(f"log {given.origin}, size {given.size}, root {given.root.hex()}")
    yield says(f"result sha256:{given.result.hex()}")
    named = f", by release {given.release}" if given.release else ""
    yield says(f"rules {given.rules.hex()}, program {given.program.hex()}{named}")
    yield says(f"configuration {given.configuration.hex()}")
    yield says(f"id {given.id.hex()}: `ballotbox-verify log` tells in which leaf it stands")
