"""The part `soak` of tests/trust/run: everything that a long session does, over and over, in one process. After the
first tenth of the time, which fills caches and pools, the resident memory stays within 2%; at the end no thread and no
open file is left.
"""

import gc
import json
import os
import random
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
from trust.interrupts import X, Y, model, open_files, threads

import tinynet as tn
from tinynet import layers
from tinynet.runtime import free_memory

MINUTES = 60
WITHIN = 0.02
WARM_UP = 0.1  # of the time
EVERY = 20  # turns: memory is measured


def train(folder, draw):
    model(draw.randrange(100)).fit(X, Y, batch_size=32, epochs=2, verbose=0, validation_split=0.25)


def predict_and_evaluate(folder, draw):
    one = model()
    one.predict(X, batch_size=draw.choice([16, 32, 64]), verbose=0)
    one.evaluate(X, Y, verbose=0)


def save_and_load(folder, draw):
    one = model()
    one.fit(X, Y, batch_size=64, verbose=0)
    path = folder / draw.choice(["m.keras", "other.keras"])
    one.save(path)
    tn.models.load_model(path).predict(X[:8], verbose=0)
    one.save_weights(folder / "w.safetensors")
    one.load_weights(folder / "w.safetensors")


def new_models(folder, draw):
    for _ in range(5):
        x = tn.Input((8,))
        y = layers.Dense(draw.randrange(1, 64), "relu")(x)
        one = tn.Model(x, layers.Dense(2)(layers.concatenate([x, y])))
        one.compile("sgd", "mse")
        one.train_on_batch(np.ones((4, 8)), np.ones((4, 2)))
        tn.models.model_from_json(one.to_json())


def tapes(folder, draw):
    w = tn.Variable(np.ones((16, 16), "f"))
    for _ in range(20):
        with tn.GradientTape(persistent=True) as outer:
            with tn.GradientTape() as inner:
                loss = tn.ops.sum(tn.ops.tanh(w @ w))
            gradient = inner.gradient(loss, w)
            size = tn.ops.sum(gradient ** 2)
        outer.gradient(size, w)


def augment(folder, draw):
    data = tn.data.Dataset.from_tensor_slices((X, Y)).shuffle(64).batch(32).prefetch(2)
    flips = tn.Sequential([layers.RandomFlip(), layers.RandomRotation(0.1), layers.RandomZoom(0.1)])
    for x, _ in data.take(draw.randrange(1, 8)):
        flips(x, training=True)


def lab(folder, draw):
    from tinynet.lab.session import Session
    from tinynet.lab.turns import Turns

    session = Session(Turns(), lambda message: None)
    for message in ({"do": "open", "panel": draw.choice(["descent", "adam", "dropout"])}, {"do": "speed", "speed": 0},
                    {"do": "ready"}, {"do": "step"}, {"do": "play"}):
        session.receive(json.dumps(message))
    time.sleep(0.05)
    session.end()
    session.thread.join(10)


def text(folder, draw):
    vectorize = layers.TextVectorization(output_sequence_length=6)
    words = [f"word{draw.randrange(200)}" for _ in range(60)]
    vectorize.adapt([" ".join(words[i:i + 6]) for i in range(0, 60, 6)])
    vectorize(["word1 word2"])


TASKS = (train, predict_and_evaluate, save_and_load, new_models, tapes, augment, lab, text)


def resident():
    """Bytes of this process's memory, after what is kept for later use has been returned."""
    gc.collect()
    free_memory()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


def soak(seconds, seed):
    """Run tasks. Return (turns, memory after the warm-up and its largest value afterwards, what is left)."""
    draw = random.Random(f"soak {seed}")
    with tempfile.TemporaryDirectory() as name, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        folder = Path(name)
        for task in TASKS:
            task(folder, draw)
        started, turns, first, largest = time.monotonic(), 0, 0, 0
        before, files = threads(), open_files()
        while (passed := time.monotonic() - started) < seconds:
            draw.choice(TASKS)(folder, draw)
            turns += 1
            if turns % EVERY:  # in the warm-up too: what is returned after each turn leaves the heap in another state
                continue
            if passed < WARM_UP * seconds or not first:
                first = max(first, resident())
            else:
                largest = max(largest, resident())
        first = first or resident()
        largest = max(largest, resident())
        left = sorted(thread.name for thread in threads() - before) + sorted(set(open_files()) - set(files))
    return turns, first, largest, left


def run(settings):
    turns, first, largest, left = soak(60 * MINUTES * settings.scale, settings.seed)
    grown = largest / first - 1
    yield ("memory", f"{first / 1e6:.1f} MB, then at most {largest / 1e6:.1f} MB ({grown:+.1%}), {turns} turns",
           f"{WITHIN:.0%}", largest <= (1 + WITHIN) * first)
    yield "threads and files", f"{len(left)} left {left[:3]}", "0", not left
