"""Where Keras 2 kept KerasClassifier and KerasRegressor; here they say what to use instead."""

from ..core.absence import import_explainer

__getattr__ = import_explainer(__name__)
