"""Which road leads to the gateway above: what the address in the settings begins with says it."""

from ballotbox_gateway.adapters.upstream_http import UpstreamHttp
from ballotbox_gateway.adapters.upstream_mqtt import UpstreamMqtt
from ballotbox_gateway.config import Config
from ballotbox_gateway.config_roads import Upstream
from ballotbox_protocol.election.identifiers import ElectionDigest


def upward_road(
    config: Config, upstream: Upstream, election: ElectionDigest
) -> UpstreamHttp | UpstreamMqtt:
    """Return the way that `upstream` names; raises Problem for a file of the settings."""
    if upstream.over_mqtt:
        return UpstreamMqtt(upstream, config.origin, election)
    return UpstreamHttp(upstream)
