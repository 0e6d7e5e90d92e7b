"""Model: a layer that can be trained."""

from ..layers.base import Layer
from .summary import print_summary
from .training import Trainer


class Model(Trainer, Layer):
    """A layer with `compile`, `fit`, `evaluate` and `predict`.

    Subclass it and define `call(self, x, training=None)`, or use `Sequential`.

    >>> import numpy as np
    >>> from tinynet.layers import Dense
    >>> class Linear(Model):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.dense = Dense(1)
    ...     def call(self, x):
    ...         return self.dense(x)
    >>> Linear()(np.ones((4, 3))).shape
    (4, 1)
    """

    def __init__(self, *args, **kwargs):
        if args or "inputs" in kwargs or "outputs" in kwargs:
            raise NotImplementedError(
                "Model(inputs, outputs): models as graphs of layers are not there yet; use Sequential, or "
                "subclass Model and write call()"
            )
        super().__init__(**kwargs)

    @property
    def layers(self):
        """The layers this model is made of, one level deep."""
        return self._sublayers()

    @layers.setter
    def layers(self, _):
        raise AttributeError(
            "`layers` is what the model was built from and cannot be set; choose another attribute name"
        )

    def get_layer(self, name=None, index=None):
        """A layer by name or by index.

        Raises:
            ValueError: there is no such layer; the message lists those there are.
        """
        if (name is None) == (index is None):
            raise ValueError("get_layer: give either name or index")
        if index is not None:
            if not -len(self.layers) <= index < len(self.layers):
                raise ValueError(f"get_layer: index {index}, but the model has {len(self.layers)} layers")
            return self.layers[index]
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise ValueError(f"get_layer: no layer is named {name!r}. Layers: {[layer.name for layer in self.layers]}")

    def summary(self, line_length=None, positions=None, print_fn=None, expand_nested=False, show_trainable=False,
                layer_range=None):
        """Print a table of the layers with their output shapes and numbers of weights.

        Args:
            line_length: Width in characters.
            positions: Relative or absolute positions of the columns' right ends.
            print_fn: Called with the text instead of `print`.
            expand_nested: Show the layers inside models that are layers.
            show_trainable: Add a column that says whether training changes the layer.
            layer_range: First and last layer name to show.
        """
        print_summary(self, line_length, positions, print_fn, expand_nested, show_trainable, layer_range)

    def save(self, filepath, overwrite=True, zipped=None):
        """Not there yet."""
        raise NotImplementedError(
            "Model.save: model files are not there yet; keep the weights with numpy.savez(path, *model.get_weights())"
        )

    def count_params(self):
        """The number of scalars in all weights."""
        if not self.built:
            raise ValueError(
                f"{self.name}.count_params: the model has no weights yet; give it an Input, or call it on a batch"
            )
        return sum(variable.size for variable in self.weights)
