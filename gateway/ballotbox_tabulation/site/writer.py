"""Writing a site: every page in every language, the data, and the proofs when a log is given."""

from collections.abc import Callable, Iterable
from importlib.resources import files
from pathlib import Path
from typing import Final

from ballotbox_tabulation.core.companion_document import companion_document
from ballotbox_tabulation.core.document_stream import pieces
from ballotbox_tabulation.core.err_document import err_document
from ballotbox_tabulation.core.publication import Document
from ballotbox_tabulation.site.contest_view import Contests
from ballotbox_tabulation.site.folder import RESULT, Folder
from ballotbox_tabulation.site.pages import Pages
from ballotbox_tabulation.site.paths import ENTERED, RELEASED, proof_files
from ballotbox_tabulation.site.proofs import Proofs, hex_lines
from ballotbox_tabulation.site.site import Site
from ballotbox_tabulation.site.station_view import Stations
from ballotbox_tabulation.site.tables import box_table, option_table, station_table

_FRONT: Final = "index.html"
_PACKAGE: Final = files("ballotbox_tabulation")

#: Told how many stations are written, of how many; a station counts once for each language.
Told = Callable[[int, int], None]


def write_site(
    site: Site,
    directory: Path,
    proofs: Proofs | None = None,
    *,
    codes: bool = False,
    told: Told = lambda _done, _all: None,
) -> int:
    """Write the folder of a site and return how many files it has.

    `codes`: draw the QR codes of reports too, about a second for each box. Nothing of the folder
    changes before all files are made. Raises OSError, and UnusableInput for a log without the
    reports that the result lists, or a folder with files of others.
    """
    stations, contests = Stations(site.result), Contests(site.result)
    with Folder(directory) as folder:
        _write_data(folder, site)
        if proofs is not None:
            _write_proofs(folder, stations, proofs, codes=codes)
        last = [_FRONT]
        for at, code in enumerate(site.languages):
            pages = Pages(site, code, stations, contests)
            count = len(stations.precincts)
            for number, (name, data) in enumerate(pages.all(), 1):
                folder.write(name, data)
                # The pages after those of the stations are few.
                told(at * count + min(number, count), len(site.languages) * count)
            last.append(f"{code}/{_FRONT}")
            if not at:
                folder.write(_FRONT, pages.front())
        folder.finish(last)
        return len(folder)


def _write_data(folder: Folder, site: Site) -> None:
    result, digest = site.result, site.digest
    styles = (_PACKAGE / "templates" / "base.css", _PACKAGE / "templates" / "site" / "site.css")
    folder.write("site.css", b"".join(each.read_bytes() for each in styles))
    folder.write(RESULT, site.file)
    if site.released is not None:
        folder.write(RELEASED, site.released.statement.to_bytes())
        if site.released.receipt:
            folder.write(ENTERED, site.released.receipt)
    schema = (_PACKAGE / "site" / "companion.schema.json").read_bytes()
    folder.write("data/companion.schema.json", schema)
    texts: dict[str, Iterable[str]] = {
        "data/options.csv": option_table(result),
        "data/stations.csv": station_table(result),
        "data/boxes.csv": box_table(result),
        "data/err.json": pieces(err_document(result, digest)),
        "data/companion.json": pieces(companion_document(result, digest)),
    }
    for name, text in texts.items():
        folder.write_text(name, text)


def _write_proofs(folder: Folder, stations: Stations, proofs: Proofs, *, codes: bool) -> None:
    """Write each report with its receipt, and tell the boxes of `stations` where they lie."""
    for number in stations.numbers:
        for box in stations.boxes_of(number):
            for report in box["reports"]:
                drawn = _write_proof(folder, number, report, proofs, codes=codes)
                if drawn:
                    stations.codes[report["id"]] = drawn
    stations.proved = True


def _write_proof(
    folder: Folder, precinct: int, report: Document, proofs: Proofs, *, codes: bool
) -> list[str]:
    """Write a report with its receipt; return the names of its codes."""
    proof = proofs.of(report)
    signed, receipt, stem = proof_files(precinct, report["id"])
    folder.write_text(signed, hex_lines(proof.report))
    folder.write_text(receipt, hex_lines(proof.receipt))
    drawn = []
    for part, text in enumerate(proofs.codes(proof.report) if codes else (), 1):
        drawn.append(f"{stem}.{part}.svg")
        folder.write(drawn[-1], _drawn(text))
    return drawn


def _drawn(text: str) -> bytes:
    import io

    import segno

    drawing = io.BytesIO()
    code = segno.make_qr(text, error="m", mode="alphanumeric")
    code.save(drawing, kind="svg", scale=3, xmldecl=False, nl=False)
    return drawing.getvalue()
