"""Does each of the fifteen acceptance tests have a test that shows it?"""

import pytest

from tests.acceptance import ACCEPTANCE, Said, said_by, shown, table
from tests.acceptance_tally import counted


@pytest.mark.parametrize("number", ACCEPTANCE)
def test_each_number_has_a_test(number: int) -> None:
    assert shown()[number]


def test_no_other_number_is_named() -> None:
    assert set(shown()) == set(ACCEPTANCE)


def test_a_control_alone_shows_nothing() -> None:
    assert said_by("Acceptance 6, the control: the limit is what notices.") == [Said(6, True)]
    assert said_by("Acceptance 6: cut.\n\nAcceptance 7: too.") == [Said(6, False), Said(7, False)]
    assert said_by("It says nothing of Acceptance 6: that is elsewhere.") == []
    assert said_by(None) == []


def test_the_table_says_what_did_not_run_and_what_failed() -> None:
    file, _, name = shown()[1][0].partition("::")
    lines = list(table({(file, name): "failed"}))
    assert f"      failed   test     {file}::{name}" in lines
    assert any(line.startswith("      not run  test") for line in lines)
    assert sum(line.startswith(f"{number:>2}  ") for line in lines for number in ACCEPTANCE) == 15


def test_a_campaign_counts_how_each_test_ended() -> None:
    cases = '<testcase name="a"/><testcase name="b"><skipped/></testcase>'
    failure, error = '<failure message="it sank"/>', '<error message="no boat"/>'
    broken = f'<testcase name="c">{failure}</testcase><testcase name="d">{error}</testcase>'
    tally = counted("x.py", f"<testsuites><testsuite>{cases}{broken}</testsuite></testsuites>")
    assert (tally.passed, tally.skipped, tally.failed) == (1, 1, ["x.py::c", "x.py::d"])
    assert tally.findings == ["x.py::c: it sank", "x.py::d: no boat"]
    assert counted("x.py", "").failed == ["x.py"]
    assert counted("x.py", "", "killed").findings == ["x.py: killed"]
    assert counted("x.py", "<testsuites/>").failed == ["x.py"]
