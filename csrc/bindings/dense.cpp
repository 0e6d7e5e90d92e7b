#include "bindings/arrays.h"

namespace tinynet {
namespace {

Activation dense_activation_named(const std::string& name) {
  const Activation which = activation_named(name);
  for (const Activation known : {Activation::linear, Activation::relu, Activation::sigmoid, Activation::tanh})
    if (which == known) return which;
  throw py::value_error("unknown activation '" + name + "' for dense; known: linear, relu, sigmoid, tanh");
}

// The number of rows: the product of all axes but the last.
template <class T>
Index row_count(const Input<T>& x) {
  Index rows = 1;
  for (int axis = 0; axis < x.rank() - 1; ++axis) rows *= x.dim(axis);
  return rows;
}

Array dense_forward(const Array& x, const Array& kernel, const OptionalArray& bias, const std::string& activation) {
  const Activation which = dense_activation_named(activation);
  return with_float_type(x, "x", [&](auto type) -> Array {
    using T = decltype(type);
    const Input<T> input(x, "x"), weights(kernel, "kernel");
    std::optional<Input<T>> shift;
    if (bias) shift.emplace(*bias, "bias");
    auto shape = shape_of(input.array());
    shape.back() = weights.dim(1);
    const Result<T> y(shape);
    launch(kernels().table<T>().dense_forward, input.data(), weights.data(), shift ? shift->data() : nullptr, y.data(),
           row_count(input), weights.dim(0), weights.dim(1), which);
    return y.array();
  });
}

using Gradients = std::tuple<OptionalArray, OptionalArray, OptionalArray>;  // dx, dkernel, dbias

Gradients dense_backward(const Array& dy, const Array& x, const Array& kernel, const Array& y,
                         const std::string& activation, bool need_dx, bool need_dkernel, bool need_dbias) {
  const Activation which = dense_activation_named(activation);
  return with_float_type(dy, "dy", [&](auto type) -> Gradients {
    using T = decltype(type);
    const Input<T> gradient(dy, "dy"), input(x, "x"), weights(kernel, "kernel"), output(y, "y");
    const Result<T> dx(shape_of(x), need_dx), dkernel(shape_of(kernel), need_dkernel);
    const Result<T> dbias({weights.dim(1)}, need_dbias);
    launch(kernels().table<T>().dense_backward, gradient.data(), input.data(), weights.data(), output.data(), dx.data(),
           dkernel.data(), dbias.data(), row_count(input), weights.dim(0), weights.dim(1), which);
    return {dx.optional(), dkernel.optional(), dbias.optional()};
  });
}

}  // namespace

void bind_dense(py::module_& module) {
  using namespace py::literals;
  module.def("dense_forward", &dense_forward, "x"_a, "kernel"_a, "bias"_a, "activation"_a);
  module.def("dense_backward", &dense_backward, "dy"_a, "x"_a, "kernel"_a, "y"_a, "activation"_a, "need_dx"_a,
             "need_dkernel"_a = true, "need_dbias"_a = true);
}

}  // namespace tinynet
