"""The scene of the CNN panel that trains a small network on Fashion-MNIST and sends an image through it."""

from __future__ import annotations

import base64
from functools import cache
from typing import Any

import numpy as np

from ... import losses, ops, textbook
from ...datasets import fashion_mnist_sample
from ...models import Model, Sequential
from ..code import Call, make, program

BATCH = 64
TESTED = 256  # test images that are classified
TEST_EVERY = 10  # steps
MOST_STEPS = 2000
SHOWN = ("conv1", "pool1", "conv2", "pool2")
TOP = 7  # as many as the lecture lists under its picture
OPTIMIZERS = {"sgd": ("optimizers.SGD", {}), "momentum": ("optimizers.SGD", {"momentum": 0.9}), "adam": ("optimizers.Adam", {})}


@cache
def data() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Training and test images, (n, 28, 28, 1) from 0 to 1, and labels: the sample in the wheel. Nobody writes to them."""
    (x, y), (x_test, y_test) = fashion_mnist_sample.load_data()
    x, x_test = (one[..., None].astype("float32") / 255 for one in (x, x_test))
    return x, y, x_test, y_test


@cache
def gallery() -> tuple[np.ndarray, list[int]]:
    """The first test image of each class, uint8, and their indices."""
    _, (images, labels) = fashion_mnist_sample.load_data()
    indices = [int(np.argmax(labels == one)) for one in range(10)]
    return images[indices], indices


class Training:
    """A small CNN; each step is one batch of 64 images.

    Args:
        settings: Of the panel; 'drawing' is an array (28, 28, 1) or None.
        seed: Of the first weights and of the order of the images.
    """

    def __init__(self, settings: dict[str, Any], seed: int) -> None:
        self.seed = seed
        self.finished = False
        self.count = 0
        self.images = int(settings["images"])
        self.batches = self.images // BATCH
        self.settings = settings
        self.model = Sequential([make(one) for one in self._layers()])
        self.model.compile(optimizer=make(self._optimizer()), metrics=["accuracy"],
                           loss=losses.SparseCategoricalCrossentropy(from_logits=True))
        self.model.optimizer.build(self.model.trainable_variables)  # now, so that a snapshot of step 0 has its variables
        names = (*SHOWN, "logits")
        self.viewer = Model(self.model.input, [self.model.get_layer(name).output for name in names])
        self.batch_loss, self.batch_accuracy = np.empty(MOST_STEPS), np.empty(MOST_STEPS)
        self.tests = np.empty((MOST_STEPS // TEST_EVERY + 1, 2))
        self.order = np.arange(0)
        self.view(settings)
        self._test()

    def view(self, settings: dict[str, Any]) -> None:
        """Choose the image that is sent through the network."""
        self.settings = settings
        self.own = settings["drawing"]
        if self.own is None:
            self.image = data()[2][settings["index"]]
        else:
            self.own = np.ascontiguousarray(255 - self.own if settings["invert"] else self.own)
            self.image = self.own.astype("float32") / 255
        self.seen: tuple[int, list[np.ndarray]] | None = None

    def _layers(self) -> list[Call]:
        chosen = self.settings
        size = int(chosen["size"])
        pool = "layers.MaxPooling2D" if chosen["pooling"] == "max" else "layers.AveragePooling2D"

        def start(k: int) -> Call:
            return Call("initializers.GlorotUniform", seed=self.seed + k)

        return [
            Call("layers.Input", (28, 28, 1)),
            Call("layers.Conv2D", chosen["filters1"], size, padding="same", activation="relu", kernel_initializer=start(0),
                 name="conv1"),
            Call(pool, 2, name="pool1"),
            Call("layers.Conv2D", chosen["filters2"], size, padding="same", activation="relu", kernel_initializer=start(1),
                 name="conv2"),
            Call(pool, 2, name="pool2"),
            Call("layers.Flatten"),
            Call("layers.Dense", 10, kernel_initializer=start(2), name="logits"),
        ]

    def _optimizer(self) -> Call:
        cls, arguments = OPTIMIZERS[self.settings["optimizer"]]
        return Call(cls, self.settings["rate"], **arguments)

    def _test(self) -> None:
        _, _, x_test, y_test = data()
        results: Any = self.model.evaluate(x_test[:TESTED], y_test[:TESTED], batch_size=TESTED, verbose=0)
        self.tests[self.count // TEST_EVERY] = results

    def _order(self, epoch: int) -> np.ndarray:
        return np.random.default_rng([self.seed, epoch]).permutation(self.images)

    def step(self) -> None:
        x, y, _, _ = data()
        epoch, batch = divmod(self.count, self.batches)
        if batch == 0:
            self.order = self._order(epoch)
        chosen = self.order[batch * BATCH : (batch + 1) * BATCH]
        self.model.reset_metrics()
        results: Any = self.model.train_on_batch(x[chosen], y[chosen])
        self.batch_loss[self.count], self.batch_accuracy[self.count] = results
        self.count += 1
        self.finished = self.count == MOST_STEPS
        if self.count % TEST_EVERY == 0:
            self._test()

    def snapshot(self) -> Any:
        return (self.count, self.model.get_weights(), [one.numpy().copy() for one in self.model.optimizer.variables],
                self.batch_loss[: self.count].copy(), self.batch_accuracy[: self.count].copy(),
                self.tests[: self.count // TEST_EVERY + 1].copy())

    def restore(self, snapshot: Any) -> None:
        self.count, weights, variables, loss, accuracy, tests = snapshot
        self.model.set_weights(weights)
        for variable, value in zip(self.model.optimizer.variables, variables, strict=True):
            variable.assign(value)
        self.batch_loss[: self.count], self.batch_accuracy[: self.count] = loss, accuracy
        self.tests[: len(tests)] = tests
        self.order = self._order(self.count // self.batches)
        self.finished = self.count == MOST_STEPS
        self.seen = None

    def look(self) -> list[np.ndarray]:
        """The feature maps of the chosen image, (height, width, maps) of each layer of `SHOWN`, and its logits."""
        if self.seen is None or self.seen[0] != self.count:
            self.seen = self.count, [one.numpy()[0] for one in self.viewer(self.image[None])]
        return self.seen[1]

    def scores(self) -> np.ndarray:
        """Softmax of the logits."""
        return ops.softmax(self.look()[-1][None]).numpy()[0]

    def state(self) -> dict[str, Any]:
        *maps, logits = self.look()
        scores = self.scores()
        order = np.argsort(-scores, kind="stable")
        pictures, indices = gallery()
        tests = self.tests[: self.count // TEST_EVERY + 1]
        numbers: dict[str, Any] = {"epoch": self.count // self.batches + 1}
        if self.count:
            numbers |= {"loss": float(self.batch_loss[self.count - 1]),
                        "accuracy": float(self.batch_accuracy[self.count - 1])}
        numbers |= {"test_loss": float(tests[-1, 0]), "test_accuracy": float(tests[-1, 1]),
                    "prediction": f"class{order[0]}", "score": float(scores[order[0]])}
        kernels = {name: self.model.get_layer(name).get_weights() for name in ("conv1", "conv2")}
        return {
            "numbers": numbers, "image": (self.image[:, :, 0] * 255).round().astype(np.uint8),
            "label": int(data()[3][self.settings["index"]]) if self.own is None else None,
            "maps": dict(zip(SHOWN, maps, strict=True)), "kernels": {name: one[0] for name, one in kernels.items()},
            "biases": {name: one[1] for name, one in kernels.items()},
            "logits": logits, "scores": scores, "top": order[:TOP].tolist(),
            "losses": self.batch_loss[: self.count].astype(np.float32),
            "accuracies": self.batch_accuracy[: self.count].astype(np.float32),
            "tests": tests.astype(np.float32), "test_every": TEST_EVERY, "gallery": pictures, "gallery_indices": indices,
        }

    def code(self, steps: int) -> str:
        if self.own is None:
            before, image = "", program("image = x_test[$index]", index=self.settings["index"])
        else:
            before = "import base64\n\n"
            image = program("""
                image = np.frombuffer(base64.b64decode($pixels), np.uint8).reshape(28, 28, 1).astype("float32") / 255
            """, pixels=base64.b64encode(self.own.tobytes()).decode())
        return before + program("""
            import numpy as np
            import tinynet as tn
            from tinynet import initializers, layers, optimizers, textbook

            (x, y), (x_test, y_test) = tn.datasets.fashion_mnist_sample.load_data()
            x, x_test = x[..., None].astype("float32") / 255, x_test[..., None].astype("float32") / 255

            model = tn.Sequential($layers)
            model.compile(
                optimizer=$optimizer,
                loss=tn.losses.SparseCategoricalCrossentropy(from_logits=True),
                metrics=["accuracy"],
            )

            batch_loss, batch_accuracy, tests = [], [], []
            for step in range($steps):
                if step % $every == 0:
                    tests.append(model.evaluate(x_test[:$tested], y_test[:$tested], batch_size=$tested, verbose=0))
                epoch, batch = divmod(step, $batches)
                if batch == 0:
                    order = np.random.default_rng([$seed, epoch]).permutation($images)
                chosen = order[batch * $batch : (batch + 1) * $batch]
                model.reset_metrics()
                loss, accuracy = model.train_on_batch(x[chosen], y[chosen])
                batch_loss.append(loss)
                batch_accuracy.append(accuracy)
                print(f"step {step + 1}: loss {loss:.4f}, accuracy {accuracy:.3f}")
            weights = model.get_weights()

            # One image through the network: its feature maps, its logits, and the most probable classes.
        """, layers=self._layers(), optimizer=self._optimizer(), steps=steps, every=TEST_EVERY, tested=TESTED,
            batches=self.batches, seed=self.seed, images=self.images, batch=BATCH) + image + program("""
            maps = {name: textbook.feature_maps(model, image[None], name)[0] for name in $shown}
            scores = tn.ops.softmax(model.predict(image[None], verbose=0)).numpy()[0]
            names = tn.datasets.fashion_mnist_sample.CLASS_NAMES
            top = textbook.top_classes(scores, names, k=$top)
            for name, score in top:
                print(f"{name:12} {score:.4f}")
        """, shown=SHOWN, top=TOP)

    def proof(self) -> dict[str, Any]:
        done = self.tests[: (self.count + TEST_EVERY - 1) // TEST_EVERY]
        return {"weights": self.model.get_weights(), "batch_loss": self.batch_loss[: self.count],
                "batch_accuracy": self.batch_accuracy[: self.count], "tests": done if len(done) else []}

    def seen_by_code(self) -> dict[str, Any]:
        """As `proof`, of what depends on the chosen image."""
        names = fashion_mnist_sample.CLASS_NAMES
        return {"maps": dict(zip(SHOWN, self.look(), strict=False)), "scores": self.scores(),
                "top": textbook.top_classes(self.scores(), names, k=TOP)}
