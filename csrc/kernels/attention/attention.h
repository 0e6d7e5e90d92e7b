// Attention by blocks of queries: tinynet/ops/attention.py has the formulas.
//
// The scores of all queries and keys are never in memory together. A task computes those of some queries, their
// softmax, and the queries' results, while the block is in the cache. The forward pass keeps one number a query, the
// logarithm of its sum of exponentials; from it the backward pass computes the weights once more, which takes less time
// than reading them from memory (Dao et al. 2022, FlashAttention). Unlike there, a block has all keys, so that a row of
// the softmax is complete.
//
// The heads lie side by side in q, k, v and y, as the projections write them. No array is transposed as a whole: a task
// packs the transposed keys (and values) of its sample and head for compute_tile.
#pragma once

#include <limits>

#include "kernels.h"
#include "kernels/elementwise/math.h"
#include "kernels/helpers.h"
#include "kernels/lanes.h"
#include "kernels/matmul/panels.h"

namespace tinynet::TINYNET_ISA {
namespace {
namespace attention {

using helpers::ceil_div;
using helpers::max;
using helpers::min;
using helpers::Scratch;
using product::Matrix;
using product::multiply_panels;
using product::pack_panels;
using product::packed_size;
using product::Panels;
using product::panels_of_rows;

constexpr Index kMostQueries = 96;  // of a block: eight tiles of 12 rows

// How many queries a block has. It depends on sizes alone: the sums over queries run block by block.
inline Index block_queries(const AttentionShape& shape) {
  return min(max(1, shape.queries), min(kMostQueries, max(12, kBlockScores / max(1, shape.keys))));
}

// The sum of x[i] * y[i], or of x[i] if y is null.
template <class T>
inline T dot(const T* x, const T* y, Index size) {
  constexpr Index lanes = VectorOf<T>::lanes;
  Vec<T> sum{};
  Index i = 0;
  for (; i + lanes <= size; i += lanes) sum += y != nullptr ? load(x + i) * load(y + i) : load(x + i);
  const FirstLanes<T> kept(size - i);
  sum += y != nullptr ? kept.load(x + i) * kept.load(y + i) : kept.load(x + i);
  return sum_of_lanes<T>(sum);
}

// The largest of x[0], ..., x[size - 1]. May miss a NaN, which the exponentials propagate anyway.
template <class T>
inline T largest_of(const T* x, Index size) {
  constexpr Index lanes = VectorOf<T>::lanes;
  if (size < lanes) {
    T top = x[0];
    for (Index i = 1; i < size; ++i) top = math::max(top, x[i]);
    return top;
  }
  Vec<T> top = load(x + size - lanes);  // the last ones twice, rather than a partial vector
  for (Index i = 0; i + lanes <= size; i += lanes) top = load(x + i) > top ? load(x + i) : top;
  return largest_lane<T>(top);
}

// The keys that one query uses: those among the first `limit` whose `mask` is not 0, or all of them if it is null.
struct Keys {
  Index limit;
  const std::uint8_t* mask;
  bool any;  // whether there is such a key
};

// The queries first, ..., first + count - 1 of one sample and head.
struct Block {
  Block(const AttentionShape& shape, const AttentionMask& mask, bool causal, Index sample, Index head, Index first,
        Index count) {
    for (Index i = 0; i < count; ++i) {
      const Index limit = causal ? min(shape.keys, first + i + 1) : shape.keys;
      const std::uint8_t* row = nullptr;
      if (mask.data != nullptr)
        row = mask.data + sample * mask.of_sample + head * mask.of_head + (first + i) * mask.of_query;
      std::uint8_t any = row == nullptr && limit > 0;
      for (Index j = 0; row != nullptr && j < limit; ++j) any |= row[j];
      keys[i] = {limit, row, any != 0};
      width = max(width, any != 0 ? limit : shape.keys);
    }
  }
  Keys keys[kMostQueries];
  Index width = 0;  // no query has a weight above 0 for a key from here on
};

// Turns the products s[width] of a query with the keys into e^(score - largest score), 0 for keys that it does not use.
// Returns their sum; `largest` becomes the largest score.
template <class T>
T exponentials(const Keys& keys, Index width, T scale, T* s, T* largest) {
  if (!keys.any) {
    *largest = 0;
    for (Index j = 0; j < width; ++j) s[j] = 1;
    return static_cast<T>(width);
  }
  const std::uint8_t* const mask = keys.mask;
  constexpr T kNone = -std::numeric_limits<T>::infinity();
  T top = 0;
  if (mask == nullptr) {
    for (Index j = 0; j < keys.limit; ++j) s[j] *= scale;
    top = largest_of(s, keys.limit);
    for (Index j = 0; j < keys.limit; ++j) s[j] = math::exp_of_negative(s[j] - top);
  } else {
    TINYNET_NO_OVERLAP
    for (Index j = 0; j < keys.limit; ++j) s[j] = math::select(mask[j] != 0, s[j] * scale, kNone);
    top = largest_of(s, keys.limit);
    TINYNET_NO_OVERLAP
    for (Index j = 0; j < keys.limit; ++j) s[j] = math::select(mask[j] != 0, math::exp_of_negative(s[j] - top), T(0));
  }
  for (Index j = keys.limit; j < width; ++j) s[j] = 0;
  *largest = top;
  return dot<T>(s, nullptr, keys.limit);
}

// Turns the products s[width] into the weights p, and d[width], the gradients with respect to p, into those with
// respect to the products: d = scale p (d - mean), where `mean` is that of the d, weighted by p.
template <class T>
void weights_and_gradients(const Keys& keys, Index width, T scale, T log_sum, T mean, T* s, T* d) {
  if (!keys.any) {
    const T all_alike = math::exp_of_negative(-log_sum);  // all scores count as 0
    for (Index j = 0; j < width; ++j) s[j] = all_alike, d[j] = 0;
    return;
  }
  const std::uint8_t* const mask = keys.mask;
  if (mask == nullptr) {
    TINYNET_NO_OVERLAP
    for (Index j = 0; j < keys.limit; ++j) {
      s[j] = math::exp_of_negative(s[j] * scale - log_sum);
      d[j] = s[j] * (d[j] - mean) * scale;
    }
  } else {
    TINYNET_NO_OVERLAP
    for (Index j = 0; j < keys.limit; ++j) {
      const T weight = math::exp_of_negative(s[j] * scale - log_sum);
      s[j] = math::select(mask[j] != 0, weight, T(0));
      d[j] = math::select(mask[j] != 0, weight * (d[j] - mean) * scale, T(0));
    }
  }
  for (Index j = keys.limit; j < width; ++j) s[j] = 0, d[j] = 0;
}

// Calls body(begin, end) for runs of `count` tasks, a few runs a thread; one run if the arithmetic is not worth a
// second thread. A task writes what no other one does, so the length of the runs changes no bit.
template <class T, class Body>
void each_run(Index count, const AttentionShape& shape, const Body& body) {
  const double work = 2.0 * static_cast<double>(shape.batch * shape.heads) * static_cast<double>(shape.queries) *
                      static_cast<double>(shape.keys) * static_cast<double>(shape.dim + shape.value_dim);
  parallel_for(count, work < product::Plan<T>::kSerial ? max(1, count) : max(1, ceil_div(count, 4 * num_threads())),
               body);
}

}  // namespace attention

template <class T>
void attention_forward(const AttentionShape& shape, const T* q, const T* k, const T* v, const AttentionMask& mask, T* y,
                       T* log_sum, double scale, bool causal) {
  using namespace attention;
  const Index dim = shape.dim, values = shape.value_dim, keys = shape.keys, heads = shape.heads;
  const Index q_row = heads * dim, v_row = heads * values;
  const Index most = block_queries(shape), blocks = ceil_div(shape.queries, most);
  each_run<T>(shape.batch * heads * blocks, shape, [&](Index begin, Index end) {
    const Scratch<T> scores(most * keys), packed(packed_size<T>(dim, keys));
    Panels<T> k_transposed{};
    for (Index task = begin; task < end; ++task) {
      const Index pair = task / blocks, sample = pair / heads, head = pair % heads;
      const Index first = task % blocks * most, count = min(most, shape.queries - first);
      if (task == begin || first == 0)
        k_transposed = pack_panels<T>({k + sample * keys * q_row + head * dim, 1, q_row}, dim, keys, packed);
      const Block block(shape, mask, causal, sample, head, first, count);
      const Index query = sample * shape.queries + first, width = block.width;
      T* const to = y + query * v_row + head * values;
      T sums[kMostQueries], largest[kMostQueries];
      multiply_panels(count, width, dim, Matrix<T>{q + query * q_row + head * dim, q_row, 1}, k_transposed, +scores,
                      width, false);
      for (Index i = 0; i < count; ++i)
        sums[i] = exponentials(block.keys[i], width, static_cast<T>(scale), scores + i * width, largest + i);
      T* const logarithms = log_sum + pair * shape.queries + first;
      for (Index i = 0; i < count; ++i) logarithms[i] = largest[i] + math::log(sums[i]);
      multiply_panels(count, values, width, Matrix<T>{scores, width, 1},
                      panels_of_rows(v + sample * keys * v_row + head * values, v_row), to, v_row, false);
      for (Index i = 0; i < count; ++i) {
        const T factor = keys > 0 ? T(1) / sums[i] : T(0);
        for (Index c = 0; c < values; ++c) to[i * v_row + c] *= factor;
      }
    }
  });
}

template <class T>
void attention_backward(const AttentionShape& shape, const T* dy, const T* q, const T* k, const T* v,
                        const AttentionMask& mask, const T* y, const T* log_sum, T* dq, T* dk, T* dv, double scale,
                        bool causal) {
  using namespace attention;
  const Index dim = shape.dim, values = shape.value_dim, keys = shape.keys, heads = shape.heads;
  const Index q_row = heads * dim, v_row = heads * values, most = block_queries(shape);
  // A task is a sample and head: dk and dv are sums over all of its queries.
  each_run<T>(shape.batch * heads, shape, [&](Index begin, Index end) {
    const Scratch<T> weights(most * keys), gradients(most * keys);
    const Scratch<T> packed_k(packed_size<T>(dim, keys)), packed_v(packed_size<T>(values, keys));
    for (Index pair = begin; pair < end; ++pair) {
      const Index sample = pair / heads, head = pair % heads;
      const Index at_k = sample * keys * q_row + head * dim, at_v = sample * keys * v_row + head * values;
      const Panels<T> k_transposed = pack_panels<T>({k + at_k, 1, q_row}, dim, keys, packed_k);
      const Panels<T> v_transposed = pack_panels<T>({v + at_v, 1, v_row}, values, keys, packed_v);
      for (Index j = 0; j < keys; ++j) {
        for (Index c = 0; c < dim; ++c) dk[at_k + j * q_row + c] = 0;
        for (Index c = 0; c < values; ++c) dv[at_v + j * v_row + c] = 0;
      }
      for (Index first = 0; first < shape.queries; first += most) {
        const Index count = min(most, shape.queries - first), query = sample * shape.queries + first;
        const Block block(shape, mask, causal, sample, head, first, count);
        const Index width = block.width, at_q = query * q_row + head * dim, at_y = query * v_row + head * values;
        multiply_panels(count, width, dim, Matrix<T>{q + at_q, q_row, 1}, k_transposed, +weights, width, false);
        multiply_panels(count, width, values, Matrix<T>{dy + at_y, v_row, 1}, v_transposed, +gradients, width, false);
        for (Index i = 0; i < count; ++i) {
          // y is the mean of the values, so dy.y is that of dy.v, which is what `gradients` holds.
          const T mean = dot(dy + at_y + i * v_row, y + at_y + i * v_row, values);
          weights_and_gradients(block.keys[i], width, static_cast<T>(scale),
                                log_sum[pair * shape.queries + first + i], mean, weights + i * width,
                                gradients + i * width);
        }
        multiply_panels(width, values, count, Matrix<T>{weights, 1, width}, panels_of_rows(dy + at_y, v_row), dv + at_v,
                        v_row, true);
        multiply_panels(width, dim, count, Matrix<T>{gradients, 1, width}, panels_of_rows(q + at_q, q_row), dk + at_k,
                        q_row, true);
        multiply_panels(count, dim, width, Matrix<T>{gradients, width, 1}, panels_of_rows(k + at_k, q_row), dq + at_q,
                        q_row, false);
      }
    }
  });
}

}  // namespace
}  // namespace tinynet::TINYNET_ISA
