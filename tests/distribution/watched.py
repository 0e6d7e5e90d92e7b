"""A training that the lab watches: mpirun -n 2 python watched.py EPOCHS [plain].

Each rank prints one line that json reads: its rank, whether a server listens in it, the link, losses and speeds.
"""

import json
import os
import sys
import threading

import numpy as np

import tinynet as tn

tn.utils.set_random_seed(5)
strategy = tn.distribution.DataParallel()
sys.stdout.write(f"PROCESS {strategy.rank} {os.getpid()}\n")
sys.stdout.flush()
rng = np.random.default_rng(0)
x, y = rng.random((192, 8, 8, 1), np.float32), rng.integers(0, 3, 192)
with strategy.scope():
    model = tn.Sequential([
        tn.Input((8, 8, 1)), tn.layers.Conv2D(4, 3, activation="relu"), tn.layers.BatchNormalization(synchronized=True),
        tn.layers.Flatten(), tn.layers.Dropout(0.2), tn.layers.Dense(3),
    ])
    model.compile("adam", tn.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
link = None
if "plain" not in sys.argv:
    link = model.lab(open_browser=False, port=0)
history = model.fit(x, y, batch_size=16, epochs=int(sys.argv[1]), verbose=0, validation_split=0.25)
serves = any(thread.name == "tinynet lab" for thread in threading.enumerate())
# Of the last epochs: mpirun mixes the lines of several ranks where they are longer than 2 KB.
losses = [float(loss).hex() for name in ("loss", "val_accuracy") for loss in history.history[name][-3:]]
speeds = [speed._asdict() for speed in history.speeds[-3:]]
sys.stdout.write("RESULT " + json.dumps({"rank": strategy.rank, "serves": serves, "link": link, "losses": losses,
                                         "speeds": speeds}) + "\n")
