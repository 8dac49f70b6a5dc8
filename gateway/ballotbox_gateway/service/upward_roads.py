"""Which road leads to the gateway above: what the address in the settings begins with says it."""

from typing import TYPE_CHECKING

from ballotbox_gateway.config import Config
from ballotbox_gateway.config_roads import Upstream
from ballotbox_protocol.election.identifiers import ElectionDigest

if TYPE_CHECKING:
    from ballotbox_gateway.adapters.upstream_http import UpstreamHttp
    from ballotbox_gateway.adapters.upstream_mqtt import UpstreamMqtt


def upward_road(
    config: Config, upstream: Upstream, election: ElectionDigest
) -> "UpstreamHttp | UpstreamMqtt":
    """Return the way that `upstream` names; raises Problem for a file of the settings."""
    if upstream.over_mqtt:
        from ballotbox_gateway.adapters.upstream_mqtt import UpstreamMqtt

        return UpstreamMqtt(upstream, config.origin, election)
    from ballotbox_gateway.adapters.upstream_http import UpstreamHttp

    return UpstreamHttp(upstream)
