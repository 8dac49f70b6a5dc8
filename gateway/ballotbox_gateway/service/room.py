"""Room on the disk: what each sender may have of it, and what is left for delivery and rulings."""

import logging
import shutil
from typing import Final

from ballotbox_gateway.config import Config
from ballotbox_gateway.core.quota import Allowance, Quota, Quotas, statements

_log: Final = logging.getLogger(__name__)

_MIB: Final = 2**20
#: The part of a small disk that is kept free where the setting asks for more.
_SHARE: Final = 20


class Reserve:
    """Watches the free room of the ledger's disk; a batch asks before it is judged."""

    def __init__(self, config: Config) -> None:
        self._ledger = config.ledger_file
        # A database's disk is its server's: it says by itself when there is no room.
        self._wanted = 0 if self._ledger is None else config.limits.disk_reserve_mib * _MIB
        self._short = False

    def trouble(self) -> str:
        """Return why nothing may be taken in now, or an empty text."""
        if self._ledger is None or self._wanted == 0:
            return ""
        total, _, free = shutil.disk_usage(self._ledger.parent)
        kept = min(self._wanted, total // _SHARE)
        # Once short of room, a little more is asked for, so that it does not go on and off.
        self._short = free < (kept + kept // 4 if self._short else kept)
        if not self._short:
            return ""
        return f"{self._ledger}: the disk is full: {free // _MIB} MiB are free, and kept so"


def quotas_of(config: Config) -> Quotas:
    """Return the quotas of the settings; a sender that exceeds its own is logged."""
    limits = config.limits
    boxes = Allowance(limits.box_mib * _MIB, limits.box_mib_per_hour * _MIB)
    gateways = Allowance(limits.gateway_mib * _MIB, limits.gateway_mib_per_hour * _MIB)
    return Quotas(
        Quota(boxes, lambda box: _exceeded(f"box {box.hex()}")),
        Quota(gateways, lambda origin: _exceeded(f"gateway {origin.decode()}")),
        Quota(statements(limits.gateway_aside_per_day), _many_aside),
    )


def _many_aside(origin: bytes) -> None:
    _log.error(
        "gateway %s brings more released results that cannot stand than a day may: the next one "
        "waits, and what its log holds behind it. Look at that gateway: somebody may have its key",
        origin.decode(),
    )


def _exceeded(sender: str) -> None:
    _log.error(
        "%s sends more than one may have stored: what is new is turned away until there is room "
        "in its quota. Examine it; nothing that was receipted is touched",
        sender,
    )
