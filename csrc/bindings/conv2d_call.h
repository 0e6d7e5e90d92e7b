// The arguments that all convolutions have.
#pragma once

#include <pybind11/stl.h>

#include <utility>

#include "arrays.h"

namespace tinynet::convolution {

using Pair = std::pair<Index, Index>;
using Padding = std::pair<Pair, Pair>;  // ((top, bottom), (left, right))

inline Index output_size(Index size, Index kernel, Index stride, const Pair& padding, Index dilation) {
  const Index span = dilation * (kernel - 1) + 1, padded = size + padding.first + padding.second;
  return padded < span ? 0 : (padded - span) / stride + 1;
}

// The Python edge explains these in the user's words; here they only keep a wrong call from reading elsewhere.
inline void require(bool condition, const char* what) {
  if (!condition) throw py::value_error(std::string("conv2d kernel: ") + what);
}

// `groups` is 0 for a depthwise kernel of shape (height, width, channels, multiplier).
inline Conv2dShape shape_of_call(const std::vector<py::ssize_t>& x, const py::array& kernel, const Pair& strides,
                                 const Padding& padding, const Pair& dilation, Index groups) {
  require(x.size() == 4, "the input must have shape (batch, height, width, channels)");
  require(kernel.ndim() == 4, "the kernel must have shape (height, width, channels, filters)");
  require(strides.first > 0 && strides.second > 0 && dilation.first > 0 && dilation.second > 0 && groups >= 0,
          "strides, dilation and groups must be positive");
  require(
      padding.first.first >= 0 && padding.first.second >= 0 && padding.second.first >= 0 && padding.second.second >= 0,
      "padding must not be negative");
  Conv2dShape s{};
  s.batch = x[0], s.height = x[1], s.width = x[2], s.channels = x[3];
  s.kernel_height = kernel.shape(0), s.kernel_width = kernel.shape(1), s.filters = kernel.shape(3);
  if (groups == 0) {
    require(kernel.shape(2) == s.channels, "the kernel's channels do not match");
    s.filters *= s.channels;
  } else {
    require(kernel.shape(2) * groups == s.channels && s.filters % groups == 0,
            "channels, filters and groups do not match");
  }
  require(s.kernel_height > 0 && s.kernel_width > 0, "the kernel is empty");
  s.out_height = output_size(s.height, s.kernel_height, strides.first, padding.first, dilation.first);
  s.out_width = output_size(s.width, s.kernel_width, strides.second, padding.second, dilation.second);
  s.stride_h = strides.first, s.stride_w = strides.second;
  s.pad_top = padding.first.first, s.pad_left = padding.second.first;
  s.dilation_h = dilation.first, s.dilation_w = dilation.second;
  s.groups = groups;
  return s;
}

}  // namespace tinynet::convolution
