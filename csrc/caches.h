// The sizes of this machine's caches, and every constant of the kernels that was chosen for caches.
//
// What may follow the machine: who computes something and in which order blocks come. What may not: where a sum is cut
// into partial sums, because the bits of the result depend on it. Those sizes are constants, the same on every machine,
// chosen so that they fit the caches of today's CPUs (L1 from 32 KB, L2 from 512 KB).
#pragma once

#include "parallel.h"

namespace tinynet {

// Bytes of the caches that a core reaches: its L1 for data, its L2, and the L3 that it shares with others. Without an
// L3 (some ARM CPUs) l3 is l2.
struct CacheSizes {
  Index l1, l2, l3;
};

// Read from the system once, when the module is imported. What cannot be read counts as 32 KB, 512 KB and 8 MB.
const CacheSizes& cache_sizes();

// Uses other sizes, for tests: no result changes a bit. Those that are 0 are the machine's. While no kernel runs.
void set_cache_sizes(const CacheSizes& sizes);

// --- What follows the machine's caches ------------------------------------------------------------------------------

// Winograd's transformed kernels, which all threads read in every block, should leave half of the L3 cache to the
// tiles. If they are larger, all threads share each block, and so each reading.
inline Index largest_shared_kernel(const CacheSizes& sizes) { return sizes.l3 / 2; }

// --- What is the same on every machine ------------------------------------------------------------------------------

// Winograd (kernels/winograd/). Transformed kernels that are larger do not stay in L2 from one block to the next. A
// block then has at least 48 tiles: 24 operations for each byte of the kernel that comes from L3 or memory, which is
// 4 GB/s for a core of AVX2.
constexpr Index kStreamedKernelBytes = 4 << 20;
constexpr Index kStreamedTiles = 48;
// A block's transformed tiles and products, beside the kernel, in L2.
constexpr Index kWinogradBlockBytes = 256 << 10;
// The same of the weight gradient. With 2 MB it takes 1.1 to 1.2 times as long.
constexpr Index kGradientBlockBytes = 512 << 10;
// If its results are streamed: one element of all tiles of a block.
constexpr Index kGradientElementBytes = 256 << 10;
// Partial results of a weight gradient, if there are more than four.
constexpr Index kGradientPartialBytes = 3 << 20;
// A row of tiles. In longer rows the hardware prefetches on its own, and the rows do not fit into the L2 cache.
constexpr Index kPrefetchedRowBytes = 64 << 10;

// Direct convolution (kernels/conv/). A block's slab, its output and a panel of weights share the L2 cache.
constexpr Index kBlockPixels = 768;
constexpr Index kSlabBytes = 384 << 10;
constexpr Index kFewPixels = 400;  // are one block, if their input fits into so many bytes and their weights do not
constexpr Index kFewPixelsBytes = 512 << 10;
constexpr Index kBlockDepth = 1024;  // products summed before the next panel: 64 KB of weights with AVX2
// Weights of a 1x1 convolution with moments that each tile of 12 rows reads, from L1 or L2. 64 images of 32x32 with 32x64
// weights take 0.87 of the time.
constexpr Index kPanelsOfTileBytes = 32 << 10;
// All partial results of a weight gradient: they are written, and read once more by threads that did not write them.
// With 8 MB, 16 images of 14x14x64 with stride 2 take 1.9 times as long, 64 images of 8x8 with a 1x1 kernel of 128x256
// 1.2 times.
constexpr Index kPartialKernelsBytes = 700 << 10;
// Weights a filter, from which on a gradient of several panels is packed, and else read where it is. Packing takes longer
// than it saves for few: 64 images of 32x32 with a 1x1 kernel of 32x64 take 0.7 of the time without, of 512x512 1.08.
constexpr Index kPackedRows = 256;
constexpr Index kDepthwiseSlabBytes = 256 << 10;
constexpr Index kDepthwiseImageBytes = 64 << 10;  // the rows of a band that are read where they are

// Matrix product (kernels/matmul/): the length of a block of k. Tiles of 12 rows: bytes of a row. 384 floats are 24
// loads of C for 4600 cycles of products; a panel of A, 18 KB, stays in L1 while those of B pass. Tiles of 6 rows:
// bytes of a panel of B, which stays in L1 while those of A, of 6 KB with AVX2, pass.
constexpr Index kPackedDepthBytes = 1536;
constexpr Index kPackedPanelBytes = 16 << 10;
constexpr Index kUnpackedDepthBytes = 8192;
// A right factor of many rows that is not larger is read where it is, from L2 (low tiles: L1). Packing takes a pass of
// its own, and hands parts to the other cores: 256x784x128 took 1.4 times as long on two cores that send 5 GB/s to each
// other.
constexpr Index kReadInPlaceBytes = 640 << 10;
constexpr Index kReadInPlaceLowBytes = 32 << 10;

// Attention: the scores of a block, 96 KB of floats, which L2 holds beside the keys and the values.
constexpr Index kBlockScores = 24576;

// Recurrences: samples that go through all steps together; their gates stay in L2. (Changes no bit.)
constexpr Index kMostSamples = 48;

// Batch normalization: elements of a block of rows, 32 KB of floats, so that the second pass reads L1.
constexpr Index kNormalizationBlock = 8192;

// Matrix unit (kernels/amx/): CPUs that have one have 48 KB of L1 and 2 MB of L2.
constexpr Index kUnitBlockBytes = 768 << 10;       // Winograd: a block's split tiles and products, in L2
constexpr Index kUnitSharedBlockBytes = 16 << 20;  // the same, if all threads share the block
constexpr Index kBandBytes = 900 << 10;  // product: a task's split rows of A; they share L2 with columns of B
// Bytes of the columns of B that a task splits at a time. The products are computed row by row of C, so its memory is
// accessed in order: 512 x 4096 with sums of 128 take 1.5 times as long with 32 columns at a time.
constexpr Index kRunBytes = 512 << 10;
constexpr Index kSlabGroup = 900 << 10;      // weight gradient: split x ...
constexpr Index kGradientGroup = 800 << 10;  // ... and split dy of a group of blocks share L2

}  // namespace tinynet
