"""Training in Keras's form. `framework` is the module keras or tinynet: the code is the same, but for the import."""

import numpy as np
from cases import CASES
from networks import NETWORKS

from .arrays import CHECKED_STEPS, SMALL_RATE, encoder, images, network, recurrent


def build(framework, case):
    """A Sequential model from the rows of cases.py."""
    L = framework.layers
    make = {
        "flatten": lambda: L.Flatten(),
        "dense": lambda units, activation: L.Dense(units, activation=activation),
        "conv": lambda filters, padding, activation: L.Conv2D(filters, 3, padding=padding, activation=activation),
        "pool": lambda: L.MaxPooling2D(),
        "batch_norm": lambda: L.BatchNormalization(),
        "relu": lambda: L.ReLU(),
        "dropout": lambda rate: L.Dropout(rate),
    }
    shape = case.image if case.channels else (28, 28)
    first = augmentation_of_training(framework, case.augment) if case.augment else []
    return framework.Sequential([L.Input(shape), *first, *(make[name](*arguments) for name, *arguments in case.layers)])


def augmentation_of_training(framework, kind):
    """The augmentation of tinynet/textbook/practicals.py. For Keras, which has no Cutout: a square inside the image."""
    L = framework.layers
    cut = L.Cutout(8, seed=4) if hasattr(L, "Cutout") else L.RandomErasing(
        (1.0, 1.0), scale=((8 / 28) ** 2, (8 / 28) ** 2), fill_value=0.0, value_range=(0, 1), seed=4)
    turned = kind == "turned"
    shift = L.RandomTranslation(2 / 28, 2 / 28, fill_mode="constant",
                                interpolation="bilinear" if turned else "nearest", seed=2)
    turn = [L.RandomRotation(10 / 360, fill_mode="constant", seed=3)] if turned else []
    return [L.RandomFlip("horizontal", seed=1), shift, *turn, cut]


def augmentation(framework):
    """Flip, shift, rotate, and a rectangle cut out, of every image."""
    L = framework.layers
    return [L.RandomFlip("horizontal", seed=1), L.RandomTranslation(0.1, 0.1, fill_mode="constant", seed=2),
            L.RandomRotation(0.05, fill_mode="constant", seed=3),
            L.RandomErasing((1.0, 1.0), scale=(0.04, 0.25), fill_value=0.0, value_range=(0, 1), seed=4)]


class KerasTraining:
    """run() is one epoch of `fit`: shuffling, gathering, training, and the accuracy."""

    def __init__(self, framework, case, batch_size, samples, folder, seed):
        framework.utils.set_random_seed(seed)
        self.first_loss = None
        case = CASES[case]
        self.x, self.y = images(folder, samples, case)
        self.batch_size = batch_size
        self.model = build(framework, case)
        optimizers = framework.optimizers
        self.model.compile(
            optimizer={"adam": lambda: optimizers.Adam(1e-3), "sgd": lambda: optimizers.SGD(1e-2),
                       "adamw": lambda: optimizers.AdamW(1e-3, weight_decay=0.05)}[case.optimizer](),
            loss=framework.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=["accuracy"],
        )

    def run(self):
        self.history = self.model.fit(self.x, self.y, batch_size=self.batch_size, epochs=1, verbose=0).history
        self.first_loss = self.first_loss or float(self.history["loss"][-1])

    def result(self):
        last = {name: float(self.history[name][-1]) for name in ("loss", "accuracy")}
        return {**last, "first_loss": self.first_loss}


class KerasSteps:
    """run() is a training step, a prediction of the batch, or of its first sample. Subclasses make `model`, and set its
    weights in `_start`.
    """

    def _begin(self, framework, kind, x, y):
        self.kind, self.y = kind, y
        # Keras compiles predict_on_batch, not model(x), so it gets that for one sample too.
        self.predict_sample = self.model if framework.__name__ == "tinynet" else self.model.predict_on_batch
        self.model.compile(framework.optimizers.Adam(SMALL_RATE),
                           framework.losses.SparseCategoricalCrossentropy(from_logits=True))
        if kind == "training":
            self.model.optimizer.build(self.model.trainable_variables)
        self.state = [(variable, np.array(variable)) for variable in self.model.optimizer.variables]
        self._start()
        self.sample, self.x = framework.ops.convert_to_tensor(x[:1]), framework.ops.convert_to_tensor(x)

    def run(self):
        if self.kind == "training":
            self.loss = self.model.train_on_batch(self.x, self.y)
        elif self.kind == "prediction":
            self.out = self.model.predict_on_batch(self.x)
        else:
            self.out = self.predict_sample(self.sample)

    def before_turn(self):
        """Begin again from the same weights: after thousands of steps on one batch, gradients vanish."""
        if self.kind == "training":
            self._restart()

    def _restart(self):
        self._start()
        for variable, value in self.state:
            variable.assign(value)

    def result(self):
        """The predictions, or the losses of the first steps."""
        if self.kind != "training":
            return np.asarray(self.out)
        self._restart()
        losses = []
        for _ in range(CHECKED_STEPS):
            self.run()
            losses.append(np.float32(np.ravel(self.loss)[0]))
        return np.array(losses)


class KerasEncoder(KerasSteps):
    """A transformer's encoder block."""

    def __init__(self, framework, kind, heads, **sizes):
        given, y, self.weights = encoder(heads=heads, **sizes)
        L, features = framework.layers, sizes["features"]
        x = framework.Input(given.shape[1:])
        attention, norms = L.MultiHeadAttention(heads, features // heads), [L.LayerNormalization() for _ in range(2)]
        dense = [L.Dense(sizes["hidden"], activation="gelu"), L.Dense(features), L.Dense(sizes["classes"])]
        h = norms[0](L.Add()([x, attention(x, x)]))
        h = norms[1](L.Add()([h, dense[1](dense[0](h))]))
        self.model = framework.Model(x, dense[2](L.GlobalAveragePooling1D()(h)))
        self.layers = {"norm1": norms[0], "norm2": norms[1], "hidden": dense[0], "shown": dense[1], "classes": dense[2]}
        self.attention = attention
        self._begin(framework, kind, given, y)

    def _start(self):
        for name, layer in self.layers.items():
            layer.set_weights(self.weights[name])
        shapes = [weight.shape for weight in self.attention.weights]
        flat = [part for name in ("query", "key", "value", "output") for part in self.weights[name]]
        self.attention.set_weights([part.reshape(shape) for part, shape in zip(flat, shapes, strict=True)])


class KerasRecurrent(KerasSteps):
    """A recurrent layer over sequences, and a dense layer on its last state."""

    def __init__(self, framework, kind, layer, **sizes):
        x, y, self.weights = recurrent(layer, **sizes)
        L = framework.layers
        make = {"simple_rnn": L.SimpleRNN, "lstm": L.LSTM, "gru": L.GRU}[layer]
        self.model = framework.Sequential([L.Input(x.shape[1:]), make(sizes["units"]), L.Dense(sizes["classes"])])
        self._begin(framework, kind, x, y)

    def _start(self):
        for layer, name in zip(self.model.layers, ("recurrent", "classes"), strict=True):
            layer.set_weights(self.weights[name])


class KerasNetwork(KerasSteps):
    """A network of networks.py: Sequential if its rows are a chain, functional otherwise."""

    def __init__(self, framework, kind, network_name, batch):
        x, y, self.weights = network(network_name, batch)
        described, self.layers = NETWORKS[network_name], {}
        L = framework.layers
        make = {
            "conv": lambda filters, side, strides=1, padding="same", activation=None, bias=True: L.Conv2D(
                filters, side, strides, padding, activation=activation, use_bias=bias),
            "depthwise": lambda side, strides=1: L.DepthwiseConv2D(side, strides, "same", use_bias=False),
            "dense": lambda units, activation=None: L.Dense(units, activation=activation),
            "batch_norm": L.BatchNormalization, "relu": L.ReLU, "pool": L.MaxPooling2D, "flatten": L.Flatten,
            "global_pool": L.GlobalAveragePooling2D, "add": L.Add,
        }
        for name, row_kind, _, settings in described.rows:
            self.layers[name] = make[row_kind](**settings)
        first = framework.Input(described.shape)
        if described.is_chain:
            self.model = framework.Sequential([first, *self.layers.values()])
        else:
            values = {"x": first}
            for name, _, inputs, _ in described.rows:
                taken = [values[key] for key in inputs]
                values[name] = self.layers[name](taken if len(taken) > 1 else taken[0])
            self.model = framework.Model(first, values[described.rows[-1][0]])
        self._begin(framework, kind, x, y)

    def _start(self):
        for name, arrays in self.weights.items():
            self.layers[name].set_weights(arrays)
