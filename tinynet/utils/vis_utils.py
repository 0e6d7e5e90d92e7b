"""The name of the module with `plot_model` until Keras 2.13: `from tinynet.keras.utils.vis_utils import plot_model`."""

from .plot_model import plot_model

__all__ = ["plot_model"]
