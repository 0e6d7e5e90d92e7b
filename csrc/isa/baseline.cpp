#define TINYNET_ISA baseline
#define TINYNET_VECTOR_BYTES 16
#include "all_kernels.h"
