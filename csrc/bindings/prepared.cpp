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

// A run of numbers that prepared weights depend on, and its place in `seen`.
template <class T>
struct Part {
  const T* now;
  T* seen;
  Index size;

  bool is_unchanged() const {
    std::atomic<bool> same{true};
    const auto* const a = reinterpret_cast<const char*>(now);
    const auto* const b = reinterpret_cast<const char*>(seen);
    parallel_for(size * Index(sizeof(T)), kComparedBytes, [&](Index begin, Index end) {
      if (same.load(std::memory_order_relaxed) && std::memcmp(a + begin, b + begin, std::size_t(end - begin)) != 0)
        same.store(false, std::memory_order_relaxed);
    });
    return same.load(std::memory_order_relaxed);
  }
};

template <class T>
T* writable(const Array& array, const char* name, Index size) {
  if (array.dtype().num() != py::dtype::of<T>().num() || array.size() != size || !is_dense(array) ||
      !is_native_order(array.dtype()) || !array.writeable())
    throw py::value_error(std::string("prepare_weights: ") + name + " must be dense and writable, with " +
                          std::to_string(size) + " numbers of the kernel's type. Got " +
                          std::to_string(array.size()) + " of " + py::str(array.dtype()).cast<std::string>());
  return static_cast<T*>(const_cast<void*>(array.data()));
}

// The algorithm that a kernel is transformed for; automatic: it is not transformed, and any will do.
ConvAlgorithm transform_named(const std::string& name) {
  if (name == "winograd2") return ConvAlgorithm::winograd2;
  if (name == "winograd4") return ConvAlgorithm::winograd4;
  if (name == "auto") return ConvAlgorithm::automatic;
  throw py::value_error("weights are prepared for auto, winograd2 or winograd4, got '" + name + "'");
}

// How many numbers a kernel has, and its channels and filters if it is transformed.
struct WeightsSize {
  Index size, outputs, channels, filters;
};

template <class T>
void prepare(const NormalizedWeights<T>& folding, const WeightsSize& kernel, ConvAlgorithm chosen, T* seen, T* weights,
             T* offset) {
  Part<T> parts[6];
  int count = 0;
  const auto add = [&](const T* now, Index length) {
    if (now == nullptr) return;
    parts[count++] = {now, seen, length};
    seen += length;
  };
  for (const T* vector : {folding.bias, folding.gamma, folding.beta, folding.mean, folding.variance})
    add(vector, kernel.outputs);
  add(folding.kernel, kernel.size);

  const std::lock_guard<std::mutex> alone(preparing);
  bool same = true;
  for (int i = 0; i < count && same; ++i) same = parts[i].is_unchanged();
  if (same) return;
  const KernelTable<T>& table = kernels().table<T>();
  if (chosen == ConvAlgorithm::automatic) {
    table.fold_batch_norm(folding, weights, offset);
  } else {
    const std::size_t bytes = static_cast<std::size_t>(kernel.size) * sizeof(T);
    T* const folded = static_cast<T*>(pool_allocate(bytes));
    table.fold_batch_norm(folding, folded, offset);
    table.conv2d_transform_kernel(folded, weights, kernel.channels, kernel.filters, chosen);
    pool_release(folded, bytes);
  }
  for (int i = 0; i < count; ++i)
    std::memcpy(parts[i].seen, parts[i].now, static_cast<std::size_t>(parts[i].size) * sizeof(T));
}

Index prepared_size(const Array& kernel, const std::string& algorithm) {
  const ConvAlgorithm chosen = transform_named(algorithm);
  if (chosen == ConvAlgorithm::automatic) return kernel.size();
  convolution::require(kernel.ndim() == 4, "the kernel must have shape (height, width, channels, filters)");
  return with_float_type(kernel, "kernel", [&](auto type) {
    return kernels().table<decltype(type)>().conv2d_transformed_size(kernel.shape(2), kernel.shape(3), chosen);
  });
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

    if (Recording* const recording = Recording::active())
      for (const OptionalArray& own : {OptionalArray(seen), OptionalArray(weights), offset})
        if (own) recording->add_state(*own);
    const WeightsSize numbers{w.size(), channels, chosen == ConvAlgorithm::automatic ? 0 : kernel.shape(2),
                              chosen == ConvAlgorithm::automatic ? 0 : kernel.shape(3)};
    launch(
        [=](const T* of_kernel, const T* of_bias, const T* of_gamma, const T* of_beta, const T* of_mean,
            const T* of_variance, T* to_seen, T* to_weights, T* to_offset) {
          prepare(NormalizedWeights<T>{of_kernel, of_bias, of_gamma, of_beta, of_mean, of_variance,
                                       channels > 0 ? numbers.size / channels : 0, channels, epsilon},
                  numbers, chosen, to_seen, to_weights, to_offset);
        },
        w.data(), b.data(), g.data(), shift.data(), m.data(), v.data(), old, out, out_bias);
  });
}

Array conv2d_prepared_forward(const Array& x, const Array& weights, const OptionalArray& offset,
                              const Shape& kernel_shape, const Pair& strides, const Padding& padding,
                              const Pair& dilation, const std::string& algorithm, const OptionalArray& residual,
                              const std::string& activation) {
  const Conv2dShape s = convolution::shape_of_call(shape_of(x), kernel_shape, strides, padding, dilation, 1);
  const ConvAlgorithm chosen = transform_named(algorithm);
  const bool relu = activation_named(activation) == Activation::relu;
  convolution::require(relu || activation == "linear", "only 'linear' and 'relu' are fused");
  return with_float_type(x, "x", [&](auto type) -> Array {
    using T = decltype(type);
    const KernelTable<T>& table = kernels().table<T>();
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
    } else {
      convolution::require(s.kernel_height == 3 && s.kernel_width == 3 && s.stride_h == 1 && s.stride_w == 1 &&
                               s.dilation_h == 1 && s.dilation_w == 1 &&
                               prepared.size() == table.conv2d_transformed_size(s.channels, s.filters, chosen),
                           "the weights were transformed for another convolution");
    }
    const Result<T> y(convolution::output_shape(s));
    if (chosen != ConvAlgorithm::automatic) {
      launch(table.conv2d_transformed_forward, s, input.data(), prepared.data(), bias.data(), residual_data, y.data(),
             relu, chosen);
    } else {
      const bool adds = residual_data != nullptr;
      const T* const sum = y.data();
      launch(table.conv2d_forward, s, input.data(), prepared.data(), bias.data(), y.data(), relu && !adds, chosen);
      if (adds)
        launch(table.add_forward, sum, residual_data, y.data(), s.batch * s.out_height * s.out_width * s.filters, relu);
    }
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
}

}  // namespace tinynet
