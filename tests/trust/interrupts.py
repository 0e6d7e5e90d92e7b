"""The part `interrupts` of tests/trust/run: Ctrl-C at random moments of everything that takes a while, and processes
and threads that share what has been started. Afterwards no thread, no open file and no unfinished file is left, and
the same training gives the same weights as before.
"""

import contextlib
import gc
import hashlib
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import warnings
from pathlib import Path

import numpy as np

import tinynet as tn
from tinynet import callbacks, layers

INTERRUPTS = 200
rng = np.random.default_rng(0)
X, Y = rng.standard_normal((256, 8, 8, 3)).astype("f"), rng.integers(0, 4, 256)


def model(seed=3):
    tn.utils.set_random_seed(seed)
    one = tn.Sequential([tn.Input((8, 8, 3)), layers.RandomFlip(), layers.Conv2D(4, 3, activation="relu"),
                         layers.BatchNormalization(), layers.MaxPooling2D(), layers.Flatten(), layers.Dropout(0.25),
                         layers.Dense(4, "softmax")])
    one.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return one


def weight_hash(epochs=1):
    """The hash of the weights after a small training."""
    one = model()
    one.fit(X, Y, batch_size=32, epochs=epochs, verbose=0)
    return hashlib.sha256(b"".join(array.tobytes() for array in one.get_weights())).hexdigest()[:16]


def dataset(folder):
    data = tn.data.Dataset.from_tensor_slices((X, Y)).shuffle(64).map(lambda x, y: (x * 0.5, y)).batch(16).prefetch(2)
    model().fit(data.prefetch(1), epochs=2, verbose=0)


def fit(folder):
    model().fit(X, Y, epochs=3, batch_size=16, verbose=0, validation_split=0.25)


def fit_with_callbacks(folder):
    model().fit(X, Y, epochs=3, batch_size=32, verbose=0, callbacks=[
        callbacks.ModelCheckpoint(folder / "c.keras"), callbacks.CSVLogger(folder / "log.csv"),
        callbacks.BackupAndRestore(folder / "backup", save_freq=3), callbacks.EarlyStopping("loss")])


def predict(folder):
    one = model()
    one.predict(X, batch_size=16, verbose=0)
    one.evaluate(X, Y, batch_size=16, verbose=0)


def save_and_load(folder):
    one = model()
    for name in ("m.keras", "m2.keras"):
        one.save(folder / name)
        tn.models.load_model(folder / name)


def own_loop(folder):
    one, optimizer = model(), tn.optimizers.SGD(0.1)
    for start in range(0, 256, 32):
        with tn.GradientTape() as tape:
            loss = tn.ops.mean(one(X[start:start + 32], training=True) ** 2)
        optimizer.apply_gradients(zip(tape.gradient(loss, one.trainable_variables), one.trainable_variables,
                                      strict=True))


def lab_session(folder):
    import json

    from tinynet.lab.session import Session
    from tinynet.lab.turns import Turns

    # A server makes and ends its sessions where no Ctrl-C comes. Here, `extend` is one call for Python, which looks for
    # Ctrl-C after calls.
    sessions = []
    try:
        sessions.extend(map(Session, [Turns()], [lambda message: None]))
        session = sessions[0]
        for message in ({"do": "open", "panel": "descent"}, {"do": "speed", "speed": 0}, {"do": "play"},
                        {"do": "ready"}):
            session.receive(json.dumps(message))
        time.sleep(0.02)
    finally:
        for session in sessions:
            try:
                session.end()
            except KeyboardInterrupt:
                session.end()
                raise


TASKS = (fit, dataset, fit_with_callbacks, predict, save_and_load, own_loop, lab_session)


def threads():
    """The threads of Python, but the main one and those that pools keep for the next task."""
    return {thread for thread in threading.enumerate() if thread is not threading.main_thread()}


def threads_left(before):
    """The threads that do not end by themselves within 5 s."""
    end = time.monotonic() + 5
    while (left := threads() - before) and time.monotonic() < end:
        time.sleep(0.01)
    return left


def open_files():
    return sorted(os.readlink(f"/proc/self/fd/{name}") for name in os.listdir("/proc/self/fd")
                  if os.path.exists(f"/proc/self/fd/{name}"))


def interrupted(task, seconds, folder):
    """Run a task, with Ctrl-C after some seconds. Whether it came in time."""
    signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        signal.setitimer(signal.ITIMER_REAL, seconds)
        task(folder)
        signal.setitimer(signal.ITIMER_REAL, 0)
    except KeyboardInterrupt:
        return True
    return False


def interrupt(count, seed):
    """Interrupt tasks. Return (how many were met, list of faults)."""
    draw, faults, met = random.Random(f"interrupts {seed}"), [], 0
    before_handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    with tempfile.TemporaryDirectory() as name, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        folder, durations = Path(name), {}
        for task in TASKS:
            task(folder)  # everything is imported
            started = time.monotonic()
            task(folder)
            durations[task] = time.monotonic() - started
        expected, before, files = weight_hash(), threads(), open_files()
        for number in range(count):
            task = draw.choice(TASKS)
            moment = max(draw.random() * durations[task], 1e-4)
            where = f"interrupt {number}, {task.__name__} after {1000 * moment:.1f} ms of {1000 * durations[task]:.1f}"
            try:
                met += interrupted(task, moment, folder)
            except BaseException as error:
                faults.append(f"{where}: {''.join(traceback.format_exception(error))}")
            gc.collect()
            if left := threads_left(before):
                faults.append(f"{where}: threads are left: {sorted(thread.name for thread in left)}")
                before |= left
            if open_files() != files:
                faults.append(f"{where}: open files: {set(open_files()) ^ set(files)}")
                files = open_files()
            for file in folder.glob("*.keras"):
                try:
                    tn.models.load_model(file)
                except Exception as error:
                    faults.append(f"{where}: {file.name}: {error}")
            if list(folder.rglob("*.tinynet.tmp")):
                faults.append(f"{where}: unfinished files are left")
                [file.unlink() for file in folder.rglob("*.tinynet.tmp") if file.is_file()]
            if weight_hash() != expected:
                faults.append(f"{where}: the next training gives other weights")
    signal.signal(signal.SIGINT, before_handler)
    return met, faults


# --- processes and threads ------------------------------------------------------------------------------------------


def forked(expected):
    """Trainings in forks of a process that has trained, one of them from a thread."""
    answers = []

    def fork():
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            with contextlib.suppress(BaseException):
                os.write(writer, weight_hash().encode())
            os._exit(0)
        os.close(writer)
        with open(reader, "rb") as file:
            answers.append(file.read().decode())
        os.waitpid(child, 0)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        for _ in range(3):
            fork()
        thread = threading.Thread(target=fork)
        thread.start()
        thread.join()
    return answers == [expected] * 4 and weight_hash() == expected


def spawned(expected):
    script = f"import sys; sys.path[:0] = {sys.path!r}; from trust.interrupts import weight_hash; print(weight_hash())"
    outputs = [subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120)
               .stdout.strip() for _ in range(2)]
    context = multiprocessing.get_context("fork")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        with context.Pool(2) as pool:
            outputs += pool.map(_hash_of, range(4))
    return outputs == [expected] * 6


def _hash_of(_):
    return weight_hash()


def weights_in_a_thread(seed):
    """Weights that do not depend on the seed of the process, which all threads share."""
    one = tn.Sequential([tn.Input((192,)),
                         layers.Dense(32, "relu", kernel_initializer=tn.initializers.GlorotUniform(seed)),
                         layers.Dense(4, kernel_initializer=tn.initializers.GlorotUniform(seed + 1))])
    one.compile("adam", tn.losses.SparseCategoricalCrossentropy(from_logits=True))
    one.fit(X.reshape(256, 192), Y, batch_size=32, epochs=2, verbose=0, shuffle=False)
    return b"".join(array.tobytes() for array in one.get_weights())


def threaded():
    """Models trained at the same time give the weights that they give one after the other."""
    from concurrent.futures import ThreadPoolExecutor

    expected = [weights_in_a_thread(seed) for seed in range(4)]
    with ThreadPoolExecutor(4) as pool:
        return all(list(pool.map(weights_in_a_thread, range(4))) == expected for _ in range(3))


def run(settings):
    count = settings.count(INTERRUPTS)
    met, faults = interrupt(count, settings.seed)
    yield "Ctrl-C", f"{count} interrupts, {met} met the task, {len(faults)} faults", "0", not faults
    for fault in faults[:10]:
        print(f"    {fault}")
    expected = weight_hash()
    yield "fork", "4 children", "the same weights", forked(expected)
    yield "spawn", "2 processes and a pool", "the same weights", spawned(expected)
    yield "threads", "4 models at once, 3 times", "the same weights", threaded()
