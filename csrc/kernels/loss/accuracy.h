// Counts the rows of scores whose largest element is at their label: tinynet/ops/accuracy.py.
#pragma once

#include "kernels.h"
#include "kernels/helpers.h"

namespace tinynet::TINYNET_ISA {
namespace {

// Index of the first largest element of a row. NaN counts as larger than every number, and the first NaN wins, as in
// NumPy's argmax.
template <class T>
inline Index argmax(const T* row, Index size) {
  Index best = 0;
  for (Index i = 1; i < size && row[best] == row[best]; ++i)
    if (!(row[i] <= row[best])) best = i;
  return best;
}

// A label outside of [0, classes) is never correct. The partial sums are integers, so their order does not change the
// total.
template <class T>
Index count_correct(const T* scores, const std::int64_t* labels, Index rows, Index classes) {
  if (classes == 0) return 0;
  const Index block = helpers::max(1, 32768 / classes);  // about 15 us of work
  const helpers::Scratch<Index> correct(helpers::ceil_div(rows, block));
  parallel_for(rows, block, [&](Index begin, Index end) {
    Index sum = 0;
    for (Index i = begin; i < end; ++i) sum += argmax(scores + i * classes, classes) == labels[i];
    correct[begin / block] = sum;
  });
  Index sum = 0;
  for (Index i = 0; i < helpers::ceil_div(rows, block); ++i) sum += correct[i];
  return sum;
}

}  // namespace
}  // namespace tinynet::TINYNET_ISA
