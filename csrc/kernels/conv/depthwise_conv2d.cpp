#include "kernels/conv/batch_norm_depthwise_conv2d.h"
#include "kernels/conv/depthwise_conv2d.h"
#include "kernels/conv/depthwise_pointwise.h"
#include "isa/export.h"

EXPORT_KERNELS(depthwise_conv2d)
