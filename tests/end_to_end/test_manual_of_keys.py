"""Does the manual's part on keys show what its commands print?"""

import re
import shlex
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from ballotbox_gateway.adapters.key_files import write_key
from ballotbox_gateway.cli import main
from tests.gateway.scripted import authority

#: A line that goes on in the next, as a shell has it.
WRAPPED = re.compile(r" \\\n +")


def section(repository):
    manual = (repository / "gateway" / "OPERATING.md").read_text("utf-8")
    return manual.partition("\n## Keys\n")[2].partition("\n## ")[0]


def commands(text):
    """The commands of all blocks in order, as they stand there."""
    blocks = re.findall(r"```console\n(.*?)```", text, re.DOTALL)
    return [shown for block in blocks for shown in block.split("$ ")[1:]]


@pytest.fixture
def officers(tmp_path, repository, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, key in zip(("asanova", "bakirov", "chynara"), authority().officer_keys, strict=True):
        write_key(Path(f"{name}.key"), key, None)
    for name, other in (("bakirov", "B. Bakirov"), ("chynara", "C. Chynara uulu")):
        run("ceremony", "card", "--key", f"{name}.key", "--name", other, "-o", f"{name}.card")
    examples = repository / "docs" / "examples"
    source = (examples / "election.toml").read_text()
    Path("election.toml").write_text(re.sub(r"(?m)^register_signers = .*$", "", source))
    shutil.copy(examples / "register.toml", "register.toml")


def run(*words):
    done = CliRunner().invoke(main, words)
    return done.stdout + done.stderr


def test_each_block_is_what_the_commands_print(officers, repository, monkeypatch):
    shown = commands(section(repository))
    assert len(shown) == 13
    for each in shown:
        command, _, printed = WRAPPED.sub(" ", each).partition("\n")
        made = run(*shlex.split(command)[1:])
        assert made == printed, command
        root = re.search(r"^root +(\S+)$", made, re.MULTILINE)
        if root is not None:
            monkeypatch.setenv("BALLOTBOX_ROOT", root[1])
            monkeypatch.setenv("BALLOTBOX_ELECTION", "election.cose")
