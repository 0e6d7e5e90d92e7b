"""ONNX Runtime on the file that tinynet writes of the same network. It predicts only."""

import os

import numpy as np
import onnxruntime

from . import arrays

THREADS = 1


def start(threads):
    global THREADS
    if "ONEDNN_MAX_CPU_ISA" in os.environ:
        raise NotImplementedError("ONNX Runtime cannot be limited to AVX2")
    THREADS = threads
    return {"onnxruntime": onnxruntime.__version__}


class Steps:
    """run() is a prediction of the batch, or of its first sample."""

    def __init__(self, kind, x, file):
        if kind == "training":
            raise NotImplementedError("ONNX Runtime predicts only")
        settings = onnxruntime.SessionOptions()
        settings.intra_op_num_threads, settings.inter_op_num_threads = THREADS, 1
        self.session = onnxruntime.InferenceSession(file, settings, providers=["CPUExecutionProvider"])
        self.feed = {self.session.get_inputs()[0].name: np.ascontiguousarray(x[:1] if kind == "one_sample" else x)}

    def run(self):
        self.out, = self.session.run(None, self.feed)

    def result(self):
        return self.out


TASKS = {
    "encoder": lambda kind, file, **sizes: Steps(kind, arrays.encoder(**sizes)[0], file),
    "network": lambda kind, file, network_name, batch: Steps(kind, arrays.network(network_name, batch)[0], file),
    "recurrent": lambda kind, file, **sizes: Steps(kind, arrays.recurrent(**sizes)[0], file),
}
