"""Is a plan taken whole or refused with the field and the way out?"""

from pathlib import Path

import pytest

from ballotbox_gateway.problem import Problem
from ballotbox_simulator.rehearse.plan_file import document_of, load_plan, plan_names, read_plan

ONE = 'title = "One"\n[[boxes]]\ncount = 5\n'


def refused(text: str) -> str:
    with pytest.raises(Problem) as problem:
        read_plan("night.toml", text, Path())
    return str(problem.value)


@pytest.mark.parametrize("name", plan_names())
def test_every_plan_that_comes_with_the_package_is_good(name: str) -> None:
    plan = load_plan(name)

    assert plan.title
    assert document_of(plan)["boxes"][0]["count"] == plan.boxes[0].count


def test_the_plans_that_are_promised_are_there() -> None:
    promised = {"quick", "ordinary-day", "broker-killed", "gateway-killed", "upstream-out"}
    promised |= {"one-of-two-killed", "database-restarted"}

    assert promised <= set(plan_names())


def test_the_ordinary_day_has_the_boxes_of_a_country() -> None:
    plan = load_plan("ordinary-day")

    assert plan.count == 15_000
    assert plan.boxes[0].sheets == 40


def test_without_a_take_over_one_of_two_killed_is_no_go() -> None:
    plan = load_plan("one-of-two-killed")
    (event,) = plan.event
    asked = plan.objectives.receipted_99

    back_s = event.ends(plan.day.clock) - plan.day.clock.lasts_s
    assert plan.target.lease < plan.burst.spread < asked < back_s


def test_sheets_are_forty_and_nothing_is_lost_where_a_plan_says_nothing() -> None:
    plan = read_plan("night.toml", ONE, Path())

    assert plan.boxes[0].sheets == 40
    assert [plan.objectives.asked.limit(name) for name in ("lost", "doubled")] == [0, 0]
    assert plan.office is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("title = 3\n", "title: must be text in quotes"),
        ('title = "a"\n', "boxes: is missing"),
        ('title = "a"\nboxes = []\n', "boxes: add a table [[boxes]]"),
        (ONE + "[day]\ncompression = 0\n", "day.compression: must be a number from 1 to 86400, or"),
        (ONE + '[day]\nopening = "25"\n', "day.opening: must be a time of the day"),
        (ONE + '[day]\nclosing = "07:00"\n', "day: must close after it opens"),
        (ONE + "[day]\ncurve = [0, 0]\n", "day.curve: must be weights of 0 or more"),
        (ONE + "[day]\ncurve = []\n", "day.curve: must be a list of numbers"),
        (ONE + '[burst]\nspread = "soon"\n', "burst.spread: must be a duration in quotes"),
        (ONE + "[tester]\nworker = 2\n", "tester.worker: there is no such setting; did you mean"),
        (ONE + "profil = 2\n", "boxes[0].profil: there is no such setting; did you mean"),
        (ONE + 'profile = "x"\n', "boxes[0].profile: there is no profile 'x': aks,"),
        (ONE + '[[event]]\nkind = "boom"\nat = "20:00"\n', "event[0].kind: must be one of"),
        (ONE + '[[event]]\nkind = "area-cut"\nat = "20:00"\n', "area goes with kind area-cut"),
        (
            ONE + '[[event]]\nkind = "upstream-out"\nat = "20:00"\n',
            "event[0] (upstream-out) needs embedded.centre = true",
        ),
        (
            ONE + '[[event]]\nkind = "certificate-expired"\nat = "20:00"\n',
            "event[0] (certificate-expired) needs embedded.tls = true",
        ),
        (
            ONE + '[[event]]\nkind = "database-killed"\nat = "20:00"\n',
            'event[0] (database-killed) needs embedded.ledger = "postgresql"',
        ),
        (
            ONE + "[embedded]\ngateways = 2\n",
            "embedded: gateways is 2, and a ledger in a file has one process: give ledger",
        ),
        (
            ONE + '[embedded]\nledger = "oracle"\n',
            "embedded.ledger: must be 'sqlite' or 'postgresql', not",
        ),
        (
            ONE + '[embedded]\nledger = "postgresql"\ngateways = 9\n',
            "embedded.gateways: must be less than or equal to 8, not 9",
        ),
        (
            ONE + '[embedded]\nledger = "postgresql"\ncentre = true\n',
            'embedded: centre = true needs ledger = "sqlite"',
        ),
        (
            ONE + '[embedded]\nlease = "5s"\n',
            'embedded: lease needs ledger = "postgresql"',
        ),
        (
            ONE + '[embedded]\nledger = "postgresql"\nlease = "2s"\n',
            "embedded.lease: must be greater than or equal to 3, not 2",
        ),
        (
            ONE + '[office]\nhost = "a"\norigin = "o.example/x"\n'
            '[[event]]\nkind = "database-restarted"\nat = "20:00"\n',
            "a rehearsal breaks nothing of the office's",
        ),
        (
            ONE + '[embedded]\nledger = "postgresql"\n'
            '[[event]]\nkind = "database-killed"\nat = "20:00"\nlasts = "3s"\n'
            '[[event]]\nkind = "database-restarted"\nat = "20:00:02"\n',
            "break the database at the same time",
        ),
        (
            ONE + '[[event]]\nkind = "boxes-cloned"\nat = "20:00"\nboxes = 6\n',
            "event[0] has 6 boxes, but there are 5",
        ),
        (
            ONE + '[[event]]\nkind = "reconnect-storm"\nat = "06:00"\n',
            "event[0] is at an hour before day.morning",
        ),
        (
            ONE + '[embedded]\n[office]\nhost = "a"\norigin = "o.example/x"\n',
            "give [embedded] or [office], one of the two",
        ),
        (
            ONE + '[office]\nhost = "a"\norigin = "o.example/x"\n'
            '[[event]]\nkind = "broker-killed"\nat = "20:00"\n',
            "a rehearsal breaks nothing of the office's",
        ),
        (
            ONE + '[office]\nhost = "a"\norigin = "o.example/x"\nexport = ["cp"]\n',
            "export must name the folder as {log}",
        ),
        ("title = \n", "is not TOML"),
        (ONE + "[objectives]\nlost = 1\n", "objectives.lost: there is no such setting"),
        (ONE + '[objectives]\nreceipted_99 = "0s"\n', "objectives.receipted_99: must be greater"),
        (
            ONE + "[objectives]\nreceipt_p99_ms = inf\n",
            "objectives.receipt_p99_ms: must be a finite",
        ),
        (ONE + "[objectives]\nmemory_kib = nan\n", "objectives.memory_kib: must be"),
        (ONE + "[tester]\nlag_p99_ms = inf\n", "tester.lag_p99_ms: must be a finite number"),
        (ONE + "[day]\ncompression = true\n", "day.compression: must be a number from 1"),
        (ONE + '[election]\nfolder = "x"\n', "election.folder needs [office]"),
        ('title = "a"\nareas = 6\n[[boxes]]\ncount = 5\n', "areas are 6, but there are 5 boxes"),
        (
            ONE + '[[event]]\nkind = "area-cut"\nat = "20:00"\narea = 6\n',
            "event[0] has area 6, but areas are 5",
        ),
        (ONE + '[office]\nhost = "a"\norigin = "No Name"\n', "office.origin: must be"),
        (
            ONE + '[office]\nhost = "a"\norigin = "o.example/x"\npassword_file = "p"\n',
            "password_file goes with username",
        ),
        (
            ONE + '[[event]]\nkind = "reconnect-storm"\nat = "29:00"\n',
            "event[0] ends after all is over",
        ),
        (
            ONE + '[[event]]\nkind = "broker-killed"\nat = "20:00"\nlasts = "999h"\n',
            "event[0] ends after all is over",
        ),
        (
            ONE + '[[event]]\nkind = "broker-killed"\nat = "20:00:02"\nlasts = "5s"\n'
            '[[event]]\nkind = "broker-restarted"\nat = "20:00"\nlasts = "3s"\n',
            "event[1] (broker-restarted) and event[0] (broker-killed) break the broker at the same",
        ),
    ],
)
def test_what_is_wrong_is_named_with_the_way_out(text: str, words: str) -> None:
    assert words in refused(text)


def test_every_fault_is_told_at_once() -> None:
    told = refused("title = 3\n[[boxes]]\ncount = 0\n[tester]\npatience = 5\n")

    assert all(field in told for field in ("title", "boxes[0].count", "tester.patience"))
    assert told.startswith("night.toml: ")


def test_an_unknown_name_is_answered_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"there is none of this name.*quick"):
        load_plan("quik")
    with pytest.raises(Problem, match="no such file"):
        load_plan(str(tmp_path / "none.toml"))
    (tmp_path / "plan.toml").write_bytes(b"\xff")
    with pytest.raises(Problem, match="UTF-8"):
        load_plan(str(tmp_path / "plan.toml"))


def test_paths_start_from_the_plan(tmp_path: Path) -> None:
    office = '[office]\nhost = "a"\norigin = "o.example/x"\n'
    (tmp_path / "plan.toml").write_text(ONE + '[election]\nfolder = "try-out"\n' + office)

    assert load_plan(str(tmp_path / "plan.toml")).election.folder == tmp_path / "try-out"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (
            'kind = "broker-killed"\nat = "20:00"\nlasts = "3s"',
            'kind = "broker-killed"\nat = "20:00:03"',
        ),
        (
            'kind = "broker-killed"\nat = "20:00"\nlasts = "9s"',
            'kind = "gateway-killed"\nat = "20:00"',
        ),
        (
            'kind = "area-cut"\narea = 1\nat = "20:00"\nlasts = "9s"',
            'kind = "area-cut"\narea = 2\nat = "20:00"',
        ),
    ],
    ids=["one after the other", "two parts", "two areas"],
)
def test_events_that_break_no_part_twice_at_once_are_taken(first: str, second: str) -> None:
    plan = read_plan("a.toml", f"{ONE}[[event]]\n{first}\n[[event]]\n{second}\n", Path())

    assert len(plan.event) == 2


def test_gateways_of_one_ledger_are_taken_with_their_events() -> None:
    plan = read_plan(
        "a.toml",
        f'{ONE}[embedded]\nledger = "postgresql"\ngateways = 2\n'
        '[[event]]\nkind = "database-killed"\nat = "20:00"\nlasts = "3s"\n'
        '[[event]]\nkind = "gateway-killed"\nat = "20:00"\n',
        Path(),
    )

    assert (plan.target.gateways, plan.target.lease, plan.target.has_database) == (2, 15, True)
    assert (load_plan("quick").target.gateways, load_plan("quick").target.ledger) == (1, "sqlite")


def test_no_area_is_without_a_box() -> None:
    assert read_plan("a.toml", ONE, Path()).neighbourhoods == 5


def test_the_plans_are_found_beside_the_package_too() -> None:
    beside = Path("simulator") / "plans" / "ordinary-day.toml"

    assert read_plan("a.toml", beside.read_text(), Path()) == load_plan("ordinary-day")
