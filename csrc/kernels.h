// The table of kernels: one function pointer a kernel, one table an instruction set.
//
// Arrays are dense, row-major and never alias unless said otherwise. The Python edge has checked every shape.
// The same names, with the same meaning, stand as NumPy references in tinynet/ops/.
#pragma once

#include "parallel.h"

namespace tinynet {

// The activations that are computed element by element. `a`, `b`, `c` are their parameters (csrc/kernels/activation.h).
enum class Activation : int { linear, relu };

// Those that the dense layer applies itself: their derivatives can be written in terms of the result.
enum class DenseActivation : int { linear, relu, sigmoid, tanh };

template <class T>
struct KernelTable {
  // y[i] = f(x[i])
  void (*activation_forward)(Activation which, const T* x, T* y, Index size, T a, T b, T c);
  // dx[i] = dy[i] * f'(x[i])
  void (*activation_backward)(Activation which, const T* dy, const T* x, T* dx, Index size, T a, T b, T c);

  // c[g] = op(a[a_offset[g]]) op(b[b_offset[g]]) for each g < batch; op(a) is m x k, op(b) k x n
  void (*matmul)(const T* a, const Index* a_offset, const T* b, const Index* b_offset, T* c, Index batch, Index m, Index n,
                 Index k, bool transpose_a, bool transpose_b);
  // y[rows][out] = f(x[rows][in] kernel[in][out] + bias[out]); bias may be null
  void (*dense_forward)(const T* x, const T* kernel, const T* bias, T* y, Index rows, Index in, Index out,
                        DenseActivation activation);
  // Its gradients; dx, dkernel and dbias may each be null
  void (*dense_backward)(const T* dy, const T* x, const T* kernel, const T* y, T* dx, T* dkernel, T* dbias, Index rows,
                         Index in, Index out, DenseActivation activation);
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
