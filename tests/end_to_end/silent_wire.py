"""A network namespace whose wires can be cut without anybody being told: packets vanish.

A cut gives each end a wrong hardware address of the other, for good: what is sent leaves the
machine's end as ever and is dropped by the other end as not meant for it. No link goes down, no
connection is reset, no error comes back.
"""

import itertools
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

_numbers = itertools.count()
_NOBODY = "02:00:00:00:00:0f"


class Wire:
    """One wire between this namespace, at address `near`, and the other, at `far`."""

    def __init__(self, space: str, number: int) -> None:
        self._space = space
        self._names = f"{space}n{number}", f"{space}f{number}"
        net = f"10.{128 + os.getpid() % 100}.{number}"
        self.near, self.far = f"{net}.1", f"{net}.2"
        near, far = self._names
        _ip("link", "add", near, "type", "veth", "peer", "name", far, "netns", space)
        for at, name, address in self._ends():
            _ip(*at, "addr", "add", f"{address}/30", "dev", name)
            _ip(*at, "link", "set", name, "up")

    def _ends(self) -> Iterator[tuple[tuple[str, ...], str, str]]:
        yield (), self._names[0], self.near
        yield ("-n", self._space), self._names[1], self.far

    def remove(self) -> None:
        """Take both ends away at once, even while a process still lives in the namespace."""
        _ip("link", "del", self._names[0])

    def cut(self) -> None:
        """Let all packets vanish, both ways."""
        for (at, name, _), other in zip(self._ends(), (self.far, self.near), strict=True):
            neighbour = ("neigh", "replace", other, "lladdr", _NOBODY, "dev", name)
            _ip(*at, *neighbour, "nud", "permanent")

    def mend(self) -> None:
        """Let packets through again."""
        for (at, name, _), other in zip(self._ends(), (self.far, self.near), strict=True):
            _ip(*at, "neigh", "del", other, "dev", name)


@contextmanager
def separate_space(wires: int) -> Iterator[tuple[tuple[str, ...], list[Wire]]]:
    """Give the command that runs others in a namespace of its own, and the wires to there.

    Skips where that cannot be had.
    """
    if os.geteuid() != 0 or shutil.which("ip") is None:
        pytest.skip("only root, with the command `ip`, may make a network namespace")
    number = next(_numbers)
    space = f"b{os.getpid() % 100_000}s{number}"
    made = subprocess.run(["ip", "netns", "add", space], capture_output=True, check=False)
    if made.returncode != 0:
        pytest.skip(f"no network namespace can be made here: {made.stderr.decode().strip()}")
    made_wires: list[Wire] = []
    try:
        _ip("-n", space, "link", "set", "lo", "up")
        made_wires += [Wire(space, number * 2 + each) for each in range(wires)]
        yield ("ip", "netns", "exec", space), made_wires
    finally:
        for wire in made_wires:
            wire.remove()
        _ip("netns", "del", space)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)
