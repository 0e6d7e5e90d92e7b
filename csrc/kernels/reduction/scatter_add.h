// Rows added to the rows of a table: the gradient of a look-up. tinynet/ops/indexing.py has the reference.
#pragma once

#include "kernels/helpers.h"

namespace tinynet::TINYNET_ISA {
namespace {

// Each task has some rows of the table and looks through all indices: 65536 numbers to add are enough for one, and 16
// tasks read the indices 16 times, which takes a tenth of the sums for rows of 16 numbers. A row's sum runs in the order
// of the indices, whichever task adds it.
template <class T>
void scatter_add(const std::int64_t* indices, const T* rows, T* y, Index count, Index table_rows, Index size) {
  const Index tasks = helpers::min(16, 1 + count * size / 65536);
  parallel_for(table_rows, helpers::max(1, helpers::ceil_div(table_rows, tasks)), [&](Index begin, Index end) {
    for (Index i = begin * size; i < end * size; ++i) y[i] = 0;
    for (Index n = 0; n < count; ++n) {
      if (indices[n] < begin || indices[n] >= end) continue;
      T* const to = y + indices[n] * size;
      const T* const from = rows + n * size;
      for (Index j = 0; j < size; ++j) to[j] += from[j];
    }
  });
}

}  // namespace
}  // namespace tinynet::TINYNET_ISA
