#include "bindings/arrays.h"

namespace tinynet {
namespace {

Index classes_of(const py::array& array) { return array.ndim() ? array.shape(array.ndim() - 1) : 1; }

Array softmax_forward(const Array& x, bool logarithm) {
  return with_float_type(x, "x", [&](auto type) -> Array {
    using T = decltype(type);
    const Input<T> input(x, "x");
    const Result<T> y(shape_of(x));
    const Index classes = classes_of(x), rows = classes ? input.size() / classes : 0;
    const KernelTable<T>& table = kernels().table<T>();
    launch(logarithm ? table.log_softmax_forward : table.softmax_forward, input.data(), y.data(), rows, classes);
    return y.array();
  });
}

Array softmax_backward(const Array& dy, const Array& y, bool logarithm) {
  return with_float_type(y, "y", [&](auto type) -> Array {
    using T = decltype(type);
    const Input<T> gradient(dy, "dy"), output(y, "y");
    const Result<T> dx(shape_of(y));
    const Index classes = classes_of(y), rows = classes ? output.size() / classes : 0;
    const KernelTable<T>& table = kernels().table<T>();
    launch(logarithm ? table.log_softmax_backward : table.softmax_backward, gradient.data(), output.data(), dx.data(),
           rows, classes);
    return dx.array();
  });
}

}  // namespace

void bind_softmax(py::module_& module) {
  using namespace py::literals;
  module.def("softmax_forward", [](const Array& x) { return softmax_forward(x, false); }, "x"_a);
  module.def(
      "softmax_backward", [](const Array& dy, const Array& y) { return softmax_backward(dy, y, false); },
      "dy"_a, "y"_a);
  module.def("log_softmax_forward", [](const Array& x) { return softmax_forward(x, true); }, "x"_a);
  module.def(
      "log_softmax_backward", [](const Array& dy, const Array& y) { return softmax_backward(dy, y, true); },
      "dy"_a, "y"_a);
}

}  // namespace tinynet
