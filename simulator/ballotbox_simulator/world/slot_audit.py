"""The slots of a box at the end of a day: where a sheet lies must not say when it came."""

from typing import Final

#: With fewer sheets, or fewer empty slots, chance itself may lay them side by side: with so many
#: it does so in one box of 10^8.
_ENOUGH: Final = 8


def slots_in_order(content: bytes, size: int) -> bool:
    """Tell whether the used slots of `size` bytes lie side by side, as if filled one by one."""
    states = content[::size]
    used = [position for position, state in enumerate(states) if state]
    if len(used) < _ENOUGH or len(states) - len(used) < _ENOUGH:
        return False
    return used[-1] - used[0] + 1 == len(used)
