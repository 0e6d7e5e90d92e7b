"""Windows and macOS, as far as Linux can tell: without what they lack, and with Windows' refusals (other_systems.py).
"""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest
from other_systems import UNLIKE

import tinynet

HERE = Path(__file__).parent
PACKAGE = Path(tinynet.__file__).parent
# What only runs where the system has it, as the code around it asks: {file: names of os and signal}.
ASKED = {
    "augment/sampling.py": "register_at_fork", "core/cpus.py": "sched_getaffinity",
    "core/processes.py": "killpg SIGKILL", "distribution/strategy.py": "sched_getaffinity",
    "lab/access.py": "getuid", "lab/background.py": "register_at_fork",
    "lessons/checks/running.py": "SIGALRM setitimer ITIMER_REAL", "lessons/grading/watch.py": "sysconf",
    "utils/files.py": "fchmod O_NOFOLLOW",
    # The grader, which `check_system` refuses first.
    "lessons/grading/entry.py": "setgroups setresgid setresuid", "lessons/grading/submissions.py": "O_NOFOLLOW "
    "O_NONBLOCK", "lessons/grading/sandbox.py": "getuid geteuid killpg", "lessons/grading/process.py":
    "killpg SIGKILL pidfd_open pidfd_send_signal statvfs",
}
MODULES = {"utils/files.py": "fcntl", "lessons/grading/entry.py": "resource", "lessons/grading/sandbox.py": "pwd"}


@pytest.fixture(params=["windows", "macos"])
def run(request, tmp_path):
    """A function that runs a program as on this system, in an empty folder, and returns what it prints."""
    def run(program, *options):
        environment = {**os.environ, "HOME": str(tmp_path), "TINYNET_HOME": str(tmp_path / "cache"),
                       "PYTHONPATH": os.pathsep.join([str(PACKAGE.parent), *sys.path[1:]])}
        environment.pop("TINYNET_BACKEND", None)
        command = [sys.executable, "-P", *options, str(HERE / "other_systems.py"), request.param, program]
        result = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    run.system = request.param
    return run


def test_every_module_is_imported(run):
    program = """
import importlib, pkgutil, tinynet
for module in pkgutil.walk_packages(tinynet.__path__, "tinynet."):
    if module.name.rpartition(".")[2].isidentifier() and not module.name.endswith("__main__"):
        try:
            importlib.import_module(module.name)
        except ImportError as error:
            if error.name.partition(".")[0] == "tinynet" or "halted" in str(error):  # not: an extra is not installed
                print(module.name)
print(tinynet.backend())
"""
    *refused, backend = run(program).split()
    compiled = {f"tinynet.{path.relative_to(PACKAGE).as_posix().partition('.')[0].replace('/', '.')}"
                for path in PACKAGE.rglob("*.so")}
    assert backend == "numpy"
    assert not set(refused) - compiled


MODEL = """
import os, numpy as np, tinynet as tn
from tinynet import layers
def make():
    tn.utils.set_random_seed(1)
    model = tn.Sequential([tn.Input((6, 6, 1)), layers.Conv2D(2, 3, activation="relu"), layers.BatchNormalization(),
                           layers.Flatten(), layers.Dropout(0.2), layers.Dense(3, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model
rng = np.random.default_rng(0)
x, y = rng.standard_normal((48, 6, 6, 1)).astype("f"), rng.integers(0, 3, 48)
model = make()
"""


def test_models_are_trained_saved_over_and_loaded(run):
    assert run(MODEL + """
model.fit(x, y, epochs=2, verbose=2, validation_split=0.25, callbacks=[
    tn.callbacks.ModelCheckpoint("best.keras", save_best_only=True), tn.callbacks.CSVLogger("log.csv"),
    tn.callbacks.EarlyStopping(restore_best_weights=True)])
expected = model.predict(x, verbose=0)
for name in ("m.keras", "w.safetensors"):
    for _ in range(2):  # the second one in place of the first
        (model.save if name.endswith("keras") else model.save_weights)(name)
    loaded = tn.models.load_model(name) if name.endswith("keras") else make()
    if name.startswith("w"):
        loaded.load_weights(name)
    assert (loaded.predict(x, verbose=0) == expected).all()
    (model.save if name.endswith("keras") else model.save_weights)(name)  # a loaded model keeps no file open
assert sorted(os.listdir()) == ["best.keras", "log.csv", "m.keras", "w.safetensors"], os.listdir()
print("well")
""").endswith("well\n")


def test_a_training_goes_on_after_a_crash(run):
    assert run(MODEL + """
class Crash(tn.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        if self.model.optimizer.iterations == 5:
            raise RuntimeError("crash")
backup = lambda: tn.callbacks.BackupAndRestore("backup", save_freq=1, double_checkpoint=True)
try:
    model.fit(x, y, epochs=2, batch_size=12, verbose=0, callbacks=[backup(), Crash()])
except RuntimeError:
    assert sorted(os.listdir("backup")) == ["latest.safetensors", "previous.safetensors"]
model = make()
model.fit(x, y, epochs=2, batch_size=12, verbose=0, callbacks=[backup()])
whole = make()
whole.fit(x, y, epochs=2, batch_size=12, verbose=0)
assert all((a == b).all() for a, b in zip(model.get_weights(), whole.get_weights()))
assert not os.path.exists("backup")
print("well")
""").endswith("well\n")


def test_files_are_whole_and_old_leftovers_go(run):
    assert run("""
import os, pathlib, time
from tinynet.utils import files
path = pathlib.Path("file")
path.write_bytes(b"old")
try:
    with files.atomic_write(path) as file:
        file.write(b"half")
        raise KeyError
except KeyError:
    assert os.listdir() == ["file"] and path.read_bytes() == b"old"
for name, age in (("new", 0), ("old", 2 * files.STALE_SECONDS)):
    leftover = pathlib.Path(files.temporary_name(name))
    leftover.write_bytes(b"killed")
    folder = pathlib.Path(files.temporary_name(name))
    folder.mkdir()
    for item in (leftover, folder):
        os.utime(item, (time.time() - age,) * 2)
with files.atomic_write(path) as file:
    file.write(b"whole")
assert path.read_bytes() == b"whole"
print(*sorted(name.split(".")[1] for name in os.listdir() if name.startswith(".")))
with files.atomic_folder("made") as folder:
    (folder / "inside").write_bytes(b"1")
with files.atomic_folder("made") as folder:
    (folder / "inside").write_bytes(b"2")
assert pathlib.Path("made/inside").read_bytes() == b"2"
""").split() == (["new", "new"] if run.system == "windows" else [])


def test_a_file_that_another_program_reads_is_tried_again(run):
    """On Windows it cannot be replaced at once; on the others it can."""
    assert run("""
import pathlib, threading
from tinynet.utils import files
path = pathlib.Path("file")
path.write_bytes(b"old")
reader = open(path, "rb")
threading.Timer(0.2, reader.close).start()
with files.atomic_write(path) as file:
    file.write(b"new")
print(reader.closed, path.read_bytes())
reader = open(path, "rb")
files.BUSY_TRIES = 2
try:
    with files.atomic_write(path) as file:
        file.write(b"third")
except PermissionError as error:
    print("refused", path.read_bytes(), len(list(pathlib.Path().iterdir())))
""").split() == (["True", "b'new'", "refused", "b'new'", "1"] if run.system == "windows" else ["False", "b'new'"])


def test_programs_are_ended_with_the_time(run):
    """A translator that hangs, and a lesson."""
    assert "took longer" in run("""
import os, pathlib
program = pathlib.Path("bin/apertium")
program.parent.mkdir()
program.write_text("#!/bin/sh\\ncase $1 in -l) echo eng-spa;; *) exec sleep 60;; esac\\n", encoding="utf-8")
program.chmod(0o755)
os.environ["PATH"] = f"{program.parent.resolve()}{os.pathsep}{os.environ['PATH']}"
from tinynet.augment import ApertiumTranslator
try:
    ApertiumTranslator("eng", "spa", timeout=0.3).translate(["a word"])
except TimeoutError as error:
    print(error)
""")
    assert "not finished after 0.5 seconds" in run("""
import pathlib
from tinynet.lessons import Cell
from tinynet.lessons.run import run_lesson
from tinynet.lessons.sources import Lesson
cell = Cell({}, "import time; time.sleep(60)", tags=(), line=1)
try:
    run_lesson(Lesson(pathlib.Path("12_x.py"), "12_x", {"en": "x", "ko": "x"}, "1-1", 2, (cell,)), time_limit=0.5)
except TimeoutError as error:
    print(error)
""")


def test_the_commands_run_and_the_grader_tells_where_it_does(run):
    program = """
import contextlib, io, os
from tinynet.cli import main
assert main(["info"]) == 0 and main(["data"]) == 0 and main(["lessons"]) == 0
os.mkdir("returned")
errors = io.StringIO()
with contextlib.redirect_stderr(errors):
    print("code", main(["lessons", "grade", "returned", "--out", "r.csv", "--unsafe"]))
print(errors.getvalue())
"""
    printed = run(program)
    assert ("run it in WSL" in printed) == (run.system == "windows")
    assert "code 0" not in printed  # Windows: refused; elsewhere: an empty folder


def test_the_lab_answers(run):
    pytest.importorskip("uvicorn")
    assert run("""
import threading, urllib.request
from tinynet.lab import server
listener = server.listen("127.0.0.1", 0)
print("listening" if listener.getsockname()[1] else "")
""").split() == ["listening"]


def test_names_that_a_system_lacks_are_asked_for_first():
    """Every use of such a name is in ASKED or MODULES, whose lines have been looked at."""
    lacking = {name for system in UNLIKE.values() for kind in ("os", "signal", "socket")
               for name in system[kind].split()}
    modules = {name for system in UNLIKE.values() for name in system["modules"].split()}
    found, imported = {}, {}
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).as_posix()
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.attr in lacking \
                    and node.value.id in ("os", "signal", "socket"):
                found.setdefault(name, set()).add(node.attr)
            elif isinstance(node, ast.Import | ast.ImportFrom):
                names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [one.name for one in node.names]
                for one in {*names} & modules if not getattr(node, "level", 0) else ():
                    imported.setdefault(name, set()).add(one)
    assert {name: names - {*ASKED.get(name, "").split()} for name, names in found.items()} \
        == dict.fromkeys(found, set())
    assert imported == {name: {*names.split()} for name, names in MODULES.items()}
