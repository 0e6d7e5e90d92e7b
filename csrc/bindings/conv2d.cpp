#include "bindings/conv2d_call.h"

namespace tinynet {
namespace {

using namespace convolution;

ConvAlgorithm algorithm_named(const std::string& name) {
  if (name == "auto") return ConvAlgorithm::automatic;
  if (name == "direct") return ConvAlgorithm::direct;
  if (name == "winograd2") return ConvAlgorithm::winograd2;
  if (name == "winograd4") return ConvAlgorithm::winograd4;
  throw py::value_error("unknown convolution algorithm '" + name + "'; known: auto, direct, winograd2, winograd4");
}

// Convolution and depthwise convolution differ only in the kernel that they call.
template <class Kernel>
Array forward(const Conv2dShape& s, const Array& x, const Array& kernel, const OptionalArray& bias,
              const Kernel& run) {
  return with_float_type(x, "x", [&](auto type) -> Array {
    using T = decltype(type);
    const Input<T> input(x, "x"), weights(kernel, "kernel");
    const OptionalInput<T> offset(bias, "bias", s.filters);
    const Result<T> y(output_shape(s));
    run(kernels().table<T>(), input.data(), weights.data(), offset.data(), y.data());
    return y.array();
  });
}

using Gradients = std::tuple<OptionalArray, OptionalArray, OptionalArray>;  // dx, dkernel, dbias

template <class WeightGradient, class InputGradient>
Gradients backward(const Conv2dShape& s, const Array& dy, const Array& x, const Array& kernel, const OptionalArray& y,
                   bool relu, bool need_dx, bool need_dkernel, bool need_dbias, const WeightGradient& weight_gradient,
                   const InputGradient& input_gradient) {
  require(shape_of(dy) == output_shape(s), "dy must have the output's shape");
  return with_float_type(dy, "dy", [&](auto type) -> Gradients {
    using T = decltype(type);
    const Input<T> gradient(dy, "dy"), weights(kernel, "kernel");
    std::optional<Input<T>> input, output;
    if (need_dkernel || need_dbias) input.emplace(x, "x");  // dx needs only its shape: conv2d_transpose has no values
    if (relu) {
      require(y.has_value(), "relu needs y");
      require(shape_of(*y) == output_shape(s), "y must have the output's shape");
      output.emplace(*y, "y");
    }
    const T* const mask = output ? output->data() : nullptr;
    const Result<T> dx(shape_of(x), need_dx), dkernel(shape_of(kernel), need_dkernel), dbias({s.filters}, need_dbias);
    const KernelTable<T>& table = kernels().table<T>();
    if (input) weight_gradient(table, gradient.data(), input->data(), mask, dkernel.data(), dbias.data());
    if (need_dx) input_gradient(table, gradient.data(), weights.data(), mask, dx.data());
    return {dx.optional(), dkernel.optional(), dbias.optional()};
  });
}

Array conv2d_forward(const Array& x, const Array& kernel, const OptionalArray& bias, const Pair& strides,
                     const Padding& padding, const Pair& dilation, Index groups, const std::string& activation,
                     const std::string& algorithm) {
  const Conv2dShape s = shape_of_call(shape_of(x), kernel, strides, padding, dilation, groups);
  const bool relu = is_relu(activation);
  const ConvAlgorithm requested = algorithm_named(algorithm);
  return forward(s, x, kernel, bias, [&](const auto& table, auto... arrays) {
    launch(table.conv2d_forward, s, arrays..., relu, requested);
  });
}

Gradients conv2d_backward(const Array& dy, const Array& x, const Array& kernel, const OptionalArray& y,
                          const Pair& strides, const Padding& padding, const Pair& dilation, Index groups,
                          const std::string& activation, bool need_dx, bool need_dkernel, bool need_dbias,
                          const std::string& algorithm) {
  const Conv2dShape s = shape_of_call(shape_of(x), kernel, strides, padding, dilation, groups);
  const ConvAlgorithm requested = algorithm_named(algorithm);
  return backward(
      s, dy, x, kernel, y, is_relu(activation), need_dx, need_dkernel, need_dbias,
      [&](const auto& table, auto... arrays) { launch(table.conv2d_weight_gradient, s, arrays..., requested); },
      [&](const auto& table, auto... arrays) { launch(table.conv2d_input_gradient, s, arrays..., requested); });
}

Array depthwise_conv2d_forward(const Array& x, const Array& kernel, const OptionalArray& bias, const Pair& strides,
                               const Padding& padding, const Pair& dilation, const std::string& activation) {
  const Conv2dShape s = depthwise_shape_of_call(shape_of(x), kernel, strides, padding, dilation);
  const bool relu = is_relu(activation);
  return forward(s, x, kernel, bias, [&](const auto& table, auto... arrays) {
    launch(table.depthwise_conv2d_forward, s, arrays..., relu);
  });
}

Gradients depthwise_conv2d_backward(const Array& dy, const Array& x, const Array& kernel, const OptionalArray& y,
                                    const Pair& strides, const Padding& padding, const Pair& dilation,
                                    const std::string& activation, bool need_dx, bool need_dkernel, bool need_dbias) {
  const Conv2dShape s = depthwise_shape_of_call(shape_of(x), kernel, strides, padding, dilation);
  return backward(
      s, dy, x, kernel, y, is_relu(activation), need_dx, need_dkernel, need_dbias,
      [&](const auto& table, auto... arrays) { launch(table.depthwise_conv2d_weight_gradient, s, arrays...); },
      [&](const auto& table, auto... arrays) { launch(table.depthwise_conv2d_input_gradient, s, arrays...); });
}

const char* name_of(ConvAlgorithm algorithm) {
  switch (algorithm) {
    case ConvAlgorithm::winograd2:
      return "winograd2";
    case ConvAlgorithm::winograd4:
      return "winograd4";
    default:
      return "direct";
  }
}

using Algorithms = py::typing::Dict<py::str, py::str>;

Algorithms conv2d_algorithm(const Shape& x_shape, const Array& kernel, const Pair& strides, const Padding& padding,
                            const Pair& dilation, Index groups) {
  const Conv2dShape s = shape_of_call(x_shape, kernel, strides, padding, dilation, groups);
  return with_float_type(kernel, "kernel", [&](auto type) {
    const auto which = [&](ConvPass pass) {
      return name_of(kernels().table<decltype(type)>().conv2d_algorithm(s, pass, ConvAlgorithm::automatic));
    };
    Algorithms result;
    result["forward"] = which(ConvPass::forward);
    result["input_gradient"] = which(ConvPass::input_gradient);
    result["weight_gradient"] = which(ConvPass::weight_gradient);
    return result;
  });
}

std::tuple<Array, Array, Array> conv2d_moments_forward(const Array& x, const Array& kernel, const OptionalArray& bias,
                                                       const Pair& strides, const Padding& padding,
                                                       const Pair& dilation, const std::string& algorithm) {
  const Conv2dShape s = shape_of_call(shape_of(x), kernel, strides, padding, dilation, 1);
  const ConvAlgorithm requested = algorithm_named(algorithm);
  require(s.batch * s.out_height * s.out_width > 0, "no pixels to take the mean of");
  return with_float_type(x, "x", [&](auto type) -> std::tuple<Array, Array, Array> {
    using T = decltype(type);
    const Input<T> input(x, "x"), weights(kernel, "kernel");
    const OptionalInput<T> offset(bias, "bias", s.filters);
    const Result<T> z(output_shape(s)), mean({s.filters}), variance({s.filters});
    launch(kernels().table<T>().conv2d_moments_forward, s, input.data(), weights.data(), offset.data(), z.data(),
           mean.data(), variance.data(), requested);
    return {z.array(), mean.array(), variance.array()};
  });
}

// Adjacent windows over the output of the convolution of shape `s`.
Pool2dShape windows_of(const Conv2dShape& s, const Pair& pool) {
  require(pool.first > 0 && pool.second > 0 && pool.first * pool.second < 256,
          "windows must have from 1 to 255 pixels");
  return {s.batch, s.out_height, s.out_width, s.filters, pool.first, pool.second, s.out_height / pool.first,
          s.out_width / pool.second, pool.first, pool.second, 0, 0};
}

using Pooled = std::tuple<Array, std::optional<ArgmaxIndices>>;  // y, argmax

Pooled conv2d_max_pool2d_forward(const Array& x, const Array& kernel, const OptionalArray& bias, const Pair& strides,
                                 const Padding& padding, const Pair& dilation, const std::string& activation,
                                 const Pair& pool_size, bool need_argmax) {
  const Conv2dShape s = shape_of_call(shape_of(x), kernel, strides, padding, dilation, 1);
  const Pool2dShape pool = windows_of(s, pool_size);
  const bool relu = is_relu(activation);
  return with_float_type(x, "x", [&](auto type) -> Pooled {
    using T = decltype(type);
    const Input<T> input(x, "x"), weights(kernel, "kernel");
    const OptionalInput<T> offset(bias, "bias", s.filters);
    const Shape out_shape = {s.batch, pool.out_height, pool.out_width, s.filters};
    const Result<T> y(out_shape);
    const Result<std::uint8_t, ArgmaxIndices> argmax(out_shape, need_argmax);
    launch(kernels().table<T>().conv2d_max_pool2d_forward, s, pool, input.data(), weights.data(), offset.data(),
           y.data(), argmax.data(), relu);
    return {y.array(), argmax.optional()};
  });
}

std::tuple<Array, OptionalArray> conv2d_max_pool2d_backward(const Array& dy, const ArgmaxIndices& argmax,
                                                            const Array& x, const Array& kernel, const Pair& strides,
                                                            const Padding& padding, const Pair& dilation,
                                                            const Pair& pool_size, bool need_dbias) {
  const Conv2dShape s = shape_of_call(shape_of(x), kernel, strides, padding, dilation, 1);
  const Pool2dShape pool = windows_of(s, pool_size);
  const Shape out_shape = {s.batch, pool.out_height, pool.out_width, s.filters};
  require(shape_of(dy) == out_shape && shape_of(argmax) == out_shape, "dy and argmax must have the output's shape");
  require(py::isinstance<py::array_t<std::uint8_t>>(argmax), "argmax must be uint8");
  const py::array dense_argmax = dense(argmax);
  return with_float_type(dy, "dy", [&](auto type) -> std::tuple<Array, OptionalArray> {
    using T = decltype(type);
    const Input<T> gradient(dy, "dy"), input(x, "x");
    const Result<T> dkernel(shape_of(kernel)), dbias({s.filters}, need_dbias);
    launch(kernels().table<T>().conv2d_max_pool2d_weight_gradient, s, pool, gradient.data(), static_cast<const
           std::uint8_t*>(dense_argmax.data()), input.data(), dkernel.data(), dbias.data());
    return {dkernel.array(), dbias.optional()};
  });
}

}  // namespace

void bind_conv2d(py::module_& module) {
  using namespace py::literals;
  module.def("conv2d_forward", &conv2d_forward, "x"_a, "kernel"_a, "bias"_a, "strides"_a, "padding"_a, "dilation"_a,
             "groups"_a, "activation"_a, "algorithm"_a = "auto");
  module.def("conv2d_backward", &conv2d_backward, "dy"_a, "x"_a, "kernel"_a, "y"_a, "strides"_a, "padding"_a,
             "dilation"_a, "groups"_a, "activation"_a, "need_dx"_a, "need_dkernel"_a, "need_dbias"_a,
             "algorithm"_a = "auto");
  module.def("conv2d_algorithm", &conv2d_algorithm, "x_shape"_a, "kernel"_a, "strides"_a, "padding"_a, "dilation"_a,
             "groups"_a, "Which algorithm each pass of this convolution runs: a dict of names.");
  module.def("conv2d_moments_forward", &conv2d_moments_forward, "x"_a, "kernel"_a, "bias"_a, "strides"_a, "padding"_a,
             "dilation"_a, "algorithm"_a = "auto");
  module.def("conv2d_max_pool2d_forward", &conv2d_max_pool2d_forward, "x"_a, "kernel"_a, "bias"_a, "strides"_a,
             "padding"_a, "dilation"_a, "activation"_a, "pool_size"_a, "need_argmax"_a = true);
  module.def("conv2d_max_pool2d_backward", &conv2d_max_pool2d_backward, "dy"_a, "argmax"_a, "x"_a, "kernel"_a,
             "strides"_a, "padding"_a, "dilation"_a, "pool_size"_a, "need_dbias"_a);
  module.def("depthwise_conv2d_forward", &depthwise_conv2d_forward, "x"_a, "kernel"_a, "bias"_a, "strides"_a,
             "padding"_a, "dilation"_a, "activation"_a);
  module.def("depthwise_conv2d_backward", &depthwise_conv2d_backward, "dy"_a, "x"_a, "kernel"_a, "y"_a, "strides"_a,
             "padding"_a, "dilation"_a, "activation"_a, "need_dx"_a, "need_dkernel"_a, "need_dbias"_a);
}

}  // namespace tinynet
