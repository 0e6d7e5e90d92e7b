"""Keras on the backend that KERAS_BACKEND names."""

import os

from .keras_like import KerasTraining


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


TASKS = {"training": Training}
