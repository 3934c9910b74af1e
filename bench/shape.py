"""Count how much of a checkout a reader has to hold in mind: `python bench/shape.py PATH`.

Files are read and nothing is run, so that any commit's tree can be counted, and other people's
Ansible: `python bench/shape.py PATH --from playbooks/verify.yml`, `… --from roles/prometheus`.
bench/yaml_shape.py says what is counted of the YAML, bench/python_shape.py what of the Python.
"""

import argparse
import sys
from pathlib import Path

# The path comes first: the measurements are one package, and this one is run as a script.
sys.path.append(str(Path(__file__).parents[1]))

from bench import python_shape, yaml_shape


def main() -> int:
    """Count the checkout that the command line names, and return the exit code."""
    parser = argparse.ArgumentParser(
        description="Count how much of a checkout one has to hold in mind."
    )
    parser.add_argument("path", type=Path, help="the checkout")
    parser.add_argument("--from", dest="entry", help="the playbook, or the role's directory, in it")
    parser.add_argument(
        "--without",
        action="append",
        default=[],
        metavar="ROLE",
        help="a role that no host comes to",
    )
    parser.add_argument(
        "-v", "--verbose", action="store_true", help="list the files and the places too"
    )
    arguments = parser.parse_args()
    try:
        counted = yaml_shape.shape(arguments.path, arguments.entry, arguments.without)
    except FileNotFoundError as error:
        parser.error(str(error))
    print("\n".join(yaml_shape.report(counted, arguments.verbose)), end="\n\n")
    shape = python_shape.python_shape(arguments.path)
    print("\n".join(python_shape.report(shape, arguments.verbose)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
