"""What stands in place of a check in more than one file of the suite."""

from ballotbox_gateway.core.boxchain import BoxChain
from ballotbox_gateway.core.chain import Chains
from ballotbox_gateway.core.ports import Place, StoredReport
from ballotbox_gateway.core.roster import Authentic
from ballotbox_protocol.wire.verdict import Reason, Verdict
from tests.attack.marker import Without


def _keeps_the_newest(
    self: Chains, chain: BoxChain, given: Authentic, _rival: StoredReport, word: None
) -> StoredReport:
    """A gateway for which the newest of two reports with one number is the true one."""
    return self._enter(chain, given, Place.ASIDE, Verdict.ACCEPTED, Reason.IN_ORDER, word)


KEEPS_THE_NEWEST = Without("ballotbox_gateway.core.chain:Chains._dispute", _keeps_the_newest)
