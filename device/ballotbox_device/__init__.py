"""The firmware of a ballot box: a pure core and the hosts that run it."""
