"""Holds what other programs read of one packet against what it should be. See tests/read_packet."""

import json
import re
import sys
from pathlib import Path


def check_sound(directory, name):
    said = (directory / f"{name}.qpdf").read_text()
    assert "No syntax or stream encoding errors" in said and "WARNING" not in said, said


def check_form(directory, name, wanted):
    info = dict(re.findall(r"^([^:]+):\s*(.*)$", (directory / f"{name}.info").read_text(), re.M))
    assert int(info["Pages"]) == wanted["pages"], info
    assert ("letter" in info["Page size"]) == wanted["letter"], info
    assert info["Encrypted"] == "no" and info["JavaScript"] == "no", info
    meta = (directory / f"{name}.meta").read_text()
    assert re.search(r"pdfaid:part>2<", meta) and re.search(r"pdfaid:conformance>B<", meta), meta


def check_fonts(directory, name):
    rows = (directory / f"{name}.fonts").read_text().splitlines()[2:]
    assert rows
    for row in rows:
        font, embedded, subset, readable = row.split()[0], *row.split()[-5:-2]
        assert re.fullmatch(r"[A-Z]{6}\+LiberationSans(-Bold)?", font), row
        assert (embedded, subset, readable) == ("yes", "yes", "yes"), row


def check_words(directory, name, wanted):
    # What was broken into lines is put together again; a long word may be cut anywhere.
    text = (directory / f"{name}.raw").read_text()
    bare = re.sub(r"\s+", "", text)
    for says in wanted["says"]:
        assert re.sub(r"\s+", "", says) in bare, f"`{says}` is not in {name}"
    lower = re.sub(r"\s+", " ", text).lower()
    for never in wanted["never"]:
        assert not re.search(rf"\b{re.escape(never.lower())}\b", lower), f"`{never}` is in {name}"
    for number in re.findall(r"(?<![0-9a-z])(?:\d[ -]?){12,18}\d(?![0-9a-z])", lower):
        digits = [int(digit) for digit in reversed(re.sub(r"\D", "", number))]
        total = sum(d if i % 2 == 0 else d * 2 // 10 + d * 2 % 10 for i, d in enumerate(digits))
        assert total % 10, f"`{number}` could be a card number"


def pixels(path):
    head, body = re.match(rb"(P6\s+\d+\s+\d+\s+255\s)(.*)", path.read_bytes(), re.S).groups()
    width, height = map(int, head.split()[1:3])
    assert len(body) == width * height * 3
    return body


def check_black_and_white(directory, name, wanted):
    soft = sorted(directory.glob(f"{name}.soft-*.ppm"))
    hard = sorted(directory.glob(f"{name}.hard-*.ppm"))
    assert len(soft) == len(hard) == wanted["pages"]
    for path in soft:
        body = pixels(path)
        assert body[0::3] == body[1::3] == body[2::3], f"colour in {path.name}"
    for path in hard:
        body = pixels(path)
        assert set(body) == {0, 255}, f"gray, or a blank page: {path.name}"
        black = body[0::3].count(0) / (len(body) / 3)
        assert 0.0005 < black < 0.25, f"{black:.1%} of {path.name} is black"


def main():
    wanted = json.loads(Path(sys.argv[1]).read_text())
    directory, name = Path(sys.argv[2]), sys.argv[3]
    check_sound(directory, name)
    check_form(directory, name, wanted)
    check_fonts(directory, name)
    check_words(directory, name, wanted)
    check_black_and_white(directory, name, wanted)
    print(f"{name}: {wanted['pages']} pages, {len(wanted['says'])} facts found")


main()
