"""python -m tests.simulator --seed 1 --count 200 --steps 300 [--mutation F1]"""

from __future__ import annotations

import argparse
import faulthandler
import os
import sys
import time


def main() -> int:
    """Simulate; 1 when some seed shows a violation."""
    from tests.simulator import syscalls

    parser = argparse.ArgumentParser(prog="python -m tests.simulator", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="the first")
    parser.add_argument("--count", type=int, default=1, help="how many, one after the other")
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--tail", type=int, default=60, help="lines of trace to show")
    parser.add_argument("--processes", type=int, default=0, help="of storage; 0: by seed")
    parser.add_argument("--mutation", default="", help="a planted bug")
    options = parser.parse_args()
    syscalls.install()
    if options.mutation:
        return hunt(options)
    from tests.simulator.run import simulate

    faulthandler.dump_traceback_later(60 + options.count, exit=True)
    started, bad, commits, boots = time.monotonic(), 0, 0, 0
    for seed in range(options.seed, options.seed + options.count):
        outcome = simulate(seed, options.steps, options.processes)
        commits += outcome.commits
        boots += outcome.boots
        if outcome.violation:
            bad += 1
            print(*outcome.trace[-options.tail :], sep="\n")
            print(f"seed {seed}, step {outcome.steps}: {outcome.what}", flush=True)
    took = time.monotonic() - started
    print(f"{options.count} seeds, {bad} with violations, {commits} commits, {boots} boots, {took:.1f} s")
    return int(bad > 0)


def hunt(options: argparse.Namespace) -> int:
    """Plant bugs (all of them, or one by name) and say what finds each; 1 when one is not found."""
    from tests.simulator.mutations import MUTATIONS
    from tests.simulator.run import simulate

    missed = 0
    for mutation in MUTATIONS:
        if options.mutation not in ("all", mutation.name):
            continue
        for seed in range(options.seed, options.seed + options.count):
            with mutation.plant():
                outcome = simulate(seed, options.steps, options.processes)
            if outcome.violation:
                if options.mutation != "all":
                    print(*outcome.trace[-options.tail :], sep="\n")
                break
        missed += not outcome.violation
        found = outcome.violation or "nothing"
        print(f"{mutation.trap} {mutation.name}: {found}, seed {outcome.seed}", flush=True)
    return int(missed > 0)


if __name__ == "__main__":
    if os.environ.get("PYTHONHASHSEED") != "0":  # sets of names have an order, too
        os.environ["PYTHONHASHSEED"] = "0"
        os.execv(sys.executable, [sys.executable, "-m", "tests.simulator", *sys.argv[1:]])
    sys.exit(main())
