"""The process of a box that is held in the hand: mechanism, control socket and road on one loop."""

import asyncio
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ballotbox_device.core.outgoing import Outgoing
from ballotbox_device.core.poll import REPORTABLE
from ballotbox_device.core.profile import Profile
from ballotbox_device.host.box import GatewayRoad
from ballotbox_device.host.control import ControlServer
from ballotbox_device.host.control_words import Hand
from ballotbox_device.host.held_box import HeldBox, Seat
from ballotbox_device.host.interim import Interim
from ballotbox_device.host.officer import key_file_text, officer_key, passphrase_in
from ballotbox_device.host.panel_output import Said
from ballotbox_device.host.problem import Problem
from ballotbox_device.machine.mechanism import Mechanism
from ballotbox_device.machine.supply import Supply
from ballotbox_device.machine.tokens import Tokens
from ballotbox_device.paper.lines import composer
from ballotbox_protocol.wire.report import ReportKind
from ballotbox_protocol.wire.trust import Trusted


def tokens_in(files: tuple[Path, ...], passphrase_file: Path | None) -> Tokens:
    """Return the tokens of officers' key files, each by the name of its file; raises Problem."""
    if files and passphrase_file is None:
        what = "is missing: nobody is there to type one"
        raise Problem(
            "--passphrase-file", what, "Give the file whose first line opens the officers' keys"
        )
    keys = {}
    for path in files:
        if path.stem in keys:
            raise Problem(f"--officer-key {path}", "has the name of another", "Rename the file")
        passphrase = passphrase_in(passphrase_file) if passphrase_file else ""
        keys[path.stem] = officer_key(key_file_text(path), passphrase, path)
    return Tokens(keys)


class HeldRun:
    """`speak` writes one line to standard output: that the socket is there, and nothing else."""

    def __init__(
        self,
        seat: Seat,
        trusted: Trusted,
        tokens: Tokens,
        profile: Profile,
        road_of: Callable[[Outgoing], GatewayRoad],
    ) -> None:
        originals = {
            ReportKind.ZERO: profile.zero_copies,
            ReportKind.FINAL: profile.result_copies,
        }
        compose = composer(trusted, profile.paper_width_mm)
        mechanism = Mechanism(seat.boot, compose, tokens, profile.actions, originals)
        mechanism.supply = Supply(has_battery=profile.battery)
        self._box = HeldBox(mechanism, seat, road_of)
        self._box.failed = self._end
        self._hand = Hand(self._box, trusted.election)
        self._over: asyncio.Future[None] | None = None
        self._interim = Interim(profile.turnout_minutes, self._turnout)

    async def run(
        self, listening: socket.socket, speak: Callable[[Said], None], told: Said
    ) -> None:
        """Be the box until it is shut down; raises whatever the memory or the core raises."""
        loop = asyncio.get_running_loop()
        self._over = loop.create_future()
        loop.set_exception_handler(self._failed)
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._end)
        server = ControlServer(self._obey, self._end)
        try:
            self._box.mechanism.power_on(self._box.now_ms())
            self._box.follow()
            await server.start(listening)
            speak(told)
            self._interim.start(loop)
            await self._over
        finally:
            self._interim.stop()
            self._box.mechanism.cut_power()
            self._box.hang_up()
            await server.close()

    def _turnout(self) -> None:
        mechanism = self._box.mechanism
        device = mechanism.device
        if device is not None and device.state in REPORTABLE[ReportKind.TURNOUT]:
            mechanism.press("turnout", self._box.now_ms())
            self._box.follow()

    def _obey(self, line: bytes) -> dict[str, Any]:
        answer = self._hand.line(line)
        if self._hand.is_over:
            self._end()
        return answer

    def _failed(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self._end(context.get("exception") or RuntimeError(context["message"]))

    def _end(self, error: BaseException | None = None) -> None:
        if self._over is None or self._over.done():
            return
        if error is None:
            self._over.set_result(None)
        else:
            self._over.set_exception(error)
