"""Recorded steps of several processes: what is called between the kernels, and for which share a recording holds."""

import gc
import weakref

import numpy as np
import pytest

import tinynet as tn
from tinynet import runtime
from tinynet.core.recording import in_between
from tinynet.models.replay import Recording
from tinynet.shares import Share, computing

pytestmark = pytest.mark.skipif(tn.backend() != "native", reason="recordings are of the compiled kernels")


def share(first=0, rows=2, total=4, layers=None):
    return Share(0, first, rows, total, False, layers)


class Called:
    """Keeps copies of what it is called with."""

    def __init__(self):
        self.arrays = []

    def __call__(self, array):
        self.arrays.append(array.tolist())


def relu(array):
    return runtime.kernels.activation_forward(array, "relu")


def recording_of(x, called):
    def step():
        y = relu(x.data)
        in_between(called, y)
        return tn.Tensor.wrap(relu(y))

    return Recording(step, [x.data], [])


def test_a_call_in_between_is_made_once_in_each_step():
    x, called = tn.Tensor(np.array([1.0, -1.0], "float32")), Called()
    made = recording_of(x, called)
    assert made.problem == "" and called.arrays == [[1, 0]]  # its calls have been made twice, to compare
    for number in (2.0, 3.0):
        assert made.run([np.array([number, -number], "float32")])
    assert called.arrays == [[1, 0], [2, 0], [3, 0]]


def test_it_is_made_between_the_kernels():
    """What it does to the array is seen by the calls after it, and not by those before."""
    x, seen = tn.Tensor(np.array([2.0], "float32")), []

    def change(y, z):
        seen.append((y.tolist(), z.tolist()))
        y[:] = 7

    def step():
        y = relu(x.data)
        z = relu(y)
        in_between(change, y, z)
        return tn.Tensor.wrap(z), tn.Tensor.wrap(relu(y))

    made = Recording(step, [x.data], [])
    assert made.run([np.array([3.0], "float32")])
    assert seen == [([2], [2]), ([3], [3])] and [part.data.tolist() for part in made.results] == [[3], [7]]


def test_a_call_in_between_of_a_step_that_cannot_be_recorded_is_made_too():
    x, called = tn.Tensor(np.array([1.0], "float32")), Called()

    def step():
        in_between(called, x.data + 1)
        return tn.Tensor.wrap(relu(x.data))

    assert "nothing recorded has computed" in Recording(step, [x.data], []).problem and called.arrays == [[2]]


def test_a_recording_with_calls_in_between_is_freed():
    x = tn.Tensor(np.array([1.0], "float32"))
    called = Called()
    made, gone = recording_of(x, called), weakref.ref(called)
    del called
    assert made.run([x.data])
    del made
    gc.collect()
    assert gone() is None


def test_a_recording_holds_for_one_share_of_the_batch():
    x = tn.Tensor(np.array([1.0, -1.0], "float32"))
    with computing(share()):
        made = recording_of(x, Called())
        assert made.run([x.data])
    with computing(share()):
        assert made.run([x.data])  # an equal one
    for other in (share(first=2), share(total=5), None):
        with computing(other):
            assert not made.run([x.data])


def test_a_step_that_sums_over_processes_while_it_computes_is_not_recorded():
    x = tn.Tensor(np.array([1.0], "float32"))

    def step():
        return tn.Tensor.wrap(relu(x.data * np.float32(own.sum(np.ones(1))[0])))

    own = share(layers=lambda array: 2 * array)
    with computing(own):
        assert "sums numbers over all processes" in Recording(step, [x.data], []).problem


def test_a_shared_step_has_another_recording_for_another_share():
    """As the last batch of an epoch, of which this process has as many rows as of the others."""
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((2, 5)).astype("float32"), np.array([0, 1])
    models = []
    for recorded in (True, False):
        tn.utils.set_random_seed(0)
        model = tn.Sequential([tn.Input((5,)), tn.layers.Dense(8), tn.layers.Dropout(0.5), tn.layers.Dense(2)])
        model.compile("sgd", tn.losses.SparseCategoricalCrossentropy(from_logits=True))
        if not recorded:
            model._training_steps._wasted = 99
        for own in [share(first=first) for first in (0, 0, 0, 2, 2, 2, 0, 2, 0, 2)]:
            with computing(own):
                model.train_on_batch(x, y)
        models.append(model)
        assert model.explain_steps().count("kernel calls, ") == 2 * recorded
    for one, other in zip(models[0].get_weights(), models[1].get_weights(), strict=True):
        assert one.tobytes() == other.tobytes()


def test_an_error_in_between_reaches_the_caller():
    """As when another process is gone."""
    x, calls = tn.Tensor(np.array([1.0], "float32")), []

    def fail(array):
        calls.append(array.tolist())
        if len(calls) > 1:
            raise RuntimeError("rank 1 is gone")

    made = recording_of(x, fail)
    with pytest.raises(RuntimeError, match="rank 1 is gone"):
        made.run([x.data])
    assert calls == [[1], [1]]
