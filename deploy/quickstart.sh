#!/bin/bash
# From a clone to a running cluster, with its main job shown: a broker that leads is killed while
# records go in, and every acknowledged one is there.
#
#   deploy/quickstart.sh            # install, build, start, show; again: only show
#   deploy/quickstart.sh --stop     # end the cluster; its data stays
#   deploy/quickstart.sh --fresh    # empty it first
#   deploy/quickstart.sh --help     # --dir, ports, number of lines
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")"

stopping=0
for arg in "$@"; do
  case "$arg" in --stop | --help | -h) stopping=1 ;; esac
done
if ((!stopping)); then ./install_deps.sh --no-lint >&2; fi
exec python3 quickstart/main.py "$@"
