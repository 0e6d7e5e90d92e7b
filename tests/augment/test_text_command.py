"""`tinynet augment-text`."""

import pytest

from tinynet import cli


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "in.txt"
    path.write_text("pos\ta great film\n\nneg\tan odd plot indeed\n", encoding="utf-8")
    (tmp_path / "synonyms.txt").write_text("film\tmovie\tmotion picture\n\nplot\t줄거리\n", encoding="utf-8")
    return path


def test_variants_labels_and_seed(file, capsys):
    arguments = ["augment-text", str(file), "--synonyms", str(file.parent / "synonyms.txt"), "--copies", "4", "--out"]
    for out in ("first", "again"):
        assert cli.main([*arguments, str(file.parent / out)]) == 0
    assert capsys.readouterr().out.splitlines() == [f"10 lines written to {file.parent / out}"
                                                    for out in ("first", "again")]
    lines = (file.parent / "first").read_text(encoding="utf-8").splitlines()
    assert [line.split("\t")[0] for line in lines] == ["pos"] * 5 + ["neg"] * 5
    assert lines[4] == "pos\ta great film" and lines[9] == "neg\tan odd plot indeed"
    assert (file.parent / "again").read_text(encoding="utf-8").splitlines() == lines


def test_a_byte_order_mark_is_not_part_of_the_text(file):
    file.write_text("pos\ta film\n", encoding="utf-8-sig")
    table, out = file.parent / "synonyms.txt", file.parent / "out"
    table.write_text("film\tmovie\n", encoding="utf-8-sig")
    assert cli.main(["augment-text", str(file), "--operations", "synonym_replacement", "--copies", "1",
                     "--synonyms", str(table), "--out", str(out)]) == 0
    assert out.read_text(encoding="utf-8") == "pos\ta movie\npos\ta film\n"


def test_one_operation_needs_no_synonyms(file, monkeypatch):
    monkeypatch.setenv("TINYNET_WORDNET", "/nowhere")
    out = file.parent / "out"
    assert cli.main(["augment-text", str(file), "--operations", "random_swap", "--copies", "2", "--out", str(out)]) == 0
    assert [sorted(line.split("\t")[1].split()) for line in out.read_text().splitlines()] == (
        [["a", "film", "great"]] * 3 + [["an", "indeed", "odd", "plot"]] * 3)


def test_back_translation(file, monkeypatch):
    from tinynet.augment import text_command

    class Upper:
        def __init__(self, *languages):
            pass

        def translate(self, texts):
            return [text.upper() for text in texts]

    monkeypatch.setattr(text_command, "ApertiumTranslator", Upper)
    out = file.parent / "out"
    assert cli.main(["augment-text", str(file), "--operations", "back_translation", "--out", str(out)]) == 0
    assert out.read_text() == "pos\tA GREAT FILM\npos\ta great film\nneg\tAN ODD PLOT INDEED\nneg\tan odd plot indeed\n"


@pytest.mark.parametrize("arguments, code, message", [
    (["missing.txt"], 2, "missing.txt does not exist"),
    (["in.txt", "--synonyms", "none.txt"], 2, "none.txt does not exist"),
    (["in.txt", "--operations", "fly"], 2, "invalid choice: 'fly'"),
    (["in.txt", "--copies", "0"], 2, "0 is not a whole number from 1"),
    (["in.txt", "--synonyms", "bad.txt"], 2, "bad.txt, line 1: expected a word, a tab and its synonyms"),
    (["latin.txt"], 2, "latin.txt is not text in UTF-8"),
])
def test_errors_are_one_line(file, monkeypatch, capsys, arguments, code, message):
    monkeypatch.chdir(file.parent)
    (file.parent / "bad.txt").write_text("film movie\n")
    (file.parent / "latin.txt").write_bytes(b"caf\xe9\n")
    assert cli.main(["augment-text", *arguments, "--out", "out"]) == code
    captured = capsys.readouterr()
    assert message in captured.err and captured.err.count("\n") == 1 and not (file.parent / "out").exists()
