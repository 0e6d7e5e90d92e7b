#include "bindings/arrays.h"

namespace tinynet {
namespace {

void require(bool condition, const char* what) { ::tinynet::require(condition, "pooling", what); }

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

bool needs_int32_argmax(const Pool2dShape& s) { return s.pool_height * s.pool_width > 256; }

using Pooled = std::tuple<Array, std::optional<ArgmaxIndices>>;  // y, argmax

Pooled max_pool2d_forward(const Array& x, const Pair& pool_size, const Pair& strides, const Padding& padding,
                          bool need_argmax) {
  const Pool2dShape s = shape_of_call(shape_of(x), pool_size, strides, padding);
  return with_float_type(x, "x", [&](auto type) -> Pooled {
    using T = decltype(type);
    const Input<T> input(x, "x");
    const Result<T> y(output_shape(s));
    const Result<std::uint8_t, ArgmaxIndices> argmax_uint8(output_shape(s), need_argmax && !needs_int32_argmax(s));
    const Result<std::int32_t, ArgmaxIndices> argmax_int32(output_shape(s), need_argmax && needs_int32_argmax(s));
    launch(kernels().table<T>().max_pool2d_forward, s, input.data(), y.data(),
           ArgmaxArray{argmax_uint8.data(), argmax_int32.data()});
    return {y.array(), argmax_int32.optional() ? argmax_int32.optional() : argmax_uint8.optional()};
  });
}

Array max_pool2d_backward(const Array& dy, const ArgmaxIndices& argmax, const Shape& x_shape, const Pair& pool_size,
                          const Pair& strides, const Padding& padding) {
  const Pool2dShape s = shape_of_call(x_shape, pool_size, strides, padding);
  require(shape_of(dy) == output_shape(s) && shape_of(argmax) == output_shape(s),
          "dy and argmax must have the output's shape");
  const py::array dense_argmax = dense(argmax);
  ArgmaxArray stored{nullptr, nullptr};  // the backward pass only reads it, in spite of const_cast
  void* const memory = const_cast<void*>(dense_argmax.data());
  if (needs_int32_argmax(s)) {
    require(py::isinstance<py::array_t<std::int32_t>>(dense_argmax), "argmax must be int32");
    stored.int32 = static_cast<std::int32_t*>(memory);
  } else {
    require(py::isinstance<py::array_t<std::uint8_t>>(dense_argmax), "argmax must be uint8");
    stored.uint8 = static_cast<std::uint8_t*>(memory);
  }
  return with_float_type(dy, "dy", [&](auto type) -> Array {
    using T = decltype(type);
    const Input<T> gradient(dy, "dy");
    const Result<T> dx(x_shape);
    launch(kernels().table<T>().max_pool2d_backward, s, gradient.data(), stored, dx.data());
    return dx.array();
  });
}

Array average_pool2d_forward(const Array& x, const Pair& pool_size, const Pair& strides, const Padding& padding) {
  const Pool2dShape s = shape_of_call(shape_of(x), pool_size, strides, padding);
  return with_float_type(x, "x", [&](auto type) -> Array {
    using T = decltype(type);
    const Input<T> input(x, "x");
    const Result<T> y(output_shape(s));
    launch(kernels().table<T>().average_pool2d_forward, s, input.data(), y.data());
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
    launch(kernels().table<T>().average_pool2d_backward, s, gradient.data(), dx.data());
    return dx.array();
  });
}

}  // namespace

void bind_pooling(py::module_& module) {
  using namespace py::literals;
  module.def("max_pool2d_forward", &max_pool2d_forward, "x"_a, "pool_size"_a, "strides"_a, "padding"_a,
             "need_argmax"_a = true);
  module.def("max_pool2d_backward", &max_pool2d_backward, "dy"_a, "argmax"_a, "x_shape"_a, "pool_size"_a, "strides"_a,
             "padding"_a);
  module.def("average_pool2d_forward", &average_pool2d_forward, "x"_a, "pool_size"_a, "strides"_a, "padding"_a);
  module.def("average_pool2d_backward", &average_pool2d_backward, "dy"_a, "x_shape"_a, "pool_size"_a, "strides"_a,
             "padding"_a);
}

}  // namespace tinynet
