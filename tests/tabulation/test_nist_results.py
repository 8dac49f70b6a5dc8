"""Are the NIST documents valid, and do they equal the result and the records of the boxes?"""

import json
from collections import Counter
from importlib.resources import files

import jsonschema
import pytest
from jsonschema.validators import validator_for

from ballotbox_device.core.vote_records import vote_record_report
from ballotbox_protocol.election.law.source import load_law
from ballotbox_protocol.wire import cose
from ballotbox_tabulation.core.companion_document import BALLOTS, LINES, companion_document
from ballotbox_tabulation.core.document_stream import Stream, pieces
from ballotbox_tabulation.core.err_document import err_document
from ballotbox_tabulation.core.result_status import OPEN_STATES
from ballotbox_tabulation.law_files import law_text
from tests.device.nist_schemas import checker
from tests.device.polling_place import authority as box_authority
from tests.device.polling_place import report_in
from tests.device.test_secrecy import vote
from tests.device.test_vote_records import EVERY_MARK
from tests.tabulation.folding import concluded
from tests.tabulation.log_builder import LogBuilder, Signed, authority_of
from tests.tabulation.site_material import (
    decided,
    many_districts,
    result_of_the_day,
)

SCHEMA = "NIST_V2_election_results_reporting.json"
DIGEST = "sha256:" + "0" * 64


def written(document):
    return json.loads("".join(pieces(document)))


def report_of(result):
    return written(err_document(result, DIGEST))


def empty_result():
    return concluded(LogBuilder(authority_of(boxes=2))).result


RESULTS = {
    "everything": result_of_the_day,
    "decided": lambda: decided(result_of_the_day()),
    "certified": lambda: decided(result_of_the_day(), "certified"),
    "nothing counted": empty_result,
    "districts": lambda: many_districts(5, 4),
}


@pytest.fixture
def err(shared):
    return checker(shared, SCHEMA)


@pytest.mark.parametrize("name", RESULTS)
def test_the_report_is_valid_against_the_schema_of_nist(err, name):
    err.validate(report_of(RESULTS[name]()))


def test_the_checker_refuses_a_report_that_is_not_valid(err):
    report = report_of(result_of_the_day())
    report["Election"][0]["Contest"][0]["ContestSelection"][0]["VoteCounts"][0]["Count"] = "7"
    with pytest.raises(jsonschema.ValidationError):
        err.validate(report)


def votes_in(report, kind="total"):
    """Every count of a report by unit and selection, and how often each is told."""
    told = Counter()
    found = {}
    for contest in report["Election"][0]["Contest"]:
        for selection in contest["ContestSelection"]:
            for each in selection.get("VoteCounts", ()):
                if each["Type"] == kind:
                    told[each["GpUnitId"], selection["@id"]] += 1
                    found[each["GpUnitId"], selection["@id"]] = each["Count"]
    assert set(told.values()) <= {1}
    return found


def test_the_report_has_every_number_of_the_result_and_none_of_a_silent_precinct():
    result = result_of_the_day()
    found = votes_in(report_of(result))
    expected = {}
    for at, contest in enumerate(result["nation"]["contests"]):
        for option, shown in enumerate(contest["options"]):
            selection = f"contest-{at}-option-{option}"
            expected["scope", selection] = shown["votes"]
            for place, votes in enumerate(shown["preferences"]):
                expected["scope", f"{selection}-candidate-{place}"] = votes
            for precinct in result["precincts"]:
                if precinct["contests"] is not None:
                    unit = f"precinct-{precinct['number']}"
                    expected[unit, selection] = precinct["contests"][at]["votes"][option]
    assert found == expected
    silent = [each["number"] for each in result["precincts"] if each["contests"] is None]
    assert silent
    assert not {unit for unit, _ in found} & {f"precinct-{number}" for number in silent}


def test_a_contest_has_no_numbers_where_nobody_voted_on_it():
    result = many_districts(2, 2)
    elsewhere, nobody = result["precincts"]
    for precinct, ballots in ((elsewhere, 3), (nobody, 0)):
        precinct["counters"] = {**precinct["counters"], "ballots": ballots}
    units = {unit for unit, selection in votes_in(report_of(result)) if "contest-1" in selection}
    assert units == {"scope", f"precinct-{nobody['number']}"}


def test_seats_and_winners_are_those_of_the_decisions():
    result = decided(result_of_the_day(), status="complete")
    result["decisions"][1]["options"][1]["elected"] = True
    waiting = dict(result["boxes"])
    result["boxes"] |= {key: [] for key in OPEN_STATES}
    report = report_of(result)
    assert votes_in(report, "seats") == {
        ("scope", "contest-0-option-0"): 30,
        ("scope", "contest-0-option-1"): 24,
    }
    candidates = report["Election"][0]["Candidate"]
    winners = [each["@id"] for each in candidates if "PostElectionStatus" in each]
    assert winners == ["contest-1-option-1-person"]
    # Whatever officers call a result, nobody has won while a box may still count.
    corrected = result | {"boxes": waiting, "status": "correction"}
    early = report_of(corrected)["Election"][0]["Candidate"]
    assert not any("PostElectionStatus" in each for each in early)


@pytest.mark.parametrize(
    ("status", "told"),
    [
        ("preliminary", "unofficial-partial"),
        ("complete", "unofficial-complete"),
        ("correction", "correction"),
        ("certified", "certified"),
    ],
)
def test_the_status_is_that_of_the_result(status, told):
    assert report_of(decided(result_of_the_day(), status))["Status"] == told


def test_without_a_status_it_follows_from_the_boxes():
    result = result_of_the_day()
    assert report_of(result)["Status"] == "unofficial-partial"
    result["boxes"] |= {key: [] for key in OPEN_STATES}
    assert report_of(result)["Status"] == "unofficial-complete"
    assert report_of(empty_result())["Status"] == "unofficial-partial"


def test_a_rehearsal_says_so_and_an_official_election_does_not():
    result = result_of_the_day()
    report = report_of(result)
    assert (report["IsTest"], report["TestType"]) == (True, "rehearsal")
    result["election"]["mode"] = "official"
    report = report_of(result)
    assert report["IsTest"] is False
    assert "TestType" not in report


def test_a_time_that_no_calendar_has_is_replaced_by_the_day(err):
    result = result_of_the_day()
    assert report_of(result)["GeneratedDate"] == "2026-11-29T11:00:43Z"
    for time in (2**62, None):
        result["log"]["latest_time"] = time
        report = report_of(result)
        assert report["GeneratedDate"] == f"{result['election']['day']}T00:00:00Z"
        err.validate(report)


# ---- an independent count of cast vote records


def tabulated(records, unit=lambda record: record["BallotStyleUnitId"]):
    """Count cast vote records as NIST's format says, from the documents alone."""
    found = Counter()
    for record in records:
        current = record["CurrentSnapshotId"]
        (snapshot,) = [each for each in record["CVRSnapshot"] if each["@id"] == current]
        for contest in snapshot["CVRContest"]:
            for selection in contest.get("CVRContestSelection", ()):
                for position in selection["SelectionPosition"]:
                    marked = position["HasIndication"] == "yes"
                    if marked and position.get("IsAllocable") != "no":
                        key = unit(record), selection["ContestSelectionId"]
                        found[key] += position.get("NumberVotes", 1)
    return found


def test_the_count_of_this_test_finds_the_numbers_of_nist_s_own_sample(shared):
    folder = shared / "vectors" / "nist-cdf" / "samples"
    records, results = (
        json.loads((folder / f"{name}-gen-01.json").read_text()) for name in ("cvr", "err")
    )
    counted = tabulated(records["CVR"])
    told = votes_in(results)
    units = {unit for unit, _ in counted}
    assert len(units) == 4
    compared = {key: count for key, count in told.items() if key[0] in units}
    assert len(compared) > 58
    assert {key: counted[key] for key in compared} == compared


def day_of_a_box():
    """A box that was fed every mark there is, its final, and all its signed reports."""
    place, _ = vote((*EVERY_MARK, *EVERY_MARK[:3]))
    final = place.finish()
    signed = [
        Signed(data, cose.statement_id(cose.parse(data).statement), report_in(data))
        for data in place.kept()
    ]
    return place, final, signed


def test_the_records_of_a_box_tabulated_independently_equal_the_report():
    place, final, signed = day_of_a_box()
    records = vote_record_report(place.rules, place.device._bank.contents(), final, 0)["CVR"]
    assert len(records) == final.counters.accepted > len(EVERY_MARK)
    log = LogBuilder(box_authority())
    for each in signed:
        log.decide(each)
    told = votes_in(report_of(concluded(log).result))
    counted = tabulated(records, lambda _: "scope")
    nation = {key: count for key, count in told.items() if key[0] == "scope"}
    assert nation == {key: counted[key] for key in nation}
    assert sum(counted.values()) == sum(nation.values()) > 0
    unit = f"precinct-{final.precinct}"
    assert {selection: count for (area, selection), count in told.items() if area == unit} == {
        selection: counted["scope", selection] for area, selection in told if area == unit
    }


# ---- the companion


def companion_of(result):
    return written(companion_document(result, DIGEST))


@pytest.fixture(scope="module")
def companion_schema():
    schema = json.loads((files("ballotbox_tabulation") / "site/companion.schema.json").read_text())
    kind = validator_for(schema)
    kind.check_schema(schema)
    return kind(schema, format_checker=kind.FORMAT_CHECKER)


@pytest.mark.parametrize("name", RESULTS)
def test_the_companion_is_valid_against_its_schema(companion_schema, name):
    companion_schema.validate(companion_of(RESULTS[name]()))


def test_the_companion_uses_the_units_and_contests_of_the_report():
    result = result_of_the_day()
    report, companion = report_of(result), companion_of(result)
    units = [each["@id"] for each in report["GpUnit"]]
    assert [each["unit"] for each in companion["units"]] == units
    contests = {each["@id"] for each in report["Election"][0]["Contest"]}
    told = [each for each in companion["units"] if each["boxes"]]
    assert told
    assert {each["contest"] for unit in told for each in unit["boxes"]["invalid"]} == contests


def test_what_boxes_say_is_summed_and_what_nobody_says_is_null():
    result = result_of_the_day()
    scope, first, second, *_, last = companion_of(result)["units"]
    nation = result["nation"]
    council = nation["contests"][2]
    assert scope["boxes"]["portable"] == nation["counters"]["portable"]
    assert scope["boxes"]["invalid"][2] == {
        "contest": "contest-2",
        "blank": council["blank"],
        "overvoted": council["overvotes"] // 3,
    }
    assert council["overvotes"] > 0
    assert last["boxes"] is None
    (count,) = first["by_hand"]
    assert {name: count[name] for name in BALLOTS} == {
        "invalid": 201,
        "spoiled": None,
        "cancelled": None,
        "lost": None,
        "portable": 4,
    }
    assert [each["version"] for each in second["by_hand"]] == [2], "only what is in force"
    assert {last["by_hand"][0][name] for name in BALLOTS} == {None}, "a law that nobody knows here"


def test_the_lines_of_each_law_are_lines_of_it():
    for name, lines in LINES.items():
        known = {line.number for line in load_law(law_text(name)).lines}
        assert set(lines) <= set(BALLOTS)
        assert set(lines.values()) <= known, name


# ---- writing


def test_a_stream_is_written_as_a_list():
    document = {"a": Stream(iter([{"b": Stream([])}, 1, "ё"])), "c": {"d": [1, None]}, "e": {}}
    text = "".join(pieces(document))
    assert text == '{"a":[{"b":[]},1,"ё"],"c":{"d":[1,null]},"e":{}}'


@pytest.mark.parametrize("size", [0, 1, 63, 64, 65, 128, 200])
@pytest.mark.parametrize("every", [1, 7, 64, 1_000])
def test_a_stream_of_any_length_is_the_list_with_its_streams_in_place(size, every):
    def items(listed):
        return [{"at": at, "in": listed([at] * 3)} if at % every == 0 else at for at in range(size)]

    text = "".join(pieces({"all": Stream(iter(items(Stream)))}))
    assert text == json.dumps({"all": items(list)}, separators=(",", ":"))


def test_what_json_cannot_hold_is_refused():
    with pytest.raises(TypeError, match="JSON has no object"):
        list(pieces({"a": object()}))
