#include "bindings/arrays.h"

namespace tinynet {
namespace {

void require(bool condition, const char* what) { ::tinynet::require(condition, "batch_norm_max_pool2d", what); }

Pool2dShape shape_of_call(const Array& x, const Pair& pool) {
  require(x.ndim() == 4, "the input must have shape (batch, height, width, channels)");
  const Index height = x.shape(1), width = x.shape(2);
  require(pool.first > 0 && pool.second > 0 && pool.first <= height && pool.second <= width,
          "the window must be inside the image");
  require(pool.first <= 255 && pool.second <= 255 && pool.first * pool.second <= 255,
          "a window has at most 255 pixels");
  return {x.shape(0),          height,     width,       x.shape(3), pool.first, pool.second, height / pool.first,
          width / pool.second, pool.first, pool.second, 0,          0};
}

Shape output_shape(const Pool2dShape& s) { return {s.batch, s.out_height, s.out_width, s.channels}; }

using Argmax = Result<std::uint8_t, ArgmaxIndices>;

// y, argmax, x_at_max, mean, variance, inverse_std
using Forward = std::tuple<Array, std::optional<ArgmaxIndices>, OptionalArray, Array, Array, Array>;

Forward forward(const Array& x, const OptionalArray& gamma, const OptionalArray& beta, double epsilon,
                const Pair& pool_size, bool need_argmax, double rate, std::uint64_t seed, std::uint64_t offset) {
  const Pool2dShape s = shape_of_call(x, pool_size);
  require(s.batch > 0, "no rows to take the mean of");
  return with_float_type(x, "x", [&](auto type) -> Forward {
    using T = decltype(type);
    const Input<T> input(x, "x");
    const OptionalInput<T> scale(gamma, "gamma", s.channels), shift(beta, "beta", s.channels);
    const Result<T> y(output_shape(s)), x_at_max(output_shape(s), need_argmax);
    const Argmax argmax(output_shape(s), need_argmax);
    const Result<T> mean({s.channels}), variance({s.channels}), inverse_std({s.channels});
    launch(kernels().table<T>().batch_norm_max_pool2d_forward, s, input.data(), scale.data(), shift.data(), epsilon,
           Dropout{rate, seed, offset}, y.data(), argmax.data(), x_at_max.data(), mean.data(), variance.data(),
           inverse_std.data());
    return {y.array(), argmax.optional(), x_at_max.optional(), mean.array(), variance.array(), inverse_std.array()};
  });
}

// y, argmax, x_at_max, inverse_std
using Inference = std::tuple<Array, std::optional<ArgmaxIndices>, OptionalArray, Array>;

Inference inference(const Array& x, const OptionalArray& gamma, const OptionalArray& beta, const Array& mean,
                    const Array& variance, double epsilon, const Pair& pool_size, bool need_argmax, double rate,
                    std::uint64_t seed, std::uint64_t offset) {
  const Pool2dShape s = shape_of_call(x, pool_size);
  return with_float_type(x, "x", [&](auto type) -> Inference {
    using T = decltype(type);
    const Input<T> input(x, "x");
    const OptionalInput<T> scale(gamma, "gamma", s.channels), shift(beta, "beta", s.channels);
    const OptionalInput<T> means(mean, "mean", s.channels), variances(variance, "variance", s.channels);
    const Result<T> y(output_shape(s)), x_at_max(output_shape(s), need_argmax);
    const Argmax argmax(output_shape(s), need_argmax);
    const Result<T> inverse_std({s.channels});
    launch(kernels().table<T>().batch_norm_max_pool2d_inference, s, input.data(), scale.data(), shift.data(),
           means.data(), variances.data(), epsilon, Dropout{rate, seed, offset}, y.data(), argmax.data(), x_at_max.data(),
           inverse_std.data());
    return {y.array(), argmax.optional(), x_at_max.optional(), inverse_std.array()};
  });
}

std::tuple<OptionalArray, Array, Array> backward(const Array& dy, const ArgmaxIndices& argmax, const Array& x_at_max,
                                                 const Array& x, const OptionalArray& gamma, const Array& mean,
                                                 const Array& inverse_std, const Pair& pool_size, bool constant,
                                                 bool need_dx, double rate) {
  const Pool2dShape s = shape_of_call(x, pool_size);
  const auto pooled = output_shape(s);
  require(shape_of(dy) == pooled && shape_of(argmax) == pooled && shape_of(x_at_max) == pooled,
          "dy, argmax and x_at_max must have the output's shape");
  require(py::isinstance<py::array_t<std::uint8_t>>(argmax), "argmax must be uint8");
  const py::array dense_argmax = dense(argmax);
  return with_float_type(x, "x", [&](auto type) -> std::tuple<OptionalArray, Array, Array> {
    using T = decltype(type);
    const Input<T> gradient(dy, "dy"), maxima(x_at_max, "x_at_max"), input(x, "x");
    const OptionalInput<T> scale(gamma, "gamma", s.channels), means(mean, "mean", s.channels),
        inverses(inverse_std, "inverse_std", s.channels);
    const Result<T> dx(shape_of(x), need_dx), dgamma({s.channels}), dbeta({s.channels});
    launch(kernels().table<T>().batch_norm_max_pool2d_backward,  s, gradient.data(), static_cast<const
           std::uint8_t*>(dense_argmax.data()), maxima.data(), input.data(), scale.data(), means.data(),
           inverses.data(), constant, rate, dx.data(), dgamma.data(), dbeta.data());
    return {dx.optional(), dgamma.array(), dbeta.array()};
  });
}

}  // namespace

void bind_batch_norm_max_pool2d(py::module_& module) {
  using namespace py::literals;
  module.def("batch_norm_max_pool2d_forward", &forward, "x"_a, "gamma"_a, "beta"_a, "epsilon"_a, "pool_size"_a,
             "need_argmax"_a = true, "rate"_a = 0.0, "seed"_a = 0, "offset"_a = 0);
  module.def("batch_norm_max_pool2d_inference", &inference, "x"_a, "gamma"_a, "beta"_a, "mean"_a, "variance"_a,
             "epsilon"_a, "pool_size"_a, "need_argmax"_a = true, "rate"_a = 0.0, "seed"_a = 0, "offset"_a = 0);
  module.def("batch_norm_max_pool2d_backward", &backward, "dy"_a, "argmax"_a, "x_at_max"_a, "x"_a, "gamma"_a, "mean"_a,
             "inverse_std"_a, "pool_size"_a, "constant"_a = false, "need_dx"_a = true, "rate"_a = 0.0);
}

}  // namespace tinynet
