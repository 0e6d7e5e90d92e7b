#include <optional>

#include "conv2d_call.h"

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

bool is_relu(const std::string& activation) {
  if (activation == "linear") return false;
  if (activation == "relu") return true;
  throw py::value_error("conv2d kernels fuse 'linear' and 'relu', got '" + activation + "'");
}

// The bias's values, which `array` holds; null if it is None.
template <class T>
const T* bias_data(const py::object& bias, Index filters, py::array& array) {
  if (bias.is_none()) return nullptr;
  array = Input<T>(py::cast<py::array>(bias), "bias").array();
  require(array.ndim() == 1 && array.shape(0) == filters, "bias must have shape (filters,)");
  return static_cast<const T*>(array.data());
}

py::array conv2d_forward(const py::array& x, const py::array& kernel, const py::object& bias, const Pair& strides,
                         const Padding& padding, const Pair& dilation, Index groups, const std::string& activation,
                         const std::string& algorithm) {
  const Conv2dShape s = shape_of_call(shape_of(x), kernel, strides, padding, dilation, groups);
  const bool relu = is_relu(activation);
  const ConvAlgorithm which = algorithm_named(algorithm);
  return with_float_type(x, "x", [&](auto type) -> py::array {
    using T = decltype(type);
    const Input<T> input(x, "x"), weights(kernel, "kernel");
    py::array offsets;
    const T* const offset = bias_data<T>(bias, s.filters, offsets);
    auto y = new_array<T>({s.batch, s.out_height, s.out_width, s.filters});
    T* const result = y.mutable_data();
    {
      const py::gil_scoped_release released;
      const KernelTable<T>& table = kernels().table<T>();
      if (groups == 0)
        table.depthwise_conv2d_forward(s, input.data(), weights.data(), offset, result, relu);
      else
        table.conv2d_forward(s, input.data(), weights.data(), offset, result, relu, which);
    }
    return y;
  });
}

py::tuple conv2d_backward(const py::array& dy, const py::array& x, const py::array& kernel, const py::object& y,
                          const std::string& activation, const Pair& strides, const Padding& padding,
                          const Pair& dilation, Index groups, bool need_dx, bool need_dkernel, bool has_bias,
                          const std::string& algorithm) {
  const Conv2dShape s = shape_of_call(shape_of(x), kernel, strides, padding, dilation, groups);
  const bool relu = is_relu(activation);
  const ConvAlgorithm which = algorithm_named(algorithm);
  const std::vector<py::ssize_t> out_shape = {s.batch, s.out_height, s.out_width, s.filters};
  require(shape_of(dy) == out_shape, "dy must have the output's shape");
  return with_float_type(dy, "dy", [&](auto type) -> py::tuple {
    using T = decltype(type);
    const Input<T> gradient(dy, "dy"), weights(kernel, "kernel");
    std::optional<Input<T>> input;  // only its shape matters to dx: conv2d_transpose has no values to give
    if (need_dkernel || has_bias) input.emplace(x, "x");
    py::array output;
    const T* mask = nullptr;
    if (relu) {
      require(!y.is_none(), "relu needs y");
      output = Input<T>(py::cast<py::array>(y), "y").array();
      require(shape_of(output) == out_shape, "y must have the output's shape");
      mask = static_cast<const T*>(output.data());
    }
    py::object dx = py::none(), dkernel = py::none(), dbias = py::none();
    T *dx_data = nullptr, *dkernel_data = nullptr, *dbias_data = nullptr;
    const auto wanted = [](py::object& object, T*& data, const std::vector<py::ssize_t>& shape) {
      auto array = new_array<T>(shape);
      data = array.mutable_data();
      object = std::move(array);
    };
    if (need_dx) wanted(dx, dx_data, shape_of(x));
    if (need_dkernel) wanted(dkernel, dkernel_data, shape_of(kernel));
    if (has_bias) wanted(dbias, dbias_data, {s.filters});
    {
      const py::gil_scoped_release released;
      const KernelTable<T>& table = kernels().table<T>();
      if (groups == 0) {
        if (need_dkernel || has_bias)
          table.depthwise_conv2d_weight_gradient(s, gradient.data(), input->data(), mask, dkernel_data, dbias_data);
        if (need_dx) table.depthwise_conv2d_input_gradient(s, gradient.data(), weights.data(), mask, dx_data);
      } else {
        if (need_dkernel || has_bias)
          table.conv2d_weight_gradient(s, gradient.data(), input->data(), mask, dkernel_data, dbias_data, which);
        if (need_dx) table.conv2d_input_gradient(s, gradient.data(), weights.data(), mask, dx_data, which);
      }
    }
    return py::make_tuple(dx, dkernel, dbias);
  });
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

py::dict conv2d_algorithm(const std::vector<py::ssize_t>& x_shape, const py::array& kernel, const Pair& strides,
                          const Padding& padding, const Pair& dilation, Index groups) {
  const Conv2dShape s = shape_of_call(x_shape, kernel, strides, padding, dilation, groups);
  return with_float_type(kernel, "kernel", [&](auto type) {
    const auto which = [&](ConvPass pass) {
      return name_of(kernels().table<decltype(type)>().conv2d_algorithm(s, pass, ConvAlgorithm::automatic));
    };
    py::dict result;
    result["forward"] = which(ConvPass::forward);
    result["input_gradient"] = which(ConvPass::input_gradient);
    result["weight_gradient"] = which(ConvPass::weight_gradient);
    return result;
  });
}

py::tuple conv2d_moments_forward(const py::array& x, const py::array& kernel, const py::object& bias,
                                 const Pair& strides, const Padding& padding, const Pair& dilation,
                                 const std::string& algorithm) {
  const Conv2dShape s = shape_of_call(shape_of(x), kernel, strides, padding, dilation, 1);
  const ConvAlgorithm which = algorithm_named(algorithm);
  require(s.batch * s.out_height * s.out_width > 0, "no pixels to take the mean of");
  return with_float_type(x, "x", [&](auto type) -> py::tuple {
    using T = decltype(type);
    const Input<T> input(x, "x"), weights(kernel, "kernel");
    py::array offsets;
    const T* const offset = bias_data<T>(bias, s.filters, offsets);
    auto z = new_array<T>({s.batch, s.out_height, s.out_width, s.filters});
    auto mean = new_array<T>({s.filters}), variance = new_array<T>({s.filters});
    T *const to_z = z.mutable_data(), *const to_mean = mean.mutable_data();
    T* const to_variance = variance.mutable_data();
    {
      const py::gil_scoped_release released;
      kernels().table<T>().conv2d_moments_forward(s, input.data(), weights.data(), offset, to_z, to_mean, to_variance,
                                                  which);
    }
    return py::make_tuple(z, mean, variance);
  });
}

// Windows side by side over what the convolution of shape `s` gives.
Pool2dShape windows_of(const Conv2dShape& s, const Pair& pool) {
  require(pool.first > 0 && pool.second > 0 && pool.first * pool.second < 256,
          "windows must have from 1 to 255 pixels");
  return {s.batch, s.out_height, s.out_width, s.filters, pool.first, pool.second, s.out_height / pool.first,
          s.out_width / pool.second, pool.first, pool.second, 0, 0};
}

py::tuple conv2d_max_pool2d_forward(const py::array& x, const py::array& kernel, const py::object& bias,
                                    const Pair& strides, const Padding& padding, const Pair& dilation,
                                    const std::string& activation, const Pair& pool_size, bool need_places) {
  const Conv2dShape s = shape_of_call(shape_of(x), kernel, strides, padding, dilation, 1);
  const Pool2dShape pool = windows_of(s, pool_size);
  const bool relu = is_relu(activation);
  return with_float_type(x, "x", [&](auto type) -> py::tuple {
    using T = decltype(type);
    const Input<T> input(x, "x"), weights(kernel, "kernel");
    py::array offsets;
    const T* const offset = bias_data<T>(bias, s.filters, offsets);
    const std::vector<py::ssize_t> out_shape = {s.batch, pool.out_height, pool.out_width, s.filters};
    auto y = new_array<T>(out_shape);
    T* const result = y.mutable_data();
    py::object places = py::none();
    std::uint8_t* places_data = nullptr;
    if (need_places) {
      auto array = new_array<std::uint8_t>(out_shape);
      places_data = array.mutable_data();
      places = std::move(array);
    }
    {
      const py::gil_scoped_release released;
      kernels().table<T>().conv2d_max_pool2d_forward(s, pool, input.data(), weights.data(), offset, result,
                                                     places_data, relu);
    }
    return py::make_tuple(y, places);
  });
}

py::tuple conv2d_max_pool2d_backward(const py::array& dy, const py::array& places, const py::array& x,
                                     const py::array& kernel, const Pair& strides, const Padding& padding,
                                     const Pair& dilation, const Pair& pool_size, bool has_bias) {
  const Conv2dShape s = shape_of_call(shape_of(x), kernel, strides, padding, dilation, 1);
  const Pool2dShape pool = windows_of(s, pool_size);
  const std::vector<py::ssize_t> out_shape = {s.batch, pool.out_height, pool.out_width, s.filters};
  require(shape_of(dy) == out_shape && shape_of(places) == out_shape, "dy and places must have the output's shape");
  require(py::isinstance<py::array_t<std::uint8_t>>(places), "places must be uint8");
  const py::array dense_places = dense(places);
  return with_float_type(dy, "dy", [&](auto type) -> py::tuple {
    using T = decltype(type);
    const Input<T> gradient(dy, "dy"), input(x, "x");
    auto dkernel = new_array<T>(shape_of(kernel));
    T* const dkernel_data = dkernel.mutable_data();
    py::object dbias = py::none();
    T* dbias_data = nullptr;
    if (has_bias) {
      auto array = new_array<T>({s.filters});
      dbias_data = array.mutable_data();
      dbias = std::move(array);
    }
    {
      const py::gil_scoped_release released;
      kernels().table<T>().conv2d_max_pool2d_weight_gradient(s, pool, gradient.data(),
                                                             static_cast<const std::uint8_t*>(dense_places.data()),
                                                             input.data(), dkernel_data, dbias_data);
    }
    return py::make_tuple(dkernel, dbias);
  });
}

py::array depthwise_conv2d_forward(const py::array& x, const py::array& kernel, const py::object& bias,
                                   const Pair& strides, const Padding& padding, const Pair& dilation,
                                   const std::string& activation) {
  return conv2d_forward(x, kernel, bias, strides, padding, dilation, 0, activation, "auto");
}

py::tuple depthwise_conv2d_backward(const py::array& dy, const py::array& x, const py::array& kernel,
                                    const py::object& y, const std::string& activation, const Pair& strides,
                                    const Padding& padding, const Pair& dilation, bool need_dx, bool need_dkernel,
                                    bool has_bias) {
  return conv2d_backward(dy, x, kernel, y, activation, strides, padding, dilation, 0, need_dx, need_dkernel, has_bias,
                         "auto");
}

}  // namespace

void bind_conv2d(py::module_& module) {
  using namespace py::literals;
  module.def("conv2d_forward", &conv2d_forward, "x"_a, "kernel"_a, "bias"_a, "strides"_a, "padding"_a, "dilation"_a,
             "groups"_a, "activation"_a, "algorithm"_a = "auto");
  module.def("conv2d_backward", &conv2d_backward, "dy"_a, "x"_a, "kernel"_a, "y"_a, "activation"_a, "strides"_a,
             "padding"_a, "dilation"_a, "groups"_a, "need_dx"_a, "need_dkernel"_a, "has_bias"_a,
             "algorithm"_a = "auto");
  module.def("conv2d_algorithm", &conv2d_algorithm, "x_shape"_a, "kernel"_a, "strides"_a, "padding"_a, "dilation"_a,
             "groups"_a, "Which algorithm each pass of this convolution runs: a dict of names.");
  module.def("conv2d_moments_forward", &conv2d_moments_forward, "x"_a, "kernel"_a, "bias"_a, "strides"_a, "padding"_a,
             "dilation"_a, "algorithm"_a = "auto");
  module.def("conv2d_max_pool2d_forward", &conv2d_max_pool2d_forward, "x"_a, "kernel"_a, "bias"_a, "strides"_a,
             "padding"_a, "dilation"_a, "activation"_a, "pool_size"_a, "need_places"_a = true);
  module.def("conv2d_max_pool2d_backward", &conv2d_max_pool2d_backward, "dy"_a, "places"_a, "x"_a, "kernel"_a,
             "strides"_a, "padding"_a, "dilation"_a, "pool_size"_a, "has_bias"_a);
  module.def("depthwise_conv2d_forward", &depthwise_conv2d_forward, "x"_a, "kernel"_a, "bias"_a, "strides"_a,
             "padding"_a, "dilation"_a, "activation"_a);
  module.def("depthwise_conv2d_backward", &depthwise_conv2d_backward, "dy"_a, "x"_a, "kernel"_a, "y"_a, "activation"_a,
             "strides"_a, "padding"_a, "dilation"_a, "need_dx"_a, "need_dkernel"_a, "has_bias"_a);
}

}  // namespace tinynet
