"""What the output can show: width, colours, characters."""

import io
import re
import sys

import pytest

import tinynet as tn
from tinynet.core import terminal
from tinynet.utils import downloads

CODE = re.compile(r"\x1b\[\d+m")


class Screen(io.StringIO):
    """A terminal of an encoding."""

    def __init__(self, encoding="utf-8"):
        super().__init__()
        self._encoding = encoding

    @property
    def encoding(self):
        return self._encoding

    def isatty(self):
        return True


@pytest.fixture
def screen(monkeypatch):
    """Make standard output a terminal of so many columns and an encoding."""
    def make(columns, encoding="utf-8"):
        stream = Screen(encoding)
        monkeypatch.setattr(sys, "stdout", stream)
        monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.delenv("NO_COLOR", raising=False)
        return stream

    return make


def rows(stream):
    """All that was ever drawn, a drawing or line each, without colours."""
    return [line for line in re.split(r"[\r\n]", CODE.sub("", stream.getvalue())) if line]


VALUES = [("loss", 0.5), ("a_metric_with_a_long_name", 0.25), ("accuracy", 1.0)]


def draw(steps=4):
    bar = tn.utils.Progbar(steps, interval=0, stateful_metrics=[name for name, _ in VALUES])
    for step in range(1, steps + 1):
        bar.update(step, VALUES)


@pytest.mark.parametrize("columns", [20, 40, 60, 80, 200])
def test_the_bar_fits_the_terminal_and_loses_nothing_at_the_end(columns, screen):
    stream = screen(columns)
    draw()
    assert max(map(len, rows(stream))) < columns or columns == 20  # there, one number is longer than the line
    assert stream.getvalue().count("\r") == 4
    last = CODE.sub("", stream.getvalue().rpartition("\r")[2])
    assert all(f"{name}: {value:.4f}" in last for name, value in VALUES)
    assert "4/4 ━━━━━" in last
    assert all("\n" not in part for part in stream.getvalue().split("\r")[:-1])  # while it moves it is one line


def test_a_wide_terminal_has_the_whole_bar(screen):
    stream = screen(200)
    draw()
    assert all("━" * 20 in row for row in rows(stream))


def test_the_bar_follows_a_change_of_width(screen, monkeypatch):
    stream = screen(120)
    bar = tn.utils.Progbar(9, interval=0, stateful_metrics=[name for name, _ in VALUES])
    widths = [120, 120, 50, 40, 90, 30, 200]
    for step, columns in enumerate(widths, 1):
        monkeypatch.setenv("COLUMNS", str(columns))
        bar.update(step, VALUES)
    drawn = rows(stream)
    assert len(drawn) == len(widths)
    assert all(len(row) < columns for row, columns in zip(drawn, widths, strict=True))  # with the blanks that cover
    assert "accuracy" in drawn[0] and "accuracy" not in drawn[2] and "accuracy" in drawn[6]


def test_no_colour(screen, monkeypatch):
    for variable, value in (("NO_COLOR", "1"), ("TERM", "dumb")):
        stream = screen(80)
        monkeypatch.setenv(variable, value)
        draw()
        assert "\x1b" not in stream.getvalue()
        assert "2/4 ━━━" in stream.getvalue() and "─" in stream.getvalue()  # how far it is shows without colours
    stream = screen(80)
    monkeypatch.setenv("NO_COLOR", "")  # as the convention has it: an empty one is none
    draw()
    assert "\x1b[32m" in stream.getvalue()


@pytest.mark.parametrize("encoding", ["cp949", "euc-kr", "latin-1", "ascii", "cp1252", "cp437"])
def test_ascii_where_the_encoding_lacks_the_characters(encoding, screen):
    stream = screen(60, encoding)
    draw()
    model = tn.Sequential([tn.Input((2,)), tn.layers.Dense(1, name="last")])
    model.summary()
    text = stream.getvalue()
    assert text.isascii() and "?" not in text
    text = CODE.sub("", text)
    assert re.search(r"2/4 (=+)\.+ ", text) and "4/4 =====" in text and "| last (Dense)" in text


@pytest.mark.parametrize(("text", "encoding", "expected"), [
    ("✓ 합격", "utf-8", "✓ 합격"),
    ("✓ 합격", "cp949", "v 합격"),
    ("✗ 합격", "ascii", "x ??"),
    ("┃ 층 ┃", "cp949", "| 층 |"),
    ("┏┳┓┡╇┩├┼┤└┴┘━─┃│", "latin-1", "++++++++++++--||"),
    ("0.5 × 2", "latin-1", "0.5 × 2"),
    ("1…", "cp949", "1…"),
    ("✓", None, "✓"),
    ("✓", "no-such-encoding", "v"),
])
def test_shown(text, encoding, expected):
    assert terminal.shown(text, encoding) == expected


def test_display_width_of_korean():
    assert terminal.display_width("정확도 1") == 8


def test_what_is_no_terminal_has_no_width(monkeypatch):
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    assert terminal.columns() is None and not terminal.has_colours()
    monkeypatch.setattr(sys, "stdout", None)
    assert terminal.columns() is None and not terminal.is_interactive()
    terminal.write("nobody reads this")


@pytest.mark.parametrize(("platform", "variable", "expected"), [
    ("linux", "UNSET", True), ("win32", "UNSET", False), ("win32", "WT_SESSION", True), ("win32", "NO_COLOR", False),
])
def test_colours_on_windows_where_its_terminal_shows_them(platform, variable, expected, screen, monkeypatch):
    screen(80, "utf-8")
    for name in ("WT_SESSION", "TERM_PROGRAM", "ANSICON", "ConEmuANSI", "PYCHARM_HOSTED", "NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, "1")
    monkeypatch.setattr(terminal.sys, "platform", platform)
    assert terminal.has_colours() == expected


@pytest.mark.parametrize(("encoding", "expected"), [
    ("ascii", "v ?? 1/2"), ("cp949", "v 합격 1/2"), ("utf-8", "✓ 합격 1/2"),
])
def test_streams_that_never_fail(encoding, expected):
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    terminal.never_fail(stream, None, io.StringIO())
    print("✓ 합격 1/2", end="", file=stream, flush=True)
    assert stream.buffer.getvalue().decode(encoding) == expected


def test_a_check_prints_where_marks_are_missing(screen):
    screen(80, "cp949")
    assert repr(tn.lessons.checks.Result("momentum", True, "합격")) == "v 합격"
    screen(80, "utf-8")
    assert repr(tn.lessons.checks.Result("momentum", False, "다시")) == "✗ 다시"


@pytest.mark.parametrize("columns", [40, 60, 200])
def test_a_download_fits_the_terminal(columns, screen, monkeypatch):
    stream = screen(columns)
    monkeypatch.setattr(sys, "stderr", stream)
    line = downloads.Progress("train-images-idx3-ubyte.gz", 26_400_000)
    line.update(13_200_000)
    line.update(26_400_000)
    assert max(map(len, rows(stream))) < columns or columns == 40
    assert ("[===" in stream.getvalue()) == (columns > 50) and "26.4/26.4 MB" in stream.getvalue()
