#include "bindings/conv2d_call.h"

namespace tinynet {
namespace {

using namespace convolution;

std::tuple<Array, Array, Array, Array> forward(const Array& x, const Array& kernel, const OptionalArray& bias,
                                               const Pair& strides, const Padding& padding, const Pair& dilation,
                                               const OptionalArray& gamma, const OptionalArray& beta, double epsilon,
                                               bool relu) {
  const Conv2dShape s = shape_of_call(shape_of(x), kernel, strides, padding, dilation, 1);
  require(s.batch * s.out_height * s.out_width > 0, "no pixels to take the mean of");
  return with_float_type(x, "x", [&](auto type) -> std::tuple<Array, Array, Array, Array> {
    using T = decltype(type);
    const Input<T> input(x, "x"), weights(kernel, "kernel");
    const OptionalInput<T> start(bias, "bias", s.filters), scale(gamma, "gamma", s.filters),
        offset(beta, "beta", s.filters);
    const Result<T> y(output_shape(s)), mean({s.filters}), variance({s.filters}), inverse_std({s.filters});
    launch(kernels().table<T>().conv2d_batch_norm_forward, s, input.data(), weights.data(), start.data(), scale.data(),
           offset.data(), epsilon, relu, y.data(), mean.data(), variance.data(), inverse_std.data());
    return {y.array(), mean.array(), variance.array(), inverse_std.array()};
  });
}

std::tuple<Array, Array> inference(const Array& x, const Array& kernel, const OptionalArray& bias, const Pair& strides,
                                   const Padding& padding, const Pair& dilation, const OptionalArray& gamma,
                                   const OptionalArray& beta, const Array& mean, const Array& variance, double epsilon,
                                   bool relu) {
  const Conv2dShape s = shape_of_call(shape_of(x), kernel, strides, padding, dilation, 1);
  return with_float_type(x, "x", [&](auto type) -> std::tuple<Array, Array> {
    using T = decltype(type);
    const Input<T> input(x, "x"), weights(kernel, "kernel");
    const OptionalInput<T> start(bias, "bias", s.filters), scale(gamma, "gamma", s.filters),
        offset(beta, "beta", s.filters), means(mean, "mean", s.filters), variances(variance, "variance", s.filters);
    const Result<T> y(output_shape(s)), inverse_std({s.filters});
    launch(kernels().table<T>().conv2d_batch_norm_inference, s, input.data(), weights.data(), start.data(),
           scale.data(), offset.data(), means.data(), variances.data(), epsilon, relu, y.data(), inverse_std.data());
    return {y.array(), inverse_std.array()};
  });
}

std::tuple<OptionalArray, OptionalArray, Array, Array> backward(const Array& dy, const Array& x, const Array& kernel,
                                                                const OptionalArray& bias, const Pair& strides,
                                                                const Padding& padding, const Pair& dilation,
                                                                const OptionalArray& gamma, const OptionalArray& beta,
                                                                const Array& mean, const Array& inverse_std, bool relu,
                                                                bool constant, bool need_dkernel) {
  const Conv2dShape s = shape_of_call(shape_of(x), kernel, strides, padding, dilation, 1);
  require(shape_of(dy) == output_shape(s), "dy must have the output's shape");
  return with_float_type(x, "x", [&](auto type) -> std::tuple<OptionalArray, OptionalArray, Array, Array> {
    using T = decltype(type);
    const Input<T> gradient(dy, "dy"), input(x, "x"), weights(kernel, "kernel");
    const OptionalInput<T> start(bias, "bias", s.filters), scale(gamma, "gamma", s.filters),
        offset(beta, "beta", s.filters), means(mean, "mean", s.filters),
        inverses(inverse_std, "inverse_std", s.filters);
    const Result<T> dkernel(shape_of(kernel), need_dkernel), dbias({s.filters}, need_dkernel && bias.has_value());
    const Result<T> dgamma({s.filters}), dbeta({s.filters});
    launch(kernels().table<T>().conv2d_batch_norm_backward,  s, gradient.data(), input.data(), weights.data(),
           start.data(), scale.data(), offset.data(), means.data(), inverses.data(), relu, constant, dkernel.data(),
           dbias.data(), dgamma.data(), dbeta.data());
    return {dkernel.optional(), dbias.optional(), dgamma.array(), dbeta.array()};
  });
}

// kernel[height][width][channels][1]
Conv2dShape shape_of_depthwise(const Array& x, const Array& kernel, const Pair& strides, const Padding& padding,
                               const Pair& dilation) {
  const Conv2dShape s = depthwise_shape_of_call(shape_of(x), kernel, strides, padding, dilation);
  require(s.filters == s.channels, "the kernel must have one filter a channel");
  return s;
}

std::tuple<Array, Array> depthwise_forward(const Array& x, const Array& kernel, const OptionalArray& bias,
                                           const Pair& strides, const Padding& padding, const Pair& dilation,
                                           const OptionalArray& gamma, const OptionalArray& beta, const Array& mean,
                                           const Array& variance, double epsilon, bool relu) {
  const Conv2dShape s = shape_of_depthwise(x, kernel, strides, padding, dilation);
  return with_float_type(x, "x", [&](auto type) -> std::tuple<Array, Array> {
    using T = decltype(type);
    const Input<T> input(x, "x"), weights(kernel, "kernel");
    const OptionalInput<T> start(bias, "bias", s.channels), scale(gamma, "gamma", s.channels),
        offset(beta, "beta", s.channels), means(mean, "mean", s.channels), variances(variance, "variance", s.channels);
    const Result<T> y(output_shape(s)), inverse_std({s.channels});
    launch(kernels().table<T>().batch_norm_depthwise_conv2d_forward, s, input.data(), weights.data(), start.data(),
           scale.data(), offset.data(), means.data(), variances.data(), epsilon, relu, y.data(), inverse_std.data());
    return {y.array(), inverse_std.array()};
  });
}

using DepthwiseGradients = std::tuple<OptionalArray, OptionalArray, OptionalArray, Array, Array>;

DepthwiseGradients depthwise_backward(const Array& dy, const Array& x, const Array& kernel, const Pair& strides,
                                      const Padding& padding, const Pair& dilation, const OptionalArray& gamma,
                                      const OptionalArray& beta, const Array& mean, const Array& inverse_std, bool relu,
                                      bool need_dx, bool need_dkernel, bool need_dbias) {
  const Conv2dShape s = shape_of_depthwise(x, kernel, strides, padding, dilation);
  require(shape_of(dy) == output_shape(s), "dy must have the output's shape");
  return with_float_type(x, "x", [&](auto type) -> DepthwiseGradients {
    using T = decltype(type);
    const Input<T> gradient(dy, "dy"), input(x, "x"), weights(kernel, "kernel");
    const OptionalInput<T> scale(gamma, "gamma", s.channels), offset(beta, "beta", s.channels),
        means(mean, "mean", s.channels), inverses(inverse_std, "inverse_std", s.channels);
    const Result<T> dx(shape_of(x), need_dx), dkernel(shape_of(kernel), need_dkernel), dbias({s.channels}, need_dbias);
    const Result<T> dgamma({s.channels}), dbeta({s.channels});
    launch(kernels().table<T>().batch_norm_depthwise_conv2d_backward, s, gradient.data(), input.data(), weights.data(),
           scale.data(), offset.data(), means.data(), inverses.data(), relu, dx.data(), dkernel.data(), dbias.data(),
           dgamma.data(), dbeta.data());
    return {dx.optional(), dkernel.optional(), dbias.optional(), dgamma.array(), dbeta.array()};
  });
}

}  // namespace

void bind_conv2d_batch_norm(py::module_& module) {
  using namespace py::literals;
  module.def("conv2d_batch_norm_forward", &forward, "x"_a, "kernel"_a, "bias"_a, "strides"_a, "padding"_a, "dilation"_a,
             "gamma"_a, "beta"_a, "epsilon"_a, "relu"_a = false);
  module.def("conv2d_batch_norm_inference", &inference, "x"_a, "kernel"_a, "bias"_a, "strides"_a, "padding"_a,
             "dilation"_a, "gamma"_a, "beta"_a, "mean"_a, "variance"_a, "epsilon"_a, "relu"_a = false);
  module.def("conv2d_batch_norm_backward", &backward, "dy"_a, "x"_a, "kernel"_a, "bias"_a, "strides"_a, "padding"_a,
             "dilation"_a, "gamma"_a, "beta"_a, "mean"_a, "inverse_std"_a, "relu"_a = false, "constant"_a = false,
             "need_dkernel"_a = true);
  module.def("batch_norm_depthwise_conv2d_forward", &depthwise_forward, "x"_a, "kernel"_a, "bias"_a, "strides"_a,
             "padding"_a, "dilation"_a, "gamma"_a, "beta"_a, "mean"_a, "variance"_a, "epsilon"_a, "relu"_a = false);
  module.def("batch_norm_depthwise_conv2d_backward", &depthwise_backward, "dy"_a, "x"_a, "kernel"_a, "strides"_a,
             "padding"_a, "dilation"_a, "gamma"_a, "beta"_a, "mean"_a, "inverse_std"_a, "relu"_a = false,
             "need_dx"_a = true, "need_dkernel"_a = true, "need_dbias"_a = true);
}

}  // namespace tinynet
