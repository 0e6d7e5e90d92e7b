#include "bindings/arrays.h"

namespace tinynet {
namespace {

double multiply_add_peak(Index iterations, const std::string& dtype) {
  if (iterations < 1) throw py::value_error("multiply_add_peak: iterations must be 1 or more");
  const auto run = [iterations](auto type) {
    using T = decltype(type);
    std::vector<T> results(static_cast<std::size_t>(num_threads()));
    refuse_recording("multiply_add_peak returns a number");
    const ReleasedGil released;
    // v -> v/2 + 1 converges to 2: no overflow, no denormals. Volatile, so that nothing is computed at compile time.
    volatile T factor = T(0.5), offset = T(1);
    return kernels().table<T>().multiply_add_peak(iterations, factor, offset, results.data());
  };
  if (dtype == "float32") return run(float{});
  if (dtype == "float64") return run(double{});
  throw py::value_error("multiply_add_peak: dtype must be 'float32' or 'float64', got '" + dtype + "'");
}

void copy_peak(const py::array_t<float>& x, py::array_t<float>& y) {
  if (!is_dense(x) || !is_dense(y) || x.size() != y.size())
    throw py::value_error("copy_peak: x and y must be contiguous arrays of one size");
  const float* const source = x.data();
  float* const target = y.mutable_data();
  const Index size = x.size();
  const ReleasedGil released;
  kernels().table<float>().copy_peak(source, target, size);
}

}  // namespace

void bind_peak(py::module_& module) {
  using namespace py::literals;
  module.def("multiply_add_peak", &multiply_add_peak, "iterations"_a, "dtype"_a = "float32",
             "Multiply and add in registers on all threads; returns how many floating-point operations were done.");
  module.def("copy_peak", &copy_peak, py::arg("x").noconvert(), py::arg("y").noconvert(),
             "Copy one float32 array into another on all threads.");
}

}  // namespace tinynet
