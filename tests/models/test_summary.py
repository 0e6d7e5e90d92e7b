"""The table of a model: on a terminal, in a file, in a notebook."""

import io
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

import tinynet as tn
from tinynet import layers
from tinynet.models.summary import _broken

CODE = re.compile(r"\x1b\[\d+m")


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self):
        return True


@pytest.fixture
def terminal(monkeypatch):
    """Standard output as a terminal of so many columns."""
    def make(columns):
        stream = Terminal()
        monkeypatch.setattr("sys.stdout", stream)
        monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.delenv("NO_COLOR", raising=False)
        return stream

    return make


def chain():
    return tn.Sequential([
        layers.Input((28, 28, 1)), layers.Conv2D(16, 3, name="a_convolution_with_a_rather_long_name"),
        layers.MaxPooling2D(), layers.Flatten(), layers.Dense(10, name="scores"),
    ], name="chain")


def branched():
    x = layers.Input((28, 28, 3), name="the_image")
    return tn.Model(x, layers.Add(name="sum")([layers.Conv2D(3, 3, padding="same", name="left_branch")(x), x]))


@pytest.mark.parametrize("make", [chain, branched])
@pytest.mark.parametrize("columns", [40, 50, 60, 72, 80, 120])
@pytest.mark.parametrize("show_trainable", [False, True])
def test_the_table_fits_the_terminal(make, columns, show_trainable, terminal):
    model, stream = make(), terminal(columns)
    model.summary(show_trainable=show_trainable)
    lines = CODE.sub("", stream.getvalue()).splitlines()
    assert max(map(len, lines)) <= columns
    table = [line for line in lines if line[0] in "│┃"]
    assert len({len(line) for line in table}) == 1
    text = "".join(line.split("│")[1].strip() for line in table if line[0] == "│")  # the names are whole
    for layer in model.layers:
        assert layer.name in text.replace(" ", "")


def test_a_wide_terminal_shows_keras_widths(terminal, capsys):
    model = branched()
    stream = terminal(200)
    model.summary()
    shown = CODE.sub("", stream.getvalue())
    lines = []
    model.summary(print_fn=lines.append)
    assert shown == lines[0] + "\n"


def test_colour_on_a_terminal_only(terminal, monkeypatch):
    model, stream = chain(), terminal(80)
    model.summary()
    assert "\x1b[36m(Dense)\x1b[0m" in stream.getvalue()
    for setting in (lambda: monkeypatch.setenv("NO_COLOR", "1"), lambda: monkeypatch.setenv("TERM", "dumb")):
        plain = terminal(80)
        setting()
        model.summary()
        assert "\x1b" not in plain.getvalue() and "(Dense)" in plain.getvalue()
    file = io.StringIO()
    monkeypatch.setattr("sys.stdout", file)
    model.summary()
    lines = []
    model.summary(print_fn=lines.append)
    assert file.getvalue() == lines[0] + "\n" and "\x1b" not in file.getvalue()


@pytest.mark.parametrize("line_length", [50, 60, 90])
def test_a_length_that_is_asked_for(line_length):
    lines = []
    branched().summary(line_length=line_length, print_fn=lines.append)
    assert max(map(len, lines[0].splitlines()[1:7])) <= line_length


@pytest.mark.parametrize(("line", "width", "pieces"), [
    ("max_pooling2d (MaxPooling2D)", 20, ["max_pooling2d", "(MaxPooling2D)"]),
    ("(None, 28, 28, 16)", 10, ["(None, 28,", "28, 16)"]),
    ("abcdefghij", 4, ["abcd", "efgh", "ij"]), ("a_long_name", 8, ["a_long_", "name"]),
    ("input[0][0]", 8, ["input", "[0][0]"]), ("", 5, [""]), ("12345", 5, ["12345"]),
])
def test_where_lines_are_broken(line, width, pieces):
    assert _broken(line, width) == pieces


# -- in a notebook ---------------------------------------------------------------------------------------------------


def rows_of(html):
    tree = ET.fromstring(html.replace("<br>", "<br/>"))
    return [["".join(cell.itertext()) for cell in row] for row in tree.iter("tr")], tree


def test_the_table_of_a_notebook():
    model = chain()
    model.layers[0].trainable = False
    rows, tree = rows_of(model._repr_html_())
    assert rows[0][:4] == ["Layer", "Type", "Output shape", "Parameters"]
    assert rows[1][:4] == ["a_convolution_with_a_rather_long_name", "Conv2D", "(None, 26, 26, 16)", "160"]
    assert rows[-1][:4] == ["scores", "Dense", "(None, 10)", "27,050"]
    assert "27,210 parameters (106.29 KB), 27,050 of them trainable" in "".join(tree.itertext())
    bars = [[float(re.search(r"width:([\d.]+)px", bar.get("style"))[1]) for bar in row.iter("span")]
            for row in tree.iter("tr")]
    assert bars == [[], [1.0], [], [], [160.0]]
    colours = [bar.get("style").rsplit(":", 1)[1] for bar in tree.iter("span")]
    assert colours == ["#9A9A9A", "#0072B2"]  # frozen, trained


def test_the_table_of_every_kind_of_model():
    class Own(tn.Model):
        def __init__(self):
            super().__init__()
            self.dense = layers.Dense(2, name="<b>")

        def call(self, x):
            return self.dense(x)

    own = Own()
    assert rows_of(own._repr_html_())[0][1][3] == "not built"
    own(np.ones((1, 3)))
    rows, _ = rows_of(own._repr_html_())
    assert rows[1][0] == "<b>" and rows[1][3] == "8"  # the name is escaped
    x = layers.Input((4,))
    graph = tn.Model(x, tn.ops.split(2 * x, 2, axis=1))
    assert any("(None, 2)" in row[2] for row in rows_of(graph._repr_html_())[0])
    assert len(rows_of(tn.Sequential()._repr_html_())[0]) == 1
    nested = tn.Sequential([layers.Input((28, 28, 1)), chain()])
    assert rows_of(nested._repr_html_())[0][1][3] == "27,210"


def test_the_table_allocates_no_weights():
    model = tn.applications.VGG16(weights=None)
    assert "138,357,544 parameters" in model._repr_html_()
