"""`tf.keras.optimizers.legacy.Adam` and the like: `tinynet.optimizers` has them all, and takes the old arguments."""

from .. import optimizers


def __getattr__(name):
    return getattr(optimizers, name)


def __dir__():
    return dir(optimizers)
