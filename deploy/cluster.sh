#!/bin/bash
# A local Barnabas cluster, as processes on loopback, for scripts and tests.
#   deploy/cluster.sh up --dir /tmp/c1 [--controllers 3] [--brokers 3] [--kafka-port 9092]
#                        [--controller-port 9640] [--build opt|asan|tsan] [--set key=value]...
#   deploy/cluster.sh status|down --dir /tmp/c1      kill|pause|resume|restart broker 2 --dir /tmp/c1
#   deploy/cluster.sh add controller --dir /tmp/c1
# All of it: deploy/cluster.sh --help
exec python3 "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/cluster/main.py" "$@"
