"""A count by hand on paper: one HTML file that prints as many copies as there are observers.

Every copy has the signed QR codes, so that a photograph of any of them is a certified copy.
"""

from collections.abc import Iterator
from html import escape
from typing import Final

import segno

from ballotbox_gateway.service.count_sheet import CountSheet, in_words
from ballotbox_protocol.election.identifiers import Mode
from ballotbox_protocol.election.law.law import Mark, Value
from ballotbox_protocol.wire.hand_count import HandCount
from ballotbox_protocol.wire.paper import PaperCount, paper_parts

COPIES_MAX: Final = 100
#: Modules of a code are at least half a millimetre wide (device/WIRE.md).
_MODULE_MM: Final = 0.6
_MARGIN: Final = 4

_STYLE: Final = """
@page { size: A4; margin: 12mm }
body { font: 9.5pt/1.3 sans-serif; color: #000; background: #fff; margin: 0 }
section { break-after: page }
section:last-child { break-after: auto }
h1 { font-size: 14pt; margin: 0 0 2mm }
p { margin: 0 0 1.5mm; overflow-wrap: anywhere }
table { border-collapse: collapse; width: 100%; margin: 2mm 0 }
th, td { border: 0.3mm solid #000; padding: 0.5mm 1.5mm; text-align: left; vertical-align: top }
td.value { text-align: right; white-space: nowrap }
.mode { border: 0.6mm solid #000; padding: 1mm 2mm; font-weight: bold; text-align: center }
.codes { display: flex; flex-wrap: wrap; gap: 4mm }
figure { margin: 0; break-inside: avoid }
.signed td { height: 9mm; width: 50% }
"""


def count_page(sheet: CountSheet, count: HandCount, standing: str, copies: int) -> str:
    """Return the page; `standing` says what the gateway decided about this version."""
    codes = "".join(_codes(count))
    body = "".join(
        f"<section>\n{_head(sheet, count, standing)}"
        f"<p>Copy {number} of {copies}</p>\n{_table(sheet, count)}{_signed(count)}"
        f'<div class="codes">{codes}</div>\n</section>\n'
        for number in range(1, copies + 1)
    )
    title = escape(f"Count by hand, precinct {count.precinct}, version {count.version}")
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n{body}</body>\n</html>\n"
    )


def _head(sheet: CountSheet, count: HandCount, standing: str) -> str:
    election, law = sheet.trusted.election, sheet.bound.law
    official = election.mode is Mode.OFFICIAL
    lines = [f"<h1>{escape(election.name)}: count by hand</h1>"]
    if not official:
        lines.append(f'<p class="mode">{election.mode.name}, NO ELECTION</p>')
    corrects = count.corrects.hex() if count.corrects else ""
    told = {
        "Precinct": f"{count.precinct} {sheet.precinct.name}",
        "Contest": sheet.contest.name,
        "Law": f"{law.title} ({law.name}, file {count.law_digest.hex()})",
        "Version": str(count.version),
        "Corrects": corrects,
        "Reason of the correction": count.reason or "",
        "Id": count.id.hex(),
        "Log": standing,
    }
    lines += [f"<p><b>{name}:</b> {escape(text)}</p>" for name, text in told.items() if text]
    return "\n".join(lines) + "\n"


def _table(sheet: CountSheet, count: HandCount) -> str:
    rows = "".join(
        f"<tr><th>{escape(line)}</th><td>{escape(title)}</td>"
        f'<td class="value">{escape(_shown(value))}</td></tr>\n'
        for (line, title), value in zip(sheet.labels, count.values, strict=True)
    )
    wrong = [escape(each) for each in in_words(sheet, count.values)]
    notes = "".join(f"<p>{each}</p>\n" for each in wrong)
    return f"<table>\n<tbody>\n{rows}</tbody>\n</table>\n{notes}"


def _signed(count: HandCount) -> str:
    cells = "".join(f"<td>Officer {each.key_id.hex()}</td>" for each in count.signatures)
    return f'<table class="signed"><tbody><tr>{cells}</tr></tbody></table>\n'


def _codes(count: HandCount) -> Iterator[str]:
    for number, part in enumerate(paper_parts(PaperCount(count.to_bytes())), start=1):
        code = segno.make_qr(part, error="m", mode="alphanumeric")
        drawn = code.svg_inline(scale=_MODULE_MM, border=_MARGIN, unit="mm", title=f"part {number}")
        yield f"<figure>{drawn}</figure>"


def _shown(value: Value) -> str:
    return value.value if isinstance(value, Mark) else str(value)
