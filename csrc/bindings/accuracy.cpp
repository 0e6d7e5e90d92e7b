#include "bindings/arrays.h"

namespace tinynet {
namespace {

Index count_correct(const Array& scores, const LabelArray& labels) {
  const char kind = labels.dtype().kind();
  if (kind != 'i' && kind != 'u' && kind != 'b')
    throw py::type_error("labels must be an array of integers, got " + py::str(labels.dtype()).cast<std::string>());
  if (scores.ndim() != 2 || labels.ndim() != 1 || labels.shape(0) != scores.shape(0))
    throw py::value_error("count_correct: scores must have shape (batch, classes) and labels (batch,). Got " +
                          py::str(scores.attr("shape")).cast<std::string>() + " and " +
                          py::str(labels.attr("shape")).cast<std::string>());
  // Aligned, too: the cast leaves labels of int64 as they are.
  const py::array numbers = dense(py::array_t<std::int64_t, py::array::c_style | py::array::forcecast>(labels));
  return with_float_type(scores, "scores", [&](auto type) {
    using T = decltype(type);
    const Input<T> input(scores, "scores");
    refuse_recording("count_correct returns a number");
    const ReleasedGil released;
    const auto* correct = static_cast<const std::int64_t*>(numbers.data());
    return kernels().table<T>().count_correct(input.data(), correct, input.dim(0), input.dim(1));
  });
}

}  // namespace

void bind_accuracy(py::module_& module) {
  using namespace py::literals;
  module.def("count_correct", &count_correct, "scores"_a, "labels"_a);
}

}  // namespace tinynet
