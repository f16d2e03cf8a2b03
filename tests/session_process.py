"""A session in a process of its own: prints each event; exits with 130 if it was interrupted, 0 if it was not."""

import json
import sys
from pathlib import Path

from hpo.definition.study_file import parse_study
from hpo.errors import HpoError
from hpo.execution.cluster.cluster_options import ClusterOptions
from hpo.execution.options import Options
from hpo.execution.session import run_grid, run_search
from hpo.execution.supervisor import StopReason


def main() -> int:
    request = json.loads(sys.argv[1])
    definition = parse_study(request["text"], {}, source="test", default_name="test")
    runs = Path(request["runs"])
    settings = request["options"]
    if "cluster" in settings:
        settings["cluster"] = ClusterOptions(**settings["cluster"])
    options = Options(runs=runs, observer=lambda event: print(event, flush=True), **settings)
    try:
        run = run_search if definition.kind == "search" else run_grid
        end = run(definition, request["n_trials"], options=options)
    except HpoError as error:
        print(error, flush=True)
        return error.exit_code
    except KeyboardInterrupt:
        print("KeyboardInterrupt", flush=True)
        return 130
    print(end, flush=True)
    return 130 if end.stopped == StopReason.INTERRUPTED else 0


if __name__ == "__main__":
    sys.exit(main())
