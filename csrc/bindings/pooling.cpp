#include <pybind11/stl.h>

#include <utility>

#include "arrays.h"

namespace tinynet {
namespace {

using Pair = std::pair<Index, Index>;
using Padding = std::pair<Pair, Pair>;  // ((top, bottom), (left, right))

// The Python edge explains these in the user's words; here they only keep a wrong call from reading elsewhere.
void require(bool condition, const char* what) {
  if (!condition) throw py::value_error(std::string("pooling kernel: ") + what);
}

Index output_size(Index size, Index pool, Index stride, const Pair& padding) {
  require(pool > 0 && stride > 0, "windows and strides must be positive");
  require(padding.first >= 0 && padding.second >= 0 && padding.first < pool && padding.second < pool,
          "padding must be smaller than the window");
  const Index padded = size + padding.first + padding.second;
  return size == 0 || padded < pool ? 0 : (padded - pool) / stride + 1;
}

Pool2dShape shape_of_call(const std::vector<py::ssize_t>& x, const Pair& pool, const Pair& strides,
                          const Padding& padding) {
  require(x.size() == 4, "the input must have shape (batch, height, width, channels)");
  return {x[0],
          x[1],
          x[2],
          x[3],
          pool.first,
          pool.second,
          output_size(x[1], pool.first, strides.first, padding.first),
          output_size(x[2], pool.second, strides.second, padding.second),
          strides.first,
          strides.second,
          padding.first.first,
          padding.second.first};
}

std::vector<py::ssize_t> output_shape(const Pool2dShape& s) { return {s.batch, s.out_height, s.out_width, s.channels}; }

bool needs_wide_places(const Pool2dShape& s) { return s.pool_height * s.pool_width > 256; }

py::tuple max_pool2d_forward(const py::array& x, const Pair& pool_size, const Pair& strides, const Padding& padding,
                             bool need_places) {
  const Pool2dShape s = shape_of_call(shape_of(x), pool_size, strides, padding);
  return with_float_type(x, "x", [&](auto type) -> py::tuple {
    using T = decltype(type);
    const Input<T> input(x, "x");
    auto y = new_array<T>(output_shape(s));
    py::object places = py::none();
    PoolPlaces where{nullptr, nullptr};
    if (need_places && needs_wide_places(s)) {
      auto array = new_array<std::int32_t>(output_shape(s));
      where.wide = array.mutable_data();
      places = std::move(array);
    } else if (need_places) {
      auto array = new_array<std::uint8_t>(output_shape(s));
      where.narrow = array.mutable_data();
      places = std::move(array);
    }
    T* const result = y.mutable_data();
    {
      const py::gil_scoped_release released;
      kernels().table<T>().max_pool2d_forward(s, input.data(), result, where);
    }
    return py::make_tuple(y, places);
  });
}

py::array max_pool2d_backward(const py::array& dy, const py::array& places, const std::vector<py::ssize_t>& x_shape,
                              const Pair& pool_size, const Pair& strides, const Padding& padding) {
  const Pool2dShape s = shape_of_call(x_shape, pool_size, strides, padding);
  require(shape_of(dy) == output_shape(s) && shape_of(places) == output_shape(s),
          "dy and places must have the output's shape");
  const py::array dense_places = dense(places);
  PoolPlaces where{nullptr, nullptr};  // read only, on the way back
  void* const memory = const_cast<void*>(dense_places.data());
  if (needs_wide_places(s)) {
    require(py::isinstance<py::array_t<std::int32_t>>(dense_places), "places must be int32");
    where.wide = static_cast<std::int32_t*>(memory);
  } else {
    require(py::isinstance<py::array_t<std::uint8_t>>(dense_places), "places must be uint8");
    where.narrow = static_cast<std::uint8_t*>(memory);
  }
  return with_float_type(dy, "dy", [&](auto type) -> py::array {
    using T = decltype(type);
    const Input<T> gradient(dy, "dy");
    auto dx = new_array<T>(x_shape);
    T* const result = dx.mutable_data();
    {
      const py::gil_scoped_release released;
      kernels().table<T>().max_pool2d_backward(s, gradient.data(), where, result);
    }
    return dx;
  });
}

py::array average_pool2d_forward(const py::array& x, const Pair& pool_size, const Pair& strides,
                                 const Padding& padding) {
  const Pool2dShape s = shape_of_call(shape_of(x), pool_size, strides, padding);
  return with_float_type(x, "x", [&](auto type) -> py::array {
    using T = decltype(type);
    const Input<T> input(x, "x");
    auto y = new_array<T>(output_shape(s));
    T* const result = y.mutable_data();
    {
      const py::gil_scoped_release released;
      kernels().table<T>().average_pool2d_forward(s, input.data(), result);
    }
    return y;
  });
}

py::array average_pool2d_backward(const py::array& dy, const std::vector<py::ssize_t>& x_shape, const Pair& pool_size,
                                  const Pair& strides, const Padding& padding) {
  const Pool2dShape s = shape_of_call(x_shape, pool_size, strides, padding);
  require(shape_of(dy) == output_shape(s), "dy must have the output's shape");
  return with_float_type(dy, "dy", [&](auto type) -> py::array {
    using T = decltype(type);
    const Input<T> gradient(dy, "dy");
    auto dx = new_array<T>(x_shape);
    T* const result = dx.mutable_data();
    {
      const py::gil_scoped_release released;
      kernels().table<T>().average_pool2d_backward(s, gradient.data(), result);
    }
    return dx;
  });
}

}  // namespace

void bind_pooling(py::module_& module) {
  using namespace py::literals;
  module.def("max_pool2d_forward", &max_pool2d_forward, "x"_a, "pool_size"_a, "strides"_a, "padding"_a,
             "need_places"_a = true);
  module.def("max_pool2d_backward", &max_pool2d_backward, "dy"_a, "places"_a, "x_shape"_a, "pool_size"_a, "strides"_a,
             "padding"_a);
  module.def("average_pool2d_forward", &average_pool2d_forward, "x"_a, "pool_size"_a, "strides"_a, "padding"_a);
  module.def("average_pool2d_backward", &average_pool2d_backward, "dy"_a, "x_shape"_a, "pool_size"_a, "strides"_a,
             "padding"_a);
}

}  // namespace tinynet
