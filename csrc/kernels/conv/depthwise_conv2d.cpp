#include "kernels/conv/depthwise_conv2d.h"
#include "kernels/conv/depthwise_pointwise.h"
#include "isa/export.h"

EXPORT_KERNELS(depthwise_conv2d)
