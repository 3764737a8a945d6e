"""python -m tests.simulator --seed 1 --count 200 --steps 300 [--jobs 2] [--mutation all]"""

from __future__ import annotations

import argparse
import faulthandler
import os
import sys
import time

_STARTS_S = 60
_SEED_S = 600  #: the machine may be busy
_TELL_EVERY = 250


def options_of(arguments: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulator", description=__doc__)
    parser.add_argument("--seed", type=int, default=0, help="the first; 0: 1, or what shows a bug")
    parser.add_argument("--count", type=int, default=1, help="how many, one after the other")
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument(
        "--processes", type=int, default=0, help="of storage: 1, 3, 4 (on hosts); 0: by seed"
    )
    parser.add_argument("--tail", type=int, default=60, help="lines of trace to show")
    parser.add_argument("--trace", action="store_true", help="show it though nothing is wrong")
    parser.add_argument("--jobs", type=int, default=1, help="processes that simulate")
    parser.add_argument("--mutation", default="", help="a planted bug, or all of them in turn")
    return parser.parse_args(arguments)


def main() -> int:
    """Simulate; 1 when some seed shows a violation, or some planted bug does not."""
    from tests.simulator import syscalls

    options = options_of(sys.argv[1:])
    syscalls.install()  # before anything that has kernels is imported
    if options.mutation:
        return hunt(options)
    options.seed = options.seed or 1
    children = []
    for job in range(1, options.jobs):
        child = os.fork()
        if not child:
            os._exit(explore(options, job))
        children.append(child)
    bad = explore(options, 0)
    for child in children:
        bad |= os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return int(bad != 0)


def explore(options: argparse.Namespace, job: int) -> int:
    """Every `jobs`-th seed; 1 when something is wrong."""
    from tests.simulator.cluster import Kind
    from tests.simulator.run import simulate

    started, bad, seeds, commits, boots = time.monotonic(), 0, 0, 0, 0
    for seed in range(options.seed + job, options.seed + options.count, options.jobs):
        faulthandler.dump_traceback_later(_STARTS_S + _SEED_S, exit=True)
        outcome = simulate(seed, options.steps, Kind(options.processes))
        seeds += 1
        commits += outcome.commits
        boots += outcome.boots
        if outcome.violation or options.trace:
            print(*outcome.trace[-options.tail :], sep="\n")
        if outcome.violation:
            bad += 1
            print(f"seed {seed}, step {outcome.steps}: {outcome.what}", flush=True)
        if seeds % _TELL_EVERY == 0:
            print(f"up to seed {seed}: {seeds} seeds, {bad} with violations", flush=True)
    faulthandler.cancel_dump_traceback_later()
    took = time.monotonic() - started
    print(f"{seeds} seeds, {bad} with violations, {commits} commits, {boots} boots, {took:.1f} s")
    sys.stdout.flush()
    return int(bad > 0)


def hunt(options: argparse.Namespace) -> int:
    """Plant bugs and say what finds each; 1 when one is not found, or not by its invariant."""
    from tests.simulator.mutations import MUTATIONS
    from tests.simulator.run import simulate

    missed = 0
    for mutation in MUTATIONS:
        if options.mutation not in ("all", mutation.name):
            continue
        first = options.seed or mutation.seed
        for seed in range(first, first + options.count):
            faulthandler.dump_traceback_later(_STARTS_S + _SEED_S, exit=True)
            with mutation.plant():
                outcome = simulate(seed, options.steps, mutation.kind)
            if outcome.violation:
                break
        if options.mutation != "all":
            print(*outcome.trace[-options.tail :], outcome.what, sep="\n")
        good = outcome.violation in mutation.caught_by
        missed += not good
        found = outcome.violation or "nothing"
        said = f"found by: {found}, seed {outcome.seed}" + ("" if good else "  NOT AS IT SHOULD BE")
        print(f"{mutation.trap} {mutation.name} {said}", flush=True)
    return int(missed > 0)


if __name__ == "__main__":
    if os.environ.get("PYTHONHASHSEED") != "0":  # sets of names have an order, too
        os.environ["PYTHONHASHSEED"] = "0"
        os.execv(sys.executable, [sys.executable, "-m", "tests.simulator", *sys.argv[1:]])
    sys.exit(main())
