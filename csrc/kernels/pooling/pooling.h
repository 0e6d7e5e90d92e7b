// Pooling: the maximum or the mean of each window; tinynet/ops/max_pool2d.py and average_pool2d.py.
//
// The lanes of a vector are adjacent channels. With fewer channels than lanes, the lanes are adjacent windows: rows are
// copied into lines in which the columns that one tap reads are contiguous.
//
// With the maximum its argmax index is stored, one byte per output. The backward pass then reads dy and these bytes and
// writes dx: 1.3 arrays. Finding the maximum again would read x too: 2.3 arrays.
#pragma once

#include "kernels/pooling/channels.h"
#include "kernels/pooling/lines.h"

namespace tinynet::TINYNET_ISA {
namespace {
namespace pooling {

template <class T, class Kind>
void forward(const Pool2dShape& s, const T* x, const Kind& kind) {
  if (s.batch * s.out_height * s.out_width * s.channels == 0) return;
  if (s.channels < VectorOf<T>::lanes)
    forward_lines<T>(s, x, kind);
  else
    forward_channels<T>(s, x, kind);
}

template <class GradientRow, class T, class Gradient>
void backward(const Pool2dShape& s, const Gradient& gradient, T* dx) {
  if (s.batch * s.height * s.width * s.channels == 0) return;
  const bool disjoint = s.stride_h >= s.pool_height && s.stride_w >= s.pool_width;
  if (s.channels < VectorOf<T>::lanes && disjoint && s.width * s.channels >= VectorOf<T>::lanes)
    backward_lines_disjoint<GradientRow>(s, gradient, dx);
  else if (s.channels < VectorOf<T>::lanes)
    backward_lines<GradientRow>(s, gradient, dx);
  else if (disjoint)
    backward_disjoint(s, gradient, dx);
  else
    backward_overlapping(s, gradient, dx);
}

}  // namespace pooling

template <class T>
void max_pool2d_forward(const Pool2dShape& s, const T* x, T* y, const ArgmaxArray& argmax) {
  if (argmax.int32 != nullptr)
    pooling::forward(s, x, pooling::Maximum<T, std::int32_t>{y, argmax.int32});
  else
    pooling::forward(s, x, pooling::Maximum<T, std::uint8_t>{y, argmax.uint8});
}

template <class T>
void max_pool2d_backward(const Pool2dShape& s, const T* dy, const ArgmaxArray& argmax, T* dx) {
  using namespace pooling;
  if (argmax.int32 != nullptr)
    backward<MaximumGradientRow<T, std::int32_t>>(s, MaximumGradient<T, std::int32_t>{dy, argmax.int32}, dx);
  else
    backward<MaximumGradientRow<T, std::uint8_t>>(s, MaximumGradient<T, std::uint8_t>{dy, argmax.uint8}, dx);
}

template <class T>
void average_pool2d_forward(const Pool2dShape& s, const T* x, T* y) {
  pooling::forward(s, x, pooling::Mean<T>{y});
}

template <class T>
void average_pool2d_backward(const Pool2dShape& s, const T* dy, T* dx) {
  pooling::backward<pooling::MeanGradientRow<T>>(s, pooling::MeanGradient<T>{dy}, dx);
}

}  // namespace
}  // namespace tinynet::TINYNET_ISA
