#define TINYNET_ISA avx512
#define TINYNET_VECTOR_BYTES 64
#include "all_kernels.h"
