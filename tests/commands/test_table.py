"""CSV files: what is written is read, and what is no table is refused by name."""

import csv
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinynet.commands.table import Column, as_numbers, encode, input_columns, pick_target, read_table
from tinynet.core.errors import DataError

NAMES = st.lists(st.text("abc가나 ,;\t\"'", min_size=1, max_size=6).filter(lambda text: text.strip() == text),
                 min_size=2, max_size=5, unique=True)


@given(names=NAMES, data=st.data())
def test_what_is_written_is_read(names, data, tmp_path_factory):
    fields = st.text("ab1.,;\t\"\n가 ", max_size=5).map(str.strip)
    rows = data.draw(st.lists(st.lists(fields, min_size=len(names), max_size=len(names))
                              .filter(lambda row: any(row)), min_size=1, max_size=6))
    path = tmp_path_factory.mktemp("csv") / "t.csv"
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows([names, *rows])
    first = text.getvalue().partition("\n")[0]
    if max(",;\t", key=first.count) != "," or "\n" in "".join(names):
        return  # names with more semicolons than there are commas
    path.write_bytes(text.getvalue().encode("utf-8"))
    table = read_table(path)
    assert list(table.columns) == names and len(table) == len(rows)
    assert [[table.columns[name][i] for name in names] for i in range(len(rows))] == rows


@given(content=st.one_of(st.binary(max_size=80), st.text(",;\n\"a1\r", max_size=60).map(str.encode)))
def test_any_bytes_are_a_table_or_refused(content, tmp_path_factory):
    path = tmp_path_factory.mktemp("csv") / "t.csv"
    path.write_bytes(content)
    try:
        table = read_table(path)
    except DataError as error:
        assert str(path) in str(error)
    else:
        assert len({len(fields) for fields in table.columns.values()}) == 1 and len(table) > 0


@pytest.mark.parametrize(("fields", "expected"), [
    (["1", "2.5", "-3e2"], [1, 2.5, -300]), (["1", "", "NA"], [1, np.nan, np.nan]),
    (["1", "two"], None), (["", "?"], None), (["inf", "1"], None),
])
def test_as_numbers(fields, expected):
    found = as_numbers(fields)
    assert found is None if expected is None else np.array_equal(found, expected, equal_nan=True)


def read(tmp_path, text):
    path = tmp_path / "t.csv"
    path.write_text(text, encoding="utf-8")
    return read_table(path)


def test_decimal_commas_only_with_semicolons(tmp_path):
    table = read(tmp_path, 'a;b;c\n1,5;x,y;1.000,5\n2;z;2\n')
    assert table.columns == {"a": ["1.5", "2"], "b": ["x,y", "z"], "c": ["1000.5", "2"]}
    assert read(tmp_path, 'a,b\n"1,5",2\n').columns["a"] == ["1,5"]


@pytest.mark.parametrize(("values", "task"), [
    (["yes", "no"], "classification"), (["0", "1", "2"], "classification"), (["0.5", "1"], "regression"),
    ([str(i) for i in range(20)], "classification"), ([str(i) for i in range(21)], "regression"),
])
def test_the_task_follows_from_the_target(values, task, tmp_path):
    table = read(tmp_path, "a,b\n" + "".join(f"1,{value}\n" for value in values))
    assert pick_target(table, None, None) == ("b", task)


def test_gaps_and_unknown_words(tmp_path):
    train = read(tmp_path, "n,w,t\n" + "1,a,0\n3,b,1\n,a,0\n8,,1\n")
    columns, remarks = input_columns(train, "t", [])
    assert columns == [Column("n", "number", fill=3.0), Column("w", "word", words=["", "a", "b"])] and remarks == []
    inputs = encode(read(tmp_path, "w,n\nz,\na,7\n"), columns)
    assert inputs["n"].tolist() == [[3.0], [7.0]] and inputs["n"].dtype == np.float32
    assert inputs["w"].tolist() == [["z"], ["a"]]


def test_how_large_a_table_may_be(tmp_path, monkeypatch):
    text = "a,b\n1,2\n"
    monkeypatch.setattr("tinynet.commands.table.MOST_BYTES", len(text))
    assert len(read(tmp_path, text)) == 1
    with pytest.raises(DataError, match="larger than 8 bytes"):
        read(tmp_path, text + "\n")
