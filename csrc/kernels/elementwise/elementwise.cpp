#include "kernels/elementwise/activation.h"
#include "kernels/elementwise/dropout.h"
#include "isa/export.h"

EXPORT_KERNELS(elementwise)
