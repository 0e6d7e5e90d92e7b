"""Variables whose first values are computed when they are looked at: the same values, only later."""

import copy
import pickle
import threading

import numpy as np
import pytest
from checks import assert_same_values

import tinynet as tn
from tinynet import Variable, initializers, layers

NAMES = ("GlorotNormal", "GlorotUniform", "HeNormal", "HeUniform", "LecunNormal", "LecunUniform", "Ones",
         "RandomNormal", "RandomUniform", "TruncatedNormal", "VarianceScaling", "Zeros")


class Counted(initializers.GlorotUniform):
    """Derived, and so called at once."""

    calls = 0

    def __call__(self, shape, dtype=None):
        Counted.calls += 1
        return super().__call__(shape, dtype)


def is_deferred(variable):
    return type(variable) is not Variable


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_same_bits_as_at_once(name, dtype):
    initializer = getattr(initializers, name)()
    variable = Variable(initializer, shape=(3, 4, 5), dtype=dtype)
    assert is_deferred(variable) and isinstance(variable, Variable)
    assert (variable.shape, variable.dtype, variable.ndim, variable.size) == ((3, 4, 5), np.dtype(dtype), 3, 60)
    assert is_deferred(variable)  # those were no looks at the values
    assert_same_values(variable.data, initializer((3, 4, 5), dtype=dtype).data)
    assert not is_deferred(variable)
    assert (variable.shape, variable.dtype, variable.ndim, variable.size) == ((3, 4, 5), np.dtype(dtype), 3, 60)


def test_order_of_looking_does_not_matter():
    def model():
        tn.utils.set_random_seed(5)
        return tn.Sequential([tn.Input((4,)), layers.Dense(3), layers.Dropout(0.5), layers.Dense(2)])

    forward, backward = model(), model()
    first = [variable.numpy() for variable in forward.weights]
    second = [variable.numpy() for variable in backward.weights[::-1]][::-1]
    for a, b in zip(first, second, strict=True):
        assert_same_values(a, b)


def test_changes_of_the_initializer_come_too_late():
    initializer = initializers.RandomNormal(stddev=1.0, seed=2)
    variable, expected = Variable(initializer, shape=(5,)), initializer((5,)).data
    initializer.stddev = 100.0
    assert_same_values(variable.data, expected)
    before = tn.config.floatx()
    variable = Variable(initializers.Ones(), shape=(2,))
    try:
        tn.config.set_floatx("float64")
        assert variable.data.dtype == np.float32
    finally:
        tn.config.set_floatx(before)


@pytest.mark.parametrize("initializer", [
    Counted(),
    initializers.GlorotUniform(seed=tn.random.SeedGenerator(1)),
    initializers.Constant(np.arange(3.0)),
    lambda shape, dtype=None: np.ones(shape, dtype),
])
def test_what_may_change_is_called_at_once(initializer):
    assert not is_deferred(Variable(initializer, shape=(3,)))


def test_a_counted_initializer_is_called_once_for_each_variable():
    Counted.calls = 0
    layer = layers.Dense(2, kernel_initializer=Counted())
    layer.build((None, 3))
    assert Counted.calls == 1


def test_errors_come_at_once():
    with pytest.raises(ValueError, match="only matrices have an identity"):
        Variable(initializers.Identity(), shape=(2, 2, 2))
    with pytest.raises(ValueError, match=r"shape: expected ints of at least 0, as \(3, 4\), got \(2, -2\)"):
        Variable(initializers.GlorotUniform(), shape=(2, -2))
    with pytest.raises(ValueError, match="dtype must be a floating-point type"):
        Variable(initializers.RandomNormal(), shape=(2,), dtype="int32")
    variable = Variable(initializers.Zeros(), shape=(2,), name="w")
    with pytest.raises(ValueError, match=r"Variable 'w' has shape \(2,\), cannot assign a value of shape \(3,\)"):
        variable.assign(np.ones(3))
    assert is_deferred(variable)


def test_assigned_without_being_computed():
    initializer = initializers.HeNormal()
    variable = Variable(initializer, shape=(2, 2))
    variable.assign([[1.0, 2.0], [3.0, 4.0]])
    assert not is_deferred(variable) and variable.numpy().tolist() == [[1.0, 2.0], [3.0, 4.0]]
    variable = Variable(initializers.Ones(), shape=(2,))
    variable.data[0] = 5.0  # as optimizers do
    assert variable.numpy().tolist() == [5.0, 1.0]
    assert Variable(initializers.Ones(), shape=(2,)).assign_add(1.0 * np.ones(2)).numpy().tolist() == [2.0, 2.0]


def test_copies_and_pickles_hold_the_value():
    for duplicate in (copy.copy, copy.deepcopy, lambda v: pickle.loads(pickle.dumps(v))):
        variable = Variable(initializers.GlorotNormal(), shape=(4, 3), name="w")
        other = duplicate(variable)
        assert type(other) is type(variable) is Variable and other.name == "w"
        assert_same_values(other.data, variable.data)


def test_gradients_and_printing_look():
    variable = Variable(initializers.Ones(), shape=(2,), name="w")
    with tn.GradientTape() as tape:
        y = tn.ops.sum(variable * 3.0)
    assert tape.gradient(y, variable).numpy().tolist() == [3.0, 3.0]
    assert repr(Variable(initializers.Ones(), shape=(2,), name="w")) == repr(variable)


def test_threads_that_look_together_see_one_array():
    for _ in range(20):
        variable = Variable(initializers.HeNormal(), shape=(200, 200))
        start, seen = threading.Barrier(4), []

        def look(variable=variable, start=start, seen=seen):
            start.wait()
            seen.append(variable.data)

        threads = [threading.Thread(target=look) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(seen) == 4 and all(array is seen[0] for array in seen)
