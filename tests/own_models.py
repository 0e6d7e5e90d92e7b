"""Layers and models as users write them, in the styles of Keras's and TensorFlow's guides: for tests of their steps."""

import numpy as np

import tinynet as tn
from tinynet import layers, ops, tf

SCALE = 0.5
SHARED_ACTIVATION = tf.nn.relu


class Linear(layers.Layer):
    """A Dense of one's own."""

    def __init__(self, units, activation=None, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.activation = tn.activations.get(activation)

    def build(self, input_shape):
        self.w = self.add_weight(shape=(input_shape[-1], self.units), initializer="random_normal", name="w")
        self.b = self.add_weight(shape=(self.units,), initializer="zeros", name="b")

    def call(self, inputs):
        """The formula."""
        y = tf.matmul(inputs, self.w) + self.b
        if self.activation is not None:
            y = self.activation(y)
        return y


class MLPBlock(layers.Layer):
    def __init__(self, units=(8, 8), rate=0.25):
        super().__init__()
        self.hidden = [Linear(n, "relu") for n in units]
        self.drop = layers.Dropout(rate, seed=4)

    def call(self, x, training=None):
        for index, layer in enumerate(self.hidden):
            x = layer(x)
            if index == 0:
                x = self.drop(x, training=training)
        return x


class Residual(layers.Layer):
    """He et al. 2015, with layers for the sum and ReLU."""

    def __init__(self, filters, strides=1, **kwargs):
        super().__init__(**kwargs)
        self.conv1 = layers.Conv2D(filters, 3, strides, padding="same", name="conv1")
        self.bn1 = layers.BatchNormalization(name="bn1")
        self.relu1 = layers.ReLU(name="relu1")
        self.conv2 = layers.Conv2D(filters, 3, padding="same", name="conv2")
        self.bn2 = layers.BatchNormalization(name="bn2")
        self.shortcut = None
        if strides != 1:
            self.shortcut = [layers.Conv2D(filters, 1, strides, name="conv3"), layers.BatchNormalization(name="bn3")]
        self.add = layers.Add(name="add")
        self.relu2 = layers.ReLU(name="relu2")

    def call(self, x, training=None):
        y = self.relu1(self.bn1(self.conv1(x), training=training))
        y = self.bn2(self.conv2(y), training=training)
        if self.shortcut is not None:
            conv, bn = self.shortcut
            x = bn(conv(x), training=training)
        return self.relu2(self.add([x, y]))


class WrittenOut(Residual):
    """The same block, with operations in the place of layers without weights."""

    def call(self, x, training=None):
        y = tf.nn.relu(self.bn1(self.conv1(x), training=training))
        y = self.bn2(self.conv2(y), training=training)
        if self.shortcut is not None:
            conv, bn = self.shortcut
            x = bn(conv(x), training=training)
        return tf.nn.relu(x + y)


class ResidualNet(tn.Model):
    def __init__(self, filters=16, classes=3):
        super().__init__()
        self.stem = layers.Conv2D(filters, 3, padding="same")
        self.bn = layers.BatchNormalization()
        self.relu = layers.ReLU()
        self.blocks = [Residual(filters), Residual(2 * filters, 2)]
        self.pool = layers.GlobalAveragePooling2D()
        self.head = layers.Dense(classes)

    def call(self, inputs, training=False):
        x = self.relu(self.bn(self.stem(inputs), training=training))
        for block in self.blocks:
            x = block(x, training=training)
        return self.head(self.pool(x))


class ConvBlock(layers.Layer):
    """Convolution, normalization, ReLU; pooling and dropout stand outside."""

    def __init__(self, filters):
        super().__init__()
        self.steps = [layers.Conv2D(filters, 3), layers.BatchNormalization(), layers.ReLU()]

    def call(self, x):
        for step in self.steps:
            x = step(x)
        return x


class ConvNet(tn.Model):
    def __init__(self):
        super().__init__()
        self.first, self.second = ConvBlock(8), ConvBlock(8)
        self.pool, self.drop = layers.MaxPooling2D(), layers.Dropout(0.3, seed=3)
        self.flat, self.hidden, self.relu, self.out = layers.Flatten(), layers.Dense(8), layers.ReLU(), layers.Dense(3)

    def call(self, x, training=None):
        x = self.drop(self.pool(self.first(x)), training=training)
        x = self.relu(self.hidden(self.flat(self.second(x))))
        return {"out": self.out(x), "hidden": x}


class Attention(layers.Layer):
    """Multi-head attention written out."""

    def __init__(self, size=8, heads=2):
        super().__init__()
        self.heads, self.size = heads, size
        self.query, self.key, self.value = (layers.Dense(size) for _ in range(3))
        self.out = layers.Dense(size)
        self.norm = layers.LayerNormalization()

    def split(self, x):
        batch, steps = tf.shape(x)[0], x.shape[1]
        x = tf.reshape(x, (batch, steps, self.heads, self.size // self.heads))
        return tf.transpose(x, perm=[0, 2, 1, 3])

    def call(self, x):
        q, k, v = self.split(self.query(x)), self.split(self.key(x)), self.split(self.value(x))
        scores = tf.matmul(q, k, transpose_b=True) / float(self.size // self.heads) ** 0.5
        y = tf.transpose(tf.matmul(tf.nn.softmax(scores, axis=-1), v), [0, 2, 1, 3])
        y = tf.reshape(y, (tf.shape(x)[0], -1, self.size))
        return self.norm(x + self.out(y))


class Gated(layers.Layer):
    def __init__(self, units):
        super().__init__()
        self.linear, self.gate = layers.Dense(units), layers.Dense(units, activation="sigmoid")

    def call(self, x):
        x = self.linear(x) * self.gate(x)
        x += SCALE
        return SHARED_ACTIVATION(x)


class TrainingBranch(layers.Layer):
    def __init__(self, factor=2.0):
        super().__init__()
        self.factor = factor

    def call(self, x, training=None):
        if training:
            return x * self.factor
        return x - 1.0 if training is None else x + 1.0


class DictModel(tn.Model):
    def __init__(self):
        super().__init__()
        self.left, self.right, self.head = layers.Dense(4), layers.Dense(4), layers.Dense(3)

    def call(self, inputs):
        parts = {"left": self.left(inputs["a"]), "right": self.right(inputs["b"])}
        parts["sum"] = parts["left"] + parts["right"]
        return self.head(tf.concat([parts[name] for name in ("left", "right", "sum")], axis=-1))


class Shared(tn.Model):
    """One layer called several times, and layers in a dict."""

    def __init__(self):
        super().__init__()
        self.table = {"shared": layers.Dense(7, activation="tanh"), "out": layers.Dense(3)}

    def call(self, x):
        y = self.table["shared"](self.table["shared"](x))
        return self.table["out"](ops.concatenate([x, y], axis=-1))


class MyDense(layers.Dense):
    """Derived from a layer of tinynet's."""

    def call(self, x):
        y = super().call(x)
        return y * self.scale

    @property
    def scale(self):
        return 1.0 / (1 + self.power)

    power = 2


class Kept(layers.Layer):
    """An array that is no variable."""

    def __init__(self):
        super().__init__()
        self.positions = tf.constant(np.linspace(0, 1, 7), dtype="float32")

    def call(self, x):
        return x + self.positions


class Pyramid(tn.Model):
    """A helper function within the call, comprehensions, a lambda, f-strings as keys."""

    def __init__(self):
        super().__init__()
        self.parts = {f"dense{n}": layers.Dense(n) for n in (2, 3, 4)}
        self.head = layers.Dense(3)

    def call(self, x):
        def halved(y):
            return y * 0.5

        outputs = [halved(self.parts[f"dense{n}"](x)) for n in (2, 3, 4)]
        means = [tf.reduce_mean(y, axis=-1, keepdims=True) for y in outputs]
        (lambda y: y)(x)
        assert len(means) == 3
        return self.head(tf.concat(outputs + means, axis=-1))


class Scaled(layers.Layer):
    """Numbers of NumPy, and of shapes."""

    def __init__(self):
        super().__init__()
        self.size, self.query = 8, layers.Dense(7)

    def call(self, x):
        x = self.query(x) / np.sqrt(self.size)
        return x * tf.math.rsqrt(tf.cast(tf.shape(x)[-1], tf.float32))


class Normalized(layers.Layer):
    """Moments, constants, a sequence and Einstein's summation."""

    def __init__(self):
        super().__init__()
        self.query = layers.Dense(7)

    def call(self, x):
        mean, variance = tf.nn.moments(x, axes=[-1], keepdims=True)
        x = (x - mean) * tf.math.rsqrt(variance + 1e-3) + tf.range(7, dtype=tf.float32) * 0.1
        y = tf.einsum("bi,bj->bij", x, self.query(x))
        return tf.einsum("bij,j->bi", y, self.query.bias + tf.constant([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]))


class Loop(tn.Model):
    """A loop over `self.layers`."""

    def __init__(self):
        super().__init__()
        self.first, self.rest = layers.Dense(5), [layers.ReLU(), layers.Dense(3)]

    def call(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


class Sampling(layers.Layer):
    """The reparameterization of a variational autoencoder."""

    def call(self, inputs):
        mean, log_variance = inputs
        return mean + tf.exp(0.5 * log_variance) * tf.random.normal(shape=tf.shape(mean))


class SeededSampling(layers.Layer):
    def __init__(self):
        super().__init__()
        self.seed_generator = tn.random.SeedGenerator(7)

    def call(self, inputs):
        mean, log_variance = inputs
        return mean + tf.exp(0.5 * log_variance) * tn.random.normal(tuple(mean.shape), seed=self.seed_generator)


class Autoencoder(tn.Model):
    def __init__(self, sampling):
        super().__init__()
        self.encoder = layers.Dense(6, activation="relu")
        self.mean, self.log_variance, self.sampling = layers.Dense(2), layers.Dense(2), sampling
        self.decoder = layers.Dense(3)

    def call(self, x):
        x = self.encoder(x)
        return self.decoder(self.sampling((self.mean(x), self.log_variance(x))))


def around(layer, shape):
    """A Sequential model with a layer of the user's own in it."""
    return tn.Sequential([tn.Input(shape), layer, layers.Flatten(), layers.Dense(3)])


VECTOR, IMAGE, TEXT = (7,), (12, 11, 3), (5, 8)
# {name: (function that makes a model, shape of a sample)}
MODELS = {
    "linear": (lambda: around(Linear(5, "tanh"), VECTOR), VECTOR),
    "mlp": (lambda: around(MLPBlock(), VECTOR), VECTOR),
    "residual block": (lambda: around(Residual(3), IMAGE), IMAGE),
    "residual": (ResidualNet, IMAGE),
    "attention": (lambda: around(Attention(), TEXT), TEXT),
    "gated": (lambda: around(Gated(4), VECTOR), VECTOR),
    "branch": (lambda: around(TrainingBranch(), VECTOR), VECTOR),
    "shared": (Shared, VECTOR),
    "derived": (lambda: around(MyDense(4), VECTOR), VECTOR),
    "kept array": (lambda: around(Kept(), VECTOR), VECTOR),
    "pyramid": (Pyramid, VECTOR),
    "numbers": (lambda: around(Scaled(), VECTOR), VECTOR),
    "loop": (Loop, VECTOR),
    "normalized": (lambda: around(Normalized(), VECTOR), VECTOR),
    "lambda": (lambda: around(layers.Lambda(lambda x: tf.square(x) + SCALE), VECTOR), VECTOR),
    "activation": (lambda: around(layers.Dense(4, activation=lambda x: x * tf.sigmoid(x)), VECTOR), VECTOR),
    "cell": (lambda: around(layers.RNN(layers.SimpleRNNCell(4)), TEXT), TEXT),
    "seeded sampling": (lambda: Autoencoder(SeededSampling()), VECTOR),
}
