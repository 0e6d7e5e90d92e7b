// x86's intrinsics. Of <immintrin.h> the kernels use some; all of it takes GCC 0.45 s in each of 40 objects, and these
// parts 0.1 s. They are not for direct use: the build tries whether this compiler has them so, and else takes all.
#pragma once

#if defined(TINYNET_INTRINSICS_BY_PART)
#define _IMMINTRIN_H_INCLUDED  // GCC's parts ask for it
#include <smmintrin.h>
#include <avxintrin.h>
#include <avx2intrin.h>
#include <avx512fintrin.h>
#include <amxtileintrin.h>
#include <amxbf16intrin.h>
#else
#include <immintrin.h>
#endif
