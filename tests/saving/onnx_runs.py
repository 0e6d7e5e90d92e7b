"""What an exported file computes: by ONNX Runtime if it is installed, else by onnx's own reference."""

import importlib.util

import numpy as np

from tinynet.core.nest import flatten

RUNTIME = importlib.util.find_spec("onnxruntime") is not None


def run(model, path, *arrays):
    """The outputs of the model's file for these inputs, in the order of the file's."""
    model.export(path, format="onnx")
    if RUNTIME:
        import onnxruntime

        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        return session.run(None, dict(zip([part.name for part in session.get_inputs()], arrays, strict=True)))
    from onnx.reference import ReferenceEvaluator

    evaluator = ReferenceEvaluator(str(path), new_ops=[_scan_along_steps()])
    return evaluator.run(None, dict(zip(evaluator.input_names, arrays, strict=True)))


def _scan_along_steps():
    """onnx's Scan, which knows only axis 0, with the axes moved there and back."""
    from onnx.reference.ops.op_scan import Scan

    class StepsFirst(Scan):
        op_domain = ""

        def __init__(self, node, run_params):
            self.axes = {one.name: list(one.ints) for one in node.attribute if one.name.endswith("_axes")}
            kept = type(node)()
            kept.CopyFrom(node)
            del kept.attribute[:]
            kept.attribute.extend(one for one in node.attribute if one.name not in self.axes)
            super().__init__(kept, run_params)

        def _run(self, *args, **kwargs):
            inside, outside = self.axes["scan_input_axes"], self.axes["scan_output_axes"]
            first = len(args) - len(inside)
            moved = [np.moveaxis(part, axis, 0) for part, axis in zip(args[first:], inside, strict=True)]
            results = list(super()._run(*args[:first], *moved, **kwargs))
            return tuple(results[:first] + [np.moveaxis(part, 0, axis) for part, axis in
                                            zip(results[first:], outside, strict=True)])

    StepsFirst.__name__ = "Scan"  # by which the evaluator finds it
    return StepsFirst


def randomize(model, rng):
    """Weights that no two layers confuse; variances stay positive."""
    for variable in model.variables:
        if np.dtype(variable.dtype).kind == "f":
            variable.assign(rng.uniform(0.1, 1.0, variable.shape) * (
                1 if "variance" in variable.name else rng.choice([-1, 1], variable.shape)))


def assert_reproduced(model, path, *arrays):
    expected = model(arrays[0] if len(arrays) == 1 else list(arrays), training=False)
    actual = run(model, path, *arrays)
    for one, other in zip(flatten(expected), actual, strict=True):
        one = one.numpy()
        assert one.shape == other.shape and one.dtype == other.dtype
        np.testing.assert_allclose(other, one, rtol=2e-5, atol=2e-6 * max(1.0, float(np.nanmax(np.abs(one)))))
