#include "bindings/arrays.h"

namespace tinynet {
namespace {

// The forward and the backward pass are one function: both keep the same elements and multiply them by the same factor.
Array dropout(const Array& x, const char* name, double rate, std::uint64_t seed, std::uint64_t offset,
              Index first) {
  return with_float_type(x, name, [&](auto type) -> Array {
    using T = decltype(type);
    const Input<T> input(x, name);
    const Result<T> y(shape_of(x));
    launch(kernels().table<T>().dropout, input.data(), y.data(), input.size(), Dropout{rate, seed, offset, first});
    return y.array();
  });
}

}  // namespace

void bind_dropout(py::module_& module) {
  using namespace py::literals;
  module.def(
      "dropout_forward",
      [](const Array& x, double rate, std::uint64_t seed, std::uint64_t offset, Index first) {
        return dropout(x, "x", rate, seed, offset, first);
      },
      "x"_a, "rate"_a, "seed"_a, "offset"_a, "first"_a = 0);
  module.def(
      "dropout_backward",
      [](const Array& dy, double rate, std::uint64_t seed, std::uint64_t offset, Index first) {
        return dropout(dy, "dy", rate, seed, offset, first);
      },
      "dy"_a, "rate"_a, "seed"_a, "offset"_a, "first"_a = 0);
}

}  // namespace tinynet
