#include "bindings/arrays.h"

namespace tinynet {
namespace {

void require(bool condition, const char* what) { tinynet::require(condition, "pooling", what); }

Index output_size(Index size, Index pool, Index stride, const Pair& padding) {
  require(pool > 0 && stride > 0, "windows and strides must be positive");
  require(padding.first >= 0 && padding.second >= 0 && padding.first < pool && padding.second < pool,
          "padding must be smaller than the window");
  const Index padded = size + padding.first + padding.second;
  return size == 0 || padded < pool ? 0 : (padded - pool) / stride + 1;
}

Pool2dShape shape_of_call(const Shape& x, const Pair& pool, const Pair& strides,
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

Shape output_shape(const Pool2dShape& s) { return {s.batch, s.out_height, s.out_width, s.channels}; }

bool needs_wide_places(const Pool2dShape& s) { return s.pool_height * s.pool_width > 256; }

using Pooled = std::tuple<Array, std::optional<PlaceArray>>;  // y, places

Pooled max_pool2d_forward(const Array& x, const Pair& pool_size, const Pair& strides, const Padding& padding,
                          bool need_places) {
  const Pool2dShape s = shape_of_call(shape_of(x), pool_size, strides, padding);
  return with_float_type(x, "x", [&](auto type) -> Pooled {
    using T = decltype(type);
    const Input<T> input(x, "x");
    const Result<T> y(output_shape(s));
    const Result<std::uint8_t, PlaceArray> narrow(output_shape(s), need_places && !needs_wide_places(s));
    const Result<std::int32_t, PlaceArray> wide(output_shape(s), need_places && needs_wide_places(s));
    {
      const py::gil_scoped_release released;
      kernels().table<T>().max_pool2d_forward(s, input.data(), y.data(), {narrow.data(), wide.data()});
    }
    return {y.array(), wide.optional() ? wide.optional() : narrow.optional()};
  });
}

Array max_pool2d_backward(const Array& dy, const PlaceArray& places, const Shape& x_shape, const Pair& pool_size,
                          const Pair& strides, const Padding& padding) {
  const Pool2dShape s = shape_of_call(x_shape, pool_size, strides, padding);
  require(shape_of(dy) == output_shape(s) && shape_of(places) == output_shape(s),
          "dy and places must have the output's shape");
  const py::array dense_places = dense(places);
  PoolPlaces where{nullptr, nullptr};  // which the backward pass only reads
  void* const memory = const_cast<void*>(dense_places.data());
  if (needs_wide_places(s)) {
    require(py::isinstance<py::array_t<std::int32_t>>(dense_places), "places must be int32");
    where.wide = static_cast<std::int32_t*>(memory);
  } else {
    require(py::isinstance<py::array_t<std::uint8_t>>(dense_places), "places must be uint8");
    where.narrow = static_cast<std::uint8_t*>(memory);
  }
  return with_float_type(dy, "dy", [&](auto type) -> Array {
    using T = decltype(type);
    const Input<T> gradient(dy, "dy");
    const Result<T> dx(x_shape);
    {
      const py::gil_scoped_release released;
      kernels().table<T>().max_pool2d_backward(s, gradient.data(), where, dx.data());
    }
    return dx.array();
  });
}

Array average_pool2d_forward(const Array& x, const Pair& pool_size, const Pair& strides, const Padding& padding) {
  const Pool2dShape s = shape_of_call(shape_of(x), pool_size, strides, padding);
  return with_float_type(x, "x", [&](auto type) -> Array {
    using T = decltype(type);
    const Input<T> input(x, "x");
    const Result<T> y(output_shape(s));
    {
      const py::gil_scoped_release released;
      kernels().table<T>().average_pool2d_forward(s, input.data(), y.data());
    }
    return y.array();
  });
}

Array average_pool2d_backward(const Array& dy, const Shape& x_shape, const Pair& pool_size, const Pair& strides,
                              const Padding& padding) {
  const Pool2dShape s = shape_of_call(x_shape, pool_size, strides, padding);
  require(shape_of(dy) == output_shape(s), "dy must have the output's shape");
  return with_float_type(dy, "dy", [&](auto type) -> Array {
    using T = decltype(type);
    const Input<T> gradient(dy, "dy");
    const Result<T> dx(x_shape);
    {
      const py::gil_scoped_release released;
      kernels().table<T>().average_pool2d_backward(s, gradient.data(), dx.data());
    }
    return dx.array();
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
