#define TINYNET_ISA amx
#define TINYNET_VECTOR_BYTES 64
#include "all_kernels.h"
