// The table of kernels: one function pointer a kernel, one table an instruction set.
//
// Arrays are dense, row-major and never alias unless said otherwise. The Python edge has checked every shape.
// The same names, with the same meaning, stand as NumPy references in tinynet/ops/.
#pragma once

#include "parallel.h"

namespace tinynet {

// The activations that are computed element by element. `a`, `b`, `c` are their parameters (csrc/kernels/activation.h).
enum class Activation : int { linear, relu };

template <class T>
struct KernelTable {
  // y[i] = f(x[i])
  void (*activation_forward)(Activation which, const T* x, T* y, Index size, T a, T b, T c);
  // dx[i] = dy[i] * f'(x[i])
  void (*activation_backward)(Activation which, const T* dy, const T* x, T* dx, Index size, T a, T b, T c);

  // Measures of the machine, for bench/. Multiply-adds in registers on every thread; returns the operations done.
  double (*multiply_add_peak)(Index iterations, T factor, T offset, T* results);
  // y[i] = x[i]
  void (*copy_peak)(const T* x, T* y, Index size);
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
