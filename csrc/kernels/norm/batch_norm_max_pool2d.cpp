#include "kernels/norm/batch_norm_max_pool2d.h"
#include "isa/export.h"

EXPORT_KERNELS(batch_norm_max_pool2d)
