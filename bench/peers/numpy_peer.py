"""NumPy, with whatever BLAS it was built on."""

import numpy as np

from .arrays import matrices


def start(threads):
    blas = np.show_config(mode="dicts").get("Build Dependencies", {}).get("blas", {})
    return {"numpy": np.__version__, "blas": f"{blas.get('name', '?')} {blas.get('version', '?')}"}


class MatMul:
    def __init__(self, m, k, n, dtype, seed):
        self.a, self.b = matrices(m, k, n, dtype, seed)

    def run(self):
        self.c = self.a @ self.b

    def result(self):
        return self.c


TASKS = {"matmul": MatMul}
