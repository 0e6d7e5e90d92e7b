"""Every public name of every package is in its `__all__`, exists, is documented and annotated.

A class or function counts as public if its name begins with no underscore, a module of the package defines it, and it
has a docstring. What is only for tinynet itself stands in INTERNALS, by module: a new optimizer that its author forgot
to import in `optimizers/__init__.py` is in neither, and fails here.

    PYTHONPATH=. python tests/test_public_names.py      prints what to add to INTERNALS, and what to take out
"""

import ast
import fnmatch
import importlib
import importlib.util
import inspect
from pathlib import Path

import pytest
from contracts import defined_in, modules_of

import tinynet
from tinynet import runtime

# Packages, and modules that are one, with names for users.
PACKAGES = (
    "activations", "applications", "augment", "callbacks", "constraints", "data", "datasets", "distribution",
    "initializers", "layers",
    "lessons", "lessons.checks", "lessons.grading", "losses", "metrics", "models", "ops", "optimizers",
    "optimizers.schedules", "plots", "preprocessing", "random", "regularizers", "saving", "textbook", "utils",
    "wrappers",
)

every_package = pytest.mark.parametrize("package_name", [pytest.param(name, marks=pytest.mark.skipif(
    name == "wrappers" and importlib.util.find_spec("sklearn") is None, reason="tinynet.wrappers needs scikit-learn",
)) for name in PACKAGES])

# {module: names (patterns) that are for tinynet itself}; '*' for a module without any name for users.
INTERNALS = {
    "applications.frame": ["*"],
    "applications.mobilenet": ["published_size"],
    "applications.vgg16": ["vgg"],
    "augment.batches": ["*"],
    "augment.boxes": ["*"],
    "augment.catalogue": ["Transform", "check_parameters", "draw_parameters", "look_up"],
    "augment.command": ["*"],
    "augment.distortion": ["blur_gain", "elastic_field"],
    "augment.embeddings": ["draw_mixup", "kept"],
    "augment.erasing": ["cutout_boxes"],
    "augment.filters": ["gaussian_weights", "smooth"],
    "augment.gallery": ["describe", "fixed_parameters", "needed_parameters", "usable"],
    "augment.geometry": ["affine_matrix", "perspective_matrix", "rotation_matrix"],
    "augment.korean": ["*"],
    "augment.mixing": [
        "column_interval", "cutmix_mask", "horizontal_concat", "mixed_concat", "mixup_mask", "noisy_mixup",
        "random_2x2", "random_boxes", "random_columns", "random_elements", "random_pixels", "random_rows",
        "random_square", "row_interval", "vertical_concat", "vh_mixup",
    ],
    "augment.patches": ["patch_order", "patch_shuffle_maps", "permuted"],
    "augment.pixel": ["hsv_to_rgb", "luma", "rgb_to_hsv"],
    "augment.sampling": [
        "check_sampling", "in_threads", "sample_reference", "transformed_grid", "warp_reference", "warped",
    ],
    "augment.text": ["changes", "lookup", "variants"],
    "augment.text_command": ["*"],
    "augment.wordnet": ["Synset", "find"],
    "augment.wordnet_files": ["*"],
    "callbacks.history_html": ["*"],
    "callbacks.monitor": ["MonitorCallback"],
    "callbacks.probe": ["Series", "histogram", "statistics"],
    "callbacks.tensorboard": ["as_image", "summary_writer"],
    "data._memory": ["Memory"],
    "data.ahead": ["one_ahead"],
    "data.arrays": ["common_length", "ready_batch"],
    "data.batching": ["Batching"],
    "data.elements": ["*"],
    "data.experimental": ["bucket_by_sequence_length", "cardinality", "choose_from_datasets"],
    "data.iterables": ["cast_structure", "iter_is_self"],
    "data.memory": ["copy", "empty", "forget_idle_memory"],
    "data.pipeline": ["Elements", "Pipeline", "arguments", "call", "first_spec"],
    "data.py_dataset": ["PyDataset"],
    "data.rows": ["all_within_reference", "as_rows", "cast_type", "gather_reference", "slicer", "taker", "to_numpy"],
    "data.sources": ["Sources"],
    "data.streams": ["*"],
    "data.text_columns": ["*"],
    "data.text_files": ["CsvDataset"],
    "datasets.catalogue": ["*"],
    "datasets.published": ["*"],
    "datasets.sources": ["*"],
    "distribution.agreement": ["*"],
    "distribution.batches": ["*"],
    "distribution.buckets": ["*"],
    "distribution.communicator": ["*"],
    "distribution.compression": ["*"],
    "distribution.faults": ["Watch"],
    "distribution.session": ["*"],
    "distribution.sharding": ["*"],
    "distribution.statistics": ["EpochStatistics", "Report"],
    "layers.arguments": ["*"],
    "layers.attention": ["causal_mask"],
    "layers.augmentation": ["augments", "factor_range"],
    "layers.augmentation_color": ["Factored", "Valued"],
    "layers.base_config": ["LayerConfig"],
    "layers.base_graph": ["LayerGraph"],
    "layers.base_weights": ["LayerWeights"],
    "layers.context": ["CallContext", "call_context", "within_scope"],
    "layers.convolution": ["Convolution", "GroupedConvolution"],
    "layers.encoding": ["encode", "refuse_sparse"],
    "layers.fingerprints": ["*"],
    "layers.layouts": ["both_data_formats", "for_sequences"],
    "layers.lookup": ["as_layer", "serialize_inner"],
    "layers.masks": ["*"],
    "layers.input_spec": ["check_inputs"],
    "layers.pooling_adaptive": ["AdaptivePooling", "adaptive_windows"],
    "layers.pooling": ["GlobalPooling", "Pooling", "check_rank", "spatial_axes"],
    "layers.preprocessing": ["batches_of"],
    "layers.recurrent_cells": ["RecurrentCell"],
    "layers.recurrent_stack": ["initial_state_of"],
    "layers.resizing": ["Cropping", "ResizingLayer", "ZeroPadding", "borders"],
    "layers.tokens": ["*"],
    "layers.trial": ["Trial"],
    "layers.weight_spec": ["*"],
    "lessons.checks": ["find_exercise", "refusal", "refused", "run_all"],
    "lessons.checks.general": ["*"],
    "lessons.checks.judging": ["equal", "evaluate"],
    "lessons.checks.running": ["TimeIsUp", "can_limit", "time_limit"],
    "lessons.checks.words": ["*"],
    "lessons.command": ["*"],
    "lessons.grading.child": ["*"],
    "lessons.grading.command": ["*"],
    "lessons.grading.entry": ["*"],
    "lessons.grading.grade": ["*"],
    "lessons.grading.process": ["*"],
    "lessons.grading.protocol": ["*"],
    "lessons.grading.report": ["*"],
    "lessons.grading.sandbox": ["*"],
    "lessons.grading.submissions": ["*"],
    "lessons.grading.system_calls": ["*"],
    "lessons.grading.watch": ["*"],
    "lessons.notebooks": ["language_setup"],
    "lessons.run": ["default_time_limit"],
    "losses.base": ["LossFunctionWrapper", "apply_mask", "reduce_weighted_values", "standardize_reduction"],
    "losses.elements": ["*"],
    "losses.lookup": ["Lookup"],
    "metrics.accuracy": ["accuracy"],
    "metrics.base": ["arrays", "broadcast_weights", "divide_no_nan", "same_rank"],
    "metrics.confusion": ["ConfusionMetric", "are_evenly_spaced", "confusion_counts", "parse_thresholds"],
    "models.augmenting": ["Augmented", "augmentation_of"],
    "models.compiled": ["Compiled"],
    "models.compiled_loss": ["Compared", "CompiledLoss"],
    "models.compiled_metrics": ["CompiledMetrics"],
    "models.configuration": ["graph_config", "graph_from_config"],
    "models.functional": ["Functional"],
    "models.fusion": ["*"],
    "models.graph": ["Graph", "batch_axis_hint"],
    "models.lint": ["advice", "check_targets", "is_scaled", "unscaled_pixels"],
    "models.old_methods": ["*"],
    "models.quick_step": ["QuickBatch", "QuickStep"],
    "models.replay": ["Recording", "Replays"],
    "models.readable_body": ["*"],
    "models.readable_calls": ["*"],
    "models.readable_names": ["*"],
    "models.readable_source": ["*"],
    "models.replayable": ["Settings", "reason_against", "reason_against_layer"],
    "models.operations": ["*"],
    "models.order": ["last_layer", "layers_of"],
    "models.outputs": ["*"],
    "models.population": ["estimate_population", "fold"],
    "models.prediction": ["*"],
    "models.run": ["*"],
    "models.summary": ["*"],
    "models.summary_html": ["*"],
    "models.training": ["Trainer"],
    "models.structures": ["*"],
    "models.trace": ["*"],
    "models.traced_calls": ["*"],
    "models.training_step": ["TrainingStep"],
    "models.turns": ["Turns"],
    "ops.accuracy": ["count_correct"],
    "ops.activation": ["exponential"],
    "ops.activation_formulas": ["*"],
    "ops.add_relu": ["*"],
    "ops.arguments": ["*"],
    "ops.attention": ["*_forward", "*_backward"],
    "ops.average_pool2d": ["*_forward", "*_backward", "average_pool_kernels"],
    "ops.batch_norm": ["*_forward", "*_backward", "*_inference", "moving_average", "normalization",
                       "scale_and_shift"],
    "ops.batch_norm_depthwise_conv2d": ["*"],
    "ops.batch_norm_max_pool2d": ["*"],
    "ops.binary_cross_entropy": ["*_forward", "*_backward", "clipped"],
    "ops.both": ["*"],
    "ops.conv2d": [
        "*_forward", "*_backward", "check_arrays", "conv2d_algorithm", "convolution_products", "record_conv2d",
    ],
    "ops.conv2d_batch_norm": ["*"],
    "ops.conv2d_max_pool2d": ["*_forward", "*_backward", "is_profitable"],
    "ops.synchronized_batch_norm": ["*"],
    "ops.conv2d_moments": ["*_forward", "conv2d_moments"],
    "ops.conv2d_prepared": ["*_forward"],
    "ops.conv2d_transpose": ["axis_geometry"],
    "ops.cross_entropy": ["*_forward", "*_backward"],
    "ops.dense": ["*_forward", "*_backward", "dense_over_axes", "product_axes"],
    "ops.depthwise_conv2d": ["*_forward", "*_backward", "check_depthwise"],
    "ops.dropout": ["*_forward", "*_backward", "dropout_scale", "kept", "philox"],
    "ops.formulas": ["binary", "gathered", "moved", "named", "operands", "result_type", "sum_to", "unary"],
    "ops.group_norm": ["*_forward", "*_backward"],
    "ops.gru": ["*_forward", "*_backward"],
    "ops.image": ["extract_patches", "resize", "resize_weights"],
    "ops.indexing": ["added_rows", "put", "scatter_add"],
    "ops.layer_norm": ["*_forward", "*_backward"],
    "ops.lstm": ["*_forward", "*_backward", "quarters"],
    "ops.matmul": ["matmul_reference"],
    "ops.max_pool2d": [
        "*_forward", "*_backward", "max_pool_kernels", "pool", "pool2d", "pool_padding", "spread_windows", "windows",
    ],
    "ops.optimizer_steps": ["*_step"],
    "ops.padding": ["*"],
    "ops.prepared_weights": ["*"],
    "ops.recorded_gradients": ["*"],
    "ops.recurrence": ["*"],
    "ops.reduction": [
        "converted", "elements_of_one", "filled", "reduce_max", "reduce_mean", "reduce_min", "reduce_sum", "spread",
        "sum_dtype",
    ],
    "ops.shape": ["as_axes", "as_shape"],
    "ops.simple_rnn": ["*_forward", "*_backward"],
    "ops.softmax": ["*_forward", "*_backward"],
    "ops.sparse_cross_entropy": [
        "*_forward", "*_backward", "classes_back", "classes_last", "mean_sparse_softmax_cross_entropy",
    ],
    "ops.statistics": ["floating"],
    "ops.windows": [
        "as_int", "as_padding", "as_pair", "check_choices", "check_images", "check_kernel", "same_padding",
        "swap_layout", "window_output_size",
    ],
    "optimizers.checks": ["decay_rate", "finite", "small_number"],
    "optimizers.clipping": ["clip_each_by_norm", "clip_together_by_norm", "norm"],
    "optimizers.plan": ["Again", "Group", "Plan", "may_be_taken_again"],
    "optimizers.state": ["OptimizerState"],
    "preprocessing.affine": ["affine_matrix", "transform"],
    "preprocessing.dataframe_batches": ["*"],
    "preprocessing.image": ["whitening_matrix"],
    "preprocessing.image_batches": ["*"],
    "saving.archive": ["Archive", "write_archive"],
    "saving.building": ["build_model", "undisturbed_session"],
    "saving.foreign": ["*"],
    "saving.h5": ["*"],
    "saving.keras_limits": ["*"],
    "saving.legacy_h5": ["load", "save"],
    "saving.model_file": ["load_archive", "model_from_bytes", "model_to_bytes", "to_json"],
    "saving.paths": ["input_path", "is_hdf5", "output_path"],
    "saving.pickles": ["*"],
    "saving.safetensors": ["*"],
    "saving.state": ["*"],
    "saving.strict_json": ["loads"],
    "saving.weights": ["safetensors_stored"],
    "textbook.formula": ["parse_formula"],
    "plots.arguments": ["*"],
    "plots.fonts": ["*"],
    "plots.images": ["fitting_size", "panel_width", "show_image"],
    "plots.inside": ["layer_values"],
    "plots.messages": ["*"],
    "plots.planes": ["contour_levels", "draw_paths", "draw_surface", "fitting_bounds"],
    "plots.projections": ["project"],
    "plots.style": ["Drawing", "drawing", "parameters", "sheet", "sheet_columns"],
    "plots.themes": ["*"],
    "textbook.curvature_monitor": ["lanczos"],
    "textbook.geometry": ["project_to_ball"],
    "textbook.initializers": ["choose"],
    "textbook.inside": ["LayerInputs"],
    "textbook.landscape": ["loss_slice_rows"],
    "textbook.networks": ["Inside"],
    "textbook.overfitting": ["PolynomialFits", "truth"],
    "textbook.practicals": ["*"],
    "utils.directories": ["encode_labels", "files_below", "find_files"],
    "utils.downloads": ["Progress", "check_hash", "download", "file_hash", "unpack"],
    "utils.files": ["atomic_folder", "atomic_write", "cache_folder", "copy_or_link", "replace_folder",
                    "sweep_leftovers", "temporary_name"],
    "utils.images": ["check_pixels", "is_deep", "open_picture", "resize_picture", "with_bytes"],
    "utils.layered_layout": ["Box", "Layout"],
    "utils.npz": ["read_npz"],
    "utils.pictures": ["*"],
    "utils.plot_model": ["ModelPicture"],
}

COMPILED = ["data._memory"]  # what a pure installation does not have


def public(package_name):
    """{(module, name): object} of what the modules of a package define for others than themselves."""
    package = importlib.import_module(f"tinynet.{package_name}")
    return {(module.__name__.removeprefix("tinynet."), name): item for module in modules_of(package)
            for name, item in defined_in(module).items() if inspect.getdoc(item)}


def is_internal(module, name):
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in INTERNALS.get(module, ()))


def is_listed(package_name, module, name):
    """Whether a name is in `__all__` of its package, or of its module, if the package's `__all__` has the module."""
    package = importlib.import_module(f"tinynet.{package_name}")
    if name in package.__all__:
        return True
    inner = module.removeprefix(f"{package_name}.")
    if inner not in package.__all__ or not inspect.ismodule(getattr(package, inner)):  # `ops.conv2d` is a function
        return False
    return name in getattr(importlib.import_module(f"tinynet.{module}"), "__all__", [name])


@every_package
def test_every_public_name_is_listed(package_name):
    missing = [f"tinynet.{module}.{name}" for module, name in public(package_name)
               if not is_listed(package_name, module, name) and not is_internal(module, name)]
    assert not missing, (f"not in tinynet.{package_name}.__all__: {', '.join(missing)}. Import them there and add them "
                         "to __all__; or, if they are not for users, add them to INTERNALS in this file")


@every_package
def test_every_listed_name_exists_and_is_documented(package_name):
    package = importlib.import_module(f"tinynet.{package_name}")
    assert len(set(package.__all__)) == len(package.__all__)
    for name in package.__all__:
        assert hasattr(package, name), f"tinynet.{package_name}.__all__ has {name!r}, which does not exist"
        item = getattr(package, name)
        if inspect.isclass(item) or inspect.isroutine(item) or inspect.ismodule(item):
            assert inspect.getdoc(item), f"tinynet.{package_name}.{name} has no docstring"


def test_internals_exist():
    """The list has nothing that is gone."""
    for module, patterns in INTERNALS.items():
        if module in COMPILED and runtime._native is None:
            continue
        names = defined_in(importlib.import_module(f"tinynet.{module}"))
        for pattern in patterns:
            assert fnmatch.filter(names, pattern), f"INTERNALS: tinynet.{module} has no {pattern!r}"


# Methods that the slides' code is printed from (`textbook.explain`): without annotations, as on the slide.
UNANNOTATED = {"tinynet.textbook.descent", "tinynet.textbook.adaptive"}, "step"


def functions_of(item, name):
    """The public functions that a class or function consists of, with their names."""
    if inspect.isfunction(item):
        yield name, item
    for attribute, value in vars(item).items() if inspect.isclass(item) else ():
        part = getattr(value, "fget", getattr(value, "__func__", value))
        special = attribute in ("__init__", "__call__")
        if inspect.isfunction(part) and (special or attribute[:1] != "_") and part.__module__ == item.__module__:
            yield f"{name}.{attribute}", part


@every_package
def test_public_functions_are_annotated(package_name):
    """Every argument and result of every public function and method, the internal ones included."""
    missing = []
    for (module, name), item in public(package_name).items():
        for title, function in functions_of(item, f"tinynet.{module}.{name}"):
            signature = inspect.signature(function)
            given = [parameter.annotation for parameter in signature.parameters.values()
                     if parameter.name not in ("self", "cls")] + [signature.return_annotation]
            exempt = function.__module__ in UNANNOTATED[0] and function.__name__ == UNANNOTATED[1]
            if inspect.Signature.empty in given and not exempt:
                missing.append(title)
    assert not missing, f"{len(missing)} without annotations: {', '.join(missing)}"


if __name__ == "__main__":
    for each in PACKAGES:
        for module, name in public(each):
            if not is_listed(each, module, name) and not is_internal(module, name):
                print(f"add   {module}: {name}")
    for module, patterns in INTERNALS.items():
        names = {name for each in PACKAGES for where, name in public(each) if where == module}
        print(*(f"drop  {module}: {pattern}\n" for pattern in patterns if not fnmatch.filter(names, pattern)), end="")


# What a neighbouring module imports, and users need not see.
FOR_NEIGHBOURS = {
    "applications.mobilenet": {"published_size"}, "applications.vgg16": {"vgg"}, "compat.tf.random": {"one_seed"},
    "lessons.checks": {"find_exercise", "refusal", "refused", "run_all"}, "ops.image": {"resize_weights"},
    "preprocessing.image": {"whitening_matrix"},
}


def modules_with_lists():
    folder = Path(tinynet.__file__).parent
    for path in sorted(folder.rglob("*.py")):
        if path.parent.name != "lessons" and "__all__ = " in path.read_text():
            name = ".".join(("tinynet", *path.relative_to(folder).with_suffix("").parts))
            yield name.removesuffix(".__init__")


@pytest.mark.parametrize("name", list(modules_with_lists()))
def test_what_a_module_defines_for_others_is_in_its_list(name):
    """Its functions whose names do not begin with an underscore."""
    try:
        module = importlib.import_module(name)
        lost = [key for key in module.__all__ if not hasattr(module, key)]
    except ImportError as error:  # an extra, which the error names: when imported, or when a name is first used
        assert "pip install" in str(error), error
        pytest.skip(str(error))
    own = {key for key, item in vars(module).items()
           if key[0] != "_" and getattr(item, "__module__", None) == name and inspect.isroutine(item)}
    assert own - set(module.__all__) == FOR_NEIGHBOURS.get(name.removeprefix("tinynet."), set())
    assert not lost


@pytest.mark.parametrize("name", list(modules_with_lists()))
def test_what_a_module_imports_for_others_is_in_its_list(name):
    """What it does not use itself: another name for what a module beside it defines."""
    try:
        module = importlib.import_module(name)
        listed = set(module.__all__)
    except ImportError as error:
        assert "pip install" in str(error), error
        pytest.skip(str(error))
    tree = ast.parse(Path(module.__file__).read_text())
    imported = {alias.asname or alias.name for statement in tree.body if isinstance(statement, ast.ImportFrom)
                and statement.level for alias in statement.names}
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert not {key for key in imported - used - listed if key[0] != "_"}
