"""Models whose steps are run from recordings, and the same that take all steps the ordinary way: for tests of both."""

import numpy as np

import tinynet as tn


def ordinary(model):
    """Let a model take all steps the ordinary way."""
    model._training_steps._wasted = model._prediction_calls._wasted = 99
    return model


def batches(shape, count=8, batch=4):
    random = np.random.default_rng(0)
    return [(random.standard_normal((batch, *shape)).astype("float32"), random.integers(0, 3, batch))
            for _ in range(count)]


def compiled(make, loss=None):
    tn.utils.set_random_seed(3)
    model = make()
    model.compile("adam", loss or tn.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


def replays(model):
    return model.explain_steps().split("\n")[0].startswith("training: from recordings")


def same_bits(a, b):
    return all(x.tobytes() == y.tobytes() for x, y in zip(a.get_weights(), b.get_weights(), strict=True))


def train(model, given, change=None, after=5):
    results = []
    for step, (x, y) in enumerate(given):
        if step == after and change is not None:
            change(model)
        results += [model.train_on_batch(x, y), model(x).numpy().tobytes(), model.predict_on_batch(x).tobytes()]
    return results
