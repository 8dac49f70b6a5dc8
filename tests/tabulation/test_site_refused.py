"""Is a site refused that could not be believed: another log, a damaged one, no language?"""

import pytest

from ballotbox_protocol.election.identifiers import InvalidField
from ballotbox_tabulation.core.publication import publish
from ballotbox_tabulation.site.proofs import open_proofs
from ballotbox_tabulation.site.site import Notice, Site
from ballotbox_tabulation.site.writer import write_site
from ballotbox_tabulation.trust_files import UnusableInput
from tests.tabulation.site_material import material, proofs_of, result_of_the_day, site_of


@pytest.mark.parametrize("languages", [(), ("en", "de"), ("en", "en")])
def test_a_site_has_languages_that_there_are(languages):
    with pytest.raises(InvalidField, match="languages"):
        site_of(result_of_the_day(), languages=languages)


def test_a_notice_has_a_reason():
    with pytest.raises(InvalidField, match=r"notice\.reasons"):
        Notice("22:00", ())


def _without(files, name):
    return {each: data for each, data in files.items() if each != name}


def _changed(files, name):
    return files | {name: files[name][:-1] + bytes([files[name][-1] ^ 1])}


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda files: _without(files, "checkpoint"), "CHECKPOINT_MISSING"),
        (
            lambda files: _without(files, "tile/entries/000.p/48"),
            "tile/entries/000.p/48 is missing",
        ),
        (lambda files: _changed(files, "tile/entries/000.p/48"), "not those that were signed"),
        (lambda files: files | {"tile/entries/000.p/48": b""}, "is damaged"),
    ],
)
def test_a_log_that_is_not_whole_is_refused(spoil, said):
    log = material()
    files = spoil(log.files())
    with pytest.raises(UnusableInput, match=said):
        open_proofs(files.get, log.authority.trusted, result_of_the_day(), lambda *_: None)


def test_another_log_is_refused():
    log, result = material(), result_of_the_day()
    result["log"]["size"] = 7
    with pytest.raises(UnusableInput, match="size is 48, the result was counted from 7"):
        proofs_of(log, result)


def test_a_report_that_is_not_the_listed_one_is_refused(tmp_path):
    log, result = material(), result_of_the_day()
    result["boxes"]["counted"][0]["reports"][0]["id"] = "00" * 32
    site = Site(result, *publish(result), ("en",))
    with pytest.raises(UnusableInput, match="does not stand beside its leaf"):
        write_site(site, tmp_path / "out", proofs_of(log, result))
    assert not (tmp_path / "out").exists()
