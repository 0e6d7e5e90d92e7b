"""PyTorch, eager or compiled. Its training loop is the fastest plain one: whole arrays as tensors, and index_select for
each batch.
"""

import copy
import math
import os

import numpy as np
import torch
from cases import CASES
from networks import EPSILON, NETWORKS
from torch import nn

from . import arrays
from .arrays import (
    CHECKED_STEPS,
    LEARNING_RATE,
    SMALL_RATE,
    adam,
    convolution,
    groups_of,
    images,
    matrices,
    normalization,
    pooling,
)

options = {}


def start(threads, **chosen):
    torch.set_num_threads(threads)
    options.update(chosen)
    if options.get("compile") and os.environ.get("ATEN_CPU_CAPABILITY") == "avx2":
        from torch._inductor import config

        config.cpp.simdlen = 256  # what is compiled keeps to AVX2 too
    return {"torch": torch.__version__}


class MatMul:
    def __init__(self, m, k, n, dtype, seed):
        self.a, self.b = map(torch.from_numpy, matrices(m, k, n, dtype, seed))

    def run(self):
        self.c = self.a @ self.b

    def result(self):
        return self.c.numpy()


class Conv2D:
    """One pass of a convolution; `which` is forward, input_gradient or weight_gradient."""

    def __init__(self, which, size, **shape):
        layout = torch.channels_last if options.get("channels_last", False) else torch.contiguous_format
        x, kernel, dy = map(torch.from_numpy, convolution(tuple(size), **shape))
        self.x, self.dy = (a.permute(0, 3, 1, 2).contiguous(memory_format=layout) for a in (x, dy))
        self.groups = size[3] if shape["depthwise"] else 1
        axes = (2, 3, 0, 1) if shape["depthwise"] else (3, 2, 0, 1)  # PyTorch's kernels are (out, in / groups, ...)
        self.kernel, self.kernel_axes = kernel.permute(*axes).contiguous(memory_format=layout), np.argsort(axes)
        self.which, self.stride, self.pad = which, [shape["stride"]] * 2, [shape["pad"]] * 2

    def run(self):
        with torch.no_grad():
            if self.which == "forward":
                self.c = torch.nn.functional.conv2d(self.x, self.kernel, None, self.stride, self.pad, 1, self.groups)
            else:
                dx = self.which == "input_gradient"
                self.c = torch.ops.aten.convolution_backward(
                    self.dy, self.x, self.kernel, None, self.stride, self.pad, [1, 1], False, [0, 0],
                    self.groups, [dx, not dx, False]
                )[0 if dx else 1]

    def result(self):
        axes = self.kernel_axes.tolist() if self.which == "weight_gradient" else (0, 2, 3, 1)
        return self.c.permute(*axes).contiguous().numpy()


class Adam:
    """run() is a step over all weights, fused unless the contender says foreach."""

    def __init__(self, shapes, seed):
        self.shapes, self.seed = shapes, seed
        self._start()

    def _start(self):
        weights, gradients = adam(self.shapes, self.seed)
        self.parameters = [nn.Parameter(torch.from_numpy(weight)) for weight in weights]
        for parameter, gradient in zip(self.parameters, gradients, strict=True):
            parameter.grad = torch.from_numpy(gradient)
        self.optimizer = torch.optim.Adam(self.parameters, LEARNING_RATE, **{options.get("adam", "fused"): True})

    def run(self):
        self.optimizer.step()

    def result(self):
        """The weights after the first steps."""
        self._start()
        for _ in range(CHECKED_STEPS):
            self.run()
        return torch.cat([parameter.detach().ravel() for parameter in self.parameters]).numpy()


class Normalization:
    """run() is a training step of one layer: forward, and the gradients of x, gamma and beta."""

    def __init__(self, kind, shape, seed):
        x, dy, gamma, beta = map(torch.from_numpy, normalization(tuple(shape), seed))
        self.channels_first = kind != "layer_norm" and len(shape) > 2
        if kind == "layer_norm":
            self.layer = nn.LayerNorm(shape[-1], eps=1e-3)
        elif kind == "group_norm":
            self.layer = nn.GroupNorm(groups_of(shape), shape[-1], eps=1e-3)
        else:
            self.layer = (nn.BatchNorm2d if len(shape) == 4 else nn.BatchNorm1d)(shape[-1], eps=1e-3, momentum=0.01)
        if self.channels_first:
            layout = torch.channels_last if options.get("channels_last", False) else torch.contiguous_format
            x, dy = (a.movedim(-1, 1).contiguous(memory_format=layout) for a in (x, dy))
        with torch.no_grad():
            self.layer.weight.copy_(gamma)
            self.layer.bias.copy_(beta)
        self.x, self.dy = x.requires_grad_(), dy
        self.relu = kind == "batch_norm_relu"

    def run(self):
        self.x.grad = None
        self.layer.zero_grad(set_to_none=True)
        y = self.layer(self.x)
        self.y = torch.relu_(y) if self.relu else y
        self.y.backward(self.dy)

    def result(self):
        def flat(array):
            return (array.movedim(1, -1) if self.channels_first else array).detach().reshape(-1)

        return torch.cat([flat(self.y), flat(self.x.grad), self.layer.weight.grad, self.layer.bias.grad]).numpy()


class Pooling:
    """run() is one pass of max or average pooling as autograd runs it,
    in the layout that the contender's options say.
    """

    def __init__(self, kind, backward, shape, pool, stride, seed):
        layout = torch.channels_last if options.get("channels_last") else torch.contiguous_format
        x, dy = (
            torch.from_numpy(a).permute(0, 3, 1, 2).contiguous(memory_format=layout)
            for a in pooling(shape, pool, stride, seed)
        )
        self.x, self.dy, self.backward = x.requires_grad_(True), dy, backward
        self.pool = lambda: getattr(nn.functional, "max_pool2d" if kind == "max" else "avg_pool2d")(
            self.x, pool, stride
        )
        self.y = self.pool()

    def run(self):
        if self.backward:
            self.out, = torch.autograd.grad(self.y, self.x, self.dy, retain_graph=True)
        else:
            self.out = self.pool()

    def result(self):
        return self.out.detach().permute(0, 2, 3, 1).contiguous().numpy()


class EncoderBlock(nn.Module):
    """Attention and two dense layers, each added to its input and normalized, as in Vaswani et al. 2017; then classes.
    """

    def __init__(self, weights, heads):
        super().__init__()
        self.heads = heads
        for name, (kernel, bias) in weights.items():
            is_norm = name.startswith("norm")
            layer = nn.LayerNorm(len(kernel), eps=1e-3) if is_norm else nn.Linear(*kernel.shape)
            with torch.no_grad():
                layer.weight.copy_(torch.from_numpy(kernel if is_norm else kernel.T.copy()))
                layer.bias.copy_(torch.from_numpy(bias))
            setattr(self, name, layer)

    def forward(self, x):
        q, k, v = (part(x).unflatten(-1, (self.heads, -1)).transpose(1, 2)
                   for part in (self.query, self.key, self.value))
        y = nn.functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
        h = self.norm1(x + self.output(y))
        h = self.norm2(h + self.shown(nn.functional.gelu(self.hidden(h))))
        return self.classes(h.mean(1))


class Recurrent(nn.Module):
    """A recurrent layer over sequences, and a dense layer on its last state. PyTorch has the gates of a GRU in another
    order, and two biases in every layer.
    """

    def __init__(self, weights, layer):
        super().__init__()
        kernel, recurrent, bias = weights["recurrent"]
        make = {"simple_rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}[layer]
        self.layer = make(len(kernel), len(recurrent), batch_first=True)
        self.classes = nn.Linear(*weights["classes"][0].shape)
        biases = bias if layer == "gru" else np.stack([bias, np.zeros_like(bias)])
        parts = [kernel.T, recurrent.T, *biases, weights["classes"][0].T, weights["classes"][1]]
        if layer == "gru":  # update, reset, candidate; PyTorch: reset, update, candidate
            parts[:4] = (np.concatenate([part.reshape(3, len(part) // 3, *part.shape[1:])[i] for i in (1, 0, 2)])
                         for part in parts[:4])
        with torch.no_grad():
            for parameter, part in zip(self.parameters(), parts, strict=True):
                parameter.copy_(torch.from_numpy(np.ascontiguousarray(part)))

    def forward(self, x):
        return self.classes(self.layer(x)[0][:, -1])


class RowsOfNetwork(nn.Module):
    """A network of networks.py that is no chain: its modules, and which results each takes."""

    def __init__(self, modules, described):
        super().__init__()
        self.parts = nn.ModuleList(modules.values())
        numbers = {name: i for i, name in enumerate(["x", *modules])}
        self.inputs = [[numbers[name] for name in inputs] for _, _, inputs, _ in described.rows]

    def forward(self, x):
        values = [x]
        for part, inputs in zip(self.parts, self.inputs, strict=True):
            values.append(part(*[values[i] for i in inputs]))
        return values[-1]


class Add(nn.Module):
    def forward(self, a, b):
        return a + b


def module_of(row, shapes, weights):
    """The module of a row of networks.py, with its weights."""
    name, kind, inputs, settings = row
    arrays = [torch.from_numpy(array) for array in weights.get(name, [])]
    channels, activated = shapes[inputs[0]][-1], settings.get("activation") == "relu"
    if kind in ("conv", "depthwise"):
        side, depthwise = settings["side"], kind == "depthwise"
        module = nn.Conv2d(channels, settings.get("filters", channels), side, settings.get("strides", 1),
                           0 if settings.get("padding") == "valid" else side // 2,
                           groups=channels if depthwise else 1, bias=len(arrays) > 1)
        arrays[0] = arrays[0].permute(*((2, 3, 0, 1) if depthwise else (3, 2, 0, 1)))
    elif kind == "dense":
        module = nn.Linear(channels, settings["units"])
        arrays[0] = arrays[0].T
    elif kind == "batch_norm":
        module = nn.BatchNorm2d(channels, eps=EPSILON, momentum=0.01)
    else:
        return {"relu": lambda: nn.ReLU(inplace=True), "pool": lambda: nn.MaxPool2d(2), "flatten": nn.Flatten,
                "global_pool": lambda: nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()), "add": Add}[kind]()
    with torch.no_grad():
        held = [module.weight, module.bias, *([module.running_mean, module.running_var] if len(arrays) == 4 else [])]
        for parameter, array in zip(held, arrays, strict=False):
            parameter.copy_(array)
    return nn.Sequential(module, nn.ReLU(inplace=True)) if activated else module


def make_network(name, weights):
    """A network of networks.py. After channels-first images, `flatten` has another order: its dense layer gets it."""
    described = NETWORKS[name]
    shapes, weights = described.shapes(), dict(weights)
    for (before, kind, inputs, _), (after, *_) in zip(described.rows, described.rows[1:], strict=False):
        if kind == "flatten" and len(shapes[inputs[0]]) == 3:
            kernel = weights[after][0].reshape(*shapes[inputs[0]], -1).transpose(2, 0, 1, 3)
            weights[after] = [np.ascontiguousarray(kernel).reshape(shapes[before][0], -1), *weights[after][1:]]
    modules = {row[0]: module_of(row, shapes, weights) for row in described.rows}
    return nn.Sequential(*modules.values()) if described.is_chain else RowsOfNetwork(modules, described)


class Steps:
    """run() is a training step, a prediction of the batch, or of its first sample, of a model of given weights."""

    def __init__(self, kind, x, y, make):
        self.x, self.y, self.kind, self.model = torch.from_numpy(x), torch.from_numpy(y), kind, make()
        if x.ndim == 4:  # images
            layout = torch.channels_last if options.get("channels_last", False) else torch.contiguous_format
            self.x = self.x.permute(0, 3, 1, 2).contiguous(memory_format=layout)
            self.model = self.model.to(memory_format=layout)
        self.model.train(kind == "training")
        self.given = self.x if kind != "one_sample" else self.x[:1].clone()
        self.loss = nn.CrossEntropyLoss()
        self.weights = copy.deepcopy(self.model.state_dict())
        self.call = self.model
        if options.get("compile", False):
            torch.compiler.reset()
            # Frozen weights can be folded and stored as the kernels want them; only prediction allows it.
            self.call = torch.compile(self.model, dynamic=False,
                                      options={} if kind == "training" else {"freezing": True})
        self._start()

    def _start(self):
        self.model.load_state_dict(self.weights)
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=SMALL_RATE, eps=1e-7,
                                          **{options.get("adam", "fused"): True})

    def before_turn(self):
        """Begin again from the same weights: after thousands of steps on one batch, gradients vanish."""
        if self.kind == "training":
            self._start()

    def run(self):
        if self.kind == "training":
            self.optimizer.zero_grad(set_to_none=True)
            loss = self.loss(self.call(self.x), self.y)
            loss.backward()
            self.optimizer.step()
            self.out = loss.detach()
        else:
            with torch.inference_mode():
                self.out = self.call(self.given)

    def result(self):
        """The predictions, or the losses of the first steps."""
        if self.kind != "training":
            return self.out.numpy()
        self._start()
        losses = []
        for _ in range(CHECKED_STEPS):
            self.run()
            losses.append(self.out.clone())
        return torch.stack(losses).numpy()


def network(kind, network_name, batch):
    """Steps of a network of networks.py."""
    x, y, weights = arrays.network(network_name, batch)
    return Steps(kind, x, y, lambda: make_network(network_name, weights))


def encoder(kind, heads, **sizes):
    """Steps of a transformer's encoder block."""
    x, y, weights = arrays.encoder(heads=heads, **sizes)
    return Steps(kind, x, y, lambda: EncoderBlock(weights, heads))


def recurrent(kind, layer, **sizes):
    """Steps of a recurrent layer."""
    x, y, weights = arrays.recurrent(layer, **sizes)
    return Steps(kind, x, y, lambda: Recurrent(weights, layer))


def build(case):
    """A Sequential model from the rows of cases.py, with Keras's settings of batch normalization."""
    height, width, depth = case.image
    shape = (depth, height, width) if case.channels else (height, width)
    modules = []

    def add(module):
        nonlocal shape
        modules.append(module)
        with torch.no_grad():  # Sizes by asking: one row goes through what there is so far.
            shape = tuple(module.eval()(torch.zeros(2, *shape)).shape[1:])

    for name, *arguments in case.layers:
        activation = None
        if name == "flatten":
            add(nn.Flatten())
        elif name == "dense":
            units, activation = arguments
            add(nn.Linear(shape[0], units))
        elif name == "conv":
            filters, padding, activation = arguments
            add(nn.Conv2d(shape[0], filters, 3, padding=padding))
        elif name == "pool":
            add(nn.MaxPool2d(2))
        elif name == "batch_norm":
            add(nn.BatchNorm2d(shape[0], eps=1e-3, momentum=0.01))
        elif name == "dropout":
            add(nn.Dropout(*arguments))
        if name == "relu" or activation == "relu":
            add(nn.ReLU())
    return nn.Sequential(*modules)


def augment(x, turned, shift=2, angle=10, cut=8):
    """Mirror and shift the images, by whole pixels or `turned` too, and cut a square out of each: one interpolation for
    all that moves pixels.
    """
    count, side = len(x), x.shape[-1]
    turn = (2 * torch.rand(count) - 1) * math.radians(angle if turned else 0)
    mirror = torch.where(torch.rand(count) < 0.5, -1.0, 1.0)
    move = (2 * torch.rand(2, count) - 1) * (2 * shift / side)  # an image is 2 wide in these coordinates
    matrix = torch.stack([mirror * turn.cos(), -turn.sin(), move[0], mirror * turn.sin(), turn.cos(), move[1]], 1)
    grid = nn.functional.affine_grid(matrix.view(count, 2, 3), x.shape, align_corners=False)
    x = nn.functional.grid_sample(x, grid, "bilinear" if turned else "nearest", align_corners=False)
    place = torch.arange(side) - torch.randint(side, (2, count, 1)) + cut // 2  # within the square: 0 to cut - 1
    rows, columns = (place >= 0) & (place < cut)
    return x.masked_fill_((rows[:, :, None] & columns[:, None, :])[:, None], 0)


class Training:
    """run() is one epoch: shuffling, gathering, training, and counting correct answers."""

    def __init__(self, case, batch_size, samples, folder, seed):
        torch.manual_seed(seed)
        case = CASES[case]
        x, y = images(folder, samples, case)
        self.x, self.y = torch.from_numpy(x), torch.from_numpy(y)
        if case.channels:
            self.x = self.x.permute(0, 3, 1, 2).contiguous()
        self.batch_size, self.augment = batch_size, case.augment
        self.model = build(case).train()
        self.first_loss = None
        self.channels_last = case.channels and options.get("channels_last", False)
        if self.channels_last:
            self.model = self.model.to(memory_format=torch.channels_last)
        kind = options.get("adam", "fused")
        if case.optimizer == "adamw":
            self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=1e-3, eps=1e-7, weight_decay=0.05,
                                               **{kind: True})
        elif case.optimizer == "adam":
            self.optimizer = torch.optim.Adam(self.model.parameters(), lr=1e-3, eps=1e-7, **{kind: True})
        else:
            self.optimizer = torch.optim.SGD(self.model.parameters(), lr=1e-2, **{kind: True})
        self.loss = nn.CrossEntropyLoss()

    def run(self):
        total, correct = torch.zeros(()), torch.zeros((), dtype=torch.int64)
        for rows in torch.randperm(len(self.x)).split(self.batch_size):
            x, y = self.x.index_select(0, rows), self.y.index_select(0, rows)
            if self.augment:
                x = augment(x, self.augment == "turned")
            if self.channels_last:
                x = x.contiguous(memory_format=torch.channels_last)
            self.optimizer.zero_grad(set_to_none=True)
            logits = self.model(x)
            loss = self.loss(logits, y)
            loss.backward()
            self.optimizer.step()
            # Summed in place, as tensors: the cheapest way found (5 % of a step at batch 32).
            total.add_(loss.detach(), alpha=len(y))
            correct.add_(logits.detach().argmax(1).eq_(y).sum())
        self.metrics = {"loss": total.item() / len(self.x), "accuracy": correct.item() / len(self.x)}
        self.first_loss = self.first_loss or self.metrics["loss"]

    def result(self):
        return {**self.metrics, "first_loss": self.first_loss}


TASKS = {
    "adam": Adam,
    "matmul": MatMul,
    "conv2d": Conv2D,
    "encoder": encoder,
    "network": network,
    "recurrent": recurrent,
    "normalization": Normalization,
    "training": Training,
    "pooling": Pooling,
}
