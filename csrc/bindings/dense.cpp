#include <pybind11/stl.h>

#include <optional>

#include "arrays.h"

namespace tinynet {
namespace {

Activation dense_activation_named(const std::string& name) {
  const Activation which = activation_named(name);
  for (const Activation known : {Activation::linear, Activation::relu, Activation::sigmoid, Activation::tanh})
    if (which == known) return which;
  throw py::value_error("unknown activation '" + name + "' for dense; known: linear, relu, sigmoid, tanh");
}

// How many rows there are, all axes but the last counted as one.
template <class T>
Index row_count(const Input<T>& x) {
  Index rows = 1;
  for (int axis = 0; axis < x.rank() - 1; ++axis) rows *= x.dim(axis);
  return rows;
}

py::array dense_forward(const py::array& x, const py::array& kernel, const std::optional<py::array>& bias,
                        const std::string& activation) {
  const Activation which = dense_activation_named(activation);
  return with_float_type(x, "x", [&](auto type) -> py::array {
    using T = decltype(type);
    const Input<T> input(x, "x"), weights(kernel, "kernel");
    std::optional<Input<T>> shift;
    if (bias) shift.emplace(*bias, "bias");
    auto shape = shape_of(input.array());
    shape.back() = weights.dim(1);
    auto y = new_array<T>(shape);
    T* const result = y.mutable_data();
    {
      const py::gil_scoped_release released;
      kernels().table<T>().dense_forward(input.data(), weights.data(), shift ? shift->data() : nullptr, result,
                                         row_count(input), weights.dim(0), weights.dim(1), which);
    }
    return y;
  });
}

py::tuple dense_backward(const py::array& dy, const py::array& x, const py::array& kernel, const py::array& y,
                         const std::string& activation, bool need_dx, bool need_dkernel, bool has_bias) {
  const Activation which = dense_activation_named(activation);
  return with_float_type(dy, "dy", [&](auto type) -> py::tuple {
    using T = decltype(type);
    const Input<T> gradient(dy, "dy"), input(x, "x"), weights(kernel, "kernel"), output(y, "y");
    std::optional<py::array_t<T>> dx, dkernel, dbias;
    if (need_dx) dx = new_array<T>(shape_of(input.array()));
    if (need_dkernel) dkernel = new_array<T>(shape_of(weights.array()));
    if (has_bias) dbias = new_array<T>({weights.dim(1)});
    const auto memory = [](std::optional<py::array_t<T>>& array) { return array ? array->mutable_data() : nullptr; };
    T *const to_dx = memory(dx), *const to_dkernel = memory(dkernel), *const to_dbias = memory(dbias);
    {
      const py::gil_scoped_release released;
      kernels().table<T>().dense_backward(gradient.data(), input.data(), weights.data(), output.data(), to_dx,
                                          to_dkernel, to_dbias, row_count(input), weights.dim(0), weights.dim(1),
                                          which);
    }
    return py::make_tuple(dx, dkernel, dbias);
  });
}

}  // namespace

void bind_dense(py::module_& module) {
  using namespace py::literals;
  module.def("dense_forward", &dense_forward, "x"_a, "kernel"_a, "bias"_a, "activation"_a);
  module.def("dense_backward", &dense_backward, "dy"_a, "x"_a, "kernel"_a, "y"_a, "activation"_a, "need_dx"_a,
             "need_dkernel"_a = true, "has_bias"_a = true);
}

}  // namespace tinynet
