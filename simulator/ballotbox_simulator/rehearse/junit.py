"""The verdict for a build server: one JUnit suite, a case for each thing that was asked."""

from pathlib import Path
from typing import Final
from xml.etree.ElementTree import Element, ElementTree, SubElement, indent

from ballotbox_simulator.rehearse.core.document import RehearsalResult

#: The file's name in `--out`.
NAME: Final = "junit.xml"


def write_junit(directory: Path, result: RehearsalResult) -> Path:
    """Write the suite and return its path; an INVALID run is an error, a missed one a failure."""
    cases = list(_cases(result))
    failed = sum(kind == "failure" for _, kind, _ in cases)
    errors = sum(kind == "error" for _, kind, _ in cases)
    suite = Element(
        "testsuite",
        name=result.title,
        tests=str(len(cases)),
        failures=str(failed),
        errors=str(errors),
        timestamp=result.started.removesuffix("Z"),
        time=f"{result.moments.ended:.3f}",
    )
    for name, kind, words in cases:
        case = SubElement(suite, "testcase", classname="rehearsal", name=name)
        if kind:
            SubElement(case, kind, message=words)
    tree = ElementTree(suite)
    indent(tree)
    path = directory / NAME
    tree.write(path, encoding="utf-8", xml_declaration=True)
    return path


def _cases(result: RehearsalResult) -> "list[tuple[str, str, str]]":
    """Return each case: its name, `failure`, `error` or nothing, and why."""
    verdict, ledger = result.verdict, result.ledger
    why = "; ".join(verdict.reasons)
    kinds = {"GO": "", "NO-GO": "failure", "INVALID": "error"}
    cases = [(f"verdict {verdict.outcome}", kinds[verdict.outcome], why)]
    tester = "" if result.tester.valid else "error"
    cases.append(("the tester was not the limit", tester, result.tester.words))
    wrong = [
        *(f"missing {each.report}: {each.where}" for each in ledger.missing),
        *(f"doubled {each.report}: {each.where}" for each in ledger.doubled),
        *ledger.objections,
    ]
    unseen = ledger.stored is None
    kind = "error" if unseen else "" if ledger.holds else "failure"
    told = "nobody saw the log" if unseen else "; ".join(wrong[:20])
    cases.append(("sent = receipted = stored = tabulated", kind, told))
    cases += [(each.words, "" if each.met else "failure", str(each)) for each in result.objectives]
    return cases
