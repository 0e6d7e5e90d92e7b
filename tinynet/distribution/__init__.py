"""One model on many processes: synchronous data-parallel training on MPI.

    mpirun -n 4 --hostfile hosts python script.py

with `with tn.distribution.DataParallel().scope():` around the lines that build and compile the model. Every process has
the whole model and computes its share of each batch; what the optimizer sees is the gradient of the whole batch.

What is the same as on one machine, up to the rounding of float32 sums: the order of the samples, the batches, losses
and metrics, sample weights, dropout masks (by the sample's place in the whole batch), penalties, batch normalization
with `synchronized=True`. With a fixed number of processes every bit repeats, with any MPI: sums are added in the order
of the ranks. What is another sample of the same distribution: noise and augmentation layers, whose numbers each process
draws for itself. Batch normalization without `synchronized` normalizes each share by its own statistics, as in Keras;
its moving averages are the mean over the processes.

    strategy.py       DataParallel
    session.py        what `fit` does in addition: the hooks
    batches.py        each rank's share of a batch
    buckets.py        the sum of gradients, while the backward pass runs
    compression.py    gradients in 16 bits
    sharding.py       optimizer states spread over the ranks
    agreement.py      do all ranks have the same program, data and model?
    faults.py         one fails: all end, with one message
    statistics.py     samples a second, time in communication, slowest rank
    communicator.py   what is asked of MPI
"""

from ..core.absence import explainer
from .faults import Disagreement, RankFailed
from .statistics import Speed
from .strategy import DataParallel, distribution, initialize, list_devices, set_distribution

__all__ = ["DataParallel", "Disagreement", "RankFailed", "Speed", "distribution", "initialize", "list_devices",
           "set_distribution"]

__getattr__ = explainer(__name__)
