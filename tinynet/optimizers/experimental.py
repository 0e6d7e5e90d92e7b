"""`tf.keras.optimizers.experimental.AdamW` and the like: `tinynet.optimizers` has them all."""

from .. import optimizers


def __getattr__(name):
    return getattr(optimizers, name)


def __dir__():
    return dir(optimizers)
