#include "kernels/reduction/reduction.h"
#include "kernels/reduction/scatter_add.h"
#include "isa/export.h"

EXPORT_KERNELS(reduction)
