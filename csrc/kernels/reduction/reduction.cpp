#include "kernels/reduction/reduction.h"
#include "isa/export.h"

EXPORT_KERNELS(reduction)
