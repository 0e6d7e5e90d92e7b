"""`tf.keras.layers.experimental.preprocessing.Rescaling` and the like: `tinynet.layers` has them all."""

from ... import layers


def __getattr__(name):
    return getattr(layers, name)


def __dir__():
    return dir(layers)
