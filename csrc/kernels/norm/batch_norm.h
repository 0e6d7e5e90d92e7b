// Batch normalization over x[rows][channels], with or without ReLU: tinynet/ops/batch_norm.py has the formulas.
//
// Each direction takes two passes over memory, one for the sums and one for the result: y = (x - mean) scale + beta
// needs the mean of all of x, and dx needs all of dgamma. ReLU's mask is recomputed from x, which is loaded anyway.
//
// Several rows are processed together, as lines of about 256 elements, with mean, scale and so on repeated along the
// line. So every loop runs over contiguous memory at full vector width, whether there are 1, 3 or 512 channels.
#pragma once

#include "kernels/matmul/matmul.h"
#include "kernels/norm/moments.h"
#include "kernels/elementwise/math.h"

namespace tinynet::TINYNET_ISA {
namespace {
namespace normalization {

using helpers::max;
using product::Scratch;

constexpr Index kLine = 256;        // elements of a line: a sum in memory is loaded again that many elements later
constexpr Index kFewChannels = 64;  // below this, lines are whole vectors: up to 16 rows of 63 channels, 1008 elements
constexpr Index kMaxLine = 1024;
constexpr Index kSampleRows = 16;  // minimum of rows, or all: the mean of one or two may be far from their block's
constexpr Index kGrain = 2;        // blocks that a thread takes at a time, about 2 us of work

// How rows are grouped. The grouping depends on the sizes alone, and so do the bits of all sums.
struct Lines {
  Index rows, channels;
  Index rows_per_line;
  Index width;  // elements in a line
  Index rows_per_block;
  Index sample_rows;  // rows at the beginning of a block, in whole lines
  Index blocks;

  Lines(Index rows, Index channels) : rows(rows), channels(channels) {
    Index unit = 1;
    if (channels < kFewChannels)
      while (unit * channels % 16 != 0) unit *= 2;
    rows_per_line = unit * max(1, kLine / (unit * channels));
    width = rows_per_line * channels;
    rows_per_block = rows_per_line * max(16 / rows_per_line, max(1, kNormalizationBlock / width));
    const Index sample_lines = (kSampleRows + rows_per_line - 1) / rows_per_line;
    sample_rows = rows_per_line * max(sample_lines, rows_per_block / rows_per_line / 4);
    blocks = (rows + rows_per_block - 1) / rows_per_block;
  }
  Index begin(Index block) const { return block * rows_per_block; }
  Index end(Index block) const { return begin(block + 1) < rows ? begin(block + 1) : rows; }
};

// line[r][c] = values[c] in each row r of a line.
template <class T>
inline void repeat(const T* values, T* line, const Lines& lines) {
  for (Index r = 0; r < lines.rows_per_line; ++r)
    for (Index c = 0; c < lines.channels; ++c) line[r * lines.channels + c] = values[c];
}

// Calls column(j)(i) for the elements of rows [begin, end). i is the index in x, j the index in the line.
template <class Column>
inline void each_element(Index begin, Index end, const Lines& lines, const Column& column) {
  for (Index row = begin; row < end; row += lines.rows_per_line) {
    const Index base = row * lines.channels;
    const Index width = row + lines.rows_per_line <= end ? lines.width : (end - row) * lines.channels;
    TINYNET_NO_OVERLAP
    for (Index j = 0; j < width; ++j) column(j)(base + j);
  }
}

// first[c], second[c] = the sums that column(j)(i, first, second) accumulates over rows [begin, end). Four lines are
// processed together: the sums, and the values that column(j) has loaded, then serve four elements. (With ReLU this is
// twice as fast on data in the cache.)
template <class T, class Column>
inline void column_sums(Index begin, Index end, const Lines& lines, T* first, T* second, const Column& column) {
  T line_first[kMaxLine], line_second[kMaxLine];
  T* const a = lines.rows_per_line > 1 ? line_first : first;
  T* const b = lines.rows_per_line > 1 ? line_second : second;
  const Index width = lines.width, four = 4 * lines.rows_per_line;
  for (Index j = 0; j < width; ++j) a[j] = b[j] = 0;
  Index row = begin;
  for (; row + four <= end; row += four) {
    const Index base = row * lines.channels;
    TINYNET_NO_OVERLAP
    for (Index j = 0; j < width; ++j) {
      const auto add = column(j);
      T p = a[j], q = b[j];
      add(base + j, p, q);
      add(base + width + j, p, q);
      add(base + 2 * width + j, p, q);
      add(base + 3 * width + j, p, q);
      a[j] = p, b[j] = q;
    }
  }
  for (; row < end; row += lines.rows_per_line) {
    const Index base = row * lines.channels;
    const Index remainder = row + lines.rows_per_line <= end ? width : (end - row) * lines.channels;
    TINYNET_NO_OVERLAP
    for (Index j = 0; j < remainder; ++j) column(j)(base + j, a[j], b[j]);
  }
  if (lines.rows_per_line == 1) return;
  for (Index c = 0; c < lines.channels; ++c) first[c] = a[c], second[c] = b[c];
  for (Index r = 1; r < lines.rows_per_line; ++r)
    for (Index c = 0; c < lines.channels; ++c) {
      first[c] += a[r * lines.channels + c];
      second[c] += b[r * lines.channels + c];
    }
}

// Calls body(first block, end) for all blocks; each thread starts with its last ones. parallel_for gives a thread the
// same share in every pass, and the end of that share is still in the thread's L2 cache. The order depends on the
// number of threads, so this is for passes without sums. Two threads, 6272x128, backward pass: 179 us instead of 214.
template <class Body>
void for_blocks_reversed_per_thread(Index blocks, const Body& body) {
  const Index tasks = (blocks + kGrain - 1) / kGrain;
  const Index threads = num_threads() < tasks ? num_threads() : tasks;
  parallel_for(tasks, 1, [=, &body](Index task, Index) {
    const Index thread = (threads * (task + 1) - 1) / tasks;
    const Index mirrored = tasks * thread / threads + tasks * (thread + 1) / threads - 1 - task;
    const Index first = mirrored * kGrain;
    body(first, first + kGrain < blocks ? first + kGrain : blocks);
  });
}

// x[rows][channels] as moments() reads it, one block of rows after another. Here the rows are in memory; in
// conv2d_batch_norm.h they are computed. Each thread has its own reader. reader(begin, end) returns rows begin, ...,
// end - 1, which are valid until the next call.
template <class T>
struct InMemory {
  const T* x;
  Index channels;
  // Unless it is null: stores rows begin, ..., end - 1 in x before they are read.
  void (*compute)(const void* context, Index begin, Index end) = nullptr;
  const void* context = nullptr;

  const InMemory& reader() const { return *this; }
  const T* operator()(Index begin, Index end) const {
    if (compute != nullptr) compute(context, begin, end);
    return x + begin * channels;
  }
};

// mean[c] and variance[c]; the variance is divided by the number of rows. Each block takes two passes. The first
// computes m, the mean of a quarter of the rows; the second computes sum (x - m) and sum (x - m)^2. So a large mean
// loses no precision: (m - mean of the block)^2 is at most about 3 times the variance of the block, for any order of
// the rows. (With m from all rows, the second pass over a block, in the L1 cache, was a quarter of the time.)
template <class T, class Rows>
void moments(const Rows& rows, const Lines& lines, T* mean, T* variance) {
  const Index channels = lines.channels, size = lines.blocks * channels;
  const Scratch<T> partial(3 * size);
  const BlockSums<T> sums = BlockSums<T>::in(partial, size);
  T *const shift = sums.shift, *const deviation_sum = sums.deviation_sum;
  T* const squared_deviation_sum = sums.squared_deviation_sum;
  parallel_for(lines.blocks, kGrain, [=, &rows, &lines](Index first_block, Index last_block) {
    const auto& reader = rows.reader();
    for (Index block = first_block; block < last_block; ++block) {
      const Index count = lines.end(block) - lines.begin(block), at = block * channels;
      const Index sample = lines.sample_rows < count ? lines.sample_rows : count;
      const T* const x = reader(lines.begin(block), lines.end(block));
      column_sums(0, sample, lines, shift + at, squared_deviation_sum + at,
                  [=](Index) { return [=](Index i, T& sum, T&) { sum += x[i]; }; });
      for (Index c = 0; c < channels; ++c) shift[at + c] /= static_cast<T>(sample);
      T repeated[kMaxLine];
      if (lines.rows_per_line > 1) repeat(shift + at, repeated, lines);
      const T* const m = lines.rows_per_line > 1 ? repeated : shift + at;
      column_sums(0, count, lines, deviation_sum + at, squared_deviation_sum + at, [=](Index j) {
        return [=, shift_j = m[j]](Index i, T& sum, T& sum_of_squares) {
          const T d = x[i] - shift_j;
          sum += d;
          sum_of_squares += d * d;
        };
      });
    }
  });

  combine(sums, lines.blocks, channels, [&](Index block) { return lines.end(block) - lines.begin(block); }, mean,
          variance);
}

// inverse_std[c] = 1 / sqrt(variance[c] + epsilon)
template <class T>
void invert(const T* variance, double epsilon, T* inverse_std, Index channels) {
  for (Index c = 0; c < channels; ++c)
    inverse_std[c] = static_cast<T>(1 / math::sqrt(static_cast<double>(variance[c]) + epsilon));
}

// total[c] = sum over blocks, in order and in float64
template <class T>
void add_blocks(const T* partial, Index blocks, Index channels, T* total) {
  const Scratch<double> sums(channels);
  double* const sum = sums;
  for (Index c = 0; c < channels; ++c) sum[c] = 0;
  for (Index block = 0; block < blocks; ++block)
    TINYNET_NO_OVERLAP
    for (Index c = 0; c < channels; ++c) sum[c] += partial[block * channels + c];
  for (Index c = 0; c < channels; ++c) total[c] = static_cast<T>(sum[c]);
}

// Mean, scale and beta of each channel, repeated along a line: y = (x - mean) scale + beta
// with scale = gamma / sqrt(variance + e).
template <class T>
struct Affine {
  Affine(const T* means, const T* inverse_std, const T* gamma, const T* betas, const Lines& lines)
      : memory(3 * lines.width), mean(memory), scale(mean + lines.width), beta(scale + lines.width) {
    for (Index r = 0; r < lines.rows_per_line; ++r)
      for (Index c = 0; c < lines.channels; ++c) {
        const Index j = r * lines.channels + c;
        mean[j] = means[c];
        scale[j] = gamma != nullptr ? gamma[c] * inverse_std[c] : inverse_std[c];
        beta[j] = betas != nullptr ? betas[c] : T(0);
      }
  }
  Scratch<T> memory;
  T *mean, *scale, *beta;
};

template <class T, class Activate>
void apply(const T* x, const Affine<T>& affine, T* y, const Lines& lines, const Activate& activate) {
  const T *const mean = affine.mean, *const scale = affine.scale, *const beta = affine.beta;
  for_blocks_reversed_per_thread(lines.blocks, [=, &lines](Index first_block, Index last_block) {
    each_element(lines.begin(first_block), lines.end(last_block - 1), lines, [=](Index j) {
      return [=, m = mean[j], s = scale[j], b = beta[j]](Index i) { y[i] = activate((x[i] - m) * s + b); };
    });
  });
}

template <class T>
void apply(const T* x, const Affine<T>& affine, bool relu, T* y, const Lines& lines) {
  if (relu)
    apply(x, affine, y, lines, [](T v) { return math::max(v, T(0)); });
  else
    apply(x, affine, y, lines, [](T v) { return v; });
}

// dgamma and dbeta. masked(j)(i, centred) returns dy[i], or 0 where ReLU was flat, and sets centred to x - mean.
template <class T, class Masked>
void gradient_sums(const Lines& lines, const Masked& masked, const T* inverse_std, T* dgamma, T* dbeta) {
  const Index channels = lines.channels, size = lines.blocks * channels;
  const Scratch<T> partial(2 * size);
  T *const first = partial, *const second = first + size;
  parallel_for(lines.blocks, kGrain, [=, &lines](Index first_block, Index last_block) {
    for (Index block = first_block; block < last_block; ++block)
      column_sums(lines.begin(block), lines.end(block), lines, first + block * channels, second + block * channels,
                  [=](Index j) {
                    return [gradient = masked(j)](Index i, T& sum, T& sum_of_products) {
                      T centred;
                      const T d = gradient(i, centred);
                      sum += d;
                      sum_of_products += d * centred;
                    };
                  });
  });
  add_blocks(first, lines.blocks, channels, dbeta);
  add_blocks(second, lines.blocks, channels, dgamma);
  for (Index c = 0; c < channels; ++c) dgamma[c] *= inverse_std[c];
}

// The terms that are subtracted from dy, repeated along a line:
//
//   dx = scale (dy - mean of dy - xhat * mean of dy xhat)
//      = scale ((dy - mean_dy) - (x - mean) slope)
template <class T>
struct GradientStatistics {
  GradientStatistics(const T* dgamma, const T* dbeta, const T* inverse_std, const Lines& lines)
      : memory(2 * lines.width), mean_dy(memory), slope(mean_dy + lines.width) {
    for (Index j = 0; j < lines.width; ++j) {
      const Index c = j % lines.channels;
      mean_dy[j] = dbeta[c] / static_cast<T>(lines.rows);
      slope[j] = dgamma[c] / static_cast<T>(lines.rows) * inverse_std[c];
    }
  }
  Scratch<T> memory;
  T *mean_dy, *slope;
};

// What gradient_sums() and input_gradient() take as `masked`, where nothing is masked.
template <class T>
auto unmasked(const T* dy, const T* x, const T* mean) {
  return [=](Index j) {
    return [=, mean_j = mean[j]](Index i, T& centred) {
      centred = x[i] - mean_j;
      return dy[i];
    };
  };
}

// dx by statistics that depend on x. dx may be dy.
template <class T, class Masked>
void input_gradient(const Lines& lines, const Affine<T>& affine, const GradientStatistics<T>& statistics,
                    const Masked& masked, T* dx) {
  const T *const scale = affine.scale, *const mean_dy = statistics.mean_dy, *const slope = statistics.slope;
  for_blocks_reversed_per_thread(lines.blocks, [=, &lines](Index first_block, Index last_block) {
    each_element(lines.begin(first_block), lines.end(last_block - 1), lines, [=](Index j) {
      return [=, gradient = masked(j), scale_j = scale[j], mean_dy_j = mean_dy[j], slope_j = slope[j]](Index i) {
        T centred;
        const T d = gradient(i, centred);
        dx[i] = scale_j * ((d - mean_dy_j) - centred * slope_j);
      };
    });
  });
}

}  // namespace normalization

// gamma and beta may be null. inverse_std[c] = 1 / sqrt(variance[c] + epsilon).
template <class T>
void batch_norm_forward(const T* x, const T* gamma, const T* beta, double epsilon, bool relu, T* y, T* mean,
                        T* variance, T* inverse_std, Index rows, Index channels) {
  if (rows == 0 || channels == 0) return;
  const normalization::Lines lines(rows, channels);
  normalization::moments(normalization::InMemory<T>{x, channels}, lines, mean, variance);
  normalization::invert(variance, epsilon, inverse_std, channels);
  normalization::apply(x, normalization::Affine<T>(mean, inverse_std, gamma, beta, lines), relu, y, lines);
}

template <class T>
void batch_norm_inference(const T* x, const T* gamma, const T* beta, const T* mean, const T* variance, double epsilon,
                          bool relu, T* y, T* inverse_std, Index rows, Index channels) {
  normalization::invert(variance, epsilon, inverse_std, channels);
  if (rows == 0 || channels == 0) return;
  const normalization::Lines lines(rows, channels);
  normalization::apply(x, normalization::Affine<T>(mean, inverse_std, gamma, beta, lines), relu, y, lines);
}

// dx may be null. `constant`: the mean and variance do not depend on x (inference).
template <class T>
void batch_norm_backward(const T* dy, const T* x, const T* gamma, const T* beta, const T* mean, const T* inverse_std,
                         bool relu, bool constant, T* dx, T* dgamma, T* dbeta, Index rows, Index channels) {
  using namespace normalization;
  for (Index c = 0; c < channels; ++c) dgamma[c] = dbeta[c] = 0;
  if (rows == 0 || channels == 0) return;
  const Lines lines(rows, channels);
  const Affine<T> affine(mean, inverse_std, gamma, beta, lines);
  const T *const m = affine.mean, *const scale = affine.scale, *const offset = affine.beta;

  const auto with_mask = [&](const auto& use) {
    if (relu)
      use([=](Index j) {
        return [=, mean_j = m[j], scale_j = scale[j], offset_j = offset[j]](Index i, T& centred) {
          const T gradient = dy[i];
          centred = x[i] - mean_j;
          return centred * scale_j + offset_j > 0 ? gradient : T(0);
        };
      });
    else
      use(unmasked(dy, x, affine.mean));
  };
  with_mask([&](const auto& masked) {
    gradient_sums<T>(lines, masked, inverse_std, dgamma, dbeta);
    if (dx == nullptr) return;
    if (constant) {
      parallel_for(lines.blocks, kGrain, [=, &lines](Index first_block, Index last_block) {
        each_element(lines.begin(first_block), lines.end(last_block - 1), lines, [=](Index j) {
          return [=, gradient = masked(j), scale_j = scale[j]](Index i) {
            T centred;
            dx[i] = scale_j * gradient(i, centred);
          };
        });
      });
      return;
    }
    input_gradient<T>(lines, affine, GradientStatistics<T>(dgamma, dbeta, inverse_std, lines), masked, dx);
  });
}

}  // namespace
}  // namespace tinynet::TINYNET_ISA
