"""Can a printed tape be read again: by an independent QR reader, and by a receipt printer?"""

import os
import subprocess
import sys
from io import BytesIO

import pytest
import zxingcpp
from PIL import Image, ImageFilter

from ballotbox_device.paper.paper import CHARACTER_DOTS, PAPERS
from ballotbox_device.paper.picture import LINE_DOTS, code_image, line_image, tape_png
from ballotbox_device.paper.printer import tape_escpos
from ballotbox_device.paper.tape import Code, Tape, build_tape
from ballotbox_device.paper.text import tape_text
from ballotbox_protocol.wire.paper import PART_MAX, PaperCopy, paper_parts, print_entry
from tests.device.paper.tapes import kyrgyz_authority, kyrgyz_final

WIDTHS = sorted(PAPERS)
ENTRY = print_entry(kyrgyz_authority().trusted.register.boxes[0])
INIT, CUT = b"\x1b@", b"\x1dVB\x00"
RASTER = b"\x1dv0\x00"


def tape(width):
    return build_tape(kyrgyz_final().data, kyrgyz_authority().trusted, PAPERS[width], 2)


def parts_of(printed):
    return [part.text for part in printed.parts if isinstance(part, Code)]


def scanned(image):
    return sorted(each.text for each in zxingcpp.read_barcodes(image.convert("L")))


def opened(data):
    return Image.open(BytesIO(data))


@pytest.mark.parametrize("width", WIDTHS)
def test_an_independent_reader_finds_the_parts_on_the_picture(width):
    image = opened(tape_png(tape(width)))
    assert (image.mode, image.width) == ("1", PAPERS[width].dots)
    assert scanned(image) == sorted(parts_of(tape(width)))


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("size", [0, PART_MAX - 120, 3 * PART_MAX])
def test_the_largest_codes_are_found_too_and_worn_print_is_borne(width, size):
    report = bytes(n * 7 % 256 for n in range(size))
    parts = paper_parts(PaperCopy(report, ENTRY))
    image = opened(tape_png(Tape(PAPERS[width], tuple(Code(part) for part in parts))))
    assert scanned(image) == sorted(parts)
    # Dead dots of the head leave white lines along the paper; a photograph is soft.
    for column in range(12, image.width, 24):
        image.paste(1, (column, 0, column + 1, image.height))
    soft = image.convert("L").filter(ImageFilter.GaussianBlur(1))
    assert scanned(soft) == sorted(parts)


@pytest.mark.parametrize("width", WIDTHS)
def test_modules_are_at_least_four_dots_wide(width):
    longest = f"BBX1:{'A' * 729}"
    image = code_image(Code(longest), PAPERS[width])
    black = image.convert("L").point(lambda dot: 255 - dot).getbbox()
    assert black[2] - black[0] >= 4 * (17 + 4 * 17)
    # The margin of four modules is white on all sides.
    assert min(black[0], black[1], image.width - black[2], image.height - black[3]) >= 16


def test_letters_of_kyrgyz_and_russian_are_drawn_each_its_own():
    letters = "АБВГДЕЁЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯабвгдеёжзийклмнопрстуфхцчшщъыьэюяҢңӨөҮү№«»–"
    paper = PAPERS[58]
    missing = line_image("\uffff", paper).tobytes()
    drawn = [line_image(letter, paper).tobytes() for letter in letters]
    assert missing not in drawn
    assert len(set(drawn)) == len(letters)


@pytest.mark.parametrize("width", WIDTHS)
def test_a_full_line_reaches_the_edge_and_no_further(width):
    paper = PAPERS[width]
    image = line_image("Ш" * paper.columns, paper)
    left, top, right, bottom = image.convert("L").point(lambda dot: 255 - dot).getbbox()
    assert left <= 2
    assert paper.dots - CHARACTER_DOTS < right <= paper.dots
    assert 0 < top < bottom < LINE_DOTS
    assert line_image("Ш" * (paper.columns - 1), paper).tobytes() != image.tobytes()


class Received:
    """What a printer that knows few commands makes of the bytes: lines and pictures."""

    def __init__(self, data):
        assert data.startswith(INIT)
        self.lines, self.pictures, self.cuts = [], [], 0
        text = b""
        at = len(INIT)
        while at < len(data):
            if data.startswith(RASTER, at):
                assert text == b""
                at += self._picture(data, at + len(RASTER))
            elif data.startswith(CUT, at):
                self.cuts += 1
                at += len(CUT)
            elif data.startswith((b"\x1bt", b"\x1bd"), at):  # a code page; so many lines of feed
                at += 3
            elif data[at : at + 1] == b"\n":
                self.lines.append(text.decode("ascii"))
                text, at = b"", at + 1
            else:
                text, at = text + data[at : at + 1], at + 1

    def _picture(self, data, at):
        width, height = (int.from_bytes(data[at + n : at + n + 2], "little") for n in (0, 2))
        body = data[at + 4 : at + 4 + width * height]
        picture = Image.frombytes("1", (8 * width, height), bytes(255 - each for each in body))
        self.pictures.append(picture)
        return len(RASTER) + 4 + len(body)


@pytest.mark.parametrize("width", WIDTHS)
def test_a_printer_gets_its_start_the_text_the_codes_and_one_cut(width, capsys):
    printed = tape(width)
    data = tape_escpos(printed)
    got = Received(data)
    assert data.endswith(CUT)
    assert got.cuts == 1
    lines = tape_text(printed).splitlines()
    assert got.lines == [line for line in lines if line.isascii()]
    assert "COPY 2" in {line.strip() for line in got.lines}
    drawn = [line for line in lines if not line.isascii()]
    assert len(got.pictures) == len(drawn) + len(parts_of(printed))
    assert {picture.width for picture in got.pictures} == {PAPERS[width].dots}
    codes = [text for picture in got.pictures for text in scanned(picture)]
    assert codes == parts_of(printed)
    for picture, line in zip(got.pictures, drawn, strict=False):
        assert picture.tobytes() == line_image(line, PAPERS[width]).tobytes()
    assert capsys.readouterr() == ("", "")


def test_printing_leaves_nothing_among_the_temporary_files(tmp_path):
    program = (
        "from ballotbox_device.paper.paper import PAPERS\n"
        "from ballotbox_device.paper.printer import tape_escpos\n"
        "from ballotbox_device.paper.tape import Tape\n"
        "import tempfile\n"
        "before = tempfile.gettempdir()\n"
        "assert tape_escpos(Tape(PAPERS[58], ('one line',)))\n"
        "assert tempfile.gettempdir() == before\n"
        "print(before)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"{tmp_path}\n"
    assert list(tmp_path.iterdir()) == []
