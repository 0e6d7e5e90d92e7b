// Philox4x32-10, a stateless random generator: a block of 128 random bits is a function of a counter and a key (Salmon
// et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011). Any thread can generate any block.
#pragma once

#include "simd.h"

#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace tinynet::TINYNET_ISA {
namespace {

// 64-bit lanes. Only their lower halves count: one multiplication returns both halves of a product, and other bits in
// an upper half do no harm.
using Word = std::uint64_t;
typedef Word Words __attribute__((vector_size(TINYNET_VECTOR_BYTES), aligned(8), may_alias));
constexpr int kWordLanes = TINYNET_VECTOR_BYTES / 8;

// The products of the lower halves. Without the intrinsics the compiler multiplies all 64 bits, which takes three times
// as long.
inline Words multiply_lower(Words a, Words b) {
#if defined(__AVX512F__)
  // With a full mask, because GCC 12 warns of an uninitialised value inside the intrinsic without one (its bug 105593).
  return reinterpret_cast<Words>(
      _mm512_maskz_mul_epu32(0xFF, reinterpret_cast<__m512i>(a), reinterpret_cast<__m512i>(b)));
#elif defined(__AVX2__)
  return reinterpret_cast<Words>(_mm256_mul_epu32(reinterpret_cast<__m256i>(a), reinterpret_cast<__m256i>(b)));
#elif defined(__SSE2__)
  return reinterpret_cast<Words>(_mm_mul_epu32(reinterpret_cast<__m128i>(a), reinterpret_cast<__m128i>(b)));
#else
  return (a & 0xFFFFFFFFu) * (b & 0xFFFFFFFFu);
#endif
}

constexpr int kPhiloxBlocks = 32;
constexpr int kPhiloxNumbers = 8 * kPhiloxBlocks;
typedef std::int32_t Numbers __attribute__((vector_size(TINYNET_VECTOR_BYTES)));

// Widens the two 16-bit numbers in each lower half to 32 bits, the lower one first.
inline Numbers split_lower(Words words) {
  return reinterpret_cast<Numbers>((words & 0xFFFFu) | ((words & 0xFFFF0000u) << 16));
}

// 256 numbers of 16 bits from the blocks first, first + 1, ..., first + 31 of the stream (seed, offset). The counter is
// (block, offset), the key is the seed. Half h of word w of block first + i is number 64 w + 2 i + h: words of equal w
// are contiguous, which suits vectors of any width. Calls use(n, numbers n, n + 1, ...) until all are used.
template <class Use>
__attribute__((always_inline)) inline void philox(Word first, Word seed, Word offset, const Use& use) {
  constexpr int kChains = 4;  // independent vectors: a single one waits for each round's products, 1.6 times as long
  const Words zero{};
  Words lane{};
  for (int l = 0; l < kWordLanes; ++l) lane[l] = static_cast<Word>(l);
  for (int i = 0; i < kPhiloxBlocks; i += kChains * kWordLanes) {
    Words c0[kChains], c1[kChains], c2[kChains], c3[kChains];
    for (int k = 0; k < kChains; ++k) {
      c0[k] = lane + (first + static_cast<Word>(i + k * kWordLanes));
      c1[k] = c0[k] >> 32;
      c2[k] = zero + offset;
      c3[k] = c2[k] >> 32;
    }
    Word key_0 = seed & 0xFFFFFFFFu, key_1 = seed >> 32;
#pragma GCC unroll 10
    for (int round = 0; round < 10; ++round) {
#pragma GCC unroll 4
      for (int k = 0; k < kChains; ++k) {
        const Words product_0 = multiply_lower(c0[k], zero + 0xD2511F53u);
        const Words product_1 = multiply_lower(c2[k], zero + 0xCD9E8D57u);
        c0[k] = (product_1 >> 32) ^ c1[k] ^ key_0;
        c2[k] = (product_0 >> 32) ^ c3[k] ^ key_1;
        c1[k] = product_1;
        c3[k] = product_0;
      }
      key_0 += 0x9E3779B9u;
      key_1 += 0xBB67AE85u;
    }
    for (int k = 0; k < kChains; ++k) {
      const Words words[4] = {c0[k], c1[k], c2[k], c3[k]};
      for (int w = 0; w < 4; ++w) use(2 * (w * kPhiloxBlocks + i + k * kWordLanes), split_lower(words[w]));
    }
  }
}

}  // namespace
}  // namespace tinynet::TINYNET_ISA
