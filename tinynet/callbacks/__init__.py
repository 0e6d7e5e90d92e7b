"""Callbacks: what happens between the steps of training."""

from .backup import BackupAndRestore
from .base import Callback
from .checkpoint import ModelCheckpoint
from .history import History
from .lab import Lab
from .learning_rate import LearningRateScheduler, ReduceLROnPlateau
from .list import CallbackList
from .monitor import EarlyStopping
from .probe import Probe
from .progress import ProgbarLogger
from .reports import CSVLogger, RemoteMonitor
from .small import LambdaCallback, SwapEMAWeights, TerminateOnNaN
from .tensorboard import TensorBoard

__all__ = [
    "BackupAndRestore", "CSVLogger", "Callback", "CallbackList", "EarlyStopping", "History", "Lab", "LambdaCallback",
    "LearningRateScheduler", "ModelCheckpoint", "Probe", "ProgbarLogger", "ReduceLROnPlateau", "RemoteMonitor",
    "SwapEMAWeights", "TensorBoard", "TerminateOnNaN",
]
