"""ONNX files: `export_onnx` writes a model as it predicts.

    export.py     the model's graph, node by node
    layers.py     layers in terms of ONNX's operators, with a module for each family
    functions.py  activations and operations of `tinynet.ops`
    writer.py     nodes, values and constants of a file
"""

from .export import export_onnx, onnx_model

__all__ = ["export_onnx", "onnx_model"]
