#include "conv2d_call.h"

namespace tinynet {
namespace {

using namespace convolution;

std::vector<py::ssize_t> output_shape(const Conv2dShape& s) { return {s.batch, s.out_height, s.out_width, s.filters}; }

py::tuple forward(const py::array& x, const py::array& kernel, const py::object& bias, const Pair& strides,
                  const Padding& padding, const Pair& dilation, const py::object& gamma, const py::object& beta,
                  double epsilon, bool relu) {
  const Conv2dShape s = shape_of_call(shape_of(x), kernel, strides, padding, dilation, 1);
  require(s.batch * s.out_height * s.out_width > 0, "no pixels to take the mean of");
  return with_float_type(x, "x", [&](auto type) -> py::tuple {
    using T = decltype(type);
    const Input<T> input(x, "x"), weights(kernel, "kernel");
    const OptionalInput<T> start(bias, "bias", s.filters), scale(gamma, "gamma", s.filters),
        offset(beta, "beta", s.filters);
    auto y = new_array<T>(output_shape(s));
    auto mean = new_array<T>({s.filters}), variance = new_array<T>({s.filters});
    auto inverse_std = new_array<T>({s.filters});
    T *const to_y = y.mutable_data(), *const to_mean = mean.mutable_data();
    T *const to_variance = variance.mutable_data(), *const to_inverse = inverse_std.mutable_data();
    {
      const py::gil_scoped_release released;
      kernels().table<T>().conv2d_batch_norm_forward(s, input.data(), weights.data(), start.data(), scale.data(),
                                                     offset.data(), epsilon, relu, to_y, to_mean, to_variance,
                                                     to_inverse);
    }
    return py::make_tuple(y, mean, variance, inverse_std);
  });
}

py::tuple inference(const py::array& x, const py::array& kernel, const py::object& bias, const Pair& strides,
                    const Padding& padding, const Pair& dilation, const py::object& gamma, const py::object& beta,
                    const py::array& mean, const py::array& variance, double epsilon, bool relu) {
  const Conv2dShape s = shape_of_call(shape_of(x), kernel, strides, padding, dilation, 1);
  return with_float_type(x, "x", [&](auto type) -> py::tuple {
    using T = decltype(type);
    const Input<T> input(x, "x"), weights(kernel, "kernel");
    const OptionalInput<T> start(bias, "bias", s.filters), scale(gamma, "gamma", s.filters),
        offset(beta, "beta", s.filters), means(mean, "mean", s.filters), variances(variance, "variance", s.filters);
    auto y = new_array<T>(output_shape(s)), inverse_std = new_array<T>({s.filters});
    T *const to_y = y.mutable_data(), *const to_inverse = inverse_std.mutable_data();
    {
      const py::gil_scoped_release released;
      kernels().table<T>().conv2d_batch_norm_inference(s, input.data(), weights.data(), start.data(), scale.data(),
                                                       offset.data(), means.data(), variances.data(), epsilon, relu,
                                                       to_y, to_inverse);
    }
    return py::make_tuple(y, inverse_std);
  });
}

py::tuple backward(const py::array& dy, const py::array& x, const py::array& kernel, const py::object& bias,
                   const Pair& strides, const Padding& padding, const Pair& dilation, const py::object& gamma,
                   const py::object& beta, const py::array& mean, const py::array& inverse_std, bool relu,
                   bool constant, bool need_dkernel) {
  const Conv2dShape s = shape_of_call(shape_of(x), kernel, strides, padding, dilation, 1);
  require(shape_of(dy) == output_shape(s), "dy must have the output's shape");
  return with_float_type(x, "x", [&](auto type) -> py::tuple {
    using T = decltype(type);
    const Input<T> gradient(dy, "dy"), input(x, "x"), weights(kernel, "kernel");
    const OptionalInput<T> start(bias, "bias", s.filters), scale(gamma, "gamma", s.filters),
        offset(beta, "beta", s.filters), means(mean, "mean", s.filters),
        inverses(inverse_std, "inverse_std", s.filters);
    T *to_dkernel = nullptr, *to_dbias = nullptr;
    const auto wanted = [](const std::vector<py::ssize_t>& shape, T*& data) -> py::object {
      auto array = new_array<T>(shape);
      data = array.mutable_data();
      return std::move(array);
    };
    const py::object dkernel = need_dkernel ? wanted(shape_of(kernel), to_dkernel) : py::none();
    const py::object dbias = need_dkernel && !bias.is_none() ? wanted({s.filters}, to_dbias) : py::none();
    auto dgamma = new_array<T>({s.filters}), dbeta = new_array<T>({s.filters});
    T *const to_dgamma = dgamma.mutable_data(), *const to_dbeta = dbeta.mutable_data();
    {
      const py::gil_scoped_release released;
      kernels().table<T>().conv2d_batch_norm_backward(
          s, gradient.data(), input.data(), weights.data(), start.data(), scale.data(), offset.data(), means.data(),
          inverses.data(), relu, constant, to_dkernel, to_dbias, to_dgamma, to_dbeta);
    }
    return py::make_tuple(dkernel, dbias, dgamma, dbeta);
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
}

}  // namespace tinynet
