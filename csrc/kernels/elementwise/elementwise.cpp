#include "kernels/elementwise/activation.h"
#include "kernels/elementwise/add.h"
#include "kernels/elementwise/dropout.h"
#include "isa/export.h"

EXPORT_KERNELS(elementwise)
