// The table of kernels: one function pointer a kernel, one table an instruction set.
//
// Arrays are dense, row-major and never alias unless said otherwise. The Python edge has checked every shape.
// The same names, with the same meaning, stand as NumPy references in tinynet/ops/.
#pragma once

#include "parallel.h"

namespace tinynet {

// The activations that are computed element by element. `a`, `b`, `c` are their parameters (csrc/kernels/activation.h).
enum class Activation : int { linear, relu };

// One variable of an optimizer step. A rule without the state k leaves state[k] null, in all variables of the call.
template <class T>
struct Parameter {
  T* weights;
  const T* gradient;
  T* state[3];
  Index size;
};

template <class T>
struct KernelTable {
  // y[i] = f(x[i])
  void (*activation_forward)(Activation which, const T* x, T* y, Index size, T a, T b, T c);
  // dx[i] = dy[i] * f'(x[i])
  void (*activation_backward)(Activation which, const T* dy, const T* x, T* dx, Index size, T a, T b, T c);

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
  void (*dropout)(const T* x, T* y, Index size, double rate, std::uint64_t seed, std::uint64_t offset);
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
