#include "kernels/conv/conv2d_max_pool2d.h"
#include "isa/export.h"

EXPORT_KERNELS(conv2d_max_pool2d)
