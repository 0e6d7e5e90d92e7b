"""The course, row by row: what is on each slide, the names that do it, and the tests that prove it.

`python tests/course_rows.py` writes tinynet/textbook/README.md from this table; tests/textbook/test_course_rows.py
checks that every name and every test exists, and that the file is up to date.
"""

import importlib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "tinynet" / "textbook" / "README.md"


@dataclass(frozen=True)
class Row:
    """One row. `names` (below `tinynet.`) and `tests` (below `tests/`) are None for what is not there yet."""

    number: int
    words: str
    names: str | None = None
    tests: str | None = None

    def name_list(self):
        return [f"tinynet.{name}" for name in (self.names or "").split()]

    def test_list(self):
        return [f"tests/{test}" for test in (self.tests or "").split()]


PARTS = {
    "A. Optimization": [
        Row(1, "Machine learning behind the scenes: data, model, loss, gradient, update",
            "GradientTape models.training.Trainer.train_step", "models/test_training.py::test_custom_loop"),
        Row(2, "Weight update: w(t+1) = w(t) - lr grad E(W)", "textbook.GradientDescent optimizers.SGD",
            "textbook/test_descent.py::test_gradient_descent_is_the_weight_update"),
        Row(3, "Is the loss surface really a neat comb-pattern pot?",
            "textbook.loss_slice textbook.plots.plot_loss_slice",
            "textbook/test_surfaces.py::test_loss_slice textbook/test_plots.py::test_a_slice_of_a_loss_has_labels"),
        Row(4, "Batch gradient descent: E(W) = 1/2 sum (t - y)^2, added and divided by N",
            "textbook.HalfSquaredError textbook.Descent.batch",
            "textbook/test_generalization.py::test_half_squared_error"),
        Row(5, "500,000 losses for one update", "textbook.Descent",
            "textbook/test_surfaces.py::test_counts_of_the_slides"),
        Row(6, "Stochastic gradient descent: an update after each sample; fast, but unstable",
            "textbook.Descent.stochastic",
            "textbook/test_surfaces.py::test_batch_descent_is_smooth_and_stochastic_descent_is_not"),
        Row(7, "Mini-batch gradient descent: M = N / K", "textbook.Descent.mini_batch",
            "textbook/test_surfaces.py::test_updates_an_epoch "
            "textbook/test_surfaces.py::test_fit_makes_as_many_updates"),
        Row(8, "Put all GDs together", "textbook.fit_line textbook.plots.plot_descents",
            "textbook/test_surfaces.py::test_batch_descent_is_smooth_and_stochastic_descent_is_not "
            "textbook/test_plots.py::test_descents_of_fit_line"),
        Row(9, "Problems with SGD: local minimum, saddle point",
            "textbook.surfaces.saddle textbook.surfaces.double_well textbook.trace",
            "textbook/test_surfaces.py::test_gradient_descent_gets_stuck_where_the_gradient_is_zero"),
        Row(10, "Momentum update: gradient + velocity = step", "textbook.trace textbook.plots.plot_step",
            "textbook/test_surfaces.py::test_gradient_and_velocity_make_the_step "
            "textbook/test_plots.py::test_arrows_of_a_step_add_up "
            "textbook/test_plots.py::test_no_arrow_of_a_step_lies_on_another"),
        Row(11, "SGD+Momentum: v = rho v + g; w -= lr v", "textbook.Momentum",
            "textbook/test_descent.py::test_momentum_is_the_slides_loop "
            "textbook/test_descent.py::test_momentum_agrees_with_keras_at_constant_rate "
            "textbook/test_descent.py::test_momentum_parts_from_keras_when_the_rate_decays"),
        Row(12, "Nesterov: v = rho v - a grad f(x + rho v); x += v", "textbook.NesterovLookahead",
            "textbook/test_descent.py::test_lookahead_and_change_of_variables_walk_the_same_path"),
        Row(13, "Nesterov, change of variables", "textbook.NesterovChangeOfVariables",
            "textbook/test_descent.py::test_the_equations_of_the_change_of_variables"),
        Row(14, "Nesterov, code", "textbook.NesterovChangeOfVariables optimizers.SGD",
            "textbook/test_descent.py::test_nesterov_is_the_slides_code "
            "textbook/test_descent.py::test_change_of_variables_is_keras_nesterov"),
        Row(15, "Nesterov (a)/(b): sign of dL/dw0 along the steps", "textbook.plots.plot_gradient_signs",
            "textbook/test_plots.py::test_steps_are_coloured_by_the_gradients_sign "
            "textbook/test_surfaces.py::test_the_sign_of_the_gradient_along_momentum_and_nesterov"),
        Row(16, "AdaGrad: h += g g; W -= lr g / sqrt(h)", "textbook.AdaGradForm1",
            "textbook/test_adaptive.py::test_adagrad_forms "
            "textbook/test_adaptive.py::test_adagrad_form_1_leaves_a_weight_without_gradient"),
        Row(17, "AdaGrad: theta -= eta / sqrt(eps I + diag(G)) g", "textbook.AdaGradForm2",
            "textbook/test_adaptive.py::test_adagrad_forms "
            "textbook/test_adaptive.py::test_adagrad_form_2_is_keras_with_an_empty_accumulator"),
        Row(18, "AdaGrad, code: eps outside the root", "textbook.AdaGradForm3",
            "textbook/test_adaptive.py::test_adagrad_forms"),
        Row(19, "G as the full sum of outer products", "textbook.AdaGradFullMatrix",
            "textbook/test_adaptive.py::test_full_matrix_is_the_inverse_root "
            "textbook/test_adaptive.py::test_full_matrix_does_not_see_a_rotation"),
        Row(20, 'RMSProp: "Leaky AdaGrad"', "textbook.RMSPropSlide",
            "textbook/test_adaptive.py::test_rmsprop textbook/test_adaptive.py::"
            "test_rmsprop_divides_by_another_number_than_keras_where_there_is_no_gradient"),
        Row(21, "Adam, Algorithm 1", "textbook.AdamAlgorithm1",
            "textbook/test_adaptive.py::test_adam_algorithm_1 "
            "textbook/test_adaptive.py::test_adam_algorithm_1_is_keras_with_another_epsilon"),
        Row(22, "A slightly more efficient order of computation", "optimizers.Adam",
            "textbook/test_adaptive.py::test_adam_algorithm_1_is_keras_with_another_epsilon"),
        Row(23, "Adam (almost): RMSProp + Momentum", "textbook.AdamAlmost",
            "textbook/test_adaptive.py::test_adam_almost_is_rmsprop_with_momentum_and_starts_with_huge_steps"),
        Row(24, "Which lines of Adam are Momentum, which AdaGrad / RMSProp", "textbook.explain",
            "textbook/test_descent.py::test_explain_shows_the_code_and_where_adam_comes_from "
            "textbook/test_descent.py::test_explain_by_name"),
        Row(25, "Optimizers racing over contours",
            "textbook.trace textbook.race textbook.plot_paths textbook.animate_race textbook.surfaces",
            "textbook/test_plots.py::test_paths_of_several_optimizers textbook/test_plots.py::test_a_race_can_be_seen "
            "textbook/test_plots.py::test_a_race_that_moves "
            "textbook/test_surfaces.py::test_any_optimizer_can_be_traced"),
        Row(26, "Optimization Algorithm Comparison", "textbook.comparison_table",
            "textbook/test_descent.py::test_the_slides_comparison_table "
            "textbook/test_descent.py::test_the_columns_are_what_the_classes_do"),
    ],
    "B. Initialization": [
        Row(27, "Demo 1: choose input dataset",
            "datasets.toy.circle datasets.toy.moons datasets.toy.spiral datasets.toy.checkerboard "
            "datasets.toy.gaussians",
            "datasets/test_datasets.py::test_toy_sets_have_the_shape_they_name"),
        Row(28, "Demo 1: legend of colours and node types",
            "textbook.plot_network",
            "textbook/test_inside.py::test_network_of_the_first_demo_and_its_legend "
            "textbook/test_inside.py::test_weights_of_zero_have_no_sign"),
        Row(29, "Demo 1: zero, too small, appropriate, too large",
            "textbook.decision_boundary_network textbook.ScaledNormal",
            "textbook/test_initialization.py::test_four_initializations_of_the_first_demo"),
        Row(30, "Demo 1: edges show weight or gradient", "textbook.edge_strengths",
            "textbook/test_initialization.py::test_edges_are_drawn_in_units_of_twice_their_mean"),
        Row(31, "Demo 1: observe the cost function and the decision boundary",
            "textbook.decision_boundary_network textbook.decision_boundary plots.decision_boundary",
            "textbook/test_initialization.py::test_first_demo_learns_from_appropriate_weights_only "
            "plots/test_planes.py::test_the_boundarys_range_fits_the_points"),
        Row(32, "Demo 2: zero, uniform, Xavier, standard normal on digits",
            "textbook.digits_network textbook.UniformSlide textbook.XavierSlide",
            "textbook/test_initialization.py::test_four_initializations_of_the_second_demo "
            "textbook/test_initialization.py::test_second_demo_anchors"),
        Row(33, "Demo 2: activations A[1]..A[4], misclassified n/100, cost",
            "textbook.look_inside textbook.plot_inside",
            "textbook/test_inside.py::test_displays_of_the_second_demo "
            "textbook/test_initialization.py::test_second_demo_anchors "
            "textbook/test_initialization.py::test_look_inside_has_the_slides_shapes"),
        Row(34, "X = A[0], shape (784, 100): features x batch", "textbook.look_inside",
            "textbook/test_initialization.py::test_look_inside_has_the_slides_shapes"),
        Row(35, "Xavier snippet: .63 .49 .41 .36 .32 .30", "textbook.xavier_experiment textbook.XavierSlide",
            "textbook/test_initialization.py::test_xavier_experiment_gives_the_slides_numbers "
            "textbook/test_initialization.py::test_xavier_is_what_keras_calls_variance_scaling"),
        Row(36, "For conv layers, Din = kernel_size^2 * input_channels", "textbook.XavierSlide",
            "textbook/test_initialization.py::test_xavier_for_convolutions"),
        Row(37, "Derivation: Var(y) = Din Var(x) Var(w)", "textbook.variance_of_output",
            "textbook/test_initialization.py::test_variance_of_the_output "
            "textbook/test_initialization.py::test_variance_needs_means_of_zero_for_the_last_line"),
    ],
    "C. Generalization": [
        Row(38, "Over-fitting", "textbook.fit_polynomials textbook.plots.plot_polynomials",
            "textbook/test_generalization.py::test_polynomials_under_and_over_fit"),
        Row(39, "Early stopping: only 4 epochs are run", "callbacks.EarlyStopping",
            "textbook/test_generalization.py::test_the_slides_early_stopping_snippet"),
        Row(40, "L(W) = 1/N sum L_i + lambda R(W)", "regularizers.Regularizer models.Model.compute_loss",
            "textbook/test_generalization.py::test_regularized_loss_of_the_slides "
            "models/test_training.py::test_regularization_is_part_of_the_loss"),
        Row(41, "L1 (Lasso): lambda / 2 sum |theta|", "textbook.L1Slide regularizers.L1",
            "textbook/test_generalization.py::test_penalties_are_keras_with_half_the_strength"),
        Row(42, "L2 (Ridge): lambda / 2 sum theta^2", "textbook.L2Slide regularizers.L2",
            "textbook/test_generalization.py::test_penalties_are_keras_with_half_the_strength "
            "textbook/test_generalization.py::test_regularized_loss_of_the_slides"),
        Row(43, "L2 prefers weights that are spread out", "textbook.L2Slide",
            "textbook/test_generalization.py::test_penalties_of_the_slides_example"),
        Row(44, "L2: contours and ball", "textbook.smallest_loss_in_ball textbook.plots.plot_ball",
            "textbook/test_generalization.py::test_l1_ends_in_a_corner_and_l2_does_not "
            "textbook/test_generalization.py::test_projection_to_a_ball_is_the_nearest_point"),
        Row(45, "Dropout: randomly set some neurons to zero", "layers.Dropout textbook.VanillaDropout",
            "ops/test_dropout.py::test_share_of_zeros textbook/test_generalization.py::test_vanilla_dropout"),
        Row(46, "Dropout is an ensemble: each binary mask is one model", "textbook.count_masks",
            "textbook/test_generalization.py::test_each_mask_is_a_model"),
        Row(47, "Test time: y = E_z[f(x, z)]", "textbook.monte_carlo_predict",
            "textbook/test_generalization.py::"
            "test_the_scaled_pass_is_the_average_over_masks_of_a_linear_layer"),
        Row(48, "predict: scale the activations by p", "textbook.VanillaDropout",
            "textbook/test_generalization.py::test_vanilla_dropout "
            "textbook/test_generalization.py::test_the_slides_predict_and_train_step"),
        Row(49, "Inverted dropout: U = (rand < p) / p", "layers.Dropout",
            "textbook/test_generalization.py::test_the_slides_predict_and_train_step"),
        Row(50, "Pixel-level transforms",
            "augment.PIXEL layers.Augment",
            "augment/test_transforms.py::test_types_ranges_seeds_and_single_images "
            "augment/test_transforms.py::test_pixel_transforms_are_pillows"),
        Row(51, "Spatial-level transforms",
            "augment.SPATIAL layers.Augment",
            "augment/test_transforms.py::test_types_ranges_seeds_and_single_images "
            "augment/test_sampling.py::test_rotation_is_scipy_rotate"),
        Row(52, "PatchShuffle",
            "augment.patch_shuffle layers.PatchShuffle",
            "augment/test_transforms.py::test_patch_shuffle_permutes_windows_with_its_probability "
            "layers/test_augmentation.py::test_patch_shuffle_of_feature_maps_has_gradients"),
        Row(53, "Non-linearly mixing images",
            "augment.mix augment.mixing_mask layers.Mixing",
            "augment/test_mixing.py::test_labels_say_how_much_of_each_image_is_there "
            "augment/test_mixing.py::test_concatenations"),
        Row(54, "Cutout",
            "augment.cutout layers.Cutout",
            "augment/test_transforms.py::test_cutout_is_a_square_that_may_overhang"),
        Row(55, "mixup",
            "augment.mixup layers.MixUp",
            "augment/test_mixing.py::test_the_slides_example "
            "layers/test_augmentation.py::test_mixup_layer_is_the_formula"),
        Row(56, "Is there augmentation for NLP?", "augment.eda augment.back_translate layers.EmbeddingMixup",
            "augment/test_text.py::test_korean_by_a_table_and_by_a_function"),
        Row(57, "Back translation",
            "augment.back_translate augment.Translator augment.ApertiumTranslator augment.CallableTranslator",
            "augment/test_translation.py::test_any_object_that_translates "
            "augment/test_translation.py::test_apertium_translates_there_and_back"),
        Row(58, "EDA: synonym replacement", "augment.synonym_replacement augment.eda augment.WordNet",
            "augment/test_text.py::test_replacement_changes_n_different_words_everywhere "
            "augment/test_text.py::test_eda_has_the_authors_counts "
            "augment/test_wordnet.py::test_words_synsets_synonyms"),
        Row(59, "EDA: random insertion", "augment.random_insertion augment.eda",
            "augment/test_text.py::test_insertion_adds_n_synonyms"),
        Row(60, "EDA: random swap", "augment.random_swap augment.eda",
            "augment/test_text.py::test_swap_keeps_the_words "
            "augment/test_text.py::test_one_swap_moves_exactly_two_words"),
        Row(61, "EDA: random deletion", "augment.random_deletion augment.eda",
            "augment/test_text.py::test_deletion_keeps_order_and_one_word "
            "augment/test_text.py::test_deletion_and_dropout_have_their_probability"),
        Row(62, "Augmentation of CV applied to NLP",
            "augment.word_mixup augment.sentence_mixup augment.embedding_cutout augment.word_dropout "
            "layers.EmbeddingMixup layers.EmbeddingCutout layers.WordDropout",
            "augment/test_embeddings.py::test_mixup_is_the_formula_and_conserves_the_label_mass "
            "augment/test_embeddings.py::test_cutout_erases_what_it_says "
            "augment/test_embeddings.py::test_word_dropout_layer"),
        Row(63, "Internal covariate shift, covariate shift",
            "textbook.LayerInputMonitor textbook.plot_layer_inputs callbacks.Probe",
            "textbook/test_inside.py::test_inputs_of_a_layer_shift_and_batch_normalization_holds_them "
            "textbook/test_inside.py::test_the_shift_of_a_layers_inputs_is_drawn"),
        Row(64, "Batch normalization, Algorithm 1", "layers.BatchNormalization ops.batch_norm",
            "ops/test_batch_norm.py::test_forward_and_backward_are_within_their_bounds "
            "ops/test_batch_norm.py::test_a_whole_batch_has_mean_0_and_variance_1"),
        Row(65, "Batch normalization, Algorithm 2", "models.population.estimate_population models.population.fold",
            "layers/test_normalization.py::test_population_is_the_average_over_mini_batches "
            "layers/test_normalization.py::test_folded_model_predicts_the_same"),
        Row(66, "Batch normalization in Keras: moving_mean, moving_var", "layers.BatchNormalization",
            "layers/test_normalization.py::test_training_normalizes_by_the_batch_and_moves_the_averages "
            "layers/test_normalization.py::test_prediction_uses_the_averages_and_leaves_them"),
    ],
    "D. Practical 1, CNN, practical 2": [
        Row(67, "DNN with Fashion-MNIST", "datasets.fashion_mnist.load_data cli.main",
            "test_cli.py::test_trains_tests_and_saves"),
        Row(68, "Why not an MLP: structure unused, parameters grow with the data",
            "layers.Dense layers.Conv2D",
            "test_course_cnn.py::test_an_mlp_grows_with_the_image_and_a_convolution_does_not "
            "test_course_cnn.py::test_an_mlp_does_not_see_the_spatial_structure"),
        Row(69, "Sparse interactions, parameter sharing, equivariant representations", "ops.conv2d",
            "ops/test_conv2d.py::test_direct_is_equivariant_to_shifts"),
        Row(70, "Feature maps of a Samoyed",
            "textbook.feature_maps textbook.plot_feature_maps textbook.top_classes",
            "textbook/test_inside.py::test_feature_maps_are_the_layers_outputs "
            "textbook/test_inside.py::test_top_classes_of_the_lecture"),
        Row(71, "Convolution layer: 3x32x32 image, 3x5x5 filter, 1x28x28 map", "layers.Conv2D ops.conv2d",
            "ops/test_conv2d.py::test_the_slides_numbers ops/test_conv2d.py::test_channels_first_is_a_transpose"),
        Row(72, "Stride: (W - K + 2P) / S + 1", "ops.conv_output_size",
            "ops/test_conv2d.py::test_the_slides_numbers "
            "ops/test_conv2d.py::test_output_size_is_that_of_the_operation"),
        Row(73, "Output without padding: W - K + 1", "ops.conv_output_size layers.Conv2D",
            "ops/test_conv2d.py::test_the_slides_numbers"),
        Row(74, "Padding: zeros around the input", "layers.Conv2D layers.ZeroPadding2D",
            "ops/test_conv2d.py::test_output_size_is_that_of_the_operation "
            "ops/test_conv2d.py::test_same_puts_the_odd_zero_at_the_end"),
        Row(75, "Pooling: maximum and average of 2 x 2", "ops.max_pool2d ops.average_pool2d layers.MaxPooling2D",
            "ops/test_max_pool2d.py::test_the_lecture_example"),
        Row(76, "VGG-16",
            "applications.VGG16",
            "test_course_cnn.py::test_vgg_16 "
            "applications/test_vgg16.py::test_summary_does_not_allocate_the_weights"),
        Row(77, "CNN with Fashion-MNIST",
            "textbook.practicals.build_cnn textbook.practicals.build_vgg cli.main",
            "test_cli.py::test_convolutional_models_learn "
            "test_course_cnn.py::test_the_practical_has_maps_that_shrink_and_channels_that_rise"),
        Row(78, "The live lecture: labs and notebooks", "lessons.all_lessons lessons.write_notebooks lab.all_panels",
            "lessons/test_lessons.py::test_it_runs lessons/test_lessons.py::test_a_lesson_opens_a_panel_of_the_lab"),
    ],
}
ROWS = [row for rows in PARTS.values() for row in rows]


def resolve(path):
    """The object behind a dotted name.

    Raises:
        AttributeError: there is none.
    """
    parts = path.split(".")
    thing, name = importlib.import_module(parts[0]), parts[0]
    for part in parts[1:]:
        name = f"{name}.{part}"
        try:
            thing = getattr(thing, part)
        except AttributeError:
            try:
                thing = importlib.import_module(name)
            except ImportError:
                raise AttributeError(f"{path}: there is no {name}") from None
    return thing


def readme():
    """The text of tinynet/textbook/README.md."""
    from tinynet.textbook import comparison_table

    lines = [
        "# The slides, row by row",
        "",
        "What is on each slide of the course, the names in tinynet that do it, and the tests that prove it. Made by",
        "`python tests/course_rows.py`; a test keeps it up to date.",
        "",
        "The slides' own forms are here, in `tinynet.textbook`, each as short as on the slide. Keras's forms of the",
        "same things, with Keras's defaults, are in the rest of tinynet; the docstrings here name the differences.",
        "",
        "## Optimizers compared",
        "",
        comparison_table(),
    ]
    for title, rows in PARTS.items():
        lines += ["", f"## {title}", "", "| row | slide | in tinynet | proved by |", "|---|---|---|---|"]
        for row in rows:
            names = "<br>".join(f"`{name.removeprefix('tinynet.')}`" for name in row.name_list()) or "not there yet"
            tests = "<br>".join(f"`{test.removeprefix('tests/')}`" for test in row.test_list()) or "-"
            words = row.words.replace("|", "\\|")
            lines.append(f"| {row.number} | {words} | {names} | {tests} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    README.write_text(readme(), encoding="utf-8")
