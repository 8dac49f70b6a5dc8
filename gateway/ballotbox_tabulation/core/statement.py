"""What is said of a result that is to be published, and what forbids to compute or release it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ballotbox_protocol.election.identifiers import InvalidField
from ballotbox_protocol.wire.publication import Publication, Status
from ballotbox_protocol.wire.rules_release import RulesRelease
from ballotbox_protocol.wire.trust import Trusted
from ballotbox_tabulation.core.outcome import Published
from ballotbox_tabulation.core.publication import Document
from ballotbox_tabulation.core.result_status import require_supported, status_of


@dataclass(frozen=True, slots=True)
class Means:
    """What a result is made with, by digests: rules, program and configuration.

    release: the version of the release of rules and program, 0 while none is at hand.
    """

    rules: bytes
    program: bytes
    configuration: bytes
    release: int = 0


def release_faults(release: RulesRelease, means: Means, trusted: Trusted) -> Iterator[str]:
    """Yield why nothing may be computed with these means under this release."""
    if release.election != trusted.digest:
        yield "the rules release is of another election"
    if not release.is_signed(trusted.register):
        yield "the rules release is not signed by two officers who may release in all precincts"
    for name, running, released in (
        ("program", means.program, release.program),
        ("rules file", means.rules, release.rules),
    ):
        if running != released:
            words = f"is {running.hex()}, released is {released.hex()}"
            yield f"the {name} is not the released one: it {words}"


def statement_faults(statement: Publication, result: Document) -> Iterator[str]:
    """Yield why a statement may not be shown with its result."""
    named, log = statement.status.name.lower(), result["log"]
    if named != status_of(result):
        yield f"the statement says {named}, the result {status_of(result)}"
    if (statement.origin, statement.size, statement.root.hex()) != (
        log["origin"],
        log["size"],
        log["root"],
    ):
        yield "the statement names another log or size than the result"
    try:
        require_supported(result)
    except InvalidField as error:
        yield str(error)


def newest(known: Iterable[Publication | None]) -> Publication | None:
    """Return the publication with the highest version among those that are known."""
    return max(
        (each for each in known if each is not None), key=lambda each: each.version, default=None
    )


def draft_statement(
    published: Published,
    trusted: Trusted,
    means: Means,
    before: Publication | None,
) -> Publication:
    """Return the unsigned statement of a result; raises InvalidField naming what it cannot say."""
    result = published.result
    require_supported(result)
    log = result["log"]
    return Publication(
        election=trusted.digest,
        mode=trusted.election.mode,
        status=Status[status_of(result).upper()],
        version=1 if before is None else before.version + 1,
        previous=None if before is None else before.id,
        rules=means.rules,
        program=means.program,
        configuration=means.configuration,
        origin=log["origin"],
        size=log["size"],
        root=bytes.fromhex(log["root"]),
        result=bytes.fromhex(published.digest.removeprefix("sha256:")),
        release=means.release,
    )
