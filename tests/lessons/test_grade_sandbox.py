"""Attacks on the grader's marks and on its machine."""

import errno
import json
import os
import re
import secrets
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest
from lessons.class_of_ten import submissions
from lessons.class_of_ten.submissions import MOMENTUM, NESTEROV, RIGHT, notebook
from lessons.grading import SMALL, errors_of, graded, leftovers

import tinynet
from tinynet.lessons.grading import entry, system_calls
from tinynet.lessons.grading.process import Ended, Process
from tinynet.lessons.grading.sandbox import Limits, SandboxError, check_hidden, visible_folders
from tinynet.lessons.grading.system_calls import supported_machines, system_call_filter

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
    code = """
import os, time
for _ in range(5):
    if not os.fork():
        x = bytearray(90 << 20)
        time.sleep(60)
time.sleep(60)
"""
    rows = graded(tmp_path, [*RIGHT, code], Limits(seconds=30, memory=300))
    assert rows["momentum"].mistake == "memory_limit" and "300 MB" in rows["momentum"].message


def test_memory_that_processes_share_counts_once(sandbox, tmp_path):
    code = "import os, time\nx = bytearray(100 << 20)\npids = [os.fork() for _ in range(2)]\ntime.sleep(1)"
    assert graded(tmp_path, [*RIGHT, code], Limits(seconds=30, memory=300))["momentum"].passed == "yes"


def test_processes_and_threads_are_limited(sandbox, clean):
    code = """
import threading, time
for i in range(40):
    threading.Thread(target=time.sleep, args=(9,), daemon=True).start()
"""
    assert "can't start new thread" in errors_of(code)[0]


def test_what_survives_the_notebook_ends_with_it(sandbox, clean, tmp_path):
    code = ("import subprocess, os\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n"
            "        os.execvp('sleep', ['sleep', '12345.678'])\n    os._exit(0)\n"
            "subprocess.Popen(['sleep', '12345.678'], start_new_session=True)")
    assert graded(tmp_path, [*RIGHT, code])["momentum"].passed == "yes"


def test_with_the_grader_its_sandbox_ends(sandbox, clean, tmp_path):
    (tmp_path / "class").mkdir()
    (tmp_path / "class" / "a.ipynb").write_text(notebook(["while True: pass"]))
    before = leftovers()
    grader = subprocess.Popen(
        [sys.executable, "-P", "-m", "tinynet", "lessons", "grade", str(tmp_path / "class"), "--out",
         str(tmp_path / "report.csv")], stdout=subprocess.PIPE, cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(tinynet.__path__[0]).parent), *sys.path])})
    assert b"notebooks: 1" in grader.stdout.readline() + grader.stdout.readline()
    deadline = time.monotonic() + 20
    while not leftovers() - before and time.monotonic() < deadline:
        time.sleep(0.05)
    assert leftovers() - before
    grader.kill()
    grader.wait()
    grader.stdout.close()
    assert not (tmp_path / "report.csv").exists()


def test_disk_is_limited_and_nothing_else_can_be_written(sandbox):
    closed = ("/", "/dev", "/usr", "/etc", sys.prefix, tinynet.__path__[0])
    large, full, shared, *others = errors_of(
        "f = open('/tmp/a', 'wb')\nf.truncate(1 << 40)",
        "for i in range(9):\n    open(f'/tmp/{i}', 'wb').write(bytes(8 << 20))",
        "open('/dev/shm/a', 'wb').write(bytes(2 << 20))",
        *(f"open({folder + '/new'!r}, 'w')" for folder in closed))
    assert "File too large" in large and "No space left" in full and "No space left" in shared
    assert len(others) == len(closed)
    assert all("Read-only file system" in error or "Permission denied" in error for error in others)


def test_the_number_of_files_is_limited(sandbox, clean, tmp_path):
    code = "import itertools\nfor i in itertools.count():\n    open(str(i), 'w').close()"
    assert graded(tmp_path, [*RIGHT, code], Limits(files=500))["momentum"].mistake == "file_limit"


def test_memory_that_belongs_to_no_process_cannot_be_had(sandbox):
    errors = errors_of("import mmap\nmmap.mmap(-1, 1 << 20)", "open('/dev/zero', 'r+b')")
    assert all(error.startswith("PermissionError") for error in errors)


def test_a_crash_leaves_no_core_and_wakes_no_handler(sandbox):
    """With a limit of 1 byte the kernel gives the memory of a crashed program to nobody; 0 is for files alone."""
    code = "import resource\nassert resource.getrlimit(resource.RLIMIT_CORE) == (1, 1)"
    assert "to the end" in errors_of(code)[0]


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
found = [word in str(seen) for word in ({secret!r}, ".ipynb", "solutions.py")]
raise LookupError(*found, len(pids), os.getuid() == 0)
"""
    words = errors_of(code)[0].removeprefix("LookupError: ").strip("()").split(", ")
    assert words[:3] == ["False"] * 3 and int(words[3]) <= 3 and words[4] == "False"


def test_system_calls_that_hide_or_leave_are_refused(sandbox):
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
         *[failed(lambda: socket.socket(family, socket.SOCK_DGRAM)) for family in (2, 10, 16, 40)]]
raise LookupError(" / ".join(found))
"""
    assert errors_of(code)[0] == "LookupError: " + " / ".join(
        ["Operation not permitted"] * 6 + ["Address family not supported by protocol"] * 4)


def test_pool_and_threads_work_in_the_sandbox(sandbox, tmp_path):
    code = """
import concurrent.futures, math, multiprocessing, subprocess
with concurrent.futures.ThreadPoolExecutor(3) as pool:
    assert [*pool.map(math.sqrt, [4, 9])] == [2, 3]
with multiprocessing.Pool(2) as pool:
    assert pool.map(math.sqrt, [4, 9]) == [2, 3]
assert subprocess.check_output(["echo", "a"]) == b"a\\n"
import matplotlib.pyplot as plt
plt.plot([1, 2])
plt.savefig("a.png")
"""
    pytest.importorskip("matplotlib")
    assert "cell" not in graded(tmp_path, [*RIGHT, code], Limits(seconds=60))["(all)"].message


@pytest.mark.parametrize("machine", supported_machines())
def test_the_filter_jumps_within_itself(machine):
    program = system_call_filter(machine)
    steps = [program[i : i + 8] for i in range(0, len(program), 8)]
    assert len(program) % 8 == 0 and len(steps) < 4096
    assert all(index + 1 + max(step[2], step[3]) < len(steps) for index, step in enumerate(steps) if step[0] != 0x06)


def steps_of(machine):
    return list(struct.iter_unpack("=HBBI", system_call_filter(machine)))


def answer_of(program, number, arguments=(), machine=0xC000003E):
    """What the kernel's machine of classic BPF returns for a call: the program is run here, step by step."""
    call = struct.pack("=iIQ6Q", number, machine, 0, *(*arguments, 0, 0, 0, 0, 0, 0)[:6])
    at, value = 0, None
    while True:
        code, if_true, if_false, operand = program[at]
        at += 1
        if code == 0x06:  # return
            return operand
        if code == 0x20:  # load 4 bytes
            (value,) = struct.unpack_from("=I", call, operand)
        elif code == 0x54:
            value &= operand
        else:
            assert code in (0x15, 0x35, 0x45)
            holds = value == operand if code == 0x15 else value >= operand if code == 0x35 else value & operand
            at += if_true if holds else if_false


@pytest.mark.parametrize("machine", supported_machines())
def test_what_the_filter_answers(machine):
    """Every call, with many values of the arguments that count: a wrong jump goes astray for some of them."""
    program, (own, refused) = steps_of(machine), system_calls._MACHINES[machine]
    allow, kill, failing = 0x7FFF0000, 0x80000000, 0x00050000
    clone, socket, mmap = (getattr(system_calls, f"_{name}")[machine] for name in ("CLONE", "SOCKET", "MMAP"))
    refused = {*system_calls._COMMON.values(), *refused.values()}
    for number in range(600):
        for value in (0, 1, 2, 0x21, clone, socket, mmap) if number in (clone, socket, mmap) else (0x21,):
            arguments, expected = (value, 0, 0, value), allow
            if number == 435:  # clone3
                expected = failing | errno.ENOSYS
            elif number in refused or number == mmap and value & 0x21 == 0x21:
                expected = failing | errno.EPERM
            elif number == socket and value != 1:
                expected = failing | errno.EAFNOSUPPORT
            assert answer_of(program, number, arguments, own) == expected, (number, value)
    for value in range(600):  # a signal, and flags
        assert answer_of(program, clone, (value,), own) == allow
    for bit in range(32):
        is_new = bit in (17, 25, 26, 27, 28, 29, 30)  # the namespaces: sched.h
        assert answer_of(program, clone, (1 << bit | 17,), own) == (failing | errno.EPERM if is_new else allow)
        assert answer_of(program, mmap, (0, 0, 0, 1 << bit), own) == allow  # one of the two flags is not enough
    for other in {known[0] for known in system_calls._MACHINES.values()} - {own} | {0, 0x40000003}:
        assert all(answer_of(program, number, (0,), other) == kill for number in range(600))
    if machine == "x86_64":
        assert answer_of(program, 0x40000000, (), own) == answer_of(program, 0x40000009, (), own) == (
            failing | errno.ENOSYS)
        assert answer_of(program, 0x3FFFFFFF, (), own) == allow


HEADERS = {"x86_64": "/usr/include/x86_64-linux-gnu/asm/unistd_64.h", "aarch64": "/usr/include/asm-generic/unistd.h"}


@pytest.mark.parametrize("machine", supported_machines())
def test_the_numbers_of_the_calls_are_those_of_the_kernels_headers(machine):
    if not Path(HEADERS[machine]).exists():
        pytest.skip(f"no {HEADERS[machine]} here")
    found = re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", Path(HEADERS[machine]).read_text())
    numbers = {name: int(number) for name, number in found}
    listed = {**system_calls._COMMON, **system_calls._MACHINES[machine][1], "clone3": system_calls._CLONE3,
              **{name: getattr(system_calls, f"_{name.upper()}")[machine] for name in ("clone", "socket", "mmap")}}
    assert listed == {name: numbers[name] for name in listed}


def test_another_machine_has_no_filter():
    with pytest.raises(ValueError, match="x86_64, aarch64, not for riscv64"):
        system_call_filter("riscv64")


def test_there_are_no_rights_within(sandbox):
    code = "import os\nlines = dict(line.split(':', 1) for line in open('/proc/self/status') if ':' in line)\n" \
           "raise LookupError(*(lines[key].strip() for key in ('CapEff', 'CapPrm', 'CapAmb', 'NoNewPrivs', 'Seccomp')))"
    nothing = repr("0" * 16)
    assert errors_of(code)[0] == f"LookupError: ({nothing}, {nothing}, {nothing}, '1', '2')"


def test_submissions_within_what_is_visible_are_refused():
    with pytest.raises(SandboxError, match="which every submission can read"):
        check_hidden(Path(tinynet.__path__[0]) / "lessons")
    check_hidden(Path("/somewhere/else"))


def test_a_python_that_has_the_home_folder_in_it_is_refused(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    with pytest.raises(SandboxError, match="virtual environment in a folder of its own"):
        visible_folders()


def test_a_process_that_was_ended_answers_no_more(sandbox, clean):
    with Process(SMALL) as process:
        process.end()
        process.end()
    with Process(SMALL) as process, pytest.raises(Ended) as ended:
        process.ask({"do": "read", "long": False}, json.dumps({"cells": []}).encode(), seconds=0.0)
    assert ended.value.key == "time_limit"


def test_the_limits_that_the_system_enforces():
    limits = Limits(seconds=1.5, call_seconds=0.25, memory=3, processes=4, disk=5)
    expected = {"RLIMIT_AS": 3 << 20, "RLIMIT_FSIZE": 5 << 20, "RLIMIT_NOFILE": 128, "RLIMIT_CORE": 1, "RLIMIT_CPU": 7}
    assert limits.of_a_process(False) == expected  # 1.5 s and 20 exercises of 0.25 s, rounded up
    assert limits.of_a_process(True) == {**expected, "RLIMIT_NPROC": 4}


@pytest.mark.skipif(sys.platform == "win32", reason="it has no limits of processes")
@pytest.mark.parametrize(("before", "after"), [(None, 9000), (20_000, 9000), (5000, 5000)])
def test_a_process_takes_its_limits_upon_itself_before_it_becomes_another(before, after):
    """Soft and hard; a lower one that it has already stays."""
    import resource

    shown = "import resource; print(resource.getrlimit(resource.RLIMIT_FSIZE))"
    settings = {"user": None, "limits": {"RLIMIT_FSIZE": 9000}, "command": [sys.executable, "-c", shown]}
    done = subprocess.run(
        [sys.executable, entry.__file__, json.dumps(settings)], capture_output=True, text=True, check=True,
        preexec_fn=before and (lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (before, before))))
    assert done.stdout.strip() == str((after, after))
