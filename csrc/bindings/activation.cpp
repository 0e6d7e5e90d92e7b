#include "bindings/arrays.h"

namespace tinynet {

namespace {

Array activation_forward(const Array& x, const std::string& name, double a, double b, double c) {
  const Activation which = activation_named(name);
  return with_float_type(x, "x", [&](auto type) -> Array {
    using T = decltype(type);
    const Input<T> input(x, "x");
    const Result<T> y(shape_of(x));
    launch(kernels().table<T>().activation_forward, which, input.data(), y.data(), input.size(), T(a), T(b), T(c));
    return y.array();
  });
}

Array activation_backward(const Array& dy, const Array& x, const std::string& name, double a, double b, double c) {
  const Activation which = activation_named(name);
  return with_float_type(x, "x", [&](auto type) -> Array {
    using T = decltype(type);
    const Input<T> gradient(dy, "dy"), input(x, "x");
    const Result<T> dx(shape_of(x));
    launch(kernels().table<T>().activation_backward, which, gradient.data(), input.data(), dx.data(), input.size(),
           T(a), T(b), T(c));
    return dx.array();
  });
}

}  // namespace

void bind_activation(py::module_& module) {
  using namespace py::literals;
  module.def("activation_forward", &activation_forward, "x"_a, "name"_a, "a"_a = 0.0, "b"_a = 0.0, "c"_a = 0.0);
  module.def("activation_backward", &activation_backward, "dy"_a, "x"_a, "name"_a, "a"_a = 0.0, "b"_a = 0.0,
             "c"_a = 0.0);
}

}  // namespace tinynet
