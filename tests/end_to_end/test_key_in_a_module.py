"""Does a gateway whose key lies in a security module serve, and do boxes believe what it signs?"""

import asyncio
import json
import subprocess
import sys
from dataclasses import replace

import pytest

from ballotbox_protocol.election.register import GatewayEntry
from ballotbox_simulator.authority import with_register
from ballotbox_simulator.crew import OPENING
from tests.end_to_end.field_gateway import FieldGateway
from tests.end_to_end.serial_day import at, plugged, switched_on
from tests.gateway.scripted import ORIGIN
from tests.patience import soon
from tests.security_module import TOKEN, module_in

pytestmark = pytest.mark.accept

MAKES = """
import sys
from pathlib import Path
from ballotbox_gateway.adapters.pin import pin_from_file
from ballotbox_gateway.adapters.trust_files import module_key
library, token, label, pin = sys.argv[1:]
print(module_key(Path(library), token, label, pin_from_file(Path(pin)), make=True).hex())
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    return module_in(tmp_path, monkeypatch.setenv)


def with_key(given, public):
    """The election whose register lists this key for the gateway."""
    register = given.trusted.register
    others = tuple(each for each in register.gateways if each.origin != ORIGIN)
    return with_register(given, replace(register, gateways=(GatewayEntry(ORIGIN, public), *others)))


def made_apart(module):
    """Make the key in another process: a library that is loaded keeps to its first settings."""
    arguments = (module.library, TOKEN, "gateway", module.pin_file)
    command = [sys.executable, "-c", MAKES, *map(str, arguments)]
    made = subprocess.run(command, capture_output=True, text=True, check=True)
    return bytes.fromhex(made.stdout)


def test_a_box_believes_the_receipts_that_a_key_in_a_module_signed(module, election, tmp_path):
    given = with_key(election, made_apart(module))
    gateway, line = FieldGateway(tmp_path / "g", given, ORIGIN), tmp_path / "line"
    (tmp_path / "g" / "gateway.key").unlink()
    table = f'[pkcs11]\nmodule = "{module.library}"\ntoken = "{TOKEN}"\nkey = "gateway"\n'
    gateway.configure(
        f'[[serial]]\nport = "{line}"\nbaud = 921600\n{table}pin_file = "{module.pin_file}"\n',
        key_file=None,
    )
    made = gateway.process("init")
    assert made.returncode == 0, made.stderr
    crew = switched_on(given)

    async def scenario():
        async with plugged(crew, line) as road:
            checked = await asyncio.to_thread(gateway.process, "check")
            what = f"ok    key: key gateway of token {TOKEN} is the register's for {ORIGIN}\n"
            assert what in checked.stdout
            await asyncio.to_thread(gateway.start)
            crew.act(at(10), *OPENING)
            road.pump()
            await soon(lambda: road.unanswered == 0, "receipts under the module's key")

    asyncio.run(scenario())
    shown = json.loads(gateway.command("status", "--json").stdout)
    assert shown["counts"]["leaves"] == {"IN_ORDER": crew.device.outgoing.count}
    assert gateway.stop() == 0
