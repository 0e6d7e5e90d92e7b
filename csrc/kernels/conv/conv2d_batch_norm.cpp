#include "kernels/conv/conv2d_batch_norm.h"
#include "isa/export.h"

EXPORT_KERNELS(conv2d_batch_norm)
