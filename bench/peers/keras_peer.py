"""Keras on the backend that KERAS_BACKEND names."""

import os

import numpy as np

from .keras_like import KerasEncoder, KerasNetwork, KerasRecurrent, KerasTraining, augmentation


def start(threads):
    backend = os.environ["KERAS_BACKEND"]
    versions = {}
    if backend == "tensorflow":
        import tensorflow

        tensorflow.config.threading.set_intra_op_parallelism_threads(threads)
        versions["tensorflow"] = tensorflow.__version__
    elif backend == "jax":
        import jax

        versions["jax"] = jax.__version__
    import keras

    return {"keras": keras.__version__, **versions}


class Training(KerasTraining):
    def __init__(self, **parameters):
        import keras

        super().__init__(keras, **parameters)


class Encoder(KerasEncoder):
    def __init__(self, **parameters):
        import keras

        super().__init__(keras, **parameters)


class Network(KerasNetwork):
    def __init__(self, **parameters):
        import keras

        super().__init__(keras, **parameters)


class Recurrent(KerasRecurrent):
    def __init__(self, **parameters):
        import keras

        super().__init__(keras, **parameters)


class Augmentation:
    """run() augments one batch: in a compiled graph on TensorFlow, as in tf.data, and layer by layer elsewhere."""

    def __init__(self, file):
        import keras

        self.x = np.load(file)
        steps = augmentation(keras)

        def chain(x):
            for layer in steps:
                x = layer(x, training=True)
            return x

        backend = os.environ["KERAS_BACKEND"]
        if backend == "tensorflow":
            import tensorflow

            self.function, self.x = tensorflow.function(chain), tensorflow.convert_to_tensor(self.x)
        else:
            self.function, self.x = chain, keras.ops.convert_to_tensor(self.x)
        self.finish = (lambda y: y.block_until_ready()) if backend == "jax" else (lambda y: y)

    def run(self):
        self.y = self.finish(self.function(self.x))

    def result(self):
        return np.asarray(self.y)


TASKS = {"training": Training, "encoder": Encoder, "network": Network, "recurrent": Recurrent,
         "augmentation": Augmentation}
