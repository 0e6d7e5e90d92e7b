#include <pybind11/stl.h>

#include <utility>

#include "arrays.h"

namespace tinynet {
namespace {

using Pair = std::pair<Index, Index>;

// What the Python edge has checked in the user's words; here it only keeps a wrong call from reading elsewhere.
void require(bool condition, const char* what) {
  if (!condition) throw py::value_error(std::string("batch_norm_max_pool2d kernel: ") + what);
}

Pool2dShape shape_of_call(const py::array& x, const Pair& pool) {
  require(x.ndim() == 4, "the input must have shape (batch, height, width, channels)");
  const Index height = x.shape(1), width = x.shape(2);
  require(pool.first > 0 && pool.second > 0 && pool.first <= height && pool.second <= width,
          "the window must be inside the image");
  require(pool.first <= 255 && pool.second <= 255 && pool.first * pool.second <= 255,
          "a window has at most 255 pixels");
  return {x.shape(0),          height,     width,       x.shape(3), pool.first, pool.second, height / pool.first,
          width / pool.second, pool.first, pool.second, 0,          0};
}

std::vector<py::ssize_t> output_shape(const Pool2dShape& s) { return {s.batch, s.out_height, s.out_width, s.channels}; }

// What a forward pass returns: y, and what the backward pass will need of it.
template <class T>
struct Outputs {
  Outputs(const Pool2dShape& s, bool need_places) : y(new_array<T>(output_shape(s))), to_y(y.mutable_data()) {
    if (!need_places) return;
    auto where = new_array<std::uint8_t>(output_shape(s));
    auto what = new_array<T>(output_shape(s));
    to_places = where.mutable_data();
    to_chosen = what.mutable_data();
    places = std::move(where);
    chosen = std::move(what);
  }
  py::array_t<T> y;
  py::object places = py::none(), chosen = py::none();
  T* to_y;
  std::uint8_t* to_places = nullptr;
  T* to_chosen = nullptr;
};

py::tuple forward(const py::array& x, const py::object& gamma, const py::object& beta, double epsilon,
                  const Pair& pool_size, bool need_places, double rate, std::uint64_t seed, std::uint64_t offset) {
  const Pool2dShape s = shape_of_call(x, pool_size);
  require(s.batch > 0, "no rows to take the mean of");
  return with_float_type(x, "x", [&](auto type) -> py::tuple {
    using T = decltype(type);
    const Input<T> input(x, "x");
    const OptionalInput<T> scale(gamma, "gamma", s.channels), shift(beta, "beta", s.channels);
    Outputs<T> out(s, need_places);
    auto mean = new_array<T>({s.channels}), variance = new_array<T>({s.channels});
    auto inverse_std = new_array<T>({s.channels});
    T *const to_mean = mean.mutable_data(), *const to_variance = variance.mutable_data();
    T* const to_inverse = inverse_std.mutable_data();
    {
      const py::gil_scoped_release released;
      kernels().table<T>().batch_norm_max_pool2d_forward(s, input.data(), scale.data(), shift.data(), epsilon,
                                                         {rate, seed, offset}, out.to_y, out.to_places, out.to_chosen,
                                                         to_mean, to_variance, to_inverse);
    }
    return py::make_tuple(out.y, out.places, out.chosen, mean, variance, inverse_std);
  });
}

py::tuple inference(const py::array& x, const py::object& gamma, const py::object& beta, const py::array& mean,
                    const py::array& variance, double epsilon, const Pair& pool_size, bool need_places, double rate,
                    std::uint64_t seed, std::uint64_t offset) {
  const Pool2dShape s = shape_of_call(x, pool_size);
  return with_float_type(x, "x", [&](auto type) -> py::tuple {
    using T = decltype(type);
    const Input<T> input(x, "x");
    const OptionalInput<T> scale(gamma, "gamma", s.channels), shift(beta, "beta", s.channels);
    const OptionalInput<T> means(mean, "mean", s.channels), variances(variance, "variance", s.channels);
    Outputs<T> out(s, need_places);
    auto inverse_std = new_array<T>({s.channels});
    T* const to_inverse = inverse_std.mutable_data();
    {
      const py::gil_scoped_release released;
      kernels().table<T>().batch_norm_max_pool2d_inference(s, input.data(), scale.data(), shift.data(), means.data(),
                                                           variances.data(), epsilon, {rate, seed, offset}, out.to_y,
                                                           out.to_places, out.to_chosen, to_inverse);
    }
    return py::make_tuple(out.y, out.places, out.chosen, inverse_std);
  });
}

py::tuple backward(const py::array& dy, const py::array& places, const py::array& chosen, const py::array& x,
                   const py::object& gamma, const py::array& mean, const py::array& inverse_std, const Pair& pool_size,
                   bool constant, bool need_dx, double rate) {
  const Pool2dShape s = shape_of_call(x, pool_size);
  const auto pooled = output_shape(s);
  require(shape_of(dy) == pooled && shape_of(places) == pooled && shape_of(chosen) == pooled,
          "dy, places and chosen must have the output's shape");
  require(py::isinstance<py::array_t<std::uint8_t>>(places), "places must be uint8");
  const py::array dense_places = dense(places);
  return with_float_type(x, "x", [&](auto type) -> py::tuple {
    using T = decltype(type);
    const Input<T> gradient(dy, "dy"), maxima(chosen, "chosen"), input(x, "x");
    const OptionalInput<T> scale(gamma, "gamma", s.channels), means(mean, "mean", s.channels),
        inverses(inverse_std, "inverse_std", s.channels);
    T* to_dx = nullptr;
    py::object dx = py::none();
    if (need_dx) {
      auto array = new_array<T>(shape_of(x));
      to_dx = array.mutable_data();
      dx = std::move(array);
    }
    auto dgamma = new_array<T>({s.channels}), dbeta = new_array<T>({s.channels});
    T *const to_dgamma = dgamma.mutable_data(), *const to_dbeta = dbeta.mutable_data();
    {
      const py::gil_scoped_release released;
      kernels().table<T>().batch_norm_max_pool2d_backward(
          s, gradient.data(), static_cast<const std::uint8_t*>(dense_places.data()), maxima.data(), input.data(),
          scale.data(), means.data(), inverses.data(), constant, rate, to_dx, to_dgamma, to_dbeta);
    }
    return py::make_tuple(dx, dgamma, dbeta);
  });
}

}  // namespace

void bind_batch_norm_max_pool2d(py::module_& module) {
  using namespace py::literals;
  module.def("batch_norm_max_pool2d_forward", &forward, "x"_a, "gamma"_a, "beta"_a, "epsilon"_a, "pool_size"_a,
             "need_places"_a = true, "rate"_a = 0.0, "seed"_a = 0, "offset"_a = 0);
  module.def("batch_norm_max_pool2d_inference", &inference, "x"_a, "gamma"_a, "beta"_a, "mean"_a, "variance"_a,
             "epsilon"_a, "pool_size"_a, "need_places"_a = true, "rate"_a = 0.0, "seed"_a = 0, "offset"_a = 0);
  module.def("batch_norm_max_pool2d_backward", &backward, "dy"_a, "places"_a, "chosen"_a, "x"_a, "gamma"_a, "mean"_a,
             "inverse_std"_a, "pool_size"_a, "constant"_a = false, "need_dx"_a = true, "rate"_a = 0.0);
}

}  // namespace tinynet
