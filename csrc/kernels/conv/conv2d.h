// Two-dimensional convolution: selects the algorithm for a shape. tinynet/ops/conv2d.py has the formulas.
#pragma once

#include "kernels/conv/conv2d_direct.h"
#include "kernels/conv/conv2d_spread.h"
#include "kernels/conv/conv2d_weight_gradient.h"
#include "kernels/winograd/conv2d_winograd.h"

namespace tinynet::TINYNET_ISA {
namespace {

// Winograd's algorithm handles 3x3 kernels with stride 1 whose channels fill at least one vector.
template <class T>
bool winograd_supports(const Conv2dShape& s) {
  constexpr Index lanes = VectorOf<T>::lanes;
  return s.kernel_height == 3 && s.kernel_width == 3 && s.stride_h == 1 && s.stride_w == 1 && s.dilation_h == 1 &&
         s.dilation_w == 1 && s.groups == 1 && s.channels >= lanes && s.filters >= lanes &&
         s.batch * s.out_height * s.out_width > 0;
}

// The pixels of a batch from which on Winograd's products save more than the transformed kernel costs. If that does not
// fit into L2, an input gradient of one image of 14x14x256 takes 1.2 times as long as by direct convolution, one of
// 7x7x512 2.7 times, and its forward pass 1.4 times. The kernel of an input gradient is transposed besides.
inline Index fewest_winograd_pixels(const Conv2dShape& s, ConvPass pass) {
  const bool transposed = pass == ConvPass::input_gradient;
  if (F4::n * F4::n * s.channels * s.filters * Index(sizeof(float)) <= kStreamedKernelBytes) return transposed ? 64 : 0;
  return transposed ? 400 : pass == ConvPass::forward ? 200 : 64;
}

// F(4x4) is the fastest wherever its tiles are well filled, on all shapes measured, from 16 channels on. F(2x2) is used
// where only its own tiles are well filled (outputs of 2x2). All other shapes use direct convolution. So does float64,
// because users choose it for accuracy.
template <class T>
ConvAlgorithm conv2d_algorithm(const Conv2dShape& s, ConvPass pass, ConvAlgorithm requested) {
  if (!winograd_supports<T>(s)) return ConvAlgorithm::direct;
  if (requested != ConvAlgorithm::automatic) return requested;
  if (sizeof(T) == 8 || s.channels < 16 || s.filters < 16) return ConvAlgorithm::direct;
  const Index rows = pass == ConvPass::input_gradient ? s.height : s.out_height;
  const Index cols = pass == ConvPass::input_gradient ? s.width : s.out_width;
#if defined(__AMX_BF16__)
  if (tiles::direct_is_faster(s, pass, rows, cols)) return ConvAlgorithm::direct;
#endif
  if (s.batch * rows * cols < fewest_winograd_pixels(s, pass)) return ConvAlgorithm::direct;
  const Index half = 9 * rows * cols / 2;
  if (Axis<F4>(rows).elements * Axis<F4>(cols).elements <= half) return ConvAlgorithm::winograd4;
  return Axis<F2>(rows).elements * Axis<F2>(cols).elements <= half ? ConvAlgorithm::winograd2 : ConvAlgorithm::direct;
}

template <class T>
void conv2d_forward(const Conv2dShape& s, const T* x, const T* kernel, const T* bias, T* y, bool relu,
                    ConvAlgorithm requested) {
  switch (conv2d_algorithm<T>(s, ConvPass::forward, requested)) {
    case ConvAlgorithm::winograd2:
      return conv2d_forward_winograd<T, F2>(s, x, kernel, bias, y, relu);
    case ConvAlgorithm::winograd4:
      return conv2d_forward_winograd<T, F4>(s, x, kernel, bias, y, relu);
    default:
      return conv2d_forward_direct(s, x, kernel, bias, y, relu);
  }
}

template <class T>
void conv2d_input_gradient(const Conv2dShape& s, const T* dy, const T* kernel, const T* y, T* dx,
                           ConvAlgorithm requested) {
  switch (conv2d_algorithm<T>(s, ConvPass::input_gradient, requested)) {
    case ConvAlgorithm::winograd2:
      return conv2d_input_gradient_winograd<T, F2>(s, dy, kernel, y, dx);
    case ConvAlgorithm::winograd4:
      return conv2d_input_gradient_winograd<T, F4>(s, dy, kernel, y, dx);
    default:
      // With few channels most lanes of a vector would be idle; the channels of all taps together fill them.
#if defined(__AMX_BF16__)
      if (sizeof(T) == 4 && s.groups == 1 && tiles::few_channels_are_profitable(s))
        return conv2d_input_gradient_direct(s, dy, kernel, y, dx);
#endif
      if (s.groups == 1 && s.channels <= VectorOf<T>::lanes / 2)
        return conv2d_input_gradient_spread(s, dy, kernel, y, dx);
      return conv2d_input_gradient_direct(s, dy, kernel, y, dx);
  }
}

template <class T>
void conv2d_weight_gradient(const Conv2dShape& s, const T* dy, const T* x, const T* y, T* dkernel, T* dbias,
                            ConvAlgorithm requested) {
  const ConvAlgorithm chosen =
      dkernel == nullptr ? ConvAlgorithm::direct : conv2d_algorithm<T>(s, ConvPass::weight_gradient, requested);
  switch (chosen) {
    case ConvAlgorithm::winograd2:
      return conv2d_weight_gradient_winograd<T, F2>(s, dy, x, y, dkernel, dbias);
    case ConvAlgorithm::winograd4:
      return conv2d_weight_gradient_winograd<T, F4>(s, dy, x, y, dkernel, dbias);
    default:
      return conv2d_weight_gradient_direct(s, dy, x, y, dkernel, dbias);
  }
}

}  // namespace
}  // namespace tinynet::TINYNET_ISA
