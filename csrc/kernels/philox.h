// Philox4x32-10, a random generator without state: a block of 128 random bits is a function of a counter and a key
// (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011). Any thread can make any block.
#pragma once

#include "simd.h"

#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace tinynet::TINYNET_ISA {
namespace {

// 64-bit lanes whose lower halves count: one multiplication gives both halves of a product, and what is left in an
// upper half does no harm.
using Word = std::uint64_t;
typedef Word Words __attribute__((vector_size(TINYNET_VECTOR_BYTES), aligned(8), may_alias));
constexpr int kWordLanes = TINYNET_VECTOR_BYTES / 8;

// The products of the lower halves. The compiler multiplies all 64 bits when it is left to itself, at three times the
// price.
inline Words multiply_lower(Words a, Words b) {
#if defined(__AVX512F__)
  // With a full mask, since GCC 12 warns of an uninitialised value inside the plain one (its bug 105593).
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

// 256 numbers of 16 bits from the blocks first, first + 1, ..., first + 31 of the stream (seed, offset): the counter is
// (block, offset), the key is the seed. Half h of word w of block first + i becomes numbers[64 w + 2 i + h]: the words
// of equal w lie side by side, so that vectors of any width are stored as they are.
inline void philox(Word first, Word seed, Word offset, std::int32_t* numbers) {
  const Words zero{};
  for (int i = 0; i < kPhiloxBlocks; i += kWordLanes) {
    Words c0;
    for (int lane = 0; lane < kWordLanes; ++lane) c0[lane] = first + static_cast<Word>(i + lane);
    Words c1 = c0 >> 32, c2 = zero + offset, c3 = c2 >> 32;
    Word key_0 = seed & 0xFFFFFFFFu, key_1 = seed >> 32;
#pragma GCC unroll 10
    for (int round = 0; round < 10; ++round) {
      const Words product_0 = multiply_lower(c0, zero + 0xD2511F53u);
      const Words product_1 = multiply_lower(c2, zero + 0xCD9E8D57u);
      c0 = (product_1 >> 32) ^ c1 ^ key_0;
      c2 = (product_0 >> 32) ^ c3 ^ key_1;
      c1 = product_1;
      c3 = product_0;
      key_0 += 0x9E3779B9u;
      key_1 += 0xBB67AE85u;
    }
    const Words words[4] = {c0, c1, c2, c3};
    for (int w = 0; w < 4; ++w)
      *reinterpret_cast<Words*>(numbers + 2 * (w * kPhiloxBlocks + i)) =
          (words[w] & 0xFFFFu) | ((words[w] & 0xFFFF0000u) << 16);  // two numbers, the lower half first
  }
}

}  // namespace
}  // namespace tinynet::TINYNET_ISA
