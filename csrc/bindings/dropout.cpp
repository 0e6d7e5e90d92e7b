#include "arrays.h"

namespace tinynet {
namespace {

// Forward and backward are one function: the gradient passes where the value did, with the same factor.
py::array dropout(const py::array& x, const char* name, double rate, std::uint64_t seed, std::uint64_t offset) {
  return with_float_type(x, name, [&](auto type) -> py::array {
    using T = decltype(type);
    const Input<T> input(x, name);
    auto y = new_array<T>(shape_of(x));
    T* const result = y.mutable_data();
    {
      const py::gil_scoped_release released;
      kernels().table<T>().dropout(input.data(), result, input.size(), {rate, seed, offset});
    }
    return y;
  });
}

}  // namespace

void bind_dropout(py::module_& module) {
  using namespace py::literals;
  module.def(
      "dropout_forward",
      [](const py::array& x, double rate, std::uint64_t seed, std::uint64_t offset) {
        return dropout(x, "x", rate, seed, offset);
      },
      "x"_a, "rate"_a, "seed"_a, "offset"_a);
  module.def(
      "dropout_backward",
      [](const py::array& dy, double rate, std::uint64_t seed, std::uint64_t offset) {
        return dropout(dy, "dy", rate, seed, offset);
      },
      "dy"_a, "rate"_a, "seed"_a, "offset"_a);
}

}  // namespace tinynet
