#include "bindings/arrays.h"

namespace tinynet {
namespace {

void require(bool condition, const char* what) { ::tinynet::require(condition, "normalization", what); }

Index channels_of(const Array& x) {
  require(x.ndim() > 0, "x has no axes");
  return x.shape(x.ndim() - 1);
}

Index rows_of(const Array& x) {
  Index rows = 1;
  for (int axis = 0; axis < x.ndim() - 1; ++axis) rows *= x.shape(axis);
  return rows;
}

std::tuple<Array, Array, Array, Array> batch_norm_forward(const Array& x, const OptionalArray& gamma,
                                                          const OptionalArray& beta, double epsilon, bool relu) {
  const Index channels = channels_of(x), rows = rows_of(x);
  require(rows > 0, "no rows to take the mean of");
  return with_float_type(x, "x", [&](auto type) -> std::tuple<Array, Array, Array, Array> {
    using T = decltype(type);
    const Input<T> input(x, "x");
    const OptionalInput<T> scale(gamma, "gamma", channels), offset(beta, "beta", channels);
    const Result<T> y(shape_of(x)), mean({channels}), variance({channels}), inverse_std({channels});
    launch(kernels().table<T>().batch_norm_forward, input.data(), scale.data(), offset.data(), epsilon, relu, y.data(),
           mean.data(), variance.data(), inverse_std.data(), rows, channels);
    return {y.array(), mean.array(), variance.array(), inverse_std.array()};
  });
}

std::tuple<Array, Array> batch_norm_inference(const Array& x, const OptionalArray& gamma, const OptionalArray& beta,
                                              const Array& mean, const Array& variance, double epsilon, bool relu) {
  const Index channels = channels_of(x), rows = rows_of(x);
  return with_float_type(x, "x", [&](auto type) -> std::tuple<Array, Array> {
    using T = decltype(type);
    const Input<T> input(x, "x"), means(mean, "mean"), variances(variance, "variance");
    require(means.size() == channels && variances.size() == channels,
            "mean and variance need one number for each channel");
    const OptionalInput<T> scale(gamma, "gamma", channels), offset(beta, "beta", channels);
    const Result<T> y(shape_of(x)), inverse_std({channels});
    launch(kernels().table<T>().batch_norm_inference, input.data(), scale.data(), offset.data(), means.data(),
           variances.data(), epsilon, relu, y.data(), inverse_std.data(), rows, channels);
    return {y.array(), inverse_std.array()};
  });
}

std::tuple<OptionalArray, Array, Array> batch_norm_backward(const Array& dy, const Array& x, const OptionalArray& gamma,
                                                            const OptionalArray& beta, const Array& mean,
                                                            const Array& inverse_std, bool relu, bool constant,
                                                            bool need_dx) {
  const Index channels = channels_of(x), rows = rows_of(x);
  require(shape_of(dy) == shape_of(x), "dy must have x's shape");
  return with_float_type(x, "x", [&](auto type) -> std::tuple<OptionalArray, Array, Array> {
    using T = decltype(type);
    const Input<T> gradient(dy, "dy"), input(x, "x"), means(mean, "mean"), inverses(inverse_std, "inverse_std");
    require(means.size() == channels && inverses.size() == channels,
            "mean and inverse_std need one number for each channel");
    const OptionalInput<T> scale(gamma, "gamma", channels), offset(beta, "beta", channels);
    const Result<T> dx(shape_of(x), need_dx), dgamma({channels}), dbeta({channels});
    launch(kernels().table<T>().batch_norm_backward, gradient.data(), input.data(), scale.data(), offset.data(),
           means.data(), inverses.data(), relu, constant, dx.data(), dgamma.data(), dbeta.data(), rows, channels);
    return {dx.optional(), dgamma.array(), dbeta.array()};
  });
}

// Outside the tables: a few hundred numbers a step, and no loop that a wider vector would make faster.
Array moving_average(const Array& average, const Array& value, double momentum) {
  return with_float_type(average, "average", [&](auto type) -> Array {
    using T = decltype(type);
    const Input<T> old(average, "average"), of_batch(value, "value");
    require(shape_of(average) == shape_of(value), "average and value must have one shape");
    const Result<T> moved(shape_of(average));
    const Index size = old.size();
    const T stays = T(momentum), enters = T(1 - momentum);
    launch(
        [=](const T* a, const T* v, T* y) {
          for (Index i = 0; i < size; ++i) y[i] = stays * a[i] + enters * v[i];
        },
        old.data(), of_batch.data(), moved.data());
    return moved.array();
  });
}

std::tuple<Array, Array, Array> layer_norm_forward(const Array& x, const OptionalArray& gamma,
                                                   const OptionalArray& beta, double epsilon, bool rms) {
  const Index size = channels_of(x), rows = rows_of(x);
  return with_float_type(x, "x", [&](auto type) -> std::tuple<Array, Array, Array> {
    using T = decltype(type);
    const Input<T> input(x, "x");
    const OptionalInput<T> scale(gamma, "gamma", size), offset(beta, "beta", size);
    auto row_shape = shape_of(x);
    row_shape.pop_back();
    const Result<T> y(shape_of(x)), mean(row_shape), inverse_std(row_shape);
    launch(kernels().table<T>().layer_norm_forward, input.data(), scale.data(), offset.data(), epsilon, rms, y.data(),
           mean.data(), inverse_std.data(), rows, size);
    return {y.array(), mean.array(), inverse_std.array()};
  });
}

std::tuple<OptionalArray, OptionalArray, OptionalArray> layer_norm_backward(const Array& dy, const Array& x,
                                                                            const OptionalArray& gamma,
                                                                            const Array& mean, const Array& inverse_std,
                                                                            bool rms, bool need_dx, bool need_dgamma,
                                                                            bool need_dbeta) {
  const Index size = channels_of(x), rows = rows_of(x);
  require(shape_of(dy) == shape_of(x), "dy must have x's shape");
  return with_float_type(x, "x", [&](auto type) -> std::tuple<OptionalArray, OptionalArray, OptionalArray> {
    using T = decltype(type);
    const Input<T> gradient(dy, "dy"), input(x, "x"), means(mean, "mean"), inverses(inverse_std, "inverse_std");
    require(means.size() == rows && inverses.size() == rows, "mean and inverse_std need one number for each row");
    const OptionalInput<T> scale(gamma, "gamma", size);
    const Result<T> dx(shape_of(x), need_dx), dgamma({size}, need_dgamma), dbeta({size}, need_dbeta);
    launch(kernels().table<T>().layer_norm_backward, gradient.data(), input.data(), scale.data(), means.data(),
           inverses.data(), rms, dx.data(), dgamma.data(), dbeta.data(), rows, size);
    return {dx.optional(), dgamma.optional(), dbeta.optional()};
  });
}

// Samples, and pixels of each: x[samples][pixels][channels].
std::tuple<Index, Index> samples_and_pixels_of(const Array& x) {
  require(x.ndim() > 1, "x needs axes for the samples and the channels");
  Index pixels = 1;
  for (int axis = 1; axis < x.ndim() - 1; ++axis) pixels *= x.shape(axis);
  return {x.shape(0), pixels};
}

std::tuple<Array, Array, Array> group_norm_forward(const Array& x, const OptionalArray& gamma,
                                                   const OptionalArray& beta, Index groups, double epsilon) {
  const Index channels = channels_of(x);
  const auto [samples, pixels] = samples_and_pixels_of(x);
  require(groups > 0 && channels % groups == 0, "the channels do not split into so many groups");
  return with_float_type(x, "x", [&, samples = samples, pixels = pixels](auto type) -> std::tuple<Array, Array, Array> {
    using T = decltype(type);
    const Input<T> input(x, "x");
    const OptionalInput<T> scale(gamma, "gamma", channels), offset(beta, "beta", channels);
    const Result<T> y(shape_of(x)), mean({samples, groups}), inverse_std({samples, groups});
    launch(kernels().table<T>().group_norm_forward, input.data(), scale.data(), offset.data(), epsilon, y.data(),
           mean.data(), inverse_std.data(), samples, pixels, channels, groups);
    return {y.array(), mean.array(), inverse_std.array()};
  });
}

std::tuple<OptionalArray, OptionalArray, OptionalArray> group_norm_backward(const Array& dy, const Array& x,
                                                                            const OptionalArray& gamma,
                                                                            const Array& mean, const Array& inverse_std,
                                                                            bool need_dx, bool need_dgamma,
                                                                            bool need_dbeta) {
  using Gradients = std::tuple<OptionalArray, OptionalArray, OptionalArray>;
  const Index channels = channels_of(x);
  const auto [samples, pixels] = samples_and_pixels_of(x);
  require(shape_of(dy) == shape_of(x), "dy must have x's shape");
  require(mean.ndim() == 2 && mean.shape(0) == samples && shape_of(inverse_std) == shape_of(mean),
          "mean and inverse_std need one number for each sample and group");
  const Index groups = mean.shape(1);
  require(groups > 0 && channels % groups == 0, "the channels do not split into so many groups");
  return with_float_type(x, "x", [&, samples = samples, pixels = pixels](auto type) -> Gradients {
    using T = decltype(type);
    const Input<T> gradient(dy, "dy"), input(x, "x"), means(mean, "mean"), inverses(inverse_std, "inverse_std");
    const OptionalInput<T> scale(gamma, "gamma", channels);
    const Result<T> dx(shape_of(x), need_dx), dgamma({channels}, need_dgamma), dbeta({channels}, need_dbeta);
    launch(kernels().table<T>().group_norm_backward, gradient.data(), input.data(), scale.data(), means.data(),
           inverses.data(), dx.data(), dgamma.data(), dbeta.data(), samples, pixels, channels, groups);
    return {dx.optional(), dgamma.optional(), dbeta.optional()};
  });
}

}  // namespace

void bind_normalization(py::module_& module) {
  using namespace py::literals;
  module.def("batch_norm_forward", &batch_norm_forward, "x"_a, "gamma"_a, "beta"_a, "epsilon"_a, "relu"_a = false);
  module.def("batch_norm_inference", &batch_norm_inference, "x"_a, "gamma"_a, "beta"_a, "mean"_a, "variance"_a,
             "epsilon"_a, "relu"_a = false);
  module.def("batch_norm_backward", &batch_norm_backward, "dy"_a, "x"_a, "gamma"_a, "beta"_a, "mean"_a, "inverse_std"_a,
             "relu"_a = false, "constant"_a = false, "need_dx"_a = true);
  module.def("moving_average", &moving_average, "average"_a, "value"_a, "momentum"_a);
  module.def("layer_norm_forward", &layer_norm_forward, "x"_a, "gamma"_a, "beta"_a, "epsilon"_a, "rms"_a = false);
  module.def("layer_norm_backward", &layer_norm_backward, "dy"_a, "x"_a, "gamma"_a, "mean"_a, "inverse_std"_a,
             "rms"_a = false, "need_dx"_a = true, "need_dgamma"_a = true, "need_dbeta"_a = true);
  module.def("group_norm_forward", &group_norm_forward, "x"_a, "gamma"_a, "beta"_a, "groups"_a, "epsilon"_a);
  module.def("group_norm_backward", &group_norm_backward, "dy"_a, "x"_a, "gamma"_a, "mean"_a, "inverse_std"_a,
             "need_dx"_a = true, "need_dgamma"_a = true, "need_dbeta"_a = true);
}

}  // namespace tinynet
