// The arguments of a matrix product: matrices in any layout, and the operations on a finished element.
#pragma once

#include "kernels.h"

#ifndef TINYNET_ISA
#error "include this from a unit of csrc/kernels/, which setup.py compiles with TINYNET_ISA and TINYNET_VECTOR_BYTES"
#endif

namespace tinynet::TINYNET_ISA {
namespace {
namespace product {

// A matrix in any layout: element (i, j) is data[i*row + j*column].
template <class T>
struct Matrix {
  const T* data;
  Index row;
  Index column;
};

// The operations on a finished element of C: add bias[j], then apply the activation.
template <class T>
struct Epilogue {
  const T* bias = nullptr;
  bool relu = false;
  void (*activate)(T* c, Index rows, Index columns, Index row_stride) = nullptr;  // in place, on a block in the cache
};

}  // namespace product
}  // namespace
}  // namespace tinynet::TINYNET_ISA
