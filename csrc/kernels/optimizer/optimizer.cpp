#include "kernels/optimizer/optimizer.h"
#include "isa/export.h"

EXPORT_KERNELS(optimizer)
