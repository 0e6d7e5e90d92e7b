"""Training in Keras's form. `framework` is the module keras or tinynet: the code is the same, but for the import."""

from cases import CASES

from .arrays import images


def build(framework, layers, channels):
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
    shape = (28, 28, 1) if channels else (28, 28)
    return framework.Sequential([L.Input(shape), *(make[name](*arguments) for name, *arguments in layers)])


class KerasTraining:
    """run() is one epoch of `fit`: shuffling, gathering, training, and the accuracy."""

    def __init__(self, framework, case, batch_size, samples, folder, seed):
        framework.utils.set_random_seed(seed)
        case = CASES[case]
        self.x, self.y = images(folder, samples, case.channels)
        self.batch_size = batch_size
        self.model = build(framework, case.layers, case.channels)
        self.model.compile(
            optimizer=framework.optimizers.Adam(1e-3),
            loss=framework.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=["accuracy"],
        )

    def run(self):
        self.history = self.model.fit(self.x, self.y, batch_size=self.batch_size, epochs=1, verbose=0).history

    def result(self):
        return {name: float(self.history[name][-1]) for name in ("loss", "accuracy")}
