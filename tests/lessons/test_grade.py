"""`tinynet lessons grade`: a class of ten, each limit, each way to attack the grader, and what the table tells."""

import contextlib
import csv
import hashlib
import io
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lessons.class_of_ten import submissions
from lessons.class_of_ten.submissions import MOMENTUM, NESTEROV, RIGHT, notebook
from lessons.slips import images, layers, optimizers

from tinynet.cli import main
from tinynet.lessons import all_lessons
from tinynet.lessons.checks import EXERCISES, draw_cases, judge
from tinynet.lessons.grading import protocol
from tinynet.lessons.grading.grade import Grader, check_sandbox, exercises_of, lesson_of
from tinynet.lessons.grading.process import Ended, Process
from tinynet.lessons.grading.protocol import ProtocolError
from tinynet.lessons.grading.sandbox import Limits, SandboxError, visible_folders
from tinynet.lessons.grading.system_calls import supported_machines, system_call_filter

SMALL = Limits(seconds=20, call_seconds=2, memory=1024, processes=16, disk=32, output=2)
TEXTS = {**optimizers.TEXTS, **layers.TEXTS, **images.TEXTS}


@pytest.fixture(scope="module")
def sandbox():
    """Skips where the sandbox does not work, with the reason."""
    try:
        check_sandbox(SMALL)
    except SandboxError as error:
        pytest.skip(f"no sandbox here: {error}")


@pytest.fixture
def clean():
    """Fails if a test leaves a process or a folder."""
    before = leftovers()
    yield
    deadline = time.monotonic() + 5
    while leftovers() - before and time.monotonic() < deadline:  # a zombie goes when its parent looks
        time.sleep(0.05)
    assert leftovers() - before == set()


def leftovers():
    """The processes of submissions, and their folders."""
    found = set(Path(tempfile.gettempdir()).glob("tinynet-grade-*"))
    for name in os.listdir("/proc") if os.path.isdir("/proc/self") else ():
        with contextlib.suppress(OSError):
            line = Path(f"/proc/{name}/cmdline").read_bytes()
            if name.isdecimal() and (b"lessons/grading" in line or b"lessons.grading" in line or b"12345.678" in line):
                found.add(name)
    return found


def grade(folder, table, *options):
    """(exit code, {file: {exercise: row}}) of the command."""
    code = main(["lessons", "grade", str(folder), "--out", str(table), *options])
    return code, read(table) if table.exists() else None


def read(table):
    found = {}
    for row in csv.DictReader(io.StringIO(table.read_bytes().decode("utf-8-sig"))):
        found.setdefault(row["file"], {})[row["exercise"]] = row
    return found


def marks(rows):
    return {name: (row["passed"], row["mistake"]) for name, row in rows.items() if name != "(all)"}


def graded(tmp_path, cells, limits=SMALL, **settings):
    """{exercise: row} of one notebook."""
    path = tmp_path / "one.ipynb"
    path.write_text(notebook(cells, **settings), encoding="utf-8")
    return {row.exercise: row for row in Grader("en", 7, limits).grade(path, "one.ipynb")}


def error_of(tmp_path, code, limits=SMALL):
    """What a cell raised in the sandbox; the cell must raise, so that a cell that never ran is no proof."""
    summary = graded(tmp_path, [code + "\nraise RuntimeError('to the end')"], limits)["(all)"]
    assert "Cells that failed: cell 1 (" in summary.message, summary
    return summary.message.partition("cell 1 (")[2].rpartition(")")[0]


# -- the class of ten


def test_the_class_of_ten(sandbox, clean, tmp_path, capsys):
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "precious.txt").write_text("precious")
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        submissions.write(tmp_path / "class", victim, server.getsockname()[1])
        before = content(tmp_path / "class")
        code, rows = grade(tmp_path / "class", tmp_path / "report.csv", "--time-limit", "8", "--output", "2")
        with pytest.raises(BlockingIOError):
            server.accept()
    assert code == 0 and {name: marks(of_file) for name, of_file in rows.items()} == submissions.EXPECTED
    for name, words in submissions.SUMMARIES.items():
        assert words in rows[name]["(all)"]["message"]
    assert rows["02_lee_slips.ipynb"]["momentum"]["message"].startswith("momentum: rho multiplies the gradient")
    assert rows["02_lee_slips.ipynb"]["(all)"]["passed"] == "0 of 2"
    assert (victim / "precious.txt").read_text() == "precious" and content(tmp_path / "class") == before
    shown = capsys.readouterr().out
    assert [line.split()[0] for line in shown.splitlines() if line[0] == "["] == [f"[{i}/11]" for i in range(1, 12)]
    assert "kernel" in shown and "processor" in shown


def content(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).digest() for path in folder.iterdir()}


PYTHONS = (sys.executable, "/usr/bin/python3")


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("runuser"), reason="root alone can become another user")
def test_as_an_ordinary_user(sandbox, tmp_path):
    """The sandbox of root and that of others are built in different ways."""
    command = ["runuser", "-u", "nobody", "--", "env", "-i", f"HOME={tmp_path}", "PATH=/usr/bin:/bin",
               "PYTHONDONTWRITEBYTECODE=1", "PYTHONPATH=" + os.pathsep.join(
                   [str(Path(__file__).parents[2]), *(path for path in sys.path if path.endswith("site-packages"))])]
    python = next((python for python in PYTHONS if subprocess.run(
        [*command, python, "-P", "-c", "import tinynet._native"], capture_output=True).returncode == 0), None)
    if python is None:
        pytest.skip("the user nobody cannot run this Python with tinynet")
    work = Path(tempfile.mkdtemp())
    try:
        work.chmod(0o777)
        submissions.write(work / "class", "/usr", 9)
        done = subprocess.run([*command, python, "-P", "-m", "tinynet", "lessons", "grade", str(work / "class"), "--out",
                               str(work / "report.csv"), "--time-limit", "8", "--output", "2"],
                              capture_output=True, text=True, cwd=work)
        assert done.returncode == 0, done.stderr
        rows = read(work / "report.csv")
        assert {name: marks(of_file) for name, of_file in rows.items()} == submissions.EXPECTED
    finally:
        shutil.rmtree(work)


# -- right and wrong


@pytest.mark.parametrize("lesson", [lesson for lesson in all_lessons() if exercises_of(lesson)], ids=lambda lesson: lesson.key)
def test_right_notebooks_of_every_lesson_pass(sandbox, tmp_path, lesson):
    cells = ["import numpy as np", *(TEXTS[name] for name in exercises_of(lesson))]
    for named in (lesson.name, None):
        rows = graded(tmp_path, cells, lesson=named)
        assert {name: row.passed for name, row in rows.items() if name != "(all)"} == dict.fromkeys(
            exercises_of(lesson), "yes")
        assert rows["(all)"].lesson == lesson.name and ("found by the functions" in rows["(all)"].message) == (not named)


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_templates_are_not_done(sandbox, tmp_path, lang):
    for lesson in all_lessons():
        cells = [EXERCISES[name].template(lang) for name in exercises_of(lesson)]
        if cells:
            rows = graded(tmp_path, cells, lesson=lesson.name)
            assert {(row.passed, row.mistake) for row in rows.values() if row.exercise != "(all)"} == {
                ("not done", "untouched")}


@pytest.mark.parametrize(("body", "passed", "mistake"), [
    ("pass", "not done", "untouched"), ("raise NotImplementedError", "not done", "untouched"),
    ("'''my plan'''", "not done", "untouched"), ("return", "not done", "untouched"),
    ("v = rho * v + dw", "no", "returns_nothing"), ("return v, w", "no", None), ("raise ValueError", "no", "raises"),
])
def test_an_empty_function_is_not_done_and_a_begun_one_is_wrong(sandbox, tmp_path, body, passed, mistake):
    row = graded(tmp_path, [f"def my_momentum(w, dw, v, learning_rate, rho):\n    {body}"])["momentum"]
    assert row.passed == passed and (mistake is None or row.mistake == mistake)


@pytest.mark.parametrize(("cell", "mistake"), [
    ("my_momentum = 3", "not_a_function"), ("def my_momentum(w): return w", "signature"),
    (MOMENTUM.replace("w = w -", "w -="), "changes_input"),
    ("def my_momentum(w, dw, v, learning_rate, rho): return w * float('nan'), v * 0", ""),
    ("def my_momentum(w, dw, v, learning_rate, rho): return w", "output_count"),
    ("import numpy as np\ndef my_momentum(*a): return np.ones(5 * 10**6), 1.0", "output_type"),
    ("def my_momentum(*a):\n    while True: pass", "endless_loop"),
])
def test_wrong_functions_get_their_message(sandbox, tmp_path, cell, mistake):
    row = graded(tmp_path, [cell])["momentum"]
    assert (row.passed, row.mistake) == ("no", mistake) and row.message


def test_whole_numbers_and_words_come_through(sandbox, tmp_path):
    losses = "def my_early_stopping(losses, patience): return {}"
    for returned, mistake in (("10**50", "output_type"), ("float('nan')", ""), ("len(losses)", "never_stops"),
                              ("float(len(losses))", "never_stops"), ("True", "output_type")):
        row = graded(tmp_path, [losses.format(returned)], lesson="07_overfitting")["early_stopping"]
        assert (row.passed, row.mistake) == ("no", mistake), returned
    row = graded(tmp_path, ["def my_eda(words, *a): return [words] * 4"], lesson="10_text_augmentation")["eda"]
    assert (row.passed, row.mistake) == ("no", "not_swapped")
    row = graded(tmp_path, ["def my_eda(words, *a): return [['\\ud800' * 9]] * 4"], lesson="10_text_augmentation")["eda"]
    assert row.passed == "no"


def test_other_cells_may_fail_and_have_magics(sandbox, tmp_path):
    rows = graded(tmp_path, ["%matplotlib inline\n!pip install tinynet\nimport numpy as np", "%%html\n<b>",
                             "1 / 0", f"%%time\n{MOMENTUM}", "exit()", "np.ones?", NESTEROV, "x = (7\n  % 3)\nassert x == 1"])
    assert rows["momentum"].passed == rows["nesterov"].passed == "yes"
    assert "cell 3 (ZeroDivisionError: division by zero), cell 5 (SystemExit" in rows["(all)"].message


def test_cells_tagged_long_are_left_out_unless_they_define_a_function(sandbox, tmp_path):
    assert "cell" not in graded(tmp_path, [*RIGHT, "1 / 0"], tags=["long"])["(all)"].message
    assert graded(tmp_path, [NESTEROV, MOMENTUM], tags=["long"])["momentum"].passed == "yes"


# -- attacks on the mark


def test_a_notebook_that_replaces_the_checker_does_not_pass(sandbox, tmp_path):
    wrong = MOMENTUM.replace("- learning_rate", "+ learning_rate")
    row = graded(tmp_path, [submissions.FAKE, wrong])["momentum"]
    assert (row.passed, row.mistake) == ("no", "sign_of_step")


# How a student's code finds the object that answers, and makes it answer something else.
FIND = """
import gc, json, os, struct, sys, time
child = next(thing for thing in gc.get_objects() if type(thing).__name__ == "Child")

def frame(header, body=b"", magic=b"TNY1", header_length=None, body_length=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack(">4sIQ", magic, header_length or len(text), body_length or len(body)) + text + body

def my_momentum(w, dw, v, learning_rate, rho):
    nonce = sys._getframe(4).f_locals["header"]["nonce"] if NONCE else "x"
    data = ANSWER
    while data:
        data = data[os.write(child.answer, data):]
    time.sleep(60)
"""
VALUE = '{"kind": "value", "values": [{"array": 0}, {"array": 0}], "detail": "", "where": "", "changed": []}'


HEADERS = [  # of answers that are none; 1 stands for the nonce
    b"", b"{", b"[]", b"null", b"[1]", b"\xff" * 10, b"9" * 100_000, b"NaN", b"[" * 100_000, b'{"a":' * 100_000,
    b'{"nonce": "x"}', b'{"nonce": [1]}', b'{"nonce": 1, "nonce": 1}', b'{"a": 1e999}',
]


@pytest.mark.parametrize("header", HEADERS)
def test_headers_that_are_none_are_refused(header):
    with pytest.raises(ProtocolError):
        protocol.parse_header(header, "n" * 32)


@pytest.mark.parametrize("head", [
    (b"TNY2", 2, 0), (b"TNY1", 2**32 - 1, 0), (b"TNY1", 2, 2**63), (b"\0\0\0\0", 0, 0),
    (b"TNY1", protocol.MOST_HEADER + 1, 0), (b"TNY1", 2, protocol.MOST_BODY + 1),
])
def test_lengths_are_limited(head):
    with pytest.raises(ProtocolError):
        protocol.frame_lengths(protocol.HEAD.pack(*head))


F8 = {"dtype": "<f8", "shape": [1]}
OUTCOME = {"kind": "value", "values": [{"array": 0}, {"array": 0}], "detail": "", "where": "", "changed": []}
MALFORMED = [  # (outcomes, arrays, body)
    (None, [], b""), ({}, [], b""), ([], [], b""), ([OUTCOME], [F8], bytes(8)), ([OUTCOME] * 7, [F8], bytes(8)),
    ([None] * 6, [F8], bytes(8)), ([OUTCOME] * 3 + [None], [F8], bytes(8)), ([1] * 6, [F8], bytes(8)),
    ([[]] * 6, [F8], bytes(8)), ([{}] * 6, [F8], bytes(8)), ([{**OUTCOME, "passed": True}] * 6, [F8], bytes(8)),
    *([([{**OUTCOME, key: value}] * 6, [F8], bytes(8)) for key, values in {
        "kind": ("passed", None, [], "none", "error"), "changed": (None, [{}], ["x"], "w", [1], [None]),
        "values": (None, [], [1, 2], [{"array": 1}, {"array": 0}], [{"array": -1}] * 2, [{"array": True}] * 2,
                   [{"array": 0}], [{"array": 0}] * 3, ["1", "2"], [["a"], ["b"]], [{}, {}], [{"array": [0]}] * 2),
        "detail": (None, 1, "x" * 1000), "where": (None, [], "x" * 1000)}.items() for value in values]),
    *([([OUTCOME] * 6, [array], bytes(8)) for array in (
        None, 1, {}, {"dtype": "<f8"}, {**F8, "x": 1}, {**F8, "dtype": "|O"}, {**F8, "dtype": "<f16"},
        {**F8, "dtype": ">f8"}, {**F8, "dtype": "<M8"}, {**F8, "dtype": "<f8,<f8"}, {**F8, "dtype": ["<f8"]},
        {**F8, "dtype": None}, {**F8, "shape": [-1]}, {**F8, "shape": [2]}, {**F8, "shape": [0]},
        {**F8, "shape": [True]}, {**F8, "shape": [1.0]}, {**F8, "shape": 1}, {**F8, "shape": [1] * 99},
        {**F8, "shape": [2**40, 2**40]}, {**F8, "shape": [2**62]}, {**F8, "shape": ["1"]}, {**F8, "shape": None})]),
    ([OUTCOME] * 6, None, b""), ([OUTCOME] * 6, {}, b""), ([OUTCOME] * 6, [F8], bytes(7)),
    ([OUTCOME] * 6, [F8], bytes(9)), ([OUTCOME] * 6, [F8, F8], bytes(8)),
]


@pytest.mark.parametrize(("outcomes", "arrays", "body"), MALFORMED)
def test_answers_that_are_none_are_refused(outcomes, arrays, body):
    with pytest.raises(ProtocolError):
        protocol.read_outcomes({"outcomes": outcomes, "arrays": arrays}, body, EXERCISES["momentum"], 5)


def test_the_answer_that_they_are_made_of_is_accepted():
    outcomes, repeated = protocol.read_outcomes(
        {"outcomes": [OUTCOME] * 6, "arrays": [F8]}, np.array([1.5]).tobytes(), EXERCISES["momentum"], 5)
    assert len(outcomes) == 5 and repeated.values[0] == 1.5


plain_json = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 70) | st.floats() | st.text(max_size=3) | st.sampled_from(
        ["value", "time", "none", "error", "count", "<f8", "|b1", "w", "12", "-", "9" * 50]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
        ["kind", "values", "detail", "where", "changed", "array", "dtype", "shape"]), inner, max_size=5), max_leaves=12)


@given(st.sampled_from(sorted(EXERCISES)), st.data())
def test_whatever_comes_is_refused_or_judged(name, data):
    """Pieces of right answers, put together at random: no other exception than `ProtocolError`, and no mark."""
    exercise = EXERCISES[name]
    cases = draw_cases(name)
    value = data.draw(st.sampled_from([{"array": 0}, {"array": 1}, "5", ["a", "b"]]) | plain_json)
    outcome = {"kind": data.draw(st.sampled_from(protocol.KINDS)), "values": [value] * len(exercise.outputs),
               "detail": data.draw(st.text(max_size=5)), "where": "", "changed": data.draw(st.just([]) | plain_json)}
    if outcome["kind"] != "value":
        outcome["values"] = []
    packed = [outcome] * (len(cases) + 1) if data.draw(st.booleans()) else data.draw(plain_json)
    dtype = data.draw(st.sampled_from(protocol.DTYPES))
    arrays = [{"dtype": dtype, "shape": data.draw(st.lists(st.integers(0, 3), max_size=3))},
              {"dtype": "<f8", "shape": []}] if data.draw(st.booleans()) else data.draw(plain_json)
    with contextlib.suppress(TypeError, ValueError, AttributeError, KeyError):  # of this test's own sum
        body = bytes(sum(int(np.prod(a["shape"])) * int(a["dtype"][2]) for a in arrays))
    body = data.draw(st.binary(max_size=40)) if "body" not in locals() else body
    try:
        outcomes, repeated = protocol.read_outcomes({"outcomes": packed, "arrays": arrays}, body, exercise, len(cases))
    except ProtocolError:
        return
    with np.errstate(all="ignore"):
        assert not judge(exercise, cases, outcomes, "ko", repeated).passed


@pytest.mark.parametrize("answer", [
    "frame(b'{}', magic=b'TNY2')", "frame({'nonce': 'x'})", "frame({'nonce': nonce}) * 2",
    "frame({'nonce': nonce, 'outcomes': [VALUE] * 6, 'arrays': [{'dtype': '|O', 'shape': [1]}]}, bytes(8))",
])
def test_malformed_answers_get_a_row_that_tells_it(sandbox, clean, tmp_path, answer):
    code = FIND.replace("ANSWER", answer).replace("NONCE", str(": nonce" in answer))
    rows = graded(tmp_path, [code.replace("VALUE", VALUE), NESTEROV])
    assert (rows["momentum"].passed, rows["momentum"].mistake) == ("no", "protocol"), rows["momentum"]
    assert (rows["nesterov"].passed, rows["nesterov"].mistake) == ("not judged", "protocol")


def test_an_answer_of_ones_own_is_judged_like_any_other(sandbox, tmp_path):
    """Who writes the frame does not matter: the values in it are compared."""
    answer = ("frame({'nonce': nonce, 'outcomes': [VALUE] * 6, 'arrays': [{'dtype': '<f8', 'shape': [3]}]}, bytes(24))"
              .replace("VALUE", VALUE))
    row = graded(tmp_path, [FIND.replace("ANSWER", answer).replace("NONCE", "True")])["momentum"]
    assert (row.passed, row.mistake) == ("no", "")


def test_gigabytes_through_the_pipe_are_not_read(sandbox, clean, tmp_path):
    answer = "frame(b'{}', body_length=2**40)\n    while True: os.write(child.answer, bytes(1 << 20))"
    row = graded(tmp_path, [FIND.replace("ANSWER", answer).replace("NONCE", "False")])["momentum"]
    assert row.mistake == "protocol"


def test_writing_before_the_question_is_refused(sandbox, tmp_path):
    rows = graded(tmp_path, [FIND.replace("ANSWER", "b''").replace("NONCE", "False"),
                             "_ = os.write(child.answer, frame({'nonce': 'x', 'outcomes': []}))"])
    assert (rows["momentum"].passed, rows["momentum"].mistake) == ("not judged", "protocol")


@pytest.mark.parametrize(("cells", "mistake"), [
    (["import os\ndef my_momentum(*a): os._exit(3)"], "ended"),
    (["import os\ndef my_momentum(*a): os.kill(os.getpid(), 11)"], "ended"),
    (["import os\ndef my_momentum(*a): os.closerange(3, 100)"], "ended"),
    (["def my_momentum(*a): return sum(range(10**13))"], "time_limit"),
    (["import os, signal\ndef my_momentum(*a): os.kill(os.getpid(), signal.SIGSTOP)"], "time_limit"),
])
def test_a_function_that_ends_or_hangs_its_process(sandbox, clean, tmp_path, cells, mistake):
    rows = graded(tmp_path, [*cells, NESTEROV], Limits(seconds=20, call_seconds=0.2))
    assert (rows["momentum"].passed, rows["momentum"].mistake) == ("no", mistake), rows["momentum"]
    assert rows["nesterov"].passed == "not judged" and "my_momentum" in rows["nesterov"].message


# -- attacks on the machine


def test_memory_of_many_processes_is_added(sandbox, clean, tmp_path):
    code = "import os, time\nfor _ in range(5):\n    if not os.fork():\n        x = bytearray(90 << 20)\n        time.sleep(60)\ntime.sleep(60)"
    rows = graded(tmp_path, [*RIGHT, code], Limits(seconds=30, memory=300))
    assert rows["momentum"].mistake == "memory_limit" and "300 MB" in rows["momentum"].message


def test_memory_that_processes_share_counts_once(sandbox, tmp_path):
    code = "import os, time\nx = bytearray(100 << 20)\npids = [os.fork() for _ in range(2)]\ntime.sleep(1)"
    assert graded(tmp_path, [*RIGHT, code], Limits(seconds=30, memory=300))["momentum"].passed == "yes"


def test_processes_and_threads_are_limited(sandbox, clean, tmp_path):
    code = "import threading, time\nfor i in range(40):\n    threading.Thread(target=time.sleep, args=(9,), daemon=True).start()"
    assert "can't start new thread" in error_of(tmp_path, code)


def test_what_survives_the_notebook_ends_with_it(sandbox, clean, tmp_path):
    code = ("import subprocess, os\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n"
            "        os.execvp('sleep', ['sleep', '12345.678'])\n    os._exit(0)\n"
            "subprocess.Popen(['sleep', '12345.678'], start_new_session=True)")
    assert graded(tmp_path, [*RIGHT, code])["momentum"].passed == "yes"


def test_disk_is_limited_and_nothing_else_can_be_written(sandbox, tmp_path):
    assert "No space left" in error_of(
        tmp_path, "for i in range(9):\n    open(f'/tmp/{i}', 'wb').write(bytes(8 << 20))")
    assert "File too large" in error_of(tmp_path, "f = open('/tmp/a', 'wb')\nf.truncate(1 << 40)")
    assert "No space left" in error_of(tmp_path, "open('/dev/shm/a', 'wb').write(bytes(2 << 20))")
    for folder in ("/", "/dev", "/usr", "/etc", str(Path(sys.prefix)), str(Path(submissions.__file__).parents[3] / "tinynet")):
        assert "Error" in (error := error_of(tmp_path, f"open({folder + '/new'!r}, 'w')")) and "to the end" not in error


def test_nothing_of_the_teachers_is_visible(sandbox, tmp_path, monkeypatch):
    secret = secrets.token_hex(8)
    monkeypatch.setenv("TEACHERS_KEY", secret)
    folders = {str(Path.home()), str(tmp_path), str(Path(submissions.__file__).parents[2])}
    code = f"""
import glob, os
seen = [os.listdir(f) for f in {sorted(folders)} if os.path.isdir(f)]
for name in glob.glob("/proc/*/environ") + glob.glob("/proc/*/cmdline"):
    try:
        seen.append(open(name, "rb").read())
    except OSError:
        pass
pids = [int(n) for n in os.listdir("/proc") if n.isdecimal()]
raise LookupError(f"{{'{secret}' in str(seen)}} {{'.ipynb' in str(seen)}} {{'solutions.py' in str(seen)}} {{len(pids)}} {{os.getuid() == 0}}")
"""
    words = error_of(tmp_path, code).split()[1:]
    assert words[:3] == ["False"] * 3 and int(words[3]) <= 3 and words[4] == "False"


def test_system_calls_that_hide_or_leave_are_refused(sandbox, tmp_path):
    code = """
import ctypes, os, socket
libc = ctypes.CDLL(None, use_errno=True)
def failed(call):
    try:
        call()
        return "DONE"
    except OSError as error:
        return os.strerror(error.errno)
def c(name, *arguments):
    def call():
        if getattr(libc, name)(*arguments) < 0:
            raise OSError(ctypes.get_errno(), "")
    return failed(call)
found = [failed(lambda: os.memfd_create("a")), c("shmget", 0, 1 << 20, 0o1600), c("unshare", 0x10000000),
         c("ptrace", 16, 1, 0, 0), c("mount", b"a", b"/tmp", b"tmpfs", 0, None), c("setns", 0, 0),
         failed(lambda: socket.socket(40, socket.SOCK_STREAM)), failed(lambda: socket.socket(16, socket.SOCK_RAW))]
raise LookupError(" / ".join(found))
"""
    assert error_of(tmp_path, code) == "LookupError: " + " / ".join(
        ["Operation not permitted"] * 6 + ["Address family not supported by protocol"] * 2)


def test_pool_and_threads_work_in_the_sandbox(sandbox, tmp_path):
    code = "import concurrent.futures, math, multiprocessing, subprocess\n" \
           "with concurrent.futures.ThreadPoolExecutor(3) as pool:\n    assert [*pool.map(math.sqrt, [4, 9])] == [2, 3]\n" \
           "with multiprocessing.Pool(2) as pool:\n    assert pool.map(math.sqrt, [4, 9]) == [2, 3]\n" \
           "assert subprocess.check_output(['echo', 'a']) == b'a\\n'\n" \
           "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.savefig('a.png')"
    pytest.importorskip("matplotlib")
    assert "cell" not in graded(tmp_path, [*RIGHT, code], Limits(seconds=60))["(all)"].message


@pytest.mark.parametrize("machine", supported_machines())
def test_the_filter_jumps_within_itself(machine):
    program = system_call_filter(machine)
    steps = [program[i : i + 8] for i in range(0, len(program), 8)]
    assert len(program) % 8 == 0 and len(steps) < 4096
    assert all(index + 1 + max(step[2], step[3]) < len(steps) for index, step in enumerate(steps) if step[0] != 0x06)


def test_another_machine_has_no_filter():
    with pytest.raises(ValueError, match="x86_64, aarch64, not for riscv64"):
        system_call_filter("riscv64")


def test_a_python_that_has_the_home_folder_in_it_is_refused(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    with pytest.raises(SandboxError, match="virtual environment in a folder of its own"):
        visible_folders()


# -- submissions that are none


def test_files_that_are_no_notebooks_have_a_row_each(sandbox, tmp_path):
    folder = tmp_path / "class"
    folder.mkdir()
    texts = {
        "empty.ipynb": ("", "not_a_notebook"), "word.ipynb": ("hello", "not_a_notebook"),
        "list.ipynb": ("[]", "not_a_notebook"), "deep.ipynb": ("[" * 1_000_000, "not_a_notebook"),
        "cells.ipynb": ('{"cells": [1]}', "not_a_notebook"), "digits.ipynb": ("9" * 100_000, "not_a_notebook"),
        "source.ipynb": ('{"cells": [{"cell_type": "code", "source": {}}]}', "not_a_notebook"),
        "metadata.ipynb": ('{"cells": [], "metadata": {"tinynet": {"lesson": ["03_momentum"]}}}', "unknown_lesson"),
        "nothing.ipynb": ('{"cells": []}', "unknown_lesson"),
    }
    for name, (text, _) in texts.items():
        (folder / name).write_text(text)
    with open(folder / "huge.ipynb", "wb") as file:
        file.truncate(40 << 20)
    (folder / "folder.ipynb").mkdir()
    (folder / "loop").symlink_to(".")
    os.mkfifo(folder / "pipe.ipynb")
    (folder / "away.ipynb").symlink_to("/etc/passwd")
    (folder / ".ipynb_checkpoints").mkdir()
    (folder / ".ipynb_checkpoints" / "old.ipynb").write_text("")
    expected = {name: key for name, (_, key) in texts.items()} | {
        "huge.ipynb": "too_large", "folder.ipynb": "not_a_file", "pipe.ipynb": "not_a_file", "away.ipynb": "not_a_file"}
    code, rows = grade(folder, tmp_path / "report.csv", "--lang", "ko")
    assert code == 0 and {name: of_file["(all)"]["mistake"] for name, of_file in rows.items()} == expected
    assert {of_file["(all)"]["passed"] for of_file in rows.values()} == {"not judged"}


def test_names_and_texts_cannot_break_the_table(sandbox, tmp_path, capsys):
    folder = tmp_path / "class"
    folder.mkdir()
    names = ["=1+1.ipynb", "+a.ipynb", "-a.ipynb", "@a.ipynb", "a\nb,c.ipynb", "a\x1b[31m.ipynb", "a\u202e.ipynb",
             b"\xff\xfe.ipynb", " =a.ipynb", "한글.ipynb"]
    for name in names:
        with open(os.path.join(os.fsencode(folder), os.fsencode(name)), "w") as file:
            file.write(notebook(["raise ValueError('=HYPERLINK(1)\\n\\x1b]0;title\\x07\\ud800')"] if name == names[0] else []))
    code, rows = grade(folder, tmp_path / "report.csv")
    shown = ["'=1+1.ipynb", "'+a.ipynb", "'-a.ipynb", "'@a.ipynb", "a\\nb,c.ipynb", "a\\x1b[31m.ipynb",
             "a\\u202e.ipynb", "\\xff\\xfe.ipynb", "' =a.ipynb", "한글.ipynb"]
    assert code == 0 and sorted(rows) == sorted(shown)
    printed = capsys.readouterr().out
    assert "\x1b" not in printed + (tmp_path / "report.csv").read_text(encoding="utf-8-sig")
    assert all(char.isprintable() or char == "\n" for char in printed)


def test_the_same_content_twice_is_told(sandbox, tmp_path):
    (tmp_path / "class" / "second").mkdir(parents=True)
    for name in ("kim.ipynb", "second/kim.ipynb"):
        (tmp_path / "class" / name).write_text(notebook(RIGHT))
    rows = grade(tmp_path / "class", tmp_path / "report.csv")[1]
    assert rows["kim.ipynb"]["momentum"]["passed"] == rows["second/kim.ipynb"]["momentum"]["passed"] == "yes"
    assert "The same content as kim.ipynb." in rows["second/kim.ipynb"]["(all)"]["message"]
    assert "same content" not in rows["kim.ipynb"]["(all)"]["message"]


# -- seeds, lessons, the table's file


def test_the_seed_is_drawn_told_and_repeatable(sandbox, tmp_path, capsys):
    (tmp_path / "class").mkdir()
    (tmp_path / "class" / "a.ipynb").write_text(notebook(["def my_momentum(w, *a): return w, w"]))
    first, second, third = (grade(tmp_path / "class", tmp_path / f"{i}.csv", *options)[1]["a.ipynb"]
                            for i, options in enumerate(((), (), ("--seed", "5"))))
    seeds = [rows["(all)"]["message"].rpartition("Seed ")[2].rstrip(".") for rows in (first, second, third)]
    assert seeds[0] != seeds[1] and seeds[2] == "5" and f"seed {seeds[0]}" in capsys.readouterr().out
    assert first["momentum"]["message"] != second["momentum"]["message"]
    again = grade(tmp_path / "class", tmp_path / "3.csv", "--seed", seeds[0])[1]["a.ipynb"]
    assert again["momentum"]["message"] == first["momentum"]["message"]


def test_a_lesson_is_found_by_most_functions_and_the_later_of_two():
    assert lesson_of("05_adam", ["momentum"]).name == "05_adam"
    assert lesson_of(None, ["momentum", "nesterov", "adam"]).name == "03_momentum"
    assert lesson_of("99_other", ["momentum", "adam"]).name == "05_adam"
    assert lesson_of({"a": 1}, []) is None


def test_every_check_of_a_lesson_is_graded():
    named = {name for lesson in all_lessons() for name in exercises_of(lesson)}
    assert {"momentum", "nesterov", "adam", "eda", "batch_norm_backward"} <= named <= set(EXERCISES)


def make_class(tmp_path):
    (tmp_path / "class").mkdir(exist_ok=True)
    (tmp_path / "class" / "a.ipynb").write_text(notebook(RIGHT))
    return tmp_path / "class"


def test_a_table_is_replaced_whole_and_other_files_are_not_touched(sandbox, tmp_path, capsys, monkeypatch):
    folder, table = make_class(tmp_path), tmp_path / "report.csv"
    assert grade(folder, table)[0] == 0
    before = table.read_bytes()
    monkeypatch.setattr("tinynet.lessons.grading.report.table", lambda rows: 1 / 0)
    assert grade(folder, table)[0] == 1 and table.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["class", "report.csv"]


@pytest.mark.parametrize(("name", "code", "words"), [
    ("a.ipynb", 2, "must end in .csv"), ("mine.csv", 1, "is no table of this command"),
    ("link.csv", 1, "is no table of this command"), ("no/report.csv", 1, "does not exist"),
])
def test_what_should_not_be_overwritten_is_not(tmp_path, capsys, name, code, words):
    folder = make_class(tmp_path)
    (tmp_path / "mine.csv").write_text("mine")
    (tmp_path / "link.csv").symlink_to(tmp_path / "mine.csv")
    assert main(["lessons", "grade", str(folder), "--out", str(tmp_path / name)]) == code
    assert words in capsys.readouterr().err and (tmp_path / "mine.csv").read_text() == "mine"


@pytest.mark.parametrize(("folder", "words"), [("none", "there is no folder"), ("class/a.ipynb", "is a file"),
                                               ("empty", "no file *.ipynb")])
def test_folders_without_notebooks_are_refused(tmp_path, capsys, folder, words):
    make_class(tmp_path)
    (tmp_path / "empty").mkdir()
    assert main(["lessons", "grade", str(tmp_path / folder), "--out", str(tmp_path / "a.csv")]) == 1
    assert words in capsys.readouterr().err


def test_help_has_the_columns_and_what_is_not_isolated(capsys):
    assert main(["lessons", "grade", "--help"]) == 0
    shown = capsys.readouterr().out
    for word in ("file", "lesson", "exercise", "passed", "mistake", "message", "seconds", "Not isolated", "kernel"):
        assert word in shown


# -- without the sandbox


@pytest.fixture
def no_bwrap(monkeypatch, tmp_path):
    """A path without bubblewrap."""
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.mark.parametrize(("lang", "words"), [("en", "bubblewrap is not installed"), ("ko", "가둘 샌드박스가 없습니다")])
def test_without_bubblewrap_it_refuses(no_bwrap, tmp_path, capsys, lang, words):
    table = tmp_path / "report.csv"
    assert grade(make_class(tmp_path), table, "--lang", lang) == (1, None)
    errors = capsys.readouterr().err
    assert words in errors and "--unsafe" in errors and len(errors.splitlines()) == 1


def test_where_bubblewrap_fails_its_reason_is_told(monkeypatch, tmp_path, capsys):
    fake = tmp_path / "bin" / "bwrap"
    fake.parent.mkdir()
    fake.write_text("#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(fake.parent))
    assert grade(make_class(tmp_path), tmp_path / "report.csv")[0] == 1
    assert "setting up uid map: Permission denied" in capsys.readouterr().err


def test_unsafe_tells_what_is_not_isolated_and_keeps_the_other_limits(no_bwrap, clean, tmp_path, capsys):
    folder = make_class(tmp_path)
    cells = {
        "b": ["while True: pass"], "c": ["while True: print('x' * 1000)"], "d": ["x = bytearray(4 << 30)"],
        "e": ["import subprocess\nsubprocess.Popen(['/bin/sleep', '12345.678'])"], "f": ["import os\nos._exit(1)"],
    }
    for name, cell in cells.items():
        (folder / f"{name}.ipynb").write_text(notebook([*RIGHT, *cell]))
    code, rows = grade(folder, tmp_path / "report.csv", "--unsafe", "--time-limit", "3", "--output", "1")
    errors = capsys.readouterr().err
    assert code == 0 and "WITHOUT A SANDBOX" in errors and "use the network" in errors and "delete your files" in errors
    assert {name[0]: of_file["momentum"]["mistake"] for name, of_file in rows.items()} == {
        "a": "", "b": "time_limit", "c": "output_limit", "d": "", "e": "", "f": "ended"}
    assert "cell 4 (MemoryError)" in rows["d.ipynb"]["(all)"]["message"]
    assert all("Run without the sandbox." in of_file["(all)"]["message"] for of_file in rows.values())


def test_a_process_that_was_ended_answers_no_more(sandbox, clean):
    with Process(SMALL) as process:
        process.end()
        process.end()
    with Process(SMALL) as process, pytest.raises(Ended) as ended:
        process.ask({"do": "read", "long": False}, json.dumps({"cells": []}).encode(), seconds=0.0)
    assert ended.value.key == "time_limit"
