#!/bin/bash
# Runs one end-to-end test in a network of its own, with only the loopback interface up: its ports
# are free, and nothing it does reaches beyond. Where that is not allowed it takes part in the host's
# network, on ports that the test picks.
#
#   run.sh tests/e2e/NAME_test.py [test names]
set -euo pipefail
python=${BARNABAS_PYTHON:-python3}
if unshare --net --mount true 2>/dev/null; then
  export BARNABAS_OWN_NETWORK=1
  exec unshare --net --mount sh -c 'ip link set lo up; exec "$@"' sh "$python" -B "$@"
fi
exec "$python" -B "$@"
