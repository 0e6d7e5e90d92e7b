// The arguments that all convolutions have.
#pragma once

#include "bindings/arrays.h"

namespace tinynet::convolution {

inline Index output_size(Index size, Index kernel, Index stride, const Pair& padding, Index dilation) {
  const Index span = dilation * (kernel - 1) + 1, padded = size + padding.first + padding.second;
  return padded < span ? 0 : (padded - span) / stride + 1;
}

inline void require(bool condition, const char* what) { tinynet::require(condition, "conv2d", what); }

// Whether the activation that a kernel fuses is ReLU; or else it is none.
inline bool is_relu(const std::string& activation) {
  if (activation == "linear") return false;
  if (activation == "relu") return true;
  throw py::value_error("conv2d kernels fuse 'linear' and 'relu', got '" + activation + "'");
}

// The shape of a call, without its filters and groups.
inline Conv2dShape window_of_call(const Shape& x, const Shape& kernel, const Pair& strides, const Padding& padding,
                                  const Pair& dilation) {
  require(x.size() == 4, "the input must have shape (batch, height, width, channels)");
  require(kernel.size() == 4, "the kernel must have shape (height, width, channels, filters)");
  require(strides.first > 0 && strides.second > 0 && dilation.first > 0 && dilation.second > 0,
          "strides and dilation must be positive");
  require(
      padding.first.first >= 0 && padding.first.second >= 0 && padding.second.first >= 0 && padding.second.second >= 0,
      "padding must not be negative");
  Conv2dShape s{};
  s.batch = x[0], s.height = x[1], s.width = x[2], s.channels = x[3];
  s.kernel_height = kernel[0], s.kernel_width = kernel[1];
  require(s.kernel_height > 0 && s.kernel_width > 0, "the kernel is empty");
  s.out_height = output_size(s.height, s.kernel_height, strides.first, padding.first, dilation.first);
  s.out_width = output_size(s.width, s.kernel_width, strides.second, padding.second, dilation.second);
  s.stride_h = strides.first, s.stride_w = strides.second;
  s.pad_top = padding.first.first, s.pad_left = padding.second.first;
  s.dilation_h = dilation.first, s.dilation_w = dilation.second;
  return s;
}

// kernel[height][width][channels / groups][filters]
inline Conv2dShape shape_of_call(const Shape& x, const Shape& kernel, const Pair& strides, const Padding& padding,
                                 const Pair& dilation, Index groups) {
  Conv2dShape s = window_of_call(x, kernel, strides, padding, dilation);
  s.filters = kernel[3], s.groups = groups;
  require(groups > 0 && kernel[2] * groups == s.channels && s.filters % groups == 0,
          "channels, filters and groups do not match");
  return s;
}

inline Conv2dShape shape_of_call(const Shape& x, const py::array& kernel, const Pair& strides, const Padding& padding,
                                 const Pair& dilation, Index groups) {
  return shape_of_call(x, shape_of(kernel), strides, padding, dilation, groups);
}

// kernel[height][width][channels][multiplier]
inline Conv2dShape depthwise_shape_of_call(const Shape& x, const py::array& array, const Pair& strides,
                                           const Padding& padding, const Pair& dilation) {
  const Shape kernel = shape_of(array);
  Conv2dShape s = window_of_call(x, kernel, strides, padding, dilation);
  require(kernel[2] == s.channels, "the kernel's channels do not match");
  s.filters = s.channels * kernel[3], s.groups = s.channels;
  return s;
}

inline Shape output_shape(const Conv2dShape& s) { return {s.batch, s.out_height, s.out_width, s.filters}; }

}  // namespace tinynet::convolution
