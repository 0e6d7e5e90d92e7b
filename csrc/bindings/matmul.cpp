#include "bindings/arrays.h"

namespace tinynet {
namespace {

Index extent(const py::array& array, int axis) { return array.shape(axis); }

// The offset of each matrix of a batch. The leading axes of `array` are broadcast to `batch_shape`.
std::vector<Index> matrix_offsets(const py::array& array, const Shape& batch_shape) {
  std::vector<Index> offsets{0};
  Index stride = extent(array, static_cast<int>(array.ndim()) - 2) * extent(array, static_cast<int>(array.ndim()) - 1);
  const auto missing = static_cast<py::ssize_t>(batch_shape.size()) + 2 - array.ndim();
  for (auto axis = static_cast<py::ssize_t>(batch_shape.size()) - 1; axis >= 0; --axis) {  // innermost axis first
    const Index own = axis >= missing ? array.shape(axis - missing) : 1;
    const std::vector<Index> inner = std::move(offsets);
    offsets.clear();
    offsets.reserve(inner.size() * static_cast<std::size_t>(batch_shape[axis]));
    for (Index i = 0; i < batch_shape[axis]; ++i)
      for (const Index offset : inner) offsets.push_back(offset + (own == 1 ? 0 : i * stride));
    stride *= own;
  }
  return offsets;
}

Array matmul(const Array& a, const Array& b, bool transpose_a, bool transpose_b) {
  return with_float_type(a, "a", [&](auto type) -> Array {
    using T = decltype(type);
    const Input<T> left(a, "a"), right(b, "b");
    const int a_rank = left.rank(), b_rank = right.rank();
    Index m = left.dim(a_rank - (transpose_a ? 1 : 2));
    const Index k = left.dim(a_rank - (transpose_a ? 2 : 1)), n = right.dim(b_rank - (transpose_b ? 2 : 1));
    Shape shape;
    std::vector<Index> a_offset{0}, b_offset{0};
    if (b_rank == 2 && !transpose_a) {  // one matrix b for all: the leading axes of `a` are more rows
      shape = shape_of(left.array());
      shape.back() = n;
      for (int axis = 0; axis < a_rank - 2; ++axis) m *= left.dim(axis);
    } else {
      const int rank = a_rank > b_rank ? a_rank : b_rank;
      for (int axis = 0; axis < rank - 2; ++axis) {
        const int a_axis = axis - (rank - a_rank), b_axis = axis - (rank - b_rank);
        const Index from_a = a_axis >= 0 ? left.dim(a_axis) : 1, from_b = b_axis >= 0 ? right.dim(b_axis) : 1;
        shape.push_back(from_a == 1 ? from_b : from_a);
      }
      a_offset = matrix_offsets(left.array(), shape);
      b_offset = matrix_offsets(right.array(), shape);
      shape.insert(shape.end(), {m, n});
    }
    const Result<T> c(shape);
    launch(
        [=](const T* from_a, const T* from_b, T* to) {
          kernels().table<T>().matmul(from_a, a_offset.data(), from_b, b_offset.data(), to,
                                      static_cast<Index>(a_offset.size()), m, n, k, transpose_a, transpose_b);
        },
        left.data(), right.data(), c.data());
    return c.array();
  });
}

}  // namespace

void bind_matmul(py::module_& module) {
  using namespace py::literals;
  module.def("matmul", &matmul, "a"_a, "b"_a, "transpose_a"_a = false, "transpose_b"_a = false);
}

}  // namespace tinynet
