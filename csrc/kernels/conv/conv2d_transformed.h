// Convolution with a kernel that has been transformed for Winograd's algorithm, or packed for direct convolution:
// prediction does so once. With packed kernels, 1x1 convolutions of one image of 16x16x128 take 0.8 of the time: the
// packed kernel lies in the cache of each core that reads it.
#pragma once

#include "kernels/conv/conv2d.h"

namespace tinynet::TINYNET_ISA {
namespace {

// 0 if the algorithm does not support a kernel of these sizes. Direct convolution: `channels` is the depth of all taps.
template <class T>
Index conv2d_transformed_size(Index channels, Index filters, ConvAlgorithm algorithm) {
  if (algorithm == ConvAlgorithm::direct) return channels * padded_columns<T>(filters);
  if (channels < VectorOf<T>::lanes || filters < VectorOf<T>::lanes) return 0;
  const Index n = algorithm == ConvAlgorithm::winograd4 ? F4::n : F2::n;
  return n * n * transformed_plane<T>(channels, filters);
}

template <class T>
void conv2d_transform_kernel(const T* kernel, T* transformed, Index channels, Index filters, ConvAlgorithm algorithm) {
  if (algorithm == ConvAlgorithm::direct) return pack_kernel<T>(kernel, channels, 1, filters, transformed);
  const Index plane = transformed_plane<T>(channels, filters);
  if (algorithm == ConvAlgorithm::winograd4)
    transform_kernel<T, F4>(kernel, channels, filters, false, transformed, plane);
  else
    transform_kernel<T, F2>(kernel, channels, filters, false, transformed, plane);
}

template <class T>
void conv2d_transformed_forward(const Conv2dShape& s, const T* x, const T* transformed, const T* bias,
                                const T* residual, T* y, bool relu, ConvAlgorithm algorithm) {
  if (s.batch * s.out_height * s.out_width * s.filters == 0) return;
  if (algorithm == ConvAlgorithm::direct)  // `residual` is null
    return conv2d_forward_packed<T>(s, x, transformed, PaddedBias<T>(s, bias).padded_bias, y, relu);
  const Index plane = transformed_plane<T>(s.channels, s.filters);
  const Images<T> images{x, nullptr, s.height, s.width, s.channels, s.pad_top, s.pad_left};
  const Outputs<T> out{s.batch, s.out_height, s.out_width, s.filters, y, bias, relu, nullptr, nullptr, residual};
  if (algorithm == ConvAlgorithm::winograd4)
    winograd<T, F4>(images, transformed, plane, out);
  else
    winograd<T, F2>(images, transformed, plane, out);
}

}  // namespace
}  // namespace tinynet::TINYNET_ISA
