#include "kernels/conv/conv2d.h"
#include "kernels/conv/conv2d_moments.h"
#include "kernels/conv/conv2d_transformed.h"
#include "isa/export.h"

EXPORT_KERNELS(conv2d)
