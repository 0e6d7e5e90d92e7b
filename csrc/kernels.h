// The table of kernels: one function pointer a kernel, one table an instruction set.
//
// Arrays are dense, row-major and never alias unless said otherwise. The Python edge has checked every shape.
// The same names, with the same meaning, stand as NumPy references in tinynet/ops/.
#pragma once

#include "parallel.h"

namespace tinynet {

// The activations that are computed element by element. `a`, `b`, `c` are their parameters (csrc/kernels/activation.h).
enum class Activation : int { linear, relu };

// x[batch][height][width][channels] * kernel[kernel_height][kernel_width][channels/groups][filters]
// -> y[batch][out_height][out_width][filters]
struct Conv2dShape {
  Index batch, height, width, channels;
  Index kernel_height, kernel_width, filters;
  Index out_height, out_width;
  Index stride_h, stride_w, pad_top, pad_left, dilation_h, dilation_w, groups;
};
enum class ConvAlgorithm : int { automatic, direct, winograd2, winograd4 };
enum class ConvPass : int { forward, input_gradient, weight_gradient };

template <class T>
struct KernelTable {
  // y[i] = f(x[i])
  void (*activation_forward)(Activation which, const T* x, T* y, Index size, T a, T b, T c);
  // dx[i] = dy[i] * f'(x[i])
  void (*activation_backward)(Activation which, const T* dy, const T* x, T* dx, Index size, T a, T b, T c);

  // Convolution. `bias` may be null; so may `y`, which masks dy where it is not positive (ReLU's derivative), and
  // `dkernel` and `dbias`, which are then not computed.
  void (*conv2d_forward)(const Conv2dShape& shape, const T* x, const T* kernel, const T* bias, T* y, bool relu,
                         ConvAlgorithm algorithm);
  void (*conv2d_input_gradient)(const Conv2dShape& shape, const T* dy, const T* y, const T* kernel, T* dx,
                                ConvAlgorithm algorithm);
  void (*conv2d_weight_gradient)(const Conv2dShape& shape, const T* dy, const T* y, const T* x, T* dkernel, T* dbias,
                                 ConvAlgorithm algorithm);
  // The same with a kernel[kernel_height][kernel_width][channels][multiplier]; filters = channels * multiplier.
  void (*depthwise_conv2d_forward)(const Conv2dShape& shape, const T* x, const T* kernel, const T* bias, T* y, bool relu);
  void (*depthwise_conv2d_input_gradient)(const Conv2dShape& shape, const T* dy, const T* y, const T* kernel, T* dx);
  void (*depthwise_conv2d_weight_gradient)(const Conv2dShape& shape, const T* dy, const T* y, const T* x, T* dkernel,
                                           T* dbias);
  ConvAlgorithm (*conv2d_algorithm)(const Conv2dShape& shape, ConvPass pass, ConvAlgorithm wanted);
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
