#include "bindings/arrays.h"

namespace tinynet {
namespace {

// Scratch memory for one stage of a reduction. It returns to the pool at the end of the scope.
template <class T>
class Scratch {
 public:
  explicit Scratch(Index size) : bytes_(sizeof(T) * static_cast<std::size_t>(size)) {
    if (bytes_ > 0) memory_ = static_cast<T*>(pool_allocate(bytes_));
  }
  ~Scratch() {
    if (memory_ != nullptr) pool_release(memory_, bytes_);
  }
  Scratch(Scratch&& other) noexcept : memory_(other.memory_), bytes_(other.bytes_) { other.memory_ = nullptr; }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  T* data() const { return memory_; }

 private:
  T* memory_ = nullptr;
  std::size_t bytes_;
};

// One flag for each axis: whether it is reduced. None reduces all axes. An int, or a sequence of ints, names the axes;
// Python has checked their range.
std::vector<bool> reduced_axes(const Axes& axes, int rank) {
  std::vector<bool> reduced(static_cast<std::size_t>(rank), axes.is_none());
  const auto mark = [&](py::handle axis) {
    const int a = axis.cast<int>();
    reduced.at(static_cast<std::size_t>(a < 0 ? a + rank : a)) = true;
  };
  if (axes.is_none()) return reduced;
  if (PyLong_Check(axes.ptr())) {
    mark(axes);
  } else {
    for (const py::handle axis : axes) mark(axis);
  }
  return reduced;
}

// Adjacent axes that are all kept, or all reduced, are merged into one group, and axes of length 1 are dropped. The
// shape becomes (kept, reduced, kept, reduced, ...). The last reduced group is reduced first, because this shrinks the
// array at the lowest cost; then the reduced group before it, and so on.
struct Group {
  Index size;
  bool reduced;
};

std::vector<Group> merge_axes(const py::array& x, const std::vector<bool>& reduced) {
  std::vector<Group> groups;
  for (std::size_t axis = 0; axis < reduced.size(); ++axis) {
    const Index size = x.shape(static_cast<int>(axis));
    if (size == 1) continue;
    if (!groups.empty() && groups.back().reduced == reduced[axis]) {
      groups.back().size *= size;
    } else {
      groups.push_back({size, reduced[axis]});
    }
  }
  return groups;
}

template <class T>
void reduce_groups(Reduction which, const T* x, T* y, std::vector<Group> groups, T divisor) {
  std::vector<Scratch<T>> stages;  // each stage reads the result of the one before
  Index last = static_cast<Index>(groups.size()) - 1;
  const auto product = [&](Index begin, Index end) {
    Index size = 1;
    for (Index g = begin; g < end; ++g) size *= groups[static_cast<std::size_t>(g)].size;
    return size;
  };
  while (last >= 0 && !groups[static_cast<std::size_t>(last)].reduced) --last;
  if (last < 0) {  // nothing to reduce: a copy
    kernels().table<T>().reduce(which, x, y, product(0, static_cast<Index>(groups.size())), 1, 1, divisor);
    return;
  }
  for (; last >= 0; last -= 2) {
    const Index outer = product(0, last), inner = product(last + 1, static_cast<Index>(groups.size()));
    const bool finished = last < 2;
    if (!finished) stages.emplace_back(outer * inner);
    T* const result = finished ? y : stages.back().data();
    kernels().table<T>().reduce(which, x, result, outer, groups[static_cast<std::size_t>(last)].size, inner,
                                finished ? divisor : T(1));
    groups[static_cast<std::size_t>(last)].size = 1;
    x = result;
  }
}

template <Reduction which, bool mean>
Array reduce(const Array& x, const Axes& axes, bool keepdims) {
  return with_float_type(x, "x", [&](auto type) -> Array {
    using T = decltype(type);
    const Input<T> input(x, "x");
    const std::vector<bool> reduced = reduced_axes(axes, input.rank());
    Shape shape;
    Index count = 1;
    for (int axis = 0; axis < input.rank(); ++axis) {
      if (reduced[static_cast<std::size_t>(axis)]) {
        count *= input.dim(axis);
        if (keepdims) shape.push_back(1);
      } else {
        shape.push_back(input.dim(axis));
      }
    }
    const Result<T> y(shape);
    if (which != Reduction::sum && count == 0 && y.array().size() > 0)
      throw py::value_error("the maximum or minimum of no elements does not exist");
    const std::vector<Group> groups = merge_axes(input.array(), reduced);
    const T divisor = mean ? static_cast<T>(count) : T(1);
    launch([groups, divisor](const T* from, T* to) { reduce_groups<T>(which, from, to, groups, divisor); },
           input.data(), y.data());
    return y.array();
  });
}

Array scatter_add(const Array& rows, const LabelArray& indices, Index table_rows) {
  const py::array numbers = dense(indices);
  if (numbers.dtype().kind() != 'i' || numbers.itemsize() != 8)
    throw py::type_error("scatter_add: indices must be int64, got " + py::str(numbers.dtype()).cast<std::string>());
  return with_float_type(rows, "rows", [&](auto type) -> Array {
    using T = decltype(type);
    const Input<T> input(rows, "rows");
    require(input.rank() == 2 && numbers.ndim() == 1 && numbers.size() == input.dim(0) && table_rows >= 0,
            "scatter_add", "rows must have shape (n, size), and indices (n,)");
    const Result<T> y({table_rows, input.dim(1)});
    const Index count = numbers.size(), size = input.dim(1);
    launch(
        [=](const std::int64_t* index, const T* from, T* to) {
          for (Index n = 0; n < count; ++n)
            require(index[n] >= 0 && index[n] < table_rows, "scatter_add", "an index is outside the table");
          kernels().table<T>().scatter_add(index, from, to, count, table_rows, size);
        },
        static_cast<const std::int64_t*>(numbers.data()), input.data(), y.data());
    return y.array();
  });
}

}  // namespace

void bind_reduction(py::module_& module) {
  using namespace py::literals;
  module.def("reduce_sum", &reduce<Reduction::sum, false>, "x"_a, "axes"_a = py::none(), "keepdims"_a = false);
  module.def("reduce_mean", &reduce<Reduction::sum, true>, "x"_a, "axes"_a = py::none(), "keepdims"_a = false);
  module.def("reduce_max", &reduce<Reduction::max, false>, "x"_a, "axes"_a = py::none(), "keepdims"_a = false);
  module.def("reduce_min", &reduce<Reduction::min, false>, "x"_a, "axes"_a = py::none(), "keepdims"_a = false);
  module.def("scatter_add", &scatter_add, "rows"_a, "indices"_a, "table_rows"_a);
}

}  // namespace tinynet
