"""Keras 2's names KerasClassifier and KerasRegressor: asking for them raises an ImportError that names today's."""

from ..core.absence import import_explainer

__getattr__ = import_explainer(__name__)
