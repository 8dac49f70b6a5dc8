"""A tape as a picture: black dots on white paper, one for each dot of the printer."""

from functools import cache
from importlib import resources
from io import BytesIO
from typing import Final

import fontpkg_ibm_plex_mono
import segno
from PIL import Image, ImageDraw, ImageFont

from ballotbox_device.paper.paper import CHARACTER_DOTS, Paper
from ballotbox_device.paper.tape import Code, Tape

LINE_DOTS: Final = 28
_FONT: Final = "files/IBMPlexMono-Medium.ttf"
#: Its characters are 600/1000 of this wide: those of a printer's font A.
_FONT_DOTS: Final = CHARACTER_DOTS * 1000 // 600
_TOP_DOTS: Final = 1
_DPI: Final = 203
_WHITE: Final = 1
#: Modules of white that readers need around a code (ISO/IEC 18004).
_QUIET_MODULES: Final = 4
#: Wider modules make a code longer and no easier to read.
_MODULE_DOTS_MAX: Final = 6


def tape_png(tape: Tape) -> bytes:
    """Return the tape as a PNG file of one bit a dot."""
    images = [
        code_image(part, tape.paper) if isinstance(part, Code) else line_image(part, tape.paper)
        for part in tape.parts
    ]
    whole = Image.new("1", (tape.paper.dots, sum(image.height for image in images)), _WHITE)
    top = 0
    for image in images:
        whole.paste(image, (0, top))
        top += image.height
    file = BytesIO()
    whole.save(file, "PNG", dpi=(_DPI, _DPI), optimize=True)
    return file.getvalue()


def line_image(line: str, paper: Paper) -> Image.Image:
    """Return one line of text, drawn."""
    image = Image.new("1", (paper.dots, LINE_DOTS), _WHITE)
    ImageDraw.Draw(image).text((0, _TOP_DOTS), line, fill=0, font=_font())
    return image


def code_image(code: Code, paper: Paper) -> Image.Image:
    """Return a QR code in the middle of the paper, its modules as wide as fit, white around it."""
    # Level M bears what a worn print head leaves out; segno takes a higher one where it is free.
    drawn = segno.make_qr(code.text, error="m", mode="alphanumeric")
    modules, _ = drawn.symbol_size(border=_QUIET_MODULES)
    dots = min(int(paper.dots // modules), _MODULE_DOTS_MAX)
    file = BytesIO()
    drawn.save(file, kind="png", scale=dots, border=_QUIET_MODULES)
    symbol = Image.open(file).convert("1")
    image = Image.new("1", (paper.dots, symbol.height), _WHITE)
    image.paste(symbol, ((paper.dots - symbol.width) // 2, 0))
    return image


@cache
def _font() -> ImageFont.FreeTypeFont:
    file = resources.files(fontpkg_ibm_plex_mono) / _FONT
    return ImageFont.truetype(BytesIO(file.read_bytes()), _FONT_DOTS)
