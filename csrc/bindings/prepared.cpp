// What prediction prepares once: weights that batch normalization is folded into, and transformed kernels.
//
// `seen` holds a copy of all that they were made of. Weights are changed in many ways: by assignment, in place by an
// optimizer step, in place through a NumPy view of the user's. Comparing every bit finds all of them. It reads the
// weights at the speed of memory, and it is part of the kernel: a recorded sequence of kernel calls stays right too.
#include <atomic>
#include <cstring>
#include <mutex>

#include "bindings/conv2d_call.h"

namespace tinynet {
namespace {

// Of two threads that predict with one model the first one prepares.
std::mutex preparing;

constexpr Index kComparedBytes = 128 << 10;  // a thread's share: some microseconds

// Whether all bits are the same.
bool is_same(const void* now, const void* seen, std::size_t bytes) {
  std::atomic<bool> same{true};
  const auto *const a = static_cast<const char*>(now), *const b = static_cast<const char*>(seen);
  parallel_for(Index(bytes), kComparedBytes, [&](Index begin, Index end) {
    if (same.load(std::memory_order_relaxed) && std::memcmp(a + begin, b + begin, std::size_t(end - begin)) != 0)
      same.store(false, std::memory_order_relaxed);
  });
  return same.load(std::memory_order_relaxed);
}

// Prepares the weights if they are not those that were seen. `channels` (of all taps, for direct convolution) and
// `filters` are the kernel's, for a transform.
template <class T>
void prepare(const NormalizedWeights<T>& w, ConvAlgorithm algorithm, Index channels, Index filters, T* seen, T* out,
             T* offset) {
  const T* const vectors[] = {w.bias, w.gamma, w.beta, w.mean, w.variance};
  const std::size_t width = std::size_t(w.channels) * sizeof(T), size = std::size_t(w.rows) * width;
  const std::lock_guard<std::mutex> alone(preparing);
  bool same = true;
  T* at = seen;
  for (const T* const vector : vectors) {
    if (vector == nullptr) continue;
    same = same && is_same(vector, at, width);
    at += w.channels;
  }
  if (same && is_same(w.kernel, at, size)) return;

  const KernelTable<T>& table = kernels().table<T>();
  if (algorithm == ConvAlgorithm::automatic) {
    table.fold_batch_norm(w, out, offset);
  } else {
    T* const folded = static_cast<T*>(pool_allocate(size));
    table.fold_batch_norm(w, folded, offset);
    table.conv2d_transform_kernel(folded, out, channels, filters, algorithm);
    pool_release(folded, size);
  }
  at = seen;
  for (const T* const vector : vectors) {
    if (vector == nullptr) continue;
    std::memcpy(at, vector, width);
    at += w.channels;
  }
  std::memcpy(at, w.kernel, size);
}

// y = f(convolution + bias + residual)
template <class T>
void convolve(const Conv2dShape& s, ConvAlgorithm algorithm, const T* x, const T* weights, const T* bias,
              const T* residual, T* y, bool relu) {
  const KernelTable<T>& table = kernels().table<T>();
  if (algorithm == ConvAlgorithm::winograd2 || algorithm == ConvAlgorithm::winograd4)
    return table.conv2d_transformed_forward(s, x, weights, bias, residual, y, relu, algorithm);
  if (algorithm == ConvAlgorithm::direct)
    table.conv2d_transformed_forward(s, x, weights, bias, nullptr, y, relu && residual == nullptr, algorithm);
  else
    table.conv2d_forward(s, x, weights, bias, y, relu && residual == nullptr, algorithm);
  if (residual != nullptr) table.add_forward(y, residual, y, s.batch * s.out_height * s.out_width * s.filters, relu);
}

// A depthwise convolution, and a pointwise one of its output; its kernel is packed, or is packed here (automatic).
template <class T>
void convolve_pair(const Conv2dShape& s, ConvAlgorithm algorithm, const T* x, const T* kernel, const T* bias, bool relu,
                   Index filters, const T* weights, const T* offset, T* y, bool pointwise_relu) {
  const KernelTable<T>& table = kernels().table<T>();
  if (algorithm == ConvAlgorithm::direct)
    return table.depthwise_pointwise_forward(s, x, kernel, bias, relu, filters, weights, offset, y, pointwise_relu);
  const std::size_t bytes =
      std::size_t(table.conv2d_transformed_size(s.filters, filters, ConvAlgorithm::direct)) * sizeof(T);
  T* const packed = static_cast<T*>(pool_allocate(bytes));
  table.conv2d_transform_kernel(weights, packed, s.filters, filters, ConvAlgorithm::direct);
  table.depthwise_pointwise_forward(s, x, kernel, bias, relu, filters, packed, offset, y, pointwise_relu);
  pool_release(packed, bytes);
}

template <class T>
T* writable(const Array& array, const char* name, Index size) {
  if (array.dtype().num() != py::dtype::of<T>().num() || array.size() != size || !is_dense(array) ||
      !is_native_order(array.dtype()) || !array.writeable())
    throw py::value_error(std::string("prepare_weights: ") + name + " must be dense and writable, with " +
                          std::to_string(size) + " numbers of the kernel's type. Got " +
                          std::to_string(array.size()) + " of " + py::str(array.dtype()).cast<std::string>());
  return static_cast<T*>(const_cast<void*>(array.data()));
}

// The algorithm that a kernel is transformed (direct: packed) for; automatic: it is as it was, and any will do.
ConvAlgorithm transform_named(const std::string& name) {
  if (name == "winograd2") return ConvAlgorithm::winograd2;
  if (name == "winograd4") return ConvAlgorithm::winograd4;
  if (name == "direct") return ConvAlgorithm::direct;
  if (name == "auto") return ConvAlgorithm::automatic;
  throw py::value_error("weights are prepared for auto, direct, winograd2 or winograd4, got '" + name + "'");
}

// The channels of a kernel; those of all taps, for direct convolution.
Index transformed_depth(const Array& kernel, ConvAlgorithm algorithm) {
  return kernel.shape(2) * (algorithm == ConvAlgorithm::direct ? kernel.shape(0) * kernel.shape(1) : 1);
}

Index prepared_size(const Array& kernel, const std::string& algorithm) {
  const ConvAlgorithm chosen = transform_named(algorithm);
  if (chosen == ConvAlgorithm::automatic) return kernel.size();
  convolution::require(kernel.ndim() == 4, "only kernels of four axes are transformed");
  convolution::require(chosen == ConvAlgorithm::direct || (kernel.shape(0) == 3 && kernel.shape(1) == 3),
                       "only 3x3 kernels are transformed for Winograd's algorithm");
  const Index size = with_float_type(kernel, "kernel", [&](auto type) {
    return kernels().table<decltype(type)>().conv2d_transformed_size(transformed_depth(kernel, chosen), kernel.shape(3),
                                                                     chosen);
  });
  if (chosen == ConvAlgorithm::direct) return size;
  convolution::require(size > 0, "the channels and filters of a transformed kernel must fill a vector");
  return size;
}

void prepare_weights(const Array& kernel, const OptionalArray& bias, const OptionalArray& gamma,
                     const OptionalArray& beta, const OptionalArray& mean, const OptionalArray& variance,
                     double epsilon, const std::string& algorithm, const Array& seen, const Array& weights,
                     const OptionalArray& offset) {
  const ConvAlgorithm chosen = transform_named(algorithm);
  require(mean.has_value() == variance.has_value(), "prepare_weights", "mean and variance go together");
  require(offset.has_value() || !(bias || mean), "prepare_weights", "bias and normalization need an offset");
  const Index size = prepared_size(kernel, algorithm);
  with_float_type(kernel, "kernel", [&](auto type) {
    using T = decltype(type);
    const Input<T> w(kernel, "kernel");
    const Index channels = offset ? offset->size() : kernel.ndim() > 0 ? kernel.shape(kernel.ndim() - 1) : 1;
    require(channels > 0 ? w.size() % channels == 0 : w.size() == 0, "prepare_weights",
            "the kernel does not have one column for each channel");
    const OptionalInput<T> b(bias, "bias", channels), g(gamma, "gamma", channels), shift(beta, "beta", channels),
        m(mean, "mean", channels), v(variance, "variance", channels);
    const Index present = bool(bias) + bool(gamma) + bool(beta) + bool(mean) + bool(variance);
    T* const old = writable<T>(seen, "seen", w.size() + present * channels);
    T* const out = writable<T>(weights, "weights", size);
    T* const out_bias = offset ? writable<T>(*offset, "offset", channels) : nullptr;

    const NormalizedWeights<T> given{w.data(), b.data(), g.data(), shift.data(), m.data(), v.data(),
                                     channels > 0 ? w.size() / channels : 0, channels, epsilon};
    const bool transforms = chosen != ConvAlgorithm::automatic;
    if (Recording* const recording = Recording::active())
      for (const OptionalArray& own : {OptionalArray(seen), OptionalArray(weights), offset})
        if (own) recording->add_state(*own);
    launch(&prepare<T>, given, chosen, transforms ? transformed_depth(kernel, chosen) : 0,
           transforms ? Index(kernel.shape(3)) : 0, old, out, out_bias);
  });
}

Array conv2d_prepared_forward(const Array& x, const Array& weights, const OptionalArray& offset,
                              const Shape& kernel_shape, const Pair& strides, const Padding& padding,
                              const Pair& dilation, const std::string& algorithm, const OptionalArray& residual,
                              const std::string& activation) {
  const Conv2dShape s = convolution::shape_of_call(shape_of(x), kernel_shape, strides, padding, dilation, 1);
  const ConvAlgorithm chosen = transform_named(algorithm);
  const bool relu = convolution::is_relu(activation);
  return with_float_type(x, "x", [&](auto type) -> Array {
    using T = decltype(type);
    const Input<T> input(x, "x"), prepared(weights, "weights");
    const OptionalInput<T> bias(offset, "offset", s.filters);
    std::optional<Input<T>> added;
    if (residual) {
      convolution::require(shape_of(*residual) == convolution::output_shape(s), "residual must have the output's shape");
      added.emplace(*residual, "residual");
    }
    const T* const residual_data = added ? added->data() : nullptr;
    if (chosen == ConvAlgorithm::automatic) {
      convolution::require(prepared.size() == s.kernel_height * s.kernel_width * s.channels * s.filters,
                           "the weights are not those of the kernel");
    } else if (chosen == ConvAlgorithm::direct) {
      const Index depth = s.kernel_height * s.kernel_width * s.channels;
      convolution::require(prepared.size() == kernels().table<T>().conv2d_transformed_size(depth, s.filters, chosen),
                           "the weights were packed for another convolution");
    } else {
      convolution::require(s.kernel_height == 3 && s.kernel_width == 3 && s.stride_h == 1 && s.stride_w == 1 &&
                               s.dilation_h == 1 && s.dilation_w == 1 &&
                               prepared.size() ==
                                   kernels().table<T>().conv2d_transformed_size(s.channels, s.filters, chosen),
                           "the weights were transformed for another convolution");
    }
    const Result<T> y(convolution::output_shape(s));
    launch(&convolve<T>, s, chosen, input.data(), prepared.data(), bias.data(), residual_data, y.data(), relu);
    return y.array();
  });
}

Array depthwise_pointwise_forward(const Array& x, const Array& kernel, const OptionalArray& bias, const Pair& strides,
                                  const Padding& padding, const Pair& dilation, const std::string& activation,
                                  const Array& weights, const OptionalArray& offset, Index filters,
                                  const std::string& pointwise_activation, const std::string& algorithm) {
  const Conv2dShape s = convolution::depthwise_shape_of_call(shape_of(x), kernel, strides, padding, dilation);
  const ConvAlgorithm chosen = transform_named(algorithm);
  const bool relu = convolution::is_relu(activation), pointwise_relu = convolution::is_relu(pointwise_activation);
  convolution::require(filters >= 0, "filters must not be negative");
  convolution::require(chosen == ConvAlgorithm::automatic || chosen == ConvAlgorithm::direct,
                       "pointwise weights are prepared for auto or direct");
  return with_float_type(x, "x", [&](auto type) -> Array {
    using T = decltype(type);
    const Input<T> input(x, "x"), taps(kernel, "kernel"), prepared(weights, "weights");
    const OptionalInput<T> b(bias, "bias", s.filters), o(offset, "offset", filters);
    const Index size = chosen == ConvAlgorithm::automatic
                           ? s.filters * filters
                           : kernels().table<T>().conv2d_transformed_size(s.filters, filters, chosen);
    convolution::require(prepared.size() == size, "the weights were prepared for another convolution");
    const Result<T> y({s.batch, s.out_height, s.out_width, filters});
    launch(&convolve_pair<T>, s, chosen, input.data(), taps.data(), b.data(), relu, filters, prepared.data(), o.data(),
           y.data(), pointwise_relu);
    return y.array();
  });
}

Array add_forward(const Array& a, const Array& b, bool relu) {
  require(shape_of(a) == shape_of(b), "add", "both arrays must have the same shape");
  return with_float_type(a, "a", [&](auto type) -> Array {
    using T = decltype(type);
    const Input<T> left(a, "a"), right(b, "b");
    const Result<T> y(shape_of(a));
    launch(kernels().table<T>().add_forward, left.data(), right.data(), y.data(), left.size(), relu);
    return y.array();
  });
}

}  // namespace

void bind_prepared(py::module_& module) {
  using namespace py::literals;
  module.def("add_forward", &add_forward, "a"_a, "b"_a, "relu"_a = false);
  module.def("prepared_size", &prepared_size, "kernel"_a, "algorithm"_a);
  module.def("prepare_weights", &prepare_weights, "kernel"_a, "bias"_a, "gamma"_a, "beta"_a, "mean"_a, "variance"_a,
             "epsilon"_a, "algorithm"_a, "seen"_a, "weights"_a, "offset"_a);
  module.def("conv2d_prepared_forward", &conv2d_prepared_forward, "x"_a, "weights"_a, "offset"_a, "kernel_shape"_a,
             "strides"_a, "padding"_a, "dilation"_a, "algorithm"_a, "residual"_a, "activation"_a);
  module.def("depthwise_pointwise_forward", &depthwise_pointwise_forward, "x"_a, "kernel"_a, "bias"_a, "strides"_a,
             "padding"_a, "dilation"_a, "activation"_a, "weights"_a, "offset"_a, "filters"_a,
             "pointwise_activation"_a, "algorithm"_a);
}

}  // namespace tinynet
