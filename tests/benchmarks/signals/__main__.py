"""The figures about machine signals, each printed by one command.

Run with: .venv/bin/python -m tests.benchmarks.signals FIGURE [--quick] [--traces N] [--seed SEED]
    figures `judges` and `pairs` also: [--backend ADDRESS] [--partition PARTITION]
"""

# Django has to be set up before anything of it is imported.
# ruff: noqa: E402

from __future__ import annotations

import argparse
import os
import tempfile

HOME = tempfile.TemporaryDirectory()
os.environ |= {"GRADUS_HOME": HOME.name, "DATABASE_URL": f"sqlite:///{HOME.name}/bench.sqlite3"}
# One core: a second thread gains a model of this size nothing and costs whoever else is computing.
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["DJANGO_SETTINGS_MODULE"] = "webapp.settings"

import django

django.setup()

from tests.benchmarks.signals import accuracy, general_judges, locations, own_locations, pair_judges

FIGURES = {
    "locations": (locations.scripted_figures,),
    "own-locations": (own_locations.own_figures,),
    "accuracy": (accuracy.accuracy_figures,),
    "own": (own_locations.own_figures, accuracy.accuracy_figures),
}


SERVED = {"judges": general_judges.general_figures, "pairs": pair_judges.pair_figures}


def main() -> None:
    parser = argparse.ArgumentParser(prog="tests.benchmarks.signals", description=__doc__.splitlines()[0])
    parser.add_argument("figure", choices=(*FIGURES, *SERVED))
    parser.add_argument("--quick", action="store_true", help="a minute instead of ten, with wide intervals")
    parser.add_argument("--traces", type=int, help="per world")
    parser.add_argument("--seed", type=int, default=locations.REPORT_SEED)
    parser.add_argument("--backend", default="", help="another model than the examiner behind the judges")
    parser.add_argument(
        "--partition",
        choices=("develop", "final"),
        default="develop",
        help="of the problems that judges are put to",
    )
    options = parser.parse_args()
    if options.figure in SERVED:
        SERVED[options.figure](
            quick=options.quick,
            n=options.traces,
            seed=options.seed,
            backend=options.backend,
            partition=options.partition,
        )
        return
    for figure in FIGURES[options.figure]:
        figure(quick=options.quick, n=options.traces, seed=options.seed)


if __name__ == "__main__":
    main()
