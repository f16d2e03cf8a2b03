"""How well a search does, beside other ways to search, on recorded benchmarks.

    uv run --group benchmark python -m tests.benchmarks.search_quality tables --help
    uv run --group benchmark python -m tests.benchmarks.search_quality convergence --help
    uv run python -m tests.benchmarks.search_quality curves --help
    uv run python -m tests.benchmarks.search_quality pairs --help

`tables` compares samplers by what they choose after 100 trials, `curves` compares pruning and promotion by epochs,
`pairs` compares the curves of the same configurations in two studies, and `convergence` says when `--until-converged`
ends a search and what that misses.
"""

import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from importlib import import_module

MODULES = {
    "tables": "tests.benchmarks.recorded_tables",
    "convergence": "tests.benchmarks.convergence",
    "curves": "tests.benchmarks.recorded_curves",
    "pairs": "tests.benchmarks.paired_curves",
}


def main() -> None:
    """Run the benchmark that is named."""
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("benchmark", choices=MODULES)
    name = parser.parse_args(sys.argv[1:2]).benchmark
    module = import_module(MODULES[name])  # Only recorded tables need the dependencies of the group.
    parser = ArgumentParser(
        f"search_quality {name}", description=module.__doc__, formatter_class=RawDescriptionHelpFormatter
    )
    module.add_arguments(parser)
    module.run(parser.parse_args(sys.argv[2:]))


if __name__ == "__main__":
    main()
