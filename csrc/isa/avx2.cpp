#define TINYNET_ISA avx2
#define TINYNET_VECTOR_BYTES 32
#include "all_kernels.h"
