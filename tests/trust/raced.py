"""What the thread sanitizer watches (tests/trust/sanitizers.py): kernels, and two models that train, at the same time.

Every kernel runs on 1 to 8 threads, then is called by 1 to 8 threads at once, with the same arguments. All results have
the same bits. A program of its own, as the sanitizer must be loaded first.

    python tests/trust/raced.py [kernel ...]
    python tests/trust/raced.py --race        # threads change the same arrays: the sanitizer must report that
"""

import sys
import threading
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from kernel_calls import KERNELS, Numbers, call  # noqa: E402
from kernel_calls.base import is_changed  # noqa: E402

import tinynet as tn  # noqa: E402
from tinynet import _native, layers, reference  # noqa: E402

THREADS = range(1, 9)
KEPT = 1 << 19  # elements: the sanitizer makes a call 20 times as long


def at_once(count, function):
    """The results of `count` threads that call function(number), which start together."""
    results, start = [None] * count, threading.Barrier(count)

    def run(number):
        start.wait()
        results[number] = function(number)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def own_copy(name, arguments):
    """The same arrays, but a copy of those that the kernel changes."""
    def copied(value):
        return [part.copy() for part in value] if isinstance(value, list) else value.copy()
    return {argument: copied(value) if is_changed(name, argument) and isinstance(value, (list, np.ndarray)) else value
            for argument, value in arguments.items()}


def bits(name, arguments):
    return [result.tobytes() for result in call(_native, name, own_copy(name, arguments))]


def size(arguments):
    arrays = [part for value in arguments.values() for part in (value if isinstance(value, list) else [value])]
    return sum(array.size for array in arrays if isinstance(array, np.ndarray))


def check(name):
    """Return the number of calls."""
    kernel, calls = KERNELS[name], 0
    shapes = sorted(kernel.large, key=lambda shape: size(kernel.arguments(Numbers(np.float32), *shape)))
    for shape in [*kernel.small[:2], *shapes[:1], *(shape for shape in shapes[1:] if size(
            kernel.arguments(Numbers(np.float32), *shape)) < KEPT)]:
        arguments = kernel.arguments(Numbers(np.float32), *shape)
        tn.set_num_threads(1)
        expected = bits(name, arguments)
        for count in THREADS:
            tn.set_num_threads(count)
            if bits(name, arguments) != expected:
                raise SystemExit(f"{name}{shape}: other bits on {count} threads")
            tn.set_num_threads(2)
            if at_once(count, lambda _, arguments=arguments: bits(name, arguments)) != [expected] * count:
                raise SystemExit(f"{name}{shape}: other bits where {count} threads call it at once")
            calls += 1 + count
    return calls


def trained(number):
    """The weights of a small network after two epochs; nothing is drawn from the seed that all threads share."""
    rng = np.random.default_rng(number)
    x, y = rng.standard_normal((64, 12, 12, 1)).astype("f"), rng.integers(0, 4, 64)
    model = tn.Sequential([
        tn.Input((12, 12, 1)),
        layers.Conv2D(8, 3, activation="relu", kernel_initializer=tn.initializers.GlorotUniform(number)),
        layers.BatchNormalization(), layers.MaxPooling2D(), layers.Flatten(),
        layers.Dense(4, kernel_initializer=tn.initializers.GlorotUniform(number + 1))])
    model.compile("adam", tn.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(x, y, batch_size=16, epochs=2, verbose=0, shuffle=False)
    return b"".join(array.tobytes() for array in [*model.get_weights(), model.predict(x, verbose=0)])


def race():
    """Steps of an optimizer on the same arrays at once, which no caller may do."""
    kernel = KERNELS["sgd_step"]
    arguments = kernel.arguments(Numbers(np.float32), *kernel.large[0])
    for _ in range(5):
        at_once(4, lambda _: call(_native, "sgd_step", arguments))


def main(names):
    if names == ["--race"]:
        return race()
    calls, known = 0, sorted(set(reference.__all__) & set(KERNELS))
    for name in names or known:
        print(name, file=sys.stderr, flush=True)
        calls += check(name)
    tn.set_num_threads(2)
    expected = [trained(number) for number in range(2)]
    for _ in range(2):
        if at_once(2, trained) != expected:
            raise SystemExit("two models that train at the same time have other weights than one after the other")
    print(f"{len(names or known)} kernels, {calls} calls, 2 models")


if __name__ == "__main__":
    main(sys.argv[1:])
