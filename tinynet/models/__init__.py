"""Models: layers that can be trained."""

from ..layers import Layer
from ..saving import load_model, save_model
from .configuration import clone_model, model_from_json
from .functional import Functional as Functional  # configurations name it
from .model import Model
from .sequential import Sequential
from .traced_calls import call_traced

Model._functional = Functional
Layer._call_traced = staticmethod(call_traced)

__all__ = ["Model", "Sequential", "clone_model", "load_model", "model_from_json", "save_model"]
