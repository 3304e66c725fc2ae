"""One measuring module in a process of its own: `python -m bench.run MODULE SIZE` prints a row of JSON a line."""

import importlib
import sys

from bench.rows import Size


def main() -> None:
    """Run the module named first at the size named second."""
    module = importlib.import_module(f"bench.{sys.argv[1]}")
    for row in module.measure(Size(sys.argv[2])):
        print(row.to_json(), flush=True)


if __name__ == "__main__":
    main()
