"""What tests among real parts start from: a broker, gateways as users have them, a browser."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.brokers import mosquitto
from tests.end_to_end.field_gateway import FieldGateway
from tests.gateway.scripted import CENTRE, ORIGIN, authority


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    """A running mosquitto on a free loopback port."""
    with mosquitto(tmp_path_factory.mktemp("broker")) as running:
        yield running


@pytest.fixture(scope="session")
def election():
    """A small election with all its keys."""
    return authority()


@pytest.fixture
def gateway(tmp_path: Path, election):
    """A precinct gateway's folder; nothing is configured yet."""
    field = FieldGateway(tmp_path / "g", election, ORIGIN)
    yield field
    field.kill()


@pytest.fixture
def centre(tmp_path: Path, election):
    """A centre's folder; nothing is configured yet."""
    field = FieldGateway(tmp_path / "c", election, CENTRE)
    yield field
    field.kill()


@pytest.fixture
def mqtt_table(broker, tmp_path):
    """The settings of the broker, with a session that no other test has used."""
    return f'[mqtt]\nhost = "127.0.0.1"\nport = {broker.port}\nclient_id = "{tmp_path.name[:60]}"\n'


@pytest.fixture(scope="module")
def _browser():
    """Debian's browser, driven by playwright, or a skip."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("chromium is not installed: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program,
            args=["--no-sandbox", "--disable-background-networking", "--disable-gpu"],
        )
        yield browser
        browser.close()


@pytest.fixture
def chromium(_browser):
    """The browser, with no window of another test: each that is open goes on drawing."""
    yield _browser
    for context in _browser.contexts:
        context.close()


@pytest.fixture(scope="session")
def axe(tmp_path_factory):
    """The source of axe-core, fetched by npm; without npm or its registry there is none."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed, so there is no accessibility checker")
    folder = tmp_path_factory.mktemp("axe")
    command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "axe-core@4"]
    try:
        subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=120)
    except (subprocess.SubprocessError, OSError) as error:
        pytest.skip(f"npm could not bring axe-core, so there is no accessibility checker: {error}")
    return (folder / "node_modules/axe-core/axe.min.js").read_text()
