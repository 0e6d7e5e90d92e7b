// The table of kernels: one function pointer a kernel, one table an instruction set.
//
// Arrays are dense, row-major and never alias unless said otherwise. The Python edge has checked every shape.
// The same names, with the same meaning, stand as NumPy references in tinynet/ops/.
#pragma once

#include "parallel.h"

namespace tinynet {

// What is computed element by element: the activations, and the elementary functions they are made of. `a`, `b`, `c`
// are their parameters (csrc/kernels/activation.h). The order is that of kActivationNames.
enum class Activation : int {
  linear, relu, relu6, leaky_relu, clipped_relu, elu, celu, selu, gelu, gelu_tanh, sigmoid, hard_sigmoid, log_sigmoid,
  silu, hard_silu, tanh, hard_tanh, tanh_shrink, hard_shrink, soft_shrink, softplus, softsign, mish, exponential,
  sparse_plus, sparse_sigmoid, squareplus, threshold, expm1, log, log1p, erf
};
constexpr const char* kActivationNames[] = {
    "linear", "relu", "relu6", "leaky_relu", "clipped_relu", "elu", "celu", "selu", "gelu", "gelu_tanh", "sigmoid",
    "hard_sigmoid", "log_sigmoid", "silu", "hard_silu", "tanh", "hard_tanh", "tanh_shrink", "hard_shrink",
    "soft_shrink", "softplus", "softsign", "mish", "exponential", "sparse_plus", "sparse_sigmoid", "squareplus",
    "threshold", "expm1", "log", "log1p", "erf"};

// The reductions over axes (csrc/kernels/reduction.h).
enum class Reduction : int { sum, max, min };

template <class T>
struct KernelTable {
  // y[i] = f(x[i])
  void (*activation_forward)(Activation which, const T* x, T* y, Index size, T a, T b, T c);
  // dx[i] = dy[i] * f'(x[i])
  void (*activation_backward)(Activation which, const T* dy, const T* x, T* dx, Index size, T a, T b, T c);
  // y[o][i] = reduction over r of x[o][r][i], divided by `divisor`
  void (*reduce)(Reduction which, const T* x, T* y, Index outer, Index size, Index inner, T divisor);

  // Along rows of x[rows][classes]: y = e^x / sum e^x, or its logarithm; and back, from y.
  void (*softmax_forward)(const T* x, T* y, Index rows, Index classes);
  void (*softmax_backward)(const T* dy, const T* y, T* dx, Index rows, Index classes);
  void (*log_softmax_forward)(const T* x, T* y, Index rows, Index classes);
  void (*log_softmax_backward)(const T* dy, const T* y, T* dx, Index rows, Index classes);

  // One loss a row: -sum_k target_k log p_k. From logits[rows][classes] they also give the probabilities p, which is
  // all that the way back needs. A row with a negative label is left out: loss and gradient 0.
  void (*sparse_softmax_cross_entropy_forward)(const T* logits, const std::int64_t* labels, T* losses, T* probabilities,
                                               Index rows, Index classes);
  void (*sparse_softmax_cross_entropy_backward)(const T* dlosses, const T* probabilities, const std::int64_t* labels,
                                                T* dlogits, Index rows, Index classes);
  void (*softmax_cross_entropy_forward)(const T* logits, const T* targets, T* losses, T* probabilities, Index rows,
                                        Index classes);
  void (*softmax_cross_entropy_backward)(const T* dlosses, const T* probabilities, const T* targets, T* dlogits,
                                         Index rows, Index classes);
  void (*sigmoid_cross_entropy_forward)(const T* logits, const T* targets, T* losses, Index size);
  void (*sigmoid_cross_entropy_backward)(const T* dlosses, const T* logits, const T* targets, T* dlogits, Index size);

  // The same from probabilities[rows][classes], divided by their sum and clipped to [epsilon, 1 - epsilon].
  void (*sparse_cross_entropy_forward)(const T* probabilities, const std::int64_t* labels, T* losses, Index rows,
                                       Index classes, T low, T high);
  void (*sparse_cross_entropy_backward)(const T* dlosses, const T* probabilities, const std::int64_t* labels,
                                        T* dprobabilities, Index rows, Index classes, T low, T high);
  void (*cross_entropy_forward)(const T* probabilities, const T* targets, T* losses, Index rows, Index classes, T low,
                                T high);
  void (*cross_entropy_backward)(const T* dlosses, const T* probabilities, const T* targets, T* dprobabilities,
                                 Index rows, Index classes, T low, T high);
  void (*binary_cross_entropy_forward)(const T* probabilities, const T* targets, T* losses, Index size, T low, T high);
  void (*binary_cross_entropy_backward)(const T* dlosses, const T* probabilities, const T* targets, T* dprobabilities,
                                        Index size, T low, T high);
};

struct Kernels {
  const char* isa;
  int vector_bytes;
  KernelTable<float> f32;
  KernelTable<double> f64;

  template <class T>
  const KernelTable<T>& table() const;
};
template <>
inline const KernelTable<float>& Kernels::table<float>() const { return f32; }
template <>
inline const KernelTable<double>& Kernels::table<double>() const { return f64; }

namespace baseline { extern const Kernels table; }
namespace avx2 { extern const Kernels table; }
namespace avx512 { extern const Kernels table; }

// The table in use; chosen once, by select_isa.
const Kernels& kernels();

}  // namespace tinynet
