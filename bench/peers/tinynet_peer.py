"""tinynet itself, and the machine's peaks as its measuring kernels see them."""

import time
from pathlib import Path

import numpy as np

import tinynet
from tinynet import runtime
from tinynet.models.fusion import plan_steps

from .arrays import CHECKED_STEPS, LEARNING_RATE, adam, convolution, groups_of, matrices, normalization, pooling
from .keras_like import KerasEncoder, KerasNetwork, KerasRecurrent, KerasTraining, augmentation


def start(threads):
    tinynet.set_num_threads(threads)
    found = runtime.configuration()
    return {"tinynet": found["tinynet"], "backend": found["backend"], "isa": found["isa chosen"],
            "isa_best": found["isa found"], "compiler": found["compiler"], "numpy": found["numpy"]}


class MatMul:
    def __init__(self, m, k, n, dtype, seed):
        self.a, self.b = matrices(m, k, n, dtype, seed)
        if not hasattr(runtime.kernels, "matmul"):
            raise NotImplementedError("this tinynet has no matmul kernel")

    def run(self):
        self.c = runtime.kernels.matmul(self.a, self.b, False, False)

    def result(self):
        return self.c


class Conv2D:
    """One pass of a convolution; `which` is forward, input_gradient or weight_gradient."""

    def __init__(self, which, size, **shape):
        self.x, self.kernel, self.dy = convolution(tuple(size), **shape)
        stride, pad = shape["stride"], shape["pad"]
        kernels, self.geometry = runtime.kernels, ((stride, stride), ((pad, pad), (pad, pad)), (1, 1))
        self.forward_kernel, self.backward_kernel = kernels.depthwise_conv2d_forward, kernels.depthwise_conv2d_backward
        if not shape["depthwise"]:
            self.geometry = (*self.geometry, 1)
            self.forward_kernel, self.backward_kernel = kernels.conv2d_forward, kernels.conv2d_backward
        self.run = getattr(self, which)

    def forward(self):
        self.c = self.forward_kernel(self.x, self.kernel, None, *self.geometry, "linear")

    def input_gradient(self):
        self.c = self._backward(True, False)[0]

    def weight_gradient(self):
        self.c = self._backward(False, True)[1]

    def _backward(self, need_dx, need_dkernel):
        return self.backward_kernel(self.dy, self.x, self.kernel, None, *self.geometry, "linear", need_dx, need_dkernel,
                                    False)

    def result(self):
        return self.c


class Normalization:
    """run() is a training step of one layer: forward, and the gradients of x, gamma and beta."""

    def __init__(self, kind, shape, seed):
        x, self.dy, gamma, beta = normalization(tuple(shape), seed)
        if kind == "layer_norm":
            self.layer = tinynet.layers.LayerNormalization(epsilon=1e-3)
        elif kind == "group_norm":
            self.layer = tinynet.layers.GroupNormalization(groups_of(shape), epsilon=1e-3)
        else:
            self.layer = tinynet.layers.BatchNormalization(epsilon=1e-3)
        self.x = tinynet.convert_to_tensor(x)
        self.layer(self.x)
        self.layer.gamma.assign(gamma)
        self.layer.beta.assign(beta)
        training = {"training": True} if kind.startswith("batch_norm") else {}
        step = self.layer
        if kind == "batch_norm_relu":  # in one pass, as in a model
            relu = tinynet.layers.ReLU()
            relu(self.x)
            [(step, _)] = plan_steps([self.layer, relu])
        self.call = lambda: step(self.x, **training)

    def run(self):
        with tinynet.GradientTape() as tape:
            tape.watch(self.x)
            self.y = self.call()
        self.gradients = tape.gradient(self.y, [self.x, self.layer.gamma, self.layer.beta], output_gradients=self.dy)

    def result(self):
        return np.concatenate([part.numpy().ravel() for part in (self.y, *self.gradients)])


class Adam:
    """run() is a step over all weights."""

    def __init__(self, shapes, seed):
        self.shapes, self.seed = shapes, seed
        self._start()

    def _start(self):
        weights, gradients = adam(self.shapes, self.seed)
        self.variables = [tinynet.Variable(weight) for weight in weights]
        self.gradients = [tinynet.convert_to_tensor(gradient) for gradient in gradients]
        self.optimizer = tinynet.optimizers.Adam(LEARNING_RATE)

    def run(self):
        self.optimizer.apply(self.gradients, self.variables)

    def result(self):
        """The weights after the first steps."""
        self._start()
        for _ in range(CHECKED_STEPS):
            self.run()
        return np.concatenate([variable.numpy().ravel() for variable in self.variables])


class Pooling:
    """run() is one pass of max or average pooling, without padding."""

    def __init__(self, kind, backward, shape, pool, stride, seed):
        self.x, self.dy = pooling(shape, pool, stride, seed)
        if not hasattr(runtime.kernels, "max_pool2d_forward"):
            raise NotImplementedError("this tinynet has no pooling kernels")
        geometry = (pool, pool), (stride, stride), ((0, 0), (0, 0))
        kernels = runtime.kernels
        if kind == "average":
            self.run = self._keeping(lambda: kernels.average_pool2d_backward(self.dy, shape, *geometry) if backward
                                     else kernels.average_pool2d_forward(self.x, *geometry))
        elif backward:
            argmax = kernels.max_pool2d_forward(self.x, *geometry)[1]
            self.run = self._keeping(lambda: kernels.max_pool2d_backward(self.dy, argmax, shape, *geometry))
        else:
            self.run = self._keeping(lambda: kernels.max_pool2d_forward(self.x, *geometry)[0])

    def _keeping(self, function):
        def run():
            self.y = function()

        return run

    def result(self):
        return self.y


class Augmentation:
    """run() augments one batch, layer by layer."""

    def __init__(self, file):
        if not hasattr(tinynet.layers, "RandomErasing"):
            raise NotImplementedError("this tinynet has no augmentation layers")
        self.x = tinynet.convert_to_tensor(np.load(file))
        self.layers = augmentation(tinynet)

    def run(self):
        y = self.x
        for layer in self.layers:
            y = layer(y, training=True)
        self.y = y

    def result(self):
        return self.y.numpy()


class Training(KerasTraining):
    def __init__(self, **parameters):
        if not hasattr(tinynet, "Sequential"):
            raise NotImplementedError("this tinynet has no Sequential")
        super().__init__(tinynet, **parameters)


class Encoder(KerasEncoder):
    def __init__(self, **parameters):
        super().__init__(tinynet, **parameters)


class Network(KerasNetwork):
    def __init__(self, **parameters):
        super().__init__(tinynet, **parameters)


class Recurrent(KerasRecurrent):
    def __init__(self, **parameters):
        super().__init__(tinynet, **parameters)


class Export:
    """run() writes the model of another task as an ONNX file; the result has its size."""

    def __init__(self, task, parameters, file):
        self.model, self.file = TASKS[task](**parameters).model, file

    def run(self):
        self.model.export(self.file, format="onnx", verbose=False)

    def result(self):
        return {"bytes": Path(self.file).stat().st_size}


class Peak:
    """run() measures multiply-adds and copying once; the best of all turns counts, since other work only slows it."""

    def __init__(self, seconds, megabytes):
        native = runtime._native
        if native is None:
            raise NotImplementedError("without its compiled module tinynet cannot measure the machine")
        self.native = native
        self.best = {}
        # Far beyond any cache, so that it is memory that is measured.
        self.x = np.ones(megabytes * 2**20 // 4, np.float32)
        self.y = np.zeros_like(self.x)
        self.iterations = {}
        for dtype in ("float32", "float64"):
            start = time.perf_counter()
            native.multiply_add_peak(100_000, dtype)
            self.iterations[dtype] = max(1, int(100_000 * seconds / (time.perf_counter() - start)))

    def _note(self, name, value):
        self.best[name] = max(self.best.get(name, 0.0), value)

    def run(self):
        for dtype, iterations in self.iterations.items():
            start = time.perf_counter()
            operations = self.native.multiply_add_peak(iterations, dtype)
            self._note(f"{dtype}_gflops", operations / (time.perf_counter() - start) / 1e9)
        start = time.perf_counter()
        self.native.copy_peak(self.x, self.y)
        self._note("copy_gb_per_s", 2 * self.x.nbytes / (time.perf_counter() - start) / 1e9)

    def result(self):
        return dict(self.best)


TASKS = {
    "adam": Adam,
    "augmentation": Augmentation,
    "matmul": MatMul,
    "conv2d": Conv2D,
    "encoder": Encoder,
    "export": Export,
    "network": Network,
    "normalization": Normalization,
    "recurrent": Recurrent,
    "training": Training,
    "peak": Peak,
    "pooling": Pooling,
}
