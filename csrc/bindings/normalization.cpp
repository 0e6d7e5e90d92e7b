#include <utility>

#include "arrays.h"

namespace tinynet {
namespace {

// What the Python edge has checked in the user's words; here it only keeps a wrong call from reading elsewhere.
void require(bool condition, const char* what) {
  if (!condition) throw py::value_error(std::string("normalization kernel: ") + what);
}

template <class T>
py::object output(const std::vector<py::ssize_t>& shape, T*& data) {
  auto array = new_array<T>(shape);
  data = array.mutable_data();
  return std::move(array);
}

Index channels_of(const py::array& x) {
  require(x.ndim() > 0, "x has no axes");
  return x.shape(x.ndim() - 1);
}

Index rows_of(const py::array& x) {
  Index rows = 1;
  for (int axis = 0; axis < x.ndim() - 1; ++axis) rows *= x.shape(axis);
  return rows;
}

py::tuple batch_norm_forward(const py::array& x, const py::object& gamma, const py::object& beta, double epsilon,
                             bool relu) {
  const Index channels = channels_of(x), rows = rows_of(x);
  require(rows > 0, "no rows to take the mean of");
  return with_float_type(x, "x", [&](auto type) -> py::tuple {
    using T = decltype(type);
    const Input<T> input(x, "x");
    const OptionalInput<T> scale(gamma, "gamma", channels), offset(beta, "beta", channels);
    T *to_y, *to_mean, *to_variance, *to_inverse;
    const py::object y = output<T>(shape_of(x), to_y), mean = output<T>({channels}, to_mean);
    const py::object variance = output<T>({channels}, to_variance), inverse_std = output<T>({channels}, to_inverse);
    {
      const py::gil_scoped_release released;
      kernels().table<T>().batch_norm_forward(input.data(), scale.data(), offset.data(), epsilon, relu, to_y, to_mean,
                                              to_variance, to_inverse, rows, channels);
    }
    return py::make_tuple(y, mean, variance, inverse_std);
  });
}

py::tuple batch_norm_inference(const py::array& x, const py::object& gamma, const py::object& beta,
                               const py::array& mean, const py::array& variance, double epsilon, bool relu) {
  const Index channels = channels_of(x), rows = rows_of(x);
  return with_float_type(x, "x", [&](auto type) -> py::tuple {
    using T = decltype(type);
    const Input<T> input(x, "x"), means(mean, "mean"), variances(variance, "variance");
    require(means.size() == channels && variances.size() == channels,
            "mean and variance need one number for each channel");
    const OptionalInput<T> scale(gamma, "gamma", channels), offset(beta, "beta", channels);
    T *to_y, *to_inverse;
    const py::object y = output<T>(shape_of(x), to_y), inverse_std = output<T>({channels}, to_inverse);
    {
      const py::gil_scoped_release released;
      kernels().table<T>().batch_norm_inference(input.data(), scale.data(), offset.data(), means.data(),
                                                variances.data(), epsilon, relu, to_y, to_inverse, rows, channels);
    }
    return py::make_tuple(y, inverse_std);
  });
}

py::tuple batch_norm_backward(const py::array& dy, const py::array& x, const py::object& gamma, const py::object& beta,
                              const py::array& mean, const py::array& inverse_std, bool relu, bool constant,
                              bool need_dx) {
  const Index channels = channels_of(x), rows = rows_of(x);
  require(shape_of(dy) == shape_of(x), "dy must have x's shape");
  return with_float_type(x, "x", [&](auto type) -> py::tuple {
    using T = decltype(type);
    const Input<T> gradient(dy, "dy"), input(x, "x"), means(mean, "mean"), inverses(inverse_std, "inverse_std");
    require(means.size() == channels && inverses.size() == channels,
            "mean and inverse_std need one number for each channel");
    const OptionalInput<T> scale(gamma, "gamma", channels), offset(beta, "beta", channels);
    T *to_dx = nullptr, *to_dgamma, *to_dbeta;
    const py::object dx = need_dx ? output<T>(shape_of(x), to_dx) : py::none();
    const py::object dgamma = output<T>({channels}, to_dgamma), dbeta = output<T>({channels}, to_dbeta);
    {
      const py::gil_scoped_release released;
      kernels().table<T>().batch_norm_backward(gradient.data(), input.data(), scale.data(), offset.data(), means.data(),
                                               inverses.data(), relu, constant, to_dx, to_dgamma, to_dbeta, rows,
                                               channels);
    }
    return py::make_tuple(dx, dgamma, dbeta);
  });
}

py::tuple layer_norm_forward(const py::array& x, const py::object& gamma, const py::object& beta, double epsilon,
                             bool rms) {
  const Index size = channels_of(x), rows = rows_of(x);
  return with_float_type(x, "x", [&](auto type) -> py::tuple {
    using T = decltype(type);
    const Input<T> input(x, "x");
    const OptionalInput<T> scale(gamma, "gamma", size), offset(beta, "beta", size);
    auto row_shape = shape_of(x);
    row_shape.pop_back();
    T *to_y, *to_mean, *to_inverse;
    const py::object y = output<T>(shape_of(x), to_y), mean = output<T>(row_shape, to_mean);
    const py::object inverse_std = output<T>(row_shape, to_inverse);
    {
      const py::gil_scoped_release released;
      kernels().table<T>().layer_norm_forward(input.data(), scale.data(), offset.data(), epsilon, rms, to_y, to_mean,
                                              to_inverse, rows, size);
    }
    return py::make_tuple(y, mean, inverse_std);
  });
}

py::tuple layer_norm_backward(const py::array& dy, const py::array& x, const py::object& gamma, const py::array& mean,
                              const py::array& inverse_std, bool rms, bool need_dx, bool need_dgamma, bool need_dbeta) {
  const Index size = channels_of(x), rows = rows_of(x);
  require(shape_of(dy) == shape_of(x), "dy must have x's shape");
  return with_float_type(x, "x", [&](auto type) -> py::tuple {
    using T = decltype(type);
    const Input<T> gradient(dy, "dy"), input(x, "x"), means(mean, "mean"), inverses(inverse_std, "inverse_std");
    require(means.size() == rows && inverses.size() == rows, "mean and inverse_std need one number for each row");
    const OptionalInput<T> scale(gamma, "gamma", size);
    T *to_dx = nullptr, *to_dgamma = nullptr, *to_dbeta = nullptr;
    const py::object dx = need_dx ? output<T>(shape_of(x), to_dx) : py::none();
    const py::object dgamma = need_dgamma ? output<T>({size}, to_dgamma) : py::none();
    const py::object dbeta = need_dbeta ? output<T>({size}, to_dbeta) : py::none();
    {
      const py::gil_scoped_release released;
      kernels().table<T>().layer_norm_backward(gradient.data(), input.data(), scale.data(), means.data(),
                                               inverses.data(), rms, to_dx, to_dgamma, to_dbeta, rows, size);
    }
    return py::make_tuple(dx, dgamma, dbeta);
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
  module.def("layer_norm_forward", &layer_norm_forward, "x"_a, "gamma"_a, "beta"_a, "epsilon"_a, "rms"_a = false);
  module.def("layer_norm_backward", &layer_norm_backward, "dy"_a, "x"_a, "gamma"_a, "mean"_a, "inverse_std"_a,
             "rms"_a = false, "need_dx"_a = true, "need_dgamma"_a = true, "need_dbeta"_a = true);
}

}  // namespace tinynet
