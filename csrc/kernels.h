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

// One variable of an optimizer step. A rule without the state k leaves state[k] null, in all variables of the call.
template <class T>
struct Parameter {
  T* weights;
  const T* gradient;
  T* state[3];
  Index size;
};

// x[batch][height][width][channels] * kernel[kernel_height][kernel_width][channels/groups][filters]
// -> y[batch][out_height][out_width][filters]
struct Conv2dShape {
  Index batch, height, width, channels;
  Index kernel_height, kernel_width, filters;
  Index out_height, out_width;
  Index stride_h, stride_w, pad_top, pad_left, dilation_h, dilation_w, groups;
};
// Windows of pool_height x pool_width over x[batch][height][width][channels]
// -> y[batch][out_height][out_width][channels]
struct Pool2dShape {
  Index batch, height, width, channels;
  Index pool_height, pool_width, out_height, out_width;
  Index stride_h, stride_w, pad_top, pad_left;  // less padding than window: every window sees some of the image
};
// Where in its window each maximum was, counted row by row: `wide` for windows of more than 256 pixels.
// The other is null.
struct PoolPlaces {
  std::uint8_t* narrow;
  std::int32_t* wide;
};
// Which elements dropout keeps (csrc/kernels/dropout.h); all, with a rate of 0.
struct Dropout {
  double rate;
  std::uint64_t seed, offset;
};
enum class ConvAlgorithm : int { automatic, direct, winograd2, winograd4 };
enum class ConvPass : int { forward, input_gradient, weight_gradient };

template <class T>
struct KernelTable {
  // y[i] = f(x[i])
  void (*activation_forward)(Activation which, const T* x, T* y, Index size, T a, T b, T c);
  // dx[i] = dy[i] * f'(x[i])
  void (*activation_backward)(Activation which, const T* dy, const T* x, T* dx, Index size, T a, T b, T c);

  // c[g] = op(a[a_offset[g]]) op(b[b_offset[g]]) for each g < batch; op(a) is m x k, op(b) k x n
  void (*matmul)(const T* a, const Index* a_offset, const T* b, const Index* b_offset, T* c, Index batch, Index m,
                 Index n, Index k, bool transpose_a, bool transpose_b);
  // y[rows][out] = f(x[rows][in] kernel[in][out] + bias[out]); bias may be null. f is linear, relu, sigmoid or tanh:
  // their derivatives can be written in terms of y.
  void (*dense_forward)(const T* x, const T* kernel, const T* bias, T* y, Index rows, Index in, Index out,
                        Activation activation);
  // Its gradients; dx, dkernel and dbias may each be null
  void (*dense_backward)(const T* dy, const T* x, const T* kernel, const T* y, T* dx, T* dkernel, T* dbias, Index rows,
                         Index in, Index out, Activation activation);
  // Along rows of x[rows][classes]: y = e^x / sum e^x, or its logarithm; and back, from y.
  void (*softmax_forward)(const T* x, T* y, Index rows, Index classes);
  void (*softmax_backward)(const T* dy, const T* y, T* dx, Index rows, Index classes);
  void (*log_softmax_forward)(const T* x, T* y, Index rows, Index classes);
  void (*log_softmax_backward)(const T* dy, const T* y, T* dx, Index rows, Index classes);
  // How many rows of scores[rows][classes] are largest at their label.
  Index (*count_hits)(const T* scores, const std::int64_t* labels, Index rows, Index classes);

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
  // y[o][i] = reduction over r of x[o][r][i], divided by `divisor`
  void (*reduce)(Reduction which, const T* x, T* y, Index outer, Index size, Index inner, T divisor);
  // Measures of the machine, for bench/. Multiply-adds in registers on every thread; returns the operations done.
  double (*multiply_add_peak)(Index iterations, T factor, T offset, T* results);
  // y[i] = x[i]
  void (*copy_peak)(const T* x, T* y, Index size);
  // Optimizer steps, in place on weights and states. Each first takes decay * w off every weight w.
  void (*sgd_step)(const Parameter<T>* parameters, Index count, double learning_rate, double momentum, bool nesterov,
                   double decay);  // states: velocity or none
  void (*adam_step)(const Parameter<T>* parameters, Index count, double step_size, double beta_1, double beta_2,
                    double epsilon, double decay);  // states: mean, variance, maximum of the variance or none
  void (*adamax_step)(const Parameter<T>* parameters, Index count, double step_size, double beta_1, double beta_2,
                      double epsilon, double decay);  // states: mean, norm
  void (*nadam_step)(const Parameter<T>* parameters, Index count, double learning_rate, double mean_factor,
                     double gradient_factor, double variance_factor, double beta_1, double beta_2, double epsilon,
                     double decay);  // states: mean, variance
  void (*rmsprop_step)(const Parameter<T>* parameters, Index count, double learning_rate, double rho, double momentum,
                       double epsilon, double decay);  // states: mean square, velocity or none, mean or none
  void (*adagrad_step)(const Parameter<T>* parameters, Index count, double learning_rate, double epsilon,
                       double decay);  // states: sum of squares
  void (*adadelta_step)(const Parameter<T>* parameters, Index count, double learning_rate, double rho, double epsilon,
                        double decay);  // states: mean square of the gradient, of the update
  void (*lion_step)(const Parameter<T>* parameters, Index count, double learning_rate, double beta_1, double beta_2,
                    double decay);  // states: mean
  void (*ftrl_step)(const Parameter<T>* parameters, Index count, double learning_rate, double learning_rate_power,
                    double l1, double l2, double shrinkage, double decay);  // states: accumulator, linear

  // y = x / (1 - rate) where the random bits of (seed, offset) keep the element, else 0 (csrc/kernels/dropout.h).
  void (*dropout)(const T* x, T* y, Index size, const Dropout& mask);
  // Convolution. `bias` may be null; so may `y`, which masks dy where it is not positive (ReLU's derivative), and
  // `dkernel` and `dbias`, which are then not computed.
  void (*conv2d_forward)(const Conv2dShape& shape, const T* x, const T* kernel, const T* bias, T* y, bool relu,
                         ConvAlgorithm algorithm);
  void (*conv2d_input_gradient)(const Conv2dShape& shape, const T* dy, const T* y, const T* kernel, T* dx,
                                ConvAlgorithm algorithm);
  void (*conv2d_weight_gradient)(const Conv2dShape& shape, const T* dy, const T* y, const T* x, T* dkernel, T* dbias,
                                 ConvAlgorithm algorithm);
  // Convolution, bias, ReLU and the maximum of windows that lie side by side: `pool` says which, its strides being its
  // sides. One group, windows of at most 255 pixels. The place of a maximum that ReLU lets no gradient back to is 255;
  // the forward pass leaves no places if `places` is null.
  void (*conv2d_max_pool2d_forward)(const Conv2dShape& shape, const Pool2dShape& pool, const T* x, const T* kernel,
                                    const T* bias, T* y, std::uint8_t* places, bool relu);
  void (*conv2d_max_pool2d_weight_gradient)(const Conv2dShape& shape, const Pool2dShape& pool, const T* dy,
                                            const std::uint8_t* places, const T* x, T* dkernel, T* dbias);
  // Convolution with a kernel[kernel_height][kernel_width][channels][multiplier]; filters = channels * multiplier.
  void (*depthwise_conv2d_forward)(const Conv2dShape& shape, const T* x, const T* kernel, const T* bias, T* y,
                                   bool relu);
  void (*depthwise_conv2d_input_gradient)(const Conv2dShape& shape, const T* dy, const T* y, const T* kernel, T* dx);
  void (*depthwise_conv2d_weight_gradient)(const Conv2dShape& shape, const T* dy, const T* y, const T* x, T* dkernel,
                                           T* dbias);
  // Batch normalization of x[rows][channels]. gamma and beta may be null; so may dx, which is then not computed.
  // `constant`: mean and inverse_std do not depend on x.
  void (*batch_norm_forward)(const T* x, const T* gamma, const T* beta, double epsilon, bool relu, T* y, T* mean,
                             T* variance, T* inverse_std, Index rows, Index channels);
  void (*batch_norm_inference)(const T* x, const T* gamma, const T* beta, const T* mean, const T* variance,
                               double epsilon, bool relu, T* y, T* inverse_std, Index rows, Index channels);
  void (*batch_norm_backward)(const T* dy, const T* x, const T* gamma, const T* beta, const T* mean,
                              const T* inverse_std, bool relu, bool constant, T* dx, T* dgamma, T* dbeta, Index rows,
                              Index channels);
  // Along the rows of x[rows][size], mean[rows]; with `rms` no mean is taken off. dx, dgamma and dbeta may be null.
  void (*layer_norm_forward)(const T* x, const T* gamma, const T* beta, double epsilon, bool rms, T* y, T* mean,
                             T* inverse_std, Index rows, Index size);
  void (*layer_norm_backward)(const T* dy, const T* x, const T* gamma, const T* mean, const T* inverse_std, bool rms,
                              T* dx, T* dgamma, T* dbeta, Index rows, Index size);
  ConvAlgorithm (*conv2d_algorithm)(const Conv2dShape& shape, ConvPass pass, ConvAlgorithm wanted);
  // Pooling. The forward pass of the maximum fills `places` (unless both are null), the backward pass reads them.
  void (*max_pool2d_forward)(const Pool2dShape& shape, const T* x, T* y, const PoolPlaces& places);
  void (*max_pool2d_backward)(const Pool2dShape& shape, const T* dy, const PoolPlaces& places, T* dx);
  void (*average_pool2d_forward)(const Pool2dShape& shape, const T* x, T* y);
  void (*average_pool2d_backward)(const Pool2dShape& shape, const T* dy, T* dx);
  // Batch normalization, ReLU, the maximum of windows side by side and dropout. `places` and `chosen`, where each
  // maximum was and its x, are for the backward pass (255: y is not positive); both may be null, and so may dx.
  void (*batch_norm_max_pool2d_forward)(const Pool2dShape& shape, const T* x, const T* gamma, const T* beta,
                                        double epsilon, const Dropout& mask, T* y, std::uint8_t* places, T* chosen,
                                        T* mean, T* variance, T* inverse_std);
  void (*batch_norm_max_pool2d_inference)(const Pool2dShape& shape, const T* x, const T* gamma, const T* beta,
                                          const T* mean, const T* variance, double epsilon, const Dropout& mask, T* y,
                                          std::uint8_t* places, T* chosen, T* inverse_std);
  void (*batch_norm_max_pool2d_backward)(const Pool2dShape& shape, const T* dy, const std::uint8_t* places,
                                         const T* chosen, const T* x, const T* gamma, const T* mean,
                                         const T* inverse_std, bool constant, double rate, T* dx, T* dgamma, T* dbeta);
  // Convolution of one group, batch normalization and, with `relu`, ReLU. bias, gamma, beta, dbias and dkernel (and
  // dbias with it) may be null. The backward pass takes x, not what the convolution gave.
  void (*conv2d_batch_norm_forward)(const Conv2dShape& shape, const T* x, const T* kernel, const T* bias,
                                    const T* gamma, const T* beta, double epsilon, bool relu, T* y, T* mean,
                                    T* variance, T* inverse_std);
  void (*conv2d_batch_norm_inference)(const Conv2dShape& shape, const T* x, const T* kernel, const T* bias,
                                      const T* gamma, const T* beta, const T* mean, const T* variance, double epsilon,
                                      bool relu, T* y, T* inverse_std);
  void (*conv2d_batch_norm_backward)(const Conv2dShape& shape, const T* dy, const T* x, const T* kernel, const T* bias,
                                     const T* gamma, const T* beta, const T* mean, const T* inverse_std, bool relu,
                                     bool constant, T* dkernel, T* dbias, T* dgamma, T* dbeta);
  // Convolution of one group, and the mean and variance of each filter's output. bias may be null.
  void (*conv2d_moments_forward)(const Conv2dShape& shape, const T* x, const T* kernel, const T* bias, T* z, T* mean,
                                 T* variance, ConvAlgorithm algorithm);
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
namespace amx { extern const Kernels table; }

// The table in use; chosen once, by select_isa.
const Kernels& kernels();

}  // namespace tinynet
