// The types of the bindings' arguments and results. pybind11 writes their names into the functions' signatures, from
// which tests/test_stub.py makes tinynet/_native.pyi. The head of the stub defines the names.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>
#include <pybind11/typing.h>

#include <optional>
#include <tuple>
#include <utility>

#include "parallel.h"

namespace tinynet {

namespace py = pybind11;

// float32 or float64, in any layout; all arrays of a call have the same element type.
struct Array : py::array {
  using py::array::array;
};
// Class numbers, of any integer type.
struct LabelArray : py::array {
  using py::array::array;
};
// True or False: of each step of each sequence, or of each query and key.
struct MaskArray : py::array {
  using py::array::array;
};
// The argmax index in each window of a pooling: uint8, or int32 for windows of more than 256 pixels.
struct ArgmaxIndices : py::array {
  using py::array::array;
};
using OptionalArray = std::optional<Array>;
using OptionalMask = std::optional<MaskArray>;

// The arrays of an optimizer step, one for each variable.
using ArrayList = py::typing::List<Array>;
using OptionalArrayList = std::optional<ArrayList>;

// Axes of a reduction: an int, a sequence of ints, or None for all.
struct Axes : py::object {
  using py::object::object;
  static bool check_(py::handle) { return true; }
};

using Shape = std::vector<py::ssize_t>;
using Pair = std::pair<Index, Index>;
using Padding = std::pair<Pair, Pair>;  // ((top, bottom), (left, right))

}  // namespace tinynet

namespace pybind11::detail {
template <>
struct handle_type_name<tinynet::Array> {
  static constexpr auto name = const_name("Array");
};
template <>
struct handle_type_name<tinynet::LabelArray> {
  static constexpr auto name = const_name("Labels");
};
template <>
struct handle_type_name<tinynet::MaskArray> {
  static constexpr auto name = const_name("Mask");
};
template <>
struct handle_type_name<tinynet::ArgmaxIndices> {
  static constexpr auto name = const_name("Argmax");
};
template <>
struct handle_type_name<tinynet::Axes> {
  static constexpr auto name = const_name("int | collections.abc.Sequence[int] | None");
};
}  // namespace pybind11::detail
