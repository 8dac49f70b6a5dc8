"""Does the same source give the same package, byte by byte? It is built twice: asked in a soak."""

import sys

import pytest

from tests.packaging.installed_gateway import PACKAGING, missing_tools, run

pytestmark = pytest.mark.soak


def test_the_same_source_gives_the_same_package(tmp_path):
    if missing := missing_tools():
        pytest.skip(missing)
    found = []
    for name in ("first", "again"):
        run(sys.executable, PACKAGING / "make_deb.py", "--out", tmp_path / name)
        found += [each.read_bytes() for each in (tmp_path / name).glob("*.deb")]
    first, again = found
    assert first == again
