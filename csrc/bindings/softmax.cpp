#include "arrays.h"

namespace tinynet {
namespace {

Index classes_of(const py::array& array) { return array.ndim() ? array.shape(array.ndim() - 1) : 1; }

py::array softmax_forward(const py::array& x, bool logarithm) {
  return with_float_type(x, "x", [&](auto type) -> py::array {
    using T = decltype(type);
    const Input<T> input(x, "x");
    auto y = new_array<T>(shape_of(x));
    T* const result = y.mutable_data();
    const Index classes = classes_of(x), rows = classes ? input.size() / classes : 0;
    const KernelTable<T>& table = kernels().table<T>();
    {
      const py::gil_scoped_release released;
      (logarithm ? table.log_softmax_forward : table.softmax_forward)(input.data(), result, rows, classes);
    }
    return y;
  });
}

py::array softmax_backward(const py::array& dy, const py::array& y, bool logarithm) {
  return with_float_type(y, "y", [&](auto type) -> py::array {
    using T = decltype(type);
    const Input<T> gradient(dy, "dy"), output(y, "y");
    auto dx = new_array<T>(shape_of(y));
    T* const result = dx.mutable_data();
    const Index classes = classes_of(y), rows = classes ? output.size() / classes : 0;
    const KernelTable<T>& table = kernels().table<T>();
    {
      const py::gil_scoped_release released;
      (logarithm ? table.log_softmax_backward : table.softmax_backward)(gradient.data(), output.data(), result, rows,
                                                                        classes);
    }
    return dx;
  });
}

}  // namespace

void bind_softmax(py::module_& module) {
  using namespace py::literals;
  module.def("softmax_forward", [](const py::array& x) { return softmax_forward(x, false); }, "x"_a);
  module.def(
      "softmax_backward", [](const py::array& dy, const py::array& y) { return softmax_backward(dy, y, false); },
      "dy"_a, "y"_a);
  module.def("log_softmax_forward", [](const py::array& x) { return softmax_forward(x, true); }, "x"_a);
  module.def(
      "log_softmax_backward", [](const py::array& dy, const py::array& y) { return softmax_backward(dy, y, true); },
      "dy"_a, "y"_a);
}

}  // namespace tinynet
