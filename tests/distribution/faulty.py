"""A training in which something goes wrong: mpirun -n 2 python faulty.py WHAT FOLDER."""

import os
import resource
import signal
import sys
import time

import numpy as np

import tinynet as tn

WHAT, FOLDER = sys.argv[1:]
EPOCHS = int(os.environ.get("EPOCHS", "2"))

if WHAT == "pause":
    sys.stdout.write(f"PROCESS {os.getpid()}\n")
    sys.stdout.flush()
tn.utils.set_random_seed(3)
strategy = tn.distribution.DataParallel()
is_last = strategy.rank == strategy.size - 1 and strategy.size > 1
rng = np.random.default_rng(0)
samples = 80 if WHAT == "length" and is_last else 64
x, y = rng.standard_normal((samples, 12)), rng.integers(0, 3, samples)
if WHAT == "values" and is_last:
    x = x + 1
if WHAT == "version" and is_last:
    sys.modules["tinynet.distribution.agreement"].__version__ = "0.0.1"  # type: ignore[attr-defined]


class Trouble(tn.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        if WHAT in ("slow", "pause"):
            time.sleep(0.1)
            if batch == 1:
                print("READY", flush=True)
        if not is_last or batch != 2:
            return
        if WHAT == "nan":
            x[:] = np.nan
        if WHAT == "raises":
            raise ValueError("something broke")
        if WHAT == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if WHAT == "stopped":
            os.kill(os.getpid(), signal.SIGSTOP)
        if WHAT == "ends":
            sys.exit(0)
        if WHAT == "stop_training":
            self.model.stop_training = True


def batches():
    for _ in range(5 if WHAT == "generator" and is_last else 4):
        yield x[:16], y[:16]


with strategy.scope():
    model = tn.Sequential([tn.Input((12,)), tn.layers.Dense(5 if WHAT == "shape" and is_last else 4, activation="relu"),
                           tn.layers.Dropout(0.3), tn.layers.Dense(3)])
    model.compile("adam", tn.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    if WHAT == "everyone":
        model.fit(x, y[:5], verbose=0)
callbacks = [Trouble()]
if WHAT in ("slow", "resume"):
    callbacks.append(tn.callbacks.BackupAndRestore(f"{FOLDER}/backup", delete_checkpoint=False))
if WHAT == "files":
    callbacks += [tn.callbacks.ModelCheckpoint(f"{FOLDER}/m.keras"), tn.callbacks.CSVLogger(f"{FOLDER}/log.csv")]
if WHAT == "disk":  # rank 0, which writes, may write no more than 1000 bytes
    callbacks.append(tn.callbacks.ModelCheckpoint(f"{FOLDER}/m.keras"))
    if strategy.rank == 0:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
if WHAT == "generator":
    history = model.fit(batches(), verbose=0, callbacks=callbacks)
else:
    history = model.fit(x, y, batch_size=16, epochs=EPOCHS, verbose=0, callbacks=callbacks)
if WHAT == "files":
    model.save(f"{FOLDER}/end.keras")
losses = [float(loss).hex() for loss in history.history["loss"]]
print(f"DONE {strategy.rank} steps {int(model.optimizer.iterations)} losses {losses}", flush=True)
if WHAT == "afterwards" and is_last:
    raise RuntimeError("after the training")
if WHAT == "afterwards":
    model.evaluate(x, y, verbose=0)
