#include "kernels/pooling/pooling.h"
#include "isa/export.h"

EXPORT_KERNELS(pooling)
