"""Programs for the night's tests: without charts, in this process, and with checks taken out."""

from concurrent.futures import Executor, Future
from subprocess import CompletedProcess

from click.testing import CliRunner

from ballotbox_simulator.night import publishing
from ballotbox_simulator.night.held import HeldNight
from ballotbox_simulator.night.places import Size
from ballotbox_simulator.night.program import Edit, Program, _said
from ballotbox_tabulation.cli import main
from ballotbox_tabulation.plot import Drawing
from ballotbox_tabulation.site import contest_view

_CORE = "ballotbox_tabulation/core"

#: Enough for each district to have a box, and for two gateways.
TINY = Size(precincts=40, abroad=2, reported=36, divisor=2_000, per_gateway=25)

#: Charts take most of the time of a small night, and no test of numbers looks at them.
NO_CHARTS = Edit(
    "ballotbox_tabulation/plot.py",
    "    return plain_drawing(_draw(bars))",
    '    return Drawing("", ("",) * (len(bars) + 1))',
)
#: Every check that an injection meets, with how it is taken out and what it says when it refuses.
TAKEN_OUT = {
    "PROGRAM": (
        [Edit(f"{_CORE}/statement.py", "if running != released:", "if False:")],
        "the program is not the released one",
    ),
    "RELEASE": (
        [
            Edit(
                "ballotbox_protocol/wire/publication.py",
                "return self.release > 0 and not same",
                "return False",
            )
        ],
        "version 1 was used before",
    ),
    "REPORT_ID": (
        [
            Edit(
                f"{_CORE}/authenticity.py",
                "if cose.statement_id(statement) != leaf.report:",
                "if False:",
            )
        ],
        "[REPORT_ID]",
    ),
    "REPORT_SIGNATURE": (
        [Edit(f"{_CORE}/authenticity.py", "if not cose.verify(", "if False and not cose.verify(")],
        "[REPORT_SIGNATURE]",
    ),
    "BOX_LAW": (
        [Edit(f"{_CORE}/outcome.py", "        of_boxes += box_gates(group, laws)\n", "")],
        "BOX_LAW: ",
    ),
    "SUM": (
        [Edit(f"{_CORE}/gates.py", "        *of_precincts.sums,\n", "")],
        "SUM: ",
    ),
    "VOTES_BOUND": (
        [Edit(f"{_CORE}/gates.py", "    if bound is not None:", "    if False:")],
        "VOTES_BOUND: ",
    ),
    "SHARES": (
        [
            Edit(f"{_CORE}/gates.py", "    if whole is not None:", "    if False:"),
            Edit(f"{_CORE}/gates.py", "        *_share_gates(result),\n", ""),
        ],
        "SHARES: ",
    ),
    "SECOND": (
        [Edit(f"{_CORE}/outcome.py", "if second is not None:", "if False:")],
        "SECOND: ",
    ),
    "PROOF": (
        [
            Edit(
                "ballotbox_tabulation/site/proofs.py",
                'if data is None or _id_of(data) != report["id"]:',
                "if data is None:",
            )
        ],
        "does not stand beside its leaf",
    ),
}


def without(*checks):
    """Return the edits that take these checks out, and the charts."""
    return [NO_CHARTS, *(edit for check in checks for edit in TAKEN_OUT[check][0])]


def _undrawn(bars):
    return Drawing("", ("",) * (len(bars) + 1))


class InOneLanguage(Program):
    """A program that writes its pages in one language: the others say the same of numbers."""

    def run(self, *arguments):
        spoken = ("--languages=en",) if arguments[0] == "site" else ()
        return super().run(*arguments, *spoken)


class InThisProcess(Program):
    """The installed program, called here: it need not be started for each command."""

    def run(self, *arguments):
        done = CliRunner().invoke(main, [str(each) for each in arguments])
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return _said(CompletedProcess([], done.exit_code, done.stdout, done.stderr))


class AtOnce(Executor):
    """Does what it is given before it returns: one process has one output."""

    def submit(self, work, /, *arguments):
        done = Future()
        done.set_result(work(*arguments))
        return done


def call_in_this_process(monkeypatch):
    """Let no command of the next nights start a program, and none draw a chart."""
    furnished = HeldNight.__post_init__

    def with_one_output(held):
        furnished(held)
        held.writers = AtOnce()

    monkeypatch.setattr(HeldNight, "__post_init__", with_one_output)
    monkeypatch.setattr(publishing, "INSTALLED", InThisProcess())
    monkeypatch.setattr(contest_view, "drawing_of", _undrawn)
