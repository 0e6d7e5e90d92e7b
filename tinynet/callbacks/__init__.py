"""Callbacks: what happens between the steps of training."""

from .base import Callback, CallbackList
from .history import History
from .monitor import EarlyStopping
from .progress import ProgbarLogger

__all__ = ["Callback", "CallbackList", "EarlyStopping", "History", "ProgbarLogger"]
